//! What a capacity provider is to be, and what ECS has. Pure data.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::CapacityProvider;
use ecs_crds::policy::DeletionPolicy;
use ecs_crds::status::User;
use serde_json::{Value, json};

use crate::diff::identity::{Owner, content_hash};
use crate::kinds::held::Held;

/// What a provider is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The provider's name.
    pub name: String,
    /// The name of the cluster that a managed instances provider belongs to.
    pub cluster: Option<String>,
    /// `CreateCapacityProvider`'s members as the spec wants them, name and cluster included, without tags.
    pub input: Value,
    /// The spec's tags.
    pub tags: BTreeMap<String, String>,
    /// Why it cannot be created yet: its cluster is not there.
    pub held: Option<Held>,
    /// On whose behalf the provider exists.
    pub owner: Owner,
    /// Whether a provider that is nobody's may be taken over.
    pub adopt: bool,
    /// Whether what others changed is only reported.
    pub report_drift: bool,
    /// The object's status names a provider already, so that its absence is news.
    pub known: bool,
    /// The objects that use it.
    pub users: Vec<User>,
    /// Those of them that keep it from being deleted, as people read them.
    pub holders: Vec<String>,
    /// The names in ECS of the clusters that have it, as far as objects tell.
    pub clusters: Vec<String>,
    /// The object is being deleted, and this is to become of the provider, if that is said.
    pub deletion: Option<Option<DeletionPolicy>>,
}

/// What ECS has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The provider.
    pub provider: Option<CapacityProvider>,
    /// How many container instances belong to it, where its clusters have been looked at.
    pub instances: Option<i32>,
}

impl Desired {
    /// What is put on record once it is applied, where drift is only reported: the hash of all that is compared.
    pub fn record(&self) -> Option<String> {
        self.report_drift
            .then(|| content_hash(&json!([self.input, self.tags])))
    }

    /// Whether ECS itself runs the instances.
    pub fn is_managed(&self) -> bool {
        self.cluster.is_some()
    }
}
