//! The API as a client sees it, without sockets: requests through `Server::handle` under a stepped clock.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it says; the setting in clippy.toml covers test functions only"
)]

mod any_input;
mod backend;
mod clusters;
mod control;
mod http;
mod instances;
mod providers;
mod references;
mod restart;
mod tags;
mod task_definitions;
mod wire;
