//! The rim around AWS: one client per target, one budget per account and region, errors sorted into classes, and a
//! fence that lets only the leader change anything. It knows nothing of Kubernetes.

pub mod account;
pub mod budget;
pub mod call;
pub mod connector;
pub mod ecs_clock;
pub mod error;
#[cfg(test)]
pub(crate) mod fake;
pub mod fence;
pub mod operation;
mod role;
