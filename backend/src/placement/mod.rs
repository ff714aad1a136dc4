//! Which container instance a task goes to, and which task of a service goes first. Pure (ecs-semantics.md §5).

pub mod resources;

pub use resources::Demand;
