//! All observers, and in which target each object is observed: in one. An account that names another role, external id or
//! endpoint is another target, and what its objects watched in the one before nobody would end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::aws::account::{Target, TargetKey};
use crate::k8s::object::ObjectKey;
use crate::observer::{Observer, Surroundings};

/// One observer per target, started when an object first asks for it, and ended when none does any more. Dropping this ends
/// them all.
#[derive(Debug)]
pub struct Observers {
    surroundings: Surroundings,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    observers: BTreeMap<TargetKey, Arc<Observer>>,
    /// Where each object asked last.
    places: BTreeMap<ObjectKey, Arc<Target>>,
}

impl Observers {
    /// None yet.
    pub fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            known: Mutex::default(),
        }
    }

    /// The observer of a target, for an object. What the object watched in other targets ends. Must be called inside a tokio
    /// runtime.
    pub fn of(&self, target: &Arc<Target>, object: &ObjectKey) -> Arc<Observer> {
        let mut known = self.lock();
        let before = known.places.insert(object.clone(), target.clone());
        if let Some(before) = before.filter(|before| before.key != target.key) {
            known.forget(object);
            known.end_if_idle(&before.key);
        }
        known
            .observers
            .entry(target.key.clone())
            .or_insert_with(|| Arc::new(Observer::start(target.clone(), self.surroundings.clone())))
            .clone()
    }

    /// Ends all that an object watches, in every target: it is gone, or may not look any more.
    pub fn forget(&self, object: &ObjectKey) {
        let mut known = self.lock();
        known.forget(object);
        if let Some(before) = known.places.remove(object) {
            known.end_if_idle(&before.key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// In all targets: others may have made the object a watcher of theirs.
    fn forget(&self, object: &ObjectKey) {
        for observer in self.observers.values() {
            observer.forget(object);
        }
    }

    /// Ends the observer of a target where no object is any more. A pass that still has it keeps it to its end.
    fn end_if_idle(&mut self, key: &TargetKey) {
        if !self.places.values().any(|target| target.key == *key) {
            self.observers.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::aws::account::Accounts;
    use crate::aws::fake::{FakeAws, key};
    use crate::aws::fence::Fence;
    use crate::clock::SharedClock;
    use crate::k8s::object::Kind;
    use crate::k8s::wakes::Wakes;
    use crate::observer::{ClusterKey, Freshness};
    use crate::telemetry::metrics::Metrics;

    fn object(name: &str) -> ObjectKey {
        ObjectKey::namespaced(Kind::EcsCluster, "shop", name)
    }

    fn watch(observers: &Observers, target: &Arc<Target>, name: &str) -> Arc<Observer> {
        let observer = observers.of(target, &object(name));
        let key = ClusterKey {
            cluster: name.to_owned(),
        };
        observer.watch(&key, &object(name));
        observer
    }

    /// A target with the operator's own credentials, and the same with a role.
    fn targets(accounts: &Accounts) -> (Arc<Target>, Arc<Target>) {
        let with_role = TargetKey {
            role: Some("arn:aws:iam::123456789012:role/ecs".to_owned()),
            ..key()
        };
        (accounts.target(&key()), accounts.target(&with_role))
    }

    /// Which clusters have been read since the calls before, with whose credentials.
    fn reads(aws: &FakeAws, skip: usize) -> Vec<(String, String)> {
        let calls = aws.calls().into_iter().skip(skip);
        let calls = calls.filter(|call| call.operation == "DescribeClusters");
        let mut read: Vec<_> = calls
            .flat_map(|call| {
                let names = call.input["clusters"].as_array().unwrap().clone();
                let of = move |name: serde_json::Value| {
                    (call.access_key.clone(), name.as_str().unwrap().to_owned())
                };
                names.into_iter().map(of)
            })
            .collect();
        read.sort();
        read.dedup();
        read
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_that_moves_is_read_where_it_went_and_an_observer_without_objects_ends() {
        let aws = FakeAws::new(|_| (200, json!({"clusters": []})));
        let accounts = aws.accounts(Fence::open());
        let (own, role) = targets(&accounts);
        let observers = Observers::new(Surroundings {
            wakes: Arc::new(Wakes::default()),
            clock: SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap()),
            metrics: Arc::new(Metrics::new()),
            freshness: Freshness::default(),
        });
        let read_in = async |skip| {
            tokio::time::sleep(Duration::from_mins(10)).await;
            reads(&aws, skip)
        };
        let pair = |whose: &str, name: &str| (whose.to_owned(), name.to_owned());

        watch(&observers, &own, "a");
        let first = Arc::downgrade(&watch(&observers, &own, "b"));
        assert_eq!(read_in(0).await, [pair("own", "a"), pair("own", "b")]);

        watch(&observers, &role, "a");
        let skip = aws.calls().len();
        assert_eq!(read_in(skip).await, [pair("assumed", "a"), pair("own", "b")]);

        watch(&observers, &role, "b");
        assert!(first.upgrade().is_none(), "nobody is observed there");
        let skip = aws.calls().len();
        assert_eq!(read_in(skip).await, [pair("assumed", "a"), pair("assumed", "b")]);

        observers.forget(&object("a"));
        observers.forget(&object("b"));
        let skip = aws.calls().len();
        assert_eq!(read_in(skip).await, []);
    }
}
