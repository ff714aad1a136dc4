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
        let fires = self.seen.get(&uid).is_none_or(|before| print.asks_more_than(before));
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
