//! What every pass over an object has at hand. Made anew each time this replica takes the lead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, Client};

use crate::aws::account::{Accounts, Target, TargetKey};
use crate::clock::SharedClock;
use crate::k8s::backoff::Backoff;
use crate::k8s::events::Events;
use crate::k8s::index::Index;
use crate::k8s::object::{Kept, ObjectKey};
use crate::k8s::status::StatusWriter;
use crate::k8s::stores::Stores;
use crate::k8s::wakes::Wakes;
use crate::kinds::service::quiet::Quiet;
use crate::kinds::unanswered::Unanswered;
use crate::observer::{Observer, Observers};
use crate::telemetry::metrics::Metrics;

/// Bounds on what happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one pass over an object may take; shorter than a signature is valid (5 min).
    pub pass: Duration,
    /// Passes of one kind at the same time; never two over one object.
    pub concurrency: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pass: Duration::from_mins(2),
            concurrency: 32,
        }
    }
}

/// The surroundings of a pass.
pub struct Ctx {
    /// The Kubernetes API.
    pub client: Client,
    /// Where AWS calls go.
    pub accounts: Accounts,
    /// What is known of ECS.
    pub observers: Observers,
    /// What is known of Kubernetes.
    pub stores: Stores,
    /// The time of day.
    pub clock: SharedClock,
    /// The name that tells this installation's resources in ECS from another's.
    pub installation: String,
    /// Takes Kubernetes Events.
    pub events: Events,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Bounds.
    pub limits: Limits,
    /// Writes status.
    pub status: StatusWriter,
    /// Who fails, and since when.
    pub backoff: Backoff,
    /// For how long what people wrote about a service has not changed.
    pub quiet: Quiet,
    /// Whose creations got no answer.
    pub unanswered: Unanswered,
    /// Has objects looked at.
    pub wakes: Arc<Wakes>,
    /// The namespaces that are watched; all where none is named.
    pub watch_namespaces: Vec<String>,
    pub(crate) references: Mutex<Index>,
}

impl Ctx {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The API of the namespace that `object` is in.
    pub fn api<K: Kept>(&self, object: &K) -> Api<K> {
        K::api_of(self.client.clone(), object)
    }

    /// The known object of this key.
    pub fn get<K: Kept>(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.stores.get(key)
    }

    /// The target of this key. Makes no call.
    pub fn target(&self, key: &TargetKey) -> Arc<Target> {
        self.accounts.target(key)
    }

    /// The observer of a target for an object, which watches nowhere else from now on.
    pub fn observer(&self, target: &Arc<Target>, object: &ObjectKey) -> Arc<Observer> {
        self.observers.of(target, object)
    }

    /// Forgets what is remembered of an object that is gone, by its UID. That a creation got no answer is remembered until
    /// it can no longer happen.
    pub fn forget(&self, uid: &str) {
        self.status.forget(uid);
        self.backoff.forget(uid);
        self.quiet.forget(uid);
    }

    /// The objects that refer to this one, in order.
    pub fn referers(&self, key: &ObjectKey) -> Vec<ObjectKey> {
        self.index().referers(key)
    }

    /// The index of references. Held for moments only, never across an await.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.references.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A context whose Kubernetes knows nothing and whose AWS is never asked.

    use kube::runtime::reflector::store::Writer;
    use kube::runtime::watcher::Event;

    use super::{Arc, Ctx, Limits, Stores};
    use crate::aws::fake::{FakeAws, refusal};
    use crate::aws::fence::Fence;
    use crate::clock::SharedClock;
    use crate::k8s::backoff::Backoff;
    use crate::k8s::events::Events;
    use crate::k8s::fake::{self, Answer};
    use crate::k8s::object::Kind;
    use crate::k8s::status::StatusWriter;
    use crate::observer::{Freshness, Observers, Surroundings};
    use crate::telemetry::metrics::Metrics;

    pub(crate) fn ctx() -> Arc<Ctx> {
        ctx_of(fake::client(|_| Answer::refusal(404, "NotFound")).0)
    }

    /// The same over another Kubernetes.
    pub(crate) fn ctx_of(client: kube::Client) -> Arc<Ctx> {
        let (stores, mut writers) = Stores::new();
        listed(&mut writers.accounts);
        listed(&mut writers.providers);
        listed(&mut writers.clusters);
        listed(&mut writers.services);
        listed(&mut writers.definitions);
        listed(&mut writers.namespaces);
        for kind in Kind::ALL {
            stores.note_filled(kind);
        }
        stores.note_namespaces_filled();
        let metrics = Arc::new(Metrics::new());
        let clock = SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap());
        let surroundings = Surroundings {
            wakes: Arc::default(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            freshness: Freshness::default(),
        };
        Arc::new(Ctx {
            accounts: FakeAws::new(|_| refusal(500, "ServerException", "no AWS here"))
                .accounts(Fence::open()),
            wakes: surroundings.wakes.clone(),
            observers: Observers::new(surroundings),
            stores,
            clock,
            installation: "test".to_owned(),
            events: Events::new(client.clone(), "test").0,
            status: StatusWriter::new(client.clone(), metrics.clone()),
            client,
            metrics,
            limits: Limits::default(),
            backoff: Backoff::seeded(1),
            quiet: super::Quiet::default(),
            unanswered: super::Unanswered::default(),
            watch_namespaces: Vec::new(),
            references: std::sync::Mutex::default(),
        })
    }

    fn listed<K>(writer: &mut Writer<K>)
    where
        K: kube::runtime::reflector::Lookup<DynamicType = ()> + Clone + 'static,
    {
        writer.apply_watcher_event(&Event::Init);
        writer.apply_watcher_event(&Event::InitDone);
    }
}
