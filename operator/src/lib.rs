//! The operator: keeps Amazon ECS as Kubernetes objects describe it.

pub mod admin;
pub mod app;
pub mod args;
pub mod authorize;
pub mod aws;
pub mod clock;
pub mod context;
pub mod diff;
pub mod error;
pub mod iam;
pub mod k8s;
pub mod kinds;
pub mod leadership;
pub mod observer;
pub mod print;
pub mod production;
pub mod rbac;
pub mod selftest;
pub mod telemetry;
