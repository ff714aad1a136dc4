//! CPU and memory of the task and its containers (ecs-semantics.md §2.3, §2.6).

use aws_sdk_ecs::types::{Compatibility, ContainerDefinition};
use ecs_model::fargate::{self, SizeError};

use super::{Input, Verdict, demand, name};
use crate::fault::Fault;

/// The least memory of a container, in MiB: what Docker demands.
const LEAST_MEMORY: i32 = 6;

pub(super) fn check(input: &Input) -> Verdict {
    let (cpu, memory) = task(input)?;
    let containers = input.container_definitions();
    for container in containers {
        of_container(container, memory)?;
    }
    let used: i64 = containers
        .iter()
        .map(|container| i64::from(container.cpu()))
        .sum();
    demand(cpu.is_none_or(|cpu| used <= i64::from(cpu)), || {
        "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value".to_owned()
    })?;
    let reserved: i64 = containers
        .iter()
        .filter_map(ContainerDefinition::memory_reservation)
        .map(i64::from)
        .sum();
    demand(memory.is_none_or(|memory| reserved <= i64::from(memory)), || {
        "The sum of all container 'memoryReservation' values cannot be greater than the task-level 'memory' value".to_owned()
    })
}

/// The task's own CPU units and MiB, as numbers. Where Fargate is not demanded, both may be absent.
pub(in super::super) fn task(input: &Input) -> Result<(Option<u32>, Option<u32>), Fault> {
    let fargate = input.requires_compatibilities().contains(&Compatibility::Fargate);
    let read_cpu = if fargate {
        fargate::parse_cpu
    } else {
        fargate::parse_ec2_cpu
    };
    let refused = |error: SizeError| Fault::client(error.to_string());
    let cpu = input.cpu().map(read_cpu).transpose().map_err(refused)?;
    let memory = input
        .memory()
        .map(fargate::parse_memory)
        .transpose()
        .map_err(refused)?;
    Ok((cpu, memory))
}

fn of_container(container: &ContainerDefinition, task_memory: Option<u32>) -> Verdict {
    let name = name(container);
    let (memory, reservation) = (container.memory(), container.memory_reservation());
    demand(container.cpu() >= 0, || {
        format!("Invalid setting for container '{name}'. 'cpu' must be 0 or more.")
    })?;
    demand(
        task_memory.is_some() || memory.is_some() || reservation.is_some(),
        || {
            format!(
                "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
            )
        },
    )?;
    for (setting, value) in [("memory", memory), ("memoryReservation", reservation)] {
        demand(value.is_none_or(|value| value >= LEAST_MEMORY), || {
            format!(
                "Invalid setting for container '{name}'. '{setting}' must be at least {LEAST_MEMORY} MiB."
            )
        })?;
    }
    demand(
        memory.is_none() || reservation.is_none() || memory >= reservation,
        || {
            format!(
                "Invalid setting for container '{name}'. 'memory' must be greater than or equal to 'memoryReservation'."
            )
        },
    )?;
    let fits = |value: Option<i32>| match (value, task_memory) {
        (Some(value), Some(task)) => i64::from(value) <= i64::from(task),
        _ => true,
    };
    demand(fits(memory), || {
        format!("The 'memory' setting for container '{name}' is greater than for the task")
    })?;
    demand(fits(reservation), || {
        format!("The 'memoryReservation' setting for container '{name}' is greater than for the task")
    })
}
