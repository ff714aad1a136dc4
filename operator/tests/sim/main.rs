//! The simulation: the unmodified operator over an in-memory apiserver and the backend in-process, in virtual time,
//! with crashes, lost requests and answers, conflicts, throttling, stale views and dropped events (engineering.md §5.3).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the whole binary is a test"
)]

mod apiserver;
mod aws;
mod clock;
mod fault;
mod glue;
mod link;
mod logs;
mod oracles;
mod panics;
mod process;
mod scenarios;
mod toy;
mod world;
