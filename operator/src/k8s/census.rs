//! How many objects of a kind are Ready and how many are not, for `/metrics`: what an alert goes by.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::k8s::object::{Kept, ObjectKey};
use crate::telemetry::metrics::{Metrics, State};

/// Counts the objects of one kind as its watch shows them.
#[derive(Debug)]
pub struct Census {
    metrics: Arc<Metrics>,
    states: BTreeMap<ObjectKey, State>,
}

impl Census {
    /// Nobody has been counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            states: BTreeMap::new(),
        }
    }

    /// Counts an object as it is now.
    pub fn count<K: Kept>(&mut self, key: &ObjectKey, object: &K) {
        let state = state(object);
        if self.states.get(key) == Some(&state) {
            return;
        }
        self.metrics.object(&state, 1);
        if let Some(before) = self.states.insert(key.clone(), state) {
            self.metrics.object(&before, -1);
        }
    }

    /// Counts an object no more.
    pub fn forget(&mut self, key: &ObjectKey) {
        if let Some(before) = self.states.remove(key) {
            self.metrics.object(&before, -1);
        }
    }
}

/// Whoever does not lead counts nobody.
impl Drop for Census {
    fn drop(&mut self) {
        for state in self.states.values() {
            self.metrics.object(state, -1);
        }
    }
}

fn state<K: Kept>(object: &K) -> State {
    let find = |type_: &str| {
        object
            .conditions()
            .iter()
            .find(|condition| condition.type_ == type_)
    };
    let ready = find("Ready");
    let status = ready.map_or("Unknown", |ready| ready.status.as_str());
    State {
        kind: K::KIND.as_str(),
        ready: match status {
            "True" => "True",
            "False" => "False",
            _ => "Unknown",
        },
        reason: ready.map(|ready| ready.reason.clone()).unwrap_or_default(),
        stalled: find("Stalled").is_some_and(|stalled| stalled.status == "True"),
    }
}

#[cfg(test)]
mod tests {
    use ecs_crds::EcsCluster;
    use serde_json::{Value, json};

    use super::*;

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
        let ready = cluster(&json!([condition("Ready", "True", "Completed")]));
        census.count(&ObjectKey::of(&ready), &ready);
        assert_eq!(lines(&metrics).len(), 1);
        drop(census);
        assert!(lines(&metrics).is_empty());
    }
}
