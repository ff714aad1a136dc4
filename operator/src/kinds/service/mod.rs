//! `EcsService`: keeps a service in ECS as its object describes it.

pub mod desired;
pub mod plan;
pub mod step;
