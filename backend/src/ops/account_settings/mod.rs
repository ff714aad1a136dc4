//! Account settings (ecs-semantics.md §1.11).

/// The principal under which the account's defaults are kept.
pub const ACCOUNT_DEFAULT: &str = "default";
