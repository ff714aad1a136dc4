//! The observer: keeps what somebody watches in ECS, so that reconcilers do not each describe for themselves.
//!
//! One per target. It reads in batches, often while something moves and seldom when steady, and wakes the objects whose
//! facts changed. Its laws (design.md §4):
//!
//! - a view begun before the last write to its resource is discarded (read your writes), and a view never replaces one
//!   that was begun later;
//! - one poisoned name does not hide the others of its batch;
//! - a failed read changes nothing that is known.
//!
//! A kind says [`Observer::watch`] for what it needs, looks with [`Observer::view`], asks [`Observer::read_fresh`] before it
//! creates (a new object's service excepted), adopts or deletes, and says [`Observer::wrote`] after each write.

pub mod book;
mod clusters;
mod definitions;
mod deployments;
mod keeper;
mod observers;
mod parts;
mod providers;
mod services;
pub mod subject;
mod tasks;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::aws::account::Target;
use crate::aws::error::AwsError;
use crate::clock::SharedClock;
use crate::k8s::object::ObjectKey;
use crate::k8s::wakes::Wakes;
use crate::observer::keeper::Keeper;
pub use crate::observer::observers::Observers;
pub use crate::observer::subject::{
    ClusterKey, ClusterView, DefinitionKey, DefinitionView, ProviderKey, ProviderView, ServiceKey,
    ServiceView, Subject,
};
use crate::telemetry::metrics::Metrics;

/// How fresh views are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Between two reads of a resource that moves, while few do. With many it grows up to five times (10 s by default).
    pub moving: Duration,
    /// Between two reads of a resource that is steady.
    pub steady: Duration,
    /// From a write to the read that shows its effect.
    pub after_write: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            moving: Duration::from_secs(2),
            steady: Duration::from_mins(1),
            after_write: Duration::from_secs(1),
        }
    }
}

/// What all observers share.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Whom to tell of changes.
    pub wakes: Arc<Wakes>,
    /// The time of day, for `observed_at`.
    pub clock: SharedClock,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// How often to look.
    pub freshness: Freshness,
}

/// Watches one target.
#[derive(Debug)]
pub struct Observer {
    shared: Arc<Shared>,
    /// Ends the sweeps when the observer is dropped.
    _sweeps: JoinSet<()>,
}

/// What the observer and its sweeps have in common.
#[derive(Debug)]
pub struct Shared {
    pub(crate) target: Arc<Target>,
    pub(crate) surroundings: Surroundings,
    pub(crate) services: Keeper<ServiceKey>,
    pub(crate) clusters: Keeper<ClusterKey>,
    pub(crate) providers: Keeper<ProviderKey>,
    pub(crate) definitions: Keeper<DefinitionKey>,
    pub(crate) foreign_tasks: tasks::Foreign,
}

impl Observer {
    fn start(target: Arc<Target>, surroundings: Surroundings) -> Self {
        let shared = Arc::new(Shared {
            target,
            surroundings,
            services: Keeper::default(),
            clusters: Keeper::default(),
            providers: Keeper::default(),
            definitions: Keeper::default(),
            foreign_tasks: tasks::Foreign::default(),
        });
        let mut sweeps = JoinSet::new();
        keeper::start::<ServiceKey>(&shared, &mut sweeps);
        keeper::start::<ClusterKey>(&shared, &mut sweeps);
        keeper::start::<ProviderKey>(&shared, &mut sweeps);
        keeper::start::<DefinitionKey>(&shared, &mut sweeps);
        Self {
            shared,
            _sweeps: sweeps,
        }
    }

    /// Keeps `key` fresh from now on, and wakes `object` whenever its facts change. Saying it again changes nothing.
    pub fn watch<S: Subject>(&self, key: &S, object: &ObjectKey) {
        S::keeper(&self.shared).watch(key, object);
    }

    /// Ends everything that `object` watches here.
    pub fn forget(&self, object: &ObjectKey) {
        self.shared.services.forget(object);
        self.shared.clusters.forget(object);
        self.shared.providers.forget(object);
        self.shared.definitions.forget(object);
    }

    /// The newest view; `None` when there is none yet, or none begun after the last write.
    pub fn view<S: Subject>(&self, key: &S) -> Option<Arc<S::View>> {
        S::keeper(&self.shared).view(key)
    }

    /// The newest view of a service; see [`Observer::view`].
    pub fn service(&self, key: &ServiceKey) -> Option<Arc<ServiceView>> {
        self.view(key)
    }

    /// Why what is known of a watched resource does not count any more: AWS denies the reads, so that a person has to hear of
    /// it, or they have failed for two minutes. The object hears of it when that begins.
    pub fn blinded<S: Subject>(&self, key: &S) -> Option<AwsError> {
        S::keeper(&self.shared).blinded(key)
    }

    /// Why the last read of a watched resource failed; `None` when it succeeded or none was made. What was known before
    /// stays known.
    pub fn failure<S: Subject>(&self, key: &S) -> Option<AwsError> {
        S::keeper(&self.shared).failure(key)
    }

    /// Reads `key` now. Few go out at once; of many, what is asked for within a second goes out together. A service's tasks
    /// are not read again: they are those of the last full read.
    ///
    /// # Errors
    /// What AWS answered. That the resource does not exist is no error but a view without it.
    pub async fn read_fresh<S: Subject>(&self, key: &S) -> Result<Arc<S::View>, AwsError> {
        S::keeper(&self.shared).read_fresh(key).await
    }

    /// The present moment, as views are stamped with it.
    pub fn now(&self) -> jiff::Timestamp {
        self.shared.now()
    }

    /// Notes a write that was just carried out: views begun earlier no longer count, and the next read comes soon.
    pub fn wrote<S: Subject>(&self, key: &S) {
        S::keeper(&self.shared).wrote(key, self.shared.surroundings.freshness.after_write);
        S::touched(&self.shared, key);
    }

    /// Takes in what the answer to a write showed, right after [`Observer::wrote`]; it counts as a view until the next write.
    pub fn showed<S: Subject>(&self, key: &S, view: S::View) {
        for object in S::keeper(&self.shared).showed(key, view) {
            self.shared.surroundings.wakes.wake(&object);
        }
    }

    /// Says whether a watched resource ought to exist: the operator made it once and has not deleted it.
    pub fn expect<S: Subject>(&self, key: &S, exists: bool) {
        S::keeper(&self.shared).expect(key, exists);
    }

    /// Whether a watched resource ought to exist.
    pub fn expects<S: Subject>(&self, key: &S) -> bool {
        S::keeper(&self.shared).expects(key)
    }

    /// Whether so many services that ought to exist are missing that this is more likely an outage or a wrong endpoint
    /// than deletions (design.md §9, situation 11). Then nothing is created again until they are back or a person says so.
    pub fn looks_emptied(&self) -> bool {
        self.shared.services.looks_emptied()
    }
}

impl Shared {
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.surroundings.clock.now()
    }
}

#[cfg(test)]
mod tests;
