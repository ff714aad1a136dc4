//! What ECS checks about tasks that are run or started (ecs-semantics.md §4.5, §4.7).

use aws_sdk_ecs::types::{
    CpuArchitecture, EphemeralStorage, PropagateTags, RuntimePlatform, Tag, TaskDefinition, TaskOverride,
};
use ecs_model::fargate::{self, Offer, SizeError};
use ecs_model::shape;

use crate::engine::platform;
use crate::engine::starting::managed_tags;
use crate::fault::Fault;

/// The greatest size of overrides, as JSON.
const OVERRIDES_SIZE: usize = 8192;

/// The group: the caller's, unless it looks like a service's; else the family's.
///
/// # Errors
/// `InvalidParameterException`.
pub fn group(given: Option<&str>, definition: &TaskDefinition) -> Result<String, Fault> {
    match given {
        Some(group) if group.starts_with("service:") => Err(Fault::invalid(
            "The group prefix 'service:' is reserved for tasks of services.",
        )),
        Some(group) => Ok(group.to_owned()),
        None => Ok(format!("family:{}", definition.family().unwrap_or_default())),
    }
}

/// `startedBy` is short enough.
///
/// # Errors
/// `InvalidParameterException`.
pub fn started_by(given: Option<&str>) -> Result<(), Fault> {
    match given {
        Some(text) if text.chars().count() > 128 => {
            Err(Fault::invalid("startedBy can have at most 128 characters."))
        }
        _ => Ok(()),
    }
}

/// Overrides are of containers that the definition has, and leave the task a size that it can have.
///
/// # Errors
/// `InvalidParameterException`.
pub fn overrides(
    given: Option<&TaskOverride>,
    definition: &TaskDefinition,
    fargate: bool,
) -> Result<TaskOverride, Fault> {
    let Some(given) = given else {
        return Ok(TaskOverride::builder().build());
    };
    for over in given.container_overrides() {
        let name = over.name().unwrap_or_default();
        if !definition
            .container_definitions()
            .iter()
            .any(|container| container.name() == Some(name))
        {
            return Err(Fault::invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    size(given, definition, fargate).map_err(|error| Fault::invalid(error.to_string()))?;
    storage(given, fargate)?;
    let size = shape::to_wire(given)
        .map(|written| written.to_string().len())
        .unwrap_or_default();
    if size > OVERRIDES_SIZE {
        return Err(Fault::invalid(format!(
            "Container Overrides length must be at most {OVERRIDES_SIZE}, but this Container Overrides length is {size}"
        )));
    }
    Ok(given.clone())
}

/// The task's size with its overrides: on Fargate one of its pairs, elsewhere any that can be read (ecs-semantics.md §2.3).
fn size(given: &TaskOverride, definition: &TaskDefinition, fargate: bool) -> Result<(), SizeError> {
    if fargate {
        if given.cpu().is_none() && given.memory().is_none() {
            return Ok(());
        }
        let platform = definition.runtime_platform();
        let arm64 = platform.and_then(RuntimePlatform::cpu_architecture) == Some(&CpuArchitecture::Arm64);
        let offer = Offer {
            windows: platform::is_windows(&platform::family_of(definition)),
            arm64,
            thirty_two_vcpu: true,
        };
        let cpu = given.cpu().or(definition.cpu());
        let memory = given.memory().or(definition.memory());
        return offer.size(cpu, memory).map(|_| ());
    }
    given.cpu().map(fargate::parse_ec2_cpu).transpose()?;
    given.memory().map(fargate::parse_memory).transpose()?;
    Ok(())
}

/// Ephemeral storage is Fargate's, of 21 to 200 GiB (ecs-semantics.md §2.4, §2.11).
fn storage(given: &TaskOverride, fargate: bool) -> Result<(), Fault> {
    match given.ephemeral_storage().map(EphemeralStorage::size_in_gib) {
        Some(_) if !fargate => Err(Fault::invalid(
            "Tasks using the EC2 launch type do not support EphemeralStorage",
        )),
        Some(size) if size < 21 => Err(Fault::invalid("EphemeralStorage size should be at least 21")),
        Some(size) if size > 200 => Err(Fault::invalid("EphemeralStorage size should be at most 200")),
        _ => Ok(()),
    }
}

/// The tags of a task: the caller's, the definition's if they are propagated, and ECS's own.
///
/// # Errors
/// `InvalidParameterException`.
pub fn tags(
    given: &[Tag],
    propagate: Option<&PropagateTags>,
    of_definition: &[Tag],
    managed: Option<bool>,
    cluster: &str,
) -> Result<Vec<Tag>, Fault> {
    crate::ops::tags::rules::check(given)?;
    let propagated: &[Tag] = match propagate {
        Some(PropagateTags::Service) => {
            return Err(Fault::invalid(
                "Tags can only be propagated from a task definition or a service to a service's tasks.",
            ));
        }
        Some(PropagateTags::TaskDefinition) => of_definition,
        _ => &[],
    };
    let mut tags = given.to_vec();
    let own = |tag: &&Tag| !given.iter().any(|other| other.key() == tag.key());
    tags.extend(propagated.iter().filter(own).cloned());
    if managed == Some(true) {
        tags.extend(managed_tags(cluster, None));
    }
    Ok(tags)
}
