//! The ECS API as data.
//!
//! What it is for: both sides of the project, the operator and the embedded backend, speak of ECS in the SDK's own
//! types. This crate turns those types into JSON and back ([`shape`]), and knows what the SDK does not say about them.
//!
//! What it must not know: Kubernetes, clocks, sockets, an SDK *client*. It uses the SDK's types only.

pub mod arn;
pub mod facts;
pub mod fargate;
pub mod shape;
pub mod tags;
