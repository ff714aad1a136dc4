//! The API as a client sees it, without sockets: requests through `Server::handle` under a stepped clock.

mod any_input;
mod backend;
mod clusters;
mod control;
mod http;
mod instances;
mod providers;
mod restart;
mod tags;
mod task_definitions;
mod wire;
