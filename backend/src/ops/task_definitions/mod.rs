//! Task definitions (ecs-semantics.md §1.3, §2).

mod attributes;
mod compatibility;
mod defaults;
mod delete;
mod deregister;
mod describe;
mod list;
mod register;
mod rules;

pub use delete::deletable;
