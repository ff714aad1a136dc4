//! `requiresAttributes`: what an instance's agent must be able to do to run the definition (ecs-semantics.md §2.12).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Attribute, LogDriver, NetworkMode};

use super::rules::Input;
use super::rules::fargate::is_ecr;

/// The attributes, each once, in the order of their names.
pub(super) fn required(input: &Input) -> Vec<Attribute> {
    let attribute = |name: &String| Attribute::builder().name(name).build().ok();
    names(input).iter().filter_map(attribute).collect()
}

fn names(input: &Input) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut docker = |what: &str| names.insert(format!("com.amazonaws.ecs.capability.{what}"));
    docker("docker-remote-api.1.18");
    if input.task_role_arn().is_some() {
        docker(if input.network_mode() == Some(&NetworkMode::Host) {
            "task-iam-role-network-host"
        } else {
            "task-iam-role"
        });
    }
    for container in input.container_definitions() {
        if container.privileged() == Some(true) {
            docker("privileged-container");
        }
        if container.memory_reservation().is_some() {
            docker("docker-remote-api.1.21");
        }
        if let Some(log) = container.log_configuration() {
            docker(&format!("logging-driver.{}", log.log_driver()));
            docker("docker-remote-api.1.19");
        }
        if container.image().is_some_and(is_ecr) {
            docker("ecr-auth");
            docker("docker-remote-api.1.19");
        }
    }
    capabilities(input, &mut names);
    names
}

fn capabilities(input: &Input, names: &mut BTreeSet<String>) {
    let mut capability = |what: &str| names.insert(format!("ecs.capability.{what}"));
    if input.network_mode() == Some(&NetworkMode::Awsvpc) {
        capability("task-eni");
    }
    if input.pid_mode().is_some() || input.ipc_mode().is_some() {
        capability("pid-ipc-namespace-sharing");
    }
    let executes = input.execution_role_arn().is_some();
    for container in input.container_definitions() {
        let logs = container
            .log_configuration()
            .map(aws_sdk_ecs::types::LogConfiguration::log_driver);
        if executes && logs == Some(&LogDriver::Awslogs) {
            capability("execution-role-awslogs");
        }
        if executes && container.image().is_some_and(is_ecr) {
            capability("execution-role-ecr-pull");
        }
        if container.health_check().is_some() {
            capability("container-health-check");
        }
        if !container.depends_on().is_empty() {
            capability("container-ordering");
        }
        if !container.environment_files().is_empty() {
            capability("env-files.s3");
        }
        if let Some(router) = container.firelens_configuration() {
            capability(&format!("firelens.{}", router.r#type()));
        }
        for secret in container.secrets() {
            let asm = secret.value_from().contains(":secretsmanager:");
            capability(if asm {
                "secrets.asm.environment-variables"
            } else {
                "secrets.ssm.environment-variables"
            });
        }
    }
    for efs in input
        .volumes()
        .iter()
        .filter_map(|volume| volume.efs_volume_configuration())
    {
        capability("efs");
        if efs.authorization_config().is_some() || efs.transit_encryption().is_some() {
            capability("efsAuth");
        }
    }
}

#[cfg(test)]
mod tests {
    use ecs_model::shape;
    use serde_json::json;

    #[test]
    fn the_members_in_use_decide() {
        let cases = [
            (
                json!({}),
                vec!["com.amazonaws.ecs.capability.docker-remote-api.1.18"],
            ),
            (
                json!({"networkMode": "awsvpc", "taskRoleArn": "r", "executionRoleArn": "e", "containerDefinitions": [{
                    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", "logConfiguration": {"logDriver": "awslogs"}}]}),
                vec![
                    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
                    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
                    "com.amazonaws.ecs.capability.ecr-auth",
                    "com.amazonaws.ecs.capability.logging-driver.awslogs",
                    "com.amazonaws.ecs.capability.task-iam-role",
                    "ecs.capability.execution-role-awslogs",
                    "ecs.capability.execution-role-ecr-pull",
                    "ecs.capability.task-eni",
                ],
            ),
        ];
        for (input, expected) in cases {
            let names = super::names(&shape::from_wire(&input).unwrap());
            assert_eq!(
                names.iter().map(String::as_str).collect::<Vec<_>>(),
                expected,
                "{input}"
            );
        }
    }
}
