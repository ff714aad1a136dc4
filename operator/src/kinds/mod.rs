//! The kinds: one folder each, always observe → resolve → plan → apply → report.
//!
//! What is pure in a kind (resolve, plan, status) knows no client, no clock and no async.

pub mod access;
pub mod account;
pub mod action;
pub mod capacity_provider;
pub mod claim;
pub mod cluster;
pub mod held;
pub mod keeps;
pub mod moved;
pub mod orphan;
pub mod outage;
pub mod pass;
pub mod place;
pub mod record;
pub mod send;
pub mod service;
pub mod strategy;
pub mod tagging;
pub mod task_definition;
pub mod unanswered;
pub mod verdict;
