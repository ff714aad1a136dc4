//! Checks over the source and the dependency graph that no compiler makes.

pub mod deny;
pub mod direction;
mod graph;
pub mod links;
