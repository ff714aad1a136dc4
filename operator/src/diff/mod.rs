//! Deciding what differs, to whom a resource belongs, and where a rollout stands: pure functions over JSON and SDK types.
//!
//! What it must not know: clients, clocks, async, Kubernetes objects. The kinds' plans are built on it.

pub mod drift;
pub mod identity;
pub mod quantity;
pub mod read_path;
pub mod rollout;
pub mod rules;
