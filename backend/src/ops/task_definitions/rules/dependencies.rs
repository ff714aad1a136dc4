//! The order of containers, their timeouts and restarts (ecs-semantics.md §2.7).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ContainerCondition, ContainerDefinition};

use super::{Input, Verdict, demand, find, is_essential, name};

/// The most exit codes that a restart policy ignores.
const IGNORED_CODES: usize = 50;

pub(super) fn check(input: &Input) -> Verdict {
    for container in input.container_definitions() {
        dependencies(input, container)?;
        timeouts(container)?;
        restarts(container)?;
    }
    demand(is_acyclic(input), || {
        "The container dependency graph contains a cycle".to_owned()
    })
}

fn dependencies(input: &Input, container: &ContainerDefinition) -> Verdict {
    for dependency in container.depends_on() {
        let wanted = dependency.container_name();
        let Some(other) = find(input, wanted) else {
            // The stray plus sign is ECS's own.
            return super::refuse(format!(
                "Cannot depend on container + '{wanted}' because it does not exist"
            ));
        };
        match dependency.condition() {
            ContainerCondition::Success | ContainerCondition::Complete => {
                demand(!is_essential(other), || {
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container".to_owned()
                })?;
            }
            ContainerCondition::Healthy => demand(other.health_check().is_some(), || {
                "A dependency container with HEALTHY condition must have health check configured".to_owned()
            })?,
            _ => {}
        }
    }
    Ok(())
}

/// Takes away containers whose dependencies are all gone, until nothing is left or nothing can be taken.
fn is_acyclic(input: &Input) -> bool {
    let mut left: Vec<&ContainerDefinition> = input.container_definitions().iter().collect();
    loop {
        let names: BTreeSet<&str> = left.iter().map(|container| name(container)).collect();
        let waits = |container: &&ContainerDefinition| {
            container
                .depends_on()
                .iter()
                .any(|dependency| names.contains(dependency.container_name()))
        };
        let before = left.len();
        left.retain(waits);
        if left.is_empty() || left.len() == before {
            return left.is_empty();
        }
    }
}

fn timeouts(container: &ContainerDefinition) -> Verdict {
    let name = name(container);
    for (which, timeout) in [
        ("start", container.start_timeout()),
        ("stop", container.stop_timeout()),
    ] {
        demand(timeout.is_none_or(|seconds| seconds >= 2), || {
            format!("Granular {which} timeout on container '{name}' must be at least 2 seconds.")
        })?;
    }
    Ok(())
}

fn restarts(container: &ContainerDefinition) -> Verdict {
    let Some(policy) = container.restart_policy() else {
        return Ok(());
    };
    let name = name(container);
    demand(
        policy
            .restart_attempt_period()
            .is_none_or(|period| (60..=1800).contains(&period)),
        || format!("the 'restartAttemptPeriod' setting for container '{name}' must be between 60 and 1800"),
    )?;
    demand(policy.ignored_exit_codes().len() <= IGNORED_CODES, || {
        format!(
            "the 'ignoredExitCodes' setting for container '{name}' must have at most {IGNORED_CODES} exit codes"
        )
    })
}
