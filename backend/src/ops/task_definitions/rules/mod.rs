//! What ECS demands of a task definition: one file for each family of rules (ecs-semantics.md §2).
//!
//! Each rule is a function from the input to the first violation. Texts are ECS's own where they are recorded; validation
//! stops at the first violation, as in ECS.

mod containers;
mod dependencies;
mod ec2;
mod environment;
pub(super) mod fargate;
mod health;
mod kernel;
mod logs;
mod network;
mod placement;
mod platform;
mod proxy;
mod resources;
mod volumes;

#[cfg(test)]
mod tests;

use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use aws_sdk_ecs::types::{Compatibility, ContainerDefinition};

use crate::fault::Fault;

pub(super) use platform::is_windows;
pub(super) use resources::task as task_size;

/// The input of `RegisterTaskDefinition`.
pub(super) type Input = RegisterTaskDefinitionInput;

/// What every rule answers.
pub(super) type Verdict = Result<(), Fault>;

/// Checks the whole input: first what holds for every launch type, then what each one named in `requiresCompatibilities`
/// demands.
pub(super) fn check(input: &Input) -> Verdict {
    containers::check(input)?;
    platform::check(input)?;
    kernel::check(input)?;
    if input.requires_compatibilities().contains(&Compatibility::Fargate) {
        fargate::check(input)?;
    }
    network::check(input)?;
    resources::check(input)?;
    dependencies::check(input)?;
    health::check(input)?;
    environment::check(input)?;
    logs::check(input)?;
    volumes::check(input)?;
    proxy::check(input)?;
    placement::check(input)?;
    ec2::check(input)
}

/// A refusal.
fn refuse(text: impl Into<String>) -> Verdict {
    Err(Fault::client(text))
}

/// A refusal unless the rule holds.
fn demand(holds: bool, text: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { refuse(text()) }
}

/// The container's name; empty if it has none.
fn name(container: &ContainerDefinition) -> &str {
    container.name().unwrap_or_default()
}

/// Whether the container's end is the task's end, as it is by default.
fn is_essential(container: &ContainerDefinition) -> bool {
    container.essential().unwrap_or(true)
}

/// The container of this name.
fn find<'a>(input: &'a Input, wanted: &str) -> Option<&'a ContainerDefinition> {
    input
        .container_definitions()
        .iter()
        .find(|container| name(container) == wanted)
}
