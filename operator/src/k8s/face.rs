//! What of an object others go by: a change of anything else wakes nobody but the object itself. Pure.
//!
//! A cluster's counts change with every task; waking all services of a cluster for that would be work without end.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The members of a status that others go by, beside its conditions.
const STATUS: [&str; 4] = ["observedGeneration", "arn", "status", "capacityProviders"];

/// An object's face: its identity, its spec's generation, whether it is going, its annotations and labels, where its
/// resource is and what holds of it. Times of conditions are left out.
pub fn face(object: &impl Serialize) -> Value {
    let object = serde_json::to_value(object).unwrap_or_default();
    let pick = |from: &str, names: &[&str]| -> Map<String, Value> {
        let found = names
            .iter()
            .filter_map(|name| Some((*name, object.get(from)?.get(name)?)));
        found
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    };
    let metadata = pick(
        "metadata",
        &["uid", "generation", "deletionTimestamp", "annotations", "labels"],
    );
    let status = pick("status", &STATUS);
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions: Vec<Value> = conditions.into_iter().flatten().map(timeless).collect();
    conditions.sort_by_cached_key(ToString::to_string);
    json!([metadata, status, conditions])
}

fn timeless(condition: &Value) -> Value {
    let mut condition = condition.clone();
    if let Some(members) = condition.as_object_mut() {
        members.remove("lastTransitionTime");
    }
    condition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_no_news_and_the_rest_is() {
        let object = || {
            json!({"metadata": {"uid": "u", "generation": 1, "resourceVersion": "7"}, "spec": {"a": 1},
                "status": {"observedGeneration": 1, "arn": "arn", "status": "ACTIVE", "runningTasksCount": 3, "conditions": [
                    {"type": "Ready", "status": "True", "reason": "Completed", "message": "m", "lastTransitionTime": "1"}]}})
        };
        let cases = [
            (json!({"metadata": {"resourceVersion": "8"}}), false),
            (json!({"status": {"runningTasksCount": 4}}), false),
            (json!({"status": {"capacityProviders": ["asg"]}}), true),
            (
                json!({"status": {"conditions": [
                {"type": "Ready", "status": "True", "reason": "Completed", "message": "m", "lastTransitionTime": "2"}]}}),
                false,
            ),
            (
                json!({"status": {"conditions": [
                {"type": "Ready", "status": "False", "reason": "Refused", "message": "m", "lastTransitionTime": "1"}]}}),
                true,
            ),
            (json!({"metadata": {"generation": 2}}), true),
            (json!({"metadata": {"deletionTimestamp": "t"}}), true),
            (json!({"metadata": {"annotations": {"a": "b"}}}), true),
            (json!({"status": {"arn": "other"}}), true),
            (json!({"status": {"status": "INACTIVE"}}), true),
        ];
        for (change, news) in cases {
            let mut changed = object();
            json_patch::merge(&mut changed, &change);
            assert_eq!(face(&changed) != face(&object()), news, "{change}");
        }
    }
}
