//! The Kubernetes API of ecs-operator: kinds, schema, conditions, references.
//!
//! What it is for: everything that `kubectl` users and the reconcilers agree on. The specs are the SDK's own inputs
//! ([`Ecs`]) beside references ([`mod@reference`]) and what is ours ([`policy`]); the schemas join the ECS model with rules
//! that ECS checks too late or not at all; status is typed ([`status`]), and its conditions and
//! reasons are a closed list ([`conditions`]).
//!
//! What it must not know: ECS clients, reconciling, time other than what it is given.

#![allow(
    clippy::duplicated_attributes,
    reason = "each printer column says its type, which is no repetition"
)]
#![allow(
    clippy::doc_markdown,
    reason = "docs of members are what `kubectl explain` prints, as plain text"
)]

mod account;
mod capacity_provider;
mod cluster;
mod service;
mod task_definition;

pub mod conditions;
pub mod ecs;
pub mod fit;
pub mod managed;
pub mod manifest;
pub mod policy;
pub mod reference;
mod rules;
mod schema;
pub mod status;
pub mod strategy;
#[cfg(test)]
mod testing;

pub use account::*;
pub use capacity_provider::*;
pub use cluster::*;
pub use ecs::Ecs;
pub use managed::Managed;
pub use manifest::{all_crds, crd_yaml, manifests};
pub use service::*;
pub use task_definition::*;

/// The API group of all kinds.
pub const GROUP: &str = "ecs-operator.dev";
/// The version of the group; additive changes only.
pub const VERSION: &str = "v1alpha1";
