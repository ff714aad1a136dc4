//! The engine by scenario, through the server's own door, with a stepped clock: an hour of ECS in milliseconds.

#[path = "engine/capacity.rs"]
mod capacity;
#[path = "engine/deletion.rs"]
mod deletion;
#[path = "engine/failure.rs"]
mod failure;
#[path = "engine/health.rs"]
mod health;
#[path = "engine/kit.rs"]
mod kit;
#[path = "engine/placement.rs"]
mod placement;
#[path = "engine/quiet.rs"]
mod quiet;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/rollout.rs"]
mod rollout;
#[path = "engine/steady.rs"]
mod steady;
#[path = "engine/tasks.rs"]
mod tasks;
