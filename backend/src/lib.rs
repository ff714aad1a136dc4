//! An ECS-compatible server: the API of Amazon ECS, AWS JSON 1.1 over HTTP, over a deterministic simulation.
//!
//! What it is for: any AWS client works against it without an AWS account, and the operator's tests run against it in
//! process and in virtual time.
//!
//! What it must not know: Kubernetes, the operator, an SDK *client*. [`Server::handle`] is synchronous and total: it does no
//! I/O, reads no clock but the one it was given, and answers every input. Sockets are in [`http`], files in
//! [`world::snapshot`].

pub mod control;
pub mod engine;
pub mod fault;
pub mod form;
pub mod http;
pub mod identity;
pub mod ops;
pub mod placement;
pub mod server;
pub mod sts;
pub mod throttle;
pub mod timing;
pub mod validate;
pub mod wire;
pub mod world;

pub use server::{Options, Request, Response, Server};
pub use timing::TimingMode;
pub use world::clock::Clock;
