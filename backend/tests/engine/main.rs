//! The engine by scenario, through the server's own door, with a stepped clock: an hour of ECS in milliseconds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it says; the setting in clippy.toml covers test functions only"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "bodies are written where they are used, as json!({…}) without a borrow"
)]

mod alarms;
mod capacity;
mod connect;
mod containers;
mod deletion;
mod failure;
mod health;
mod instances;
mod kit;
mod overrides;
mod placement;
mod platform;
mod quiet;
mod rebalancing;
mod refusals;
mod rollout;
mod steady;
mod tasks;
mod tokens;
mod volumes;
