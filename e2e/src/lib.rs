//! What the end-to-end tests and `cargo xtask up` share: a real etcd and kube-apiserver, the backend and the operator as
//! child processes, real kubectl, plain HTTP.
//!
//! Laws:
//! - nothing is mocked, and nothing of the operator or the backend is linked in: both are the binaries that users run;
//! - nobody sleeps and hopes: [`poll::until`] waits for a condition, with a deadline, and says what it last saw;
//! - no child outlives the process that started it, whatever ends that process ([`guardian`]).

pub mod audit;
pub mod backend;
pub mod certificates;
pub mod charts;
pub mod command;
pub mod controlplane;
pub mod effects;
pub mod error;
pub mod free_ports;
pub mod guardian;
pub mod helm;
pub mod image;
pub mod kubectl;
pub mod node;
pub mod oci;
pub mod operator;
pub mod poll;
pub mod process;
pub mod questions;
pub mod release;
pub mod rights;
pub mod run_dir;
pub mod samples;
pub mod scene;
pub mod stack;
pub mod steps;
pub mod tools;

pub use error::Error;
