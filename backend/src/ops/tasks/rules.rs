//! What ECS checks about tasks that are run or started (ecs-semantics.md §4.5, §4.7).

use aws_sdk_ecs::types::{PropagateTags, Tag, TaskDefinition, TaskOverride};
use ecs_model::shape;

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

/// Overrides are of containers that the definition has.
///
/// # Errors
/// `InvalidParameterException`.
pub fn overrides(given: Option<&TaskOverride>, definition: &TaskDefinition) -> Result<TaskOverride, Fault> {
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
