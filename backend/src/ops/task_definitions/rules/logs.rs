//! Log drivers and log routers (`FireLens`) (ecs-semantics.md §2.9).

use aws_sdk_ecs::types::{ContainerDefinition, LogDriver};

use super::{Input, Verdict, demand};

pub(super) fn check(input: &Input) -> Verdict {
    let containers = input.container_definitions();
    let routers = containers
        .iter()
        .filter(|container| container.firelens_configuration().is_some())
        .count();
    demand(routers <= 1, || {
        "A task definition can have only one container with a firelens configuration.".to_owned()
    })?;
    for container in containers {
        match container
            .log_configuration()
            .map(aws_sdk_ecs::types::LogConfiguration::log_driver)
        {
            Some(LogDriver::Awslogs) => awslogs(container)?,
            Some(LogDriver::Awsfirelens) => demand(routers == 1, || {
                "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified"
                    .to_owned()
            })?,
            _ => {}
        }
    }
    Ok(())
}

fn awslogs(container: &ContainerDefinition) -> Verdict {
    let missing: Vec<&str> = ["awslogs-region", "awslogs-group"]
        .into_iter()
        .filter(|option| option_of(container, option).is_none())
        .collect();
    demand(missing.is_empty(), || {
        format!("Log driver awslogs requires options: {}", missing.join(", "))
    })?;
    let mode = option_of(container, "mode");
    demand(
        mode.is_none_or(|mode| ["blocking", "non-blocking"].contains(&mode)),
        || {
            format!(
                "Invalid log option mode '{}': it is blocking or non-blocking.",
                mode.unwrap_or_default()
            )
        },
    )
}

/// An option of the container's log driver.
pub(super) fn option_of<'a>(container: &'a ContainerDefinition, option: &str) -> Option<&'a str> {
    container
        .log_configuration()?
        .options()?
        .get(option)
        .map(String::as_str)
}
