//! Environment variables, files of them, and secrets (ecs-semantics.md §2.9).

use aws_sdk_ecs::types::ContainerDefinition;

use super::{Input, Verdict, demand, name};

/// The most environment files of a container.
const FILES: usize = 10;

pub(super) fn check(input: &Input) -> Verdict {
    for container in input.container_definitions() {
        variables(container)?;
        files(container)?;
        secrets(input, container)?;
        let credentials = container.repository_credentials().is_some();
        demand(!credentials || input.execution_role_arn().is_some(), || {
            "When you are specifying repository credentials, you must also specify a value for 'executionRoleArn'".to_owned()
        })?;
    }
    Ok(())
}

fn variables(container: &ContainerDefinition) -> Verdict {
    let named = container
        .environment()
        .iter()
        .all(|variable| variable.name().is_some_and(|name| !name.is_empty()));
    demand(named, || {
        format!(
            "An environment variable of container '{}' has no name.",
            name(container)
        )
    })
}

fn files(container: &ContainerDefinition) -> Verdict {
    let files = container.environment_files();
    demand(files.len() <= FILES, || {
        "The maximum number of environment files was exceeded. Specify ten or less and try again".to_owned()
    })?;
    for file in files {
        let bucket = file
            .value()
            .strip_prefix("arn:")
            .and_then(|rest| rest.split_once(":s3:::"));
        let is_object =
            bucket.is_some_and(|(_, path)| path.contains('/') && path.strip_suffix(".env").is_some());
        demand(is_object, || "Invalid arn syntax".to_owned())?;
    }
    Ok(())
}

fn secrets(input: &Input, container: &ContainerDefinition) -> Verdict {
    let secrets = container.secrets();
    demand(secrets.is_empty() || input.execution_role_arn().is_some(), || {
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'"
            .to_owned()
    })?;
    for (index, secret) in secrets.iter().enumerate() {
        let shared = container
            .environment()
            .iter()
            .any(|variable| variable.name() == Some(secret.name()));
        let twice = secrets
            .iter()
            .skip(index + 1)
            .any(|other| other.name() == secret.name());
        demand(!shared && !twice, || {
            format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{}'.",
                secret.name()
            )
        })?;
        demand(!secret.value_from().is_empty(), || {
            format!(
                "The secret '{}' of container '{}' has no valueFrom.",
                secret.name(),
                name(container)
            )
        })?;
    }
    Ok(())
}
