//! The operator: keeps Amazon ECS as Kubernetes objects describe it.

pub mod aws;
pub mod clock;
pub mod context;
pub mod diff;
pub mod error;
pub mod k8s;
pub mod observer;
pub mod telemetry;
