//! How many objects of a kind are Ready and how many are not, and since when, for `/metrics`: what an alert goes by.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::k8s::object::{Kept, ObjectKey};
use crate::telemetry::metrics::{Metrics, State};

/// Counts the objects of one kind as its watch shows them.
#[derive(Debug)]
pub struct Census {
    metrics: Arc<Metrics>,
    counted: BTreeMap<ObjectKey, Counted>,
    /// The objects of each state that are not Ready, by the time since when.
    unready: HashMap<State, BTreeSet<(i64, ObjectKey)>>,
}

/// What an object was counted as.
#[derive(Debug, PartialEq)]
struct Counted {
    state: State,
    unready_since: Option<i64>,
}

impl Census {
    /// Nobody has been counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            counted: BTreeMap::new(),
            unready: HashMap::new(),
        }
    }

    /// Counts an object as it is now.
    pub fn count<K: Kept>(&mut self, key: &ObjectKey, object: &K) {
        let now = Counted {
            state: state(object),
            unready_since: unready_since(object),
        };
        if self.counted.get(key) == Some(&now) {
            return;
        }
        self.metrics.object(&now.state, 1);
        if let Some(since) = now.unready_since {
            let alike = self.unready.entry(now.state.clone()).or_default();
            alike.insert((since, key.clone()));
        }
        self.tell_unready(&now.state);
        if let Some(before) = self.counted.insert(key.clone(), now) {
            self.uncount(key, &before);
        }
    }

    /// Counts an object no more.
    pub fn forget(&mut self, key: &ObjectKey) {
        if let Some(before) = self.counted.remove(key) {
            self.uncount(key, &before);
        }
    }

    fn uncount(&mut self, key: &ObjectKey, before: &Counted) {
        self.metrics.object(&before.state, -1);
        if let (Some(since), Some(alike)) = (before.unready_since, self.unready.get_mut(&before.state)) {
            alike.remove(&(since, key.clone()));
        }
        self.tell_unready(&before.state);
    }

    fn tell_unready(&self, state: &State) {
        let alike = self.unready.get(state);
        let first = alike.and_then(BTreeSet::first).map(|(since, _)| *since);
        self.metrics.unready_since(state, first);
    }
}

/// Whoever does not lead counts nobody.
impl Drop for Census {
    fn drop(&mut self) {
        for counted in self.counted.values() {
            self.metrics.object(&counted.state, -1);
        }
        for state in self.unready.keys() {
            self.metrics.unready_since(state, None);
        }
    }
}

fn find<'a, K: Kept>(object: &'a K, type_: &str) -> Option<&'a Condition> {
    let mut conditions = object.conditions().iter();
    conditions.find(|condition| condition.type_ == type_)
}

/// Since when it is not Ready, as Unix time: of an object of which nothing was said yet, since it was made.
fn unready_since<K: Kept>(object: &K) -> Option<i64> {
    let since = match find(object, "Ready") {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => Some(&ready.last_transition_time),
        None => object.meta().creation_timestamp.as_ref(),
    };
    since.map(|since| since.0.as_second())
}

fn state<K: Kept>(object: &K) -> State {
    let ready = find(object, "Ready");
    let status = ready.map_or("Unknown", |ready| ready.status.as_str());
    State {
        kind: K::KIND.as_str(),
        ready: match status {
            "True" => "True",
            "False" => "False",
            _ => "Unknown",
        },
        reason: ready.map(|ready| ready.reason.clone()).unwrap_or_default(),
        stalled: find(object, "Stalled").is_some_and(|stalled| stalled.status == "True"),
    }
}

#[cfg(test)]
mod tests {
    use ecs_crds::EcsCluster;
    use serde_json::{Value, json};

    use super::*;
    use crate::k8s::object::Kind;

    fn cluster(conditions: &Value) -> EcsCluster {
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster", "metadata": {"name": "main", "namespace": "shop"},
            "spec": {}, "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    fn condition(type_: &str, status: &str, reason: &str) -> Value {
        json!({"type": type_, "status": status, "reason": reason, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"})
    }

    fn lines(metrics: &Metrics) -> Vec<String> {
        let text = metrics.text();
        let objects = text
            .lines()
            .filter(|line| line.starts_with("ecs_operator_objects{"));
        objects
            .filter(|line| !line.ends_with(" 0"))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn each_object_counts_once_as_it_is_and_not_after_it_is_gone() {
        let metrics = Arc::new(Metrics::new());
        let mut census = Census::new(metrics.clone());
        let refused = cluster(&json!([
            condition("Ready", "False", "Refused"),
            condition("Stalled", "True", "Refused")
        ]));
        let key = ObjectKey::of(&refused);
        census.count(&key, &cluster(&json!([])));
        let unknown =
            r#"ecs_operator_objects{kind="EcsCluster",ready="Unknown",reason="",stalled="false"} 1"#;
        assert_eq!(lines(&metrics), [unknown]);
        census.count(&key, &refused);
        census.count(&key, &refused);
        let stalled =
            r#"ecs_operator_objects{kind="EcsCluster",ready="False",reason="Refused",stalled="true"} 1"#;
        assert_eq!(lines(&metrics), [stalled]);
        census.forget(&key);
        assert!(lines(&metrics).is_empty());
    }

    #[test]
    fn a_replica_that_no_longer_leads_counts_nobody() {
        let metrics = Arc::new(Metrics::new());
        let mut census = Census::new(metrics.clone());
        let waiting = cluster(&json!([condition("Ready", "False", "Waiting")]));
        census.count(&ObjectKey::of(&waiting), &waiting);
        assert_eq!((lines(&metrics).len(), since(&metrics).len()), (1, 1));
        drop(census);
        assert!(lines(&metrics).is_empty() && since(&metrics).is_empty());
    }

    /// What is told of the objects that are not Ready: the label `reason`, and since when.
    fn since(metrics: &Metrics) -> Vec<(String, i64)> {
        let text = metrics.text();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("ecs_operator_unready_since_timestamp_seconds{"));
        let mut found: Vec<(String, i64)> = lines
            .map(|line| {
                let (labels, value) = line.rsplit_once(' ').unwrap();
                let reason = labels
                    .split("reason=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap();
                (reason.to_owned(), value.parse().unwrap())
            })
            .collect();
        found.sort();
        found
    }

    fn unready(reason: &str, at: &str) -> EcsCluster {
        let mut condition = condition("Ready", "False", reason);
        condition["lastTransitionTime"] = json!(at);
        cluster(&json!([condition]))
    }

    #[test]
    fn the_earliest_of_those_that_are_not_ready_is_told_as_long_as_it_is_not() {
        let metrics = Arc::new(Metrics::new());
        let mut census = Census::new(metrics.clone());
        let key = |name: &str| ObjectKey::namespaced(Kind::EcsCluster, "shop", name);
        let told = |reason: &str, since: i64| vec![(reason.to_owned(), since)];
        census.count(&key("a"), &unready("RollingOut", "1970-01-01T00:00:50Z"));
        census.count(&key("b"), &unready("RollingOut", "1970-01-01T00:00:20Z"));
        census.count(&key("c"), &unready("RollingOut", "1970-01-01T00:01:30Z"));
        assert_eq!(since(&metrics), told("RollingOut", 20));
        // Another reason is no new time.
        census.count(&key("b"), &unready("Refused", "1970-01-01T00:00:20Z"));
        let both = [told("Refused", 20), told("RollingOut", 50)].concat();
        assert_eq!(since(&metrics), both);
        census.count(
            &key("b"),
            &cluster(&json!([condition("Ready", "True", "Completed")])),
        );
        census.forget(&key("a"));
        assert_eq!(since(&metrics), told("RollingOut", 90));
        census.forget(&key("c"));
        assert!(since(&metrics).is_empty());
    }

    #[test]
    fn an_object_of_which_nothing_was_said_is_not_ready_since_it_was_made() {
        let metrics = Arc::new(Metrics::new());
        let mut census = Census::new(metrics.clone());
        let mut new = cluster(&json!([]));
        new.metadata.creation_timestamp = serde_json::from_value(json!("1970-01-01T00:00:07Z")).unwrap();
        census.count(&ObjectKey::of(&new), &new);
        assert_eq!(since(&metrics), [(String::new(), 7)]);
    }
}
