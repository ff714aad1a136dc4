//! What a cluster is to be, and what ECS has. Pure data.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{Cluster, ContainerInstance};
use ecs_crds::policy::DeletionPolicy;
use serde_json::{Value, json};

use crate::diff::identity::{Owner, content_hash};
use crate::k8s::object::ObjectKey;
use crate::kinds::held::Held;

/// The tag with the hash of the default namespace as the spec names it. ECS shows its ARN, which does not contain the name.
pub const NAMESPACE_TAG: &str = "ecs-operator.dev/cluster-namespace";

/// What a cluster is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The cluster's name.
    pub name: String,
    /// `CreateCluster`'s members as the spec wants them, without tags, capacity providers and default strategy.
    pub input: Value,
    /// The spec's tags.
    pub tags: BTreeMap<String, String>,
    /// What is wanted of capacity providers.
    pub providers: Providers,
    /// The hash of the default namespace's name, where the spec names one and not its ARN.
    pub namespace: Option<String>,
    /// On whose behalf the cluster exists.
    pub owner: Owner,
    /// Whether a cluster that is nobody's may be taken over.
    pub adopt: bool,
    /// Whether what others changed is only reported.
    pub report_drift: bool,
    /// The object's status names a cluster already, so that its absence is news.
    pub known: bool,
    /// The objects that refer to this one, as people read them.
    pub users: Vec<String>,
    /// The `CapacityProvider`s that show how many of the cluster's instances are theirs.
    pub counted_by: BTreeSet<ObjectKey>,
    /// The object is being deleted, and this is to become of the cluster, if that is said.
    pub deletion: Option<Option<DeletionPolicy>>,
}

impl Desired {
    /// What is put on record once it is applied, where drift is only reported: the hash of all that is compared.
    pub fn record(&self) -> Option<String> {
        let Providers {
            ready,
            pending,
            strategy,
            ..
        } = &self.providers;
        let compared = json!([self.input, self.tags, self.namespace, ready, pending, strategy]);
        self.report_drift.then(|| content_hash(&compared))
    }
}

/// What is wanted of capacity providers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Providers {
    /// Those that are to be associated, and can be.
    pub ready: BTreeSet<String>,
    /// An object that is referred to does not exist, so nobody knows what its provider is called: whatever the cluster has
    /// may be it, and stays.
    pub unknown: bool,
    /// Those that are to be associated, and cannot be yet: they stay if they are there.
    pub pending: BTreeSet<String>,
    /// Managed instances providers of this cluster: ECS associates them itself (ecs-semantics.md §6.4).
    pub own: BTreeSet<String>,
    /// The default strategy; `None` while a provider that it names is not there, and then it stays as it is.
    pub strategy: Option<Vec<Value>>,
    /// What is not ready.
    pub held: Vec<Held>,
}

/// What ECS has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The cluster.
    pub cluster: Option<Cluster>,
    /// Its container instances.
    pub instances: Vec<ContainerInstance>,
    /// The instances have been read.
    pub instances_known: bool,
    /// Associated providers that no object of ours stands for, and that ECS associates itself.
    pub managed: BTreeSet<String>,
}
