//! Tags (ecs-semantics.md §1.9).

pub mod rules;
