//! The kinds: one folder each, always observe → resolve → plan → apply → report.
//!
//! What is pure in a kind (resolve, plan, status) knows no client, no clock and no async.

pub mod service;
