//! What the controllers watch, at hand for everybody: the newest known state of all objects of our kinds, and of namespaces.
//!
//! A store lags behind the API server. What is decided once and for all (finalizers, adoption, deletion) is decided with
//! the object that a write returned, or guarded by its UID.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecs_crds::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Store};
use tokio_util::sync::CancellationToken;

use crate::k8s::object::{Kept, Kind, ObjectKey};

/// The stores, for reading.
#[derive(Clone)]
pub struct Stores {
    /// Accounts.
    pub accounts: Store<AwsAccount>,
    /// Capacity providers.
    pub providers: Store<CapacityProvider>,
    /// Clusters.
    pub clusters: Store<EcsCluster>,
    /// Services.
    pub services: Store<EcsService>,
    /// Task definitions.
    pub definitions: Store<EcsTaskDefinition>,
    /// Namespaces: names and labels.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
    /// Whether the store of namespaces has been filled once.
    namespaces_filled: CancellationToken,
    /// Of each kind, whether its store has been filled once.
    filled: Arc<BTreeMap<Kind, CancellationToken>>,
}

/// The other ends, each for the one stream that fills it.
pub struct Writers {
    /// Accounts.
    pub accounts: Writer<AwsAccount>,
    /// Capacity providers.
    pub providers: Writer<CapacityProvider>,
    /// Clusters.
    pub clusters: Writer<EcsCluster>,
    /// Services.
    pub services: Writer<EcsService>,
    /// Task definitions.
    pub definitions: Writer<EcsTaskDefinition>,
    /// Namespaces.
    pub namespaces: Writer<PartialObjectMeta<Namespace>>,
}

impl Stores {
    /// Empty stores and their writers.
    pub fn new() -> (Self, Writers) {
        let (accounts, accounts_writer) = reflector::store();
        let (providers, providers_writer) = reflector::store();
        let (clusters, clusters_writer) = reflector::store();
        let (services, services_writer) = reflector::store();
        let (definitions, definitions_writer) = reflector::store();
        let (namespaces, namespaces_writer) = reflector::store();
        let filled = Kind::ALL
            .into_iter()
            .map(|kind| (kind, CancellationToken::new()))
            .collect();
        let (namespaces_filled, filled) = (CancellationToken::new(), Arc::new(filled));
        let stores = Self {
            accounts,
            providers,
            clusters,
            services,
            definitions,
            namespaces,
            namespaces_filled,
            filled,
        };
        let writers = Writers {
            accounts: accounts_writer,
            providers: providers_writer,
            clusters: clusters_writer,
            services: services_writer,
            definitions: definitions_writer,
            namespaces: namespaces_writer,
        };
        (stores, writers)
    }

    /// Says that the store of this kind has been filled.
    pub fn note_filled(&self, kind: Kind) {
        if let Some(filled) = self.filled.get(&kind) {
            filled.cancel();
        }
    }

    /// Says that the store of namespaces has been filled.
    pub fn note_namespaces_filled(&self) {
        self.namespaces_filled.cancel();
    }

    /// Waits until each store has been filled once. Before that, a missing object means nothing.
    ///
    /// Not by `Store::wait_until_ready`: that wakes only whoever asked last (kube-runtime 5.0 keeps one waker), and the
    /// kind's controller waits by it before its first pass. A second waiter can leave the controller asleep for ever, and
    /// every pass waits here.
    pub async fn ready(&self) {
        for filled in self.filled.values() {
            filled.cancelled().await;
        }
        self.namespaces_filled.cancelled().await;
    }

    /// The object of this key, if it is known.
    pub fn get<K: Kept>(&self, key: &ObjectKey) -> Option<Arc<K>> {
        K::store(self).get(&key.to_ref::<K>())
    }

    /// All known objects of a kind, by key: the store itself has no order.
    pub fn all<K: Kept>(&self) -> Vec<Arc<K>> {
        let mut all = K::store(self).state();
        all.sort_by_cached_key(|object| ObjectKey::of(&**object));
        all
    }

    /// What is known of a namespace.
    pub fn namespace(&self, name: &str) -> Option<PartialObjectMeta<Namespace>> {
        let namespace = self.namespaces.get(&reflector::ObjectRef::new(name))?;
        Some((*namespace).clone())
    }

    /// A namespace's labels; `None` when the namespace is not known.
    pub fn namespace_labels(&self, name: &str) -> Option<std::collections::BTreeMap<String, String>> {
        let namespace = self.namespaces.get(&reflector::ObjectRef::new(name))?;
        Some(namespace.metadata.labels.clone().unwrap_or_default())
    }
}
