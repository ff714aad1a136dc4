//! The family, the list of containers and their identity (ecs-semantics.md §2.1).

use std::collections::BTreeSet;

use ecs_model::{arn, shape};

use super::{Input, Verdict, demand, is_essential, name, refuse};

/// The most containers in a definition.
const CONTAINERS: usize = 10;

/// The most bytes of a definition: ECS's quota of 64 KiB.
const BYTES: usize = 65_536;

pub(super) fn check(input: &Input) -> Verdict {
    match input.family().unwrap_or_default() {
        "" => refuse("Family should not be null or empty.")?,
        family => demand(arn::is_name(family), || {
            "Family contains invalid characters.".to_owned()
        })?,
    }
    let containers = input.container_definitions();
    demand(!containers.is_empty(), || {
        "Container list cannot be empty.".to_owned()
    })?;
    demand(containers.len() <= CONTAINERS, || {
        format!(
            "Container list cannot have more than {CONTAINERS} containers, found {}.",
            containers.len()
        )
    })?;
    let mut seen = BTreeSet::new();
    for container in containers {
        let name = name(container);
        demand(!name.is_empty(), || {
            "Container.name should not be null or empty.".to_owned()
        })?;
        demand(arn::is_name(name), || {
            "Container.name contains invalid characters.".to_owned()
        })?;
        let image = container.image().unwrap_or_default();
        demand(!image.is_empty(), || {
            "Container.image should not be null or empty.".to_owned()
        })?;
        demand(is_image(image), || {
            "Container.image contains invalid characters.".to_owned()
        })?;
        demand(seen.insert(name), || {
            "Container names must be unique within a task definition".to_owned()
        })?;
    }
    demand(containers.iter().any(is_essential), || {
        "Task definition doesn't have any essential container.".to_owned()
    })?;
    let length = shape::to_wire(input).map_or(0, |value| value.to_string().len());
    demand(length <= BYTES, || {
        format!("Actual length: '{length}'. Max allowed length is '{BYTES}' bytes.")
    })
}

fn is_image(image: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_./:@#-".contains(letter);
    image.chars().count() <= 255 && image.chars().all(legal)
}
