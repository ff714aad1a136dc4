//! What ECS checks about a service, and about tasks that are run (ecs-semantics.md §3.1), one file for each family.

pub mod balancing;
pub mod capacity;
pub mod connect;
pub mod deployment;
pub mod kind;
pub mod network;
pub mod placement;
pub mod rebalancing;
pub mod volumes;
