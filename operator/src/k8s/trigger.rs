//! Which changes of an object are worth a pass: those that others made. Pure.
//!
//! Our own status writes are not, nor is our own finalizer, since the pass that added it went on. kube's predicates would
//! do nearly the same, but their memory runs on the wall clock, which stands still in the simulation.

use std::collections::BTreeMap;

use kube::ResourceExt;

use crate::k8s::finalize::is_held;
use crate::k8s::object::Kept;

/// Remembers of each object what was last acted on.
#[derive(Debug, Default)]
pub struct Trigger {
    seen: BTreeMap<String, Print>,
}

#[derive(Debug, PartialEq, Eq)]
struct Print {
    generation: Option<i64>,
    deleting: bool,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    held: bool,
}

impl Trigger {
    /// Whether this state of the object asks for a pass; it is remembered.
    pub fn fires<K: Kept>(&mut self, object: &K) -> bool {
        let Some(uid) = object.uid() else { return true };
        let print = Print {
            generation: object.meta().generation,
            deleting: object.meta().deletion_timestamp.is_some(),
            labels: object.labels().clone(),
            annotations: object.annotations().clone(),
            held: is_held(object),
        };
        let fires = self
            .seen
            .get(&uid)
            .is_none_or(|before| print.asks_more_than(before));
        self.seen.insert(uid, print);
        fires
    }

    /// Forgets an object that is gone.
    pub fn forget(&mut self, uid: &str) {
        self.seen.remove(uid);
    }
}

impl Print {
    fn asks_more_than(&self, before: &Self) -> bool {
        let lost_hold = before.held && !self.held;
        lost_hold
            || self.generation != before.generation
            || self.deleting != before.deleting
            || self.labels != before.labels
            || self.annotations != before.annotations
    }
}

#[cfg(test)]
mod tests {
    use ecs_crds::EcsCluster;
    use serde_json::{Value, json};

    use super::*;
    use crate::k8s::finalize::FINALIZER;

    fn cluster(changes: &Value) -> EcsCluster {
        let mut object = json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster", "spec": {},
            "metadata": {"name": "main", "namespace": "shop", "uid": "u-1", "generation": 1, "resourceVersion": "1"},
        });
        for (name, value) in changes.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn fires_for_what_others_changed() {
        let cases = [
            ("our status write", json!({"resourceVersion": "2"}), false),
            ("our finalizer", json!({"finalizers": [FINALIZER]}), false),
            ("the spec", json!({"generation": 2}), true),
            ("an annotation", json!({"annotations": {"a": "b"}}), true),
            ("a label", json!({"labels": {"a": "b"}}), true),
            (
                "deletion",
                json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}),
                true,
            ),
            ("another object of that name", json!({"uid": "u-2"}), true),
        ];
        for (what, change, fires) in cases {
            let mut trigger = Trigger::default();
            assert!(trigger.fires(&cluster(&json!({}))), "a new object");
            assert_eq!(trigger.fires(&cluster(&change)), fires, "{what}");
            assert!(!trigger.fires(&cluster(&change)), "{what}, seen again");
        }
    }

    #[test]
    fn fires_when_somebody_takes_our_finalizer_off() {
        let mut trigger = Trigger::default();
        trigger.fires(&cluster(&json!({"finalizers": [FINALIZER]})));
        assert!(trigger.fires(&cluster(&json!({}))));
    }
}
