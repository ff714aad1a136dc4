//! Task definitions: what `RegisterTaskDefinition` writes into the answer (ecs-semantics.md §2.12), and which lists are maps.

use super::Equivalence::ArnOrName;
use super::Plain::{Flag, Number, Text};
use super::Rule::{self, Default, Equivalent, KeyedBy, Quantity, ServerOwned, Set};
use super::{Rules, Unit};

const TABLE: &[Rule] = &[
    Quantity("cpu", Unit::Cpu),
    Quantity("memory", Unit::Memory),
    Equivalent("executionRoleArn", ArnOrName),
    Equivalent("taskRoleArn", ArnOrName),
    // Filled in by ECS when absent: the container's port on awsvpc and host, an ephemeral one on bridge.
    ServerOwned("containerDefinitions[].portMappings[].hostPort"),
    Set("requiresCompatibilities"),
    Set("placementConstraints"),
    KeyedBy("containerDefinitions", "name"),
    KeyedBy("volumes", "name"),
    KeyedBy("inferenceAccelerators", "deviceName"),
    KeyedBy("proxyConfiguration.properties", "name"),
    KeyedBy("tags", "key"),
    KeyedBy("containerDefinitions[].environment", "name"),
    KeyedBy("containerDefinitions[].secrets", "name"),
    KeyedBy("containerDefinitions[].ulimits", "name"),
    KeyedBy("containerDefinitions[].dependsOn", "containerName"),
    KeyedBy("containerDefinitions[].systemControls", "namespace"),
    KeyedBy("containerDefinitions[].logConfiguration.secretOptions", "name"),
    Set("containerDefinitions[].portMappings"),
    Set("containerDefinitions[].mountPoints"),
    Set("containerDefinitions[].volumesFrom"),
    Set("containerDefinitions[].links"),
    Set("containerDefinitions[].extraHosts"),
    Set("containerDefinitions[].resourceRequirements"),
    Set("containerDefinitions[].dockerSecurityOptions"),
    Set("containerDefinitions[].linuxParameters.capabilities.add"),
    Set("containerDefinitions[].linuxParameters.capabilities.drop"),
    Set("containerDefinitions[].linuxParameters.devices"),
    Set("containerDefinitions[].linuxParameters.devices[].permissions"),
    Set("containerDefinitions[].linuxParameters.tmpfs"),
    Set("containerDefinitions[].linuxParameters.tmpfs[].mountOptions"),
    Set("containerDefinitions[].restartPolicy.ignoredExitCodes"),
    Default("networkMode", Text("bridge")),
    Default("proxyConfiguration.type", Text("APPMESH")),
    Default("runtimePlatform.operatingSystemFamily", Text("LINUX")),
    Default("runtimePlatform.cpuArchitecture", Text("X86_64")),
    Default("containerDefinitions[].cpu", Number(0)),
    Default("containerDefinitions[].essential", Flag(true)),
    Default("containerDefinitions[].versionConsistency", Text("enabled")),
    Default("containerDefinitions[].portMappings[].protocol", Text("tcp")),
    Default("containerDefinitions[].healthCheck.interval", Number(30)),
    Default("containerDefinitions[].healthCheck.timeout", Number(5)),
    Default("containerDefinitions[].healthCheck.retries", Number(3)),
    Default("containerDefinitions[].healthCheck.startPeriod", Number(0)),
    Default(
        "containerDefinitions[].restartPolicy.restartAttemptPeriod",
        Number(300),
    ),
    Default("volumes[].dockerVolumeConfiguration.scope", Text("task")),
    Default("volumes[].dockerVolumeConfiguration.driver", Text("local")),
    Default("volumes[].efsVolumeConfiguration.rootDirectory", Text("/")),
    Default(
        "volumes[].efsVolumeConfiguration.transitEncryption",
        Text("DISABLED"),
    ),
    Default(
        "volumes[].efsVolumeConfiguration.authorizationConfig.iam",
        Text("DISABLED"),
    ),
    ServerOwned("volumes[].efsVolumeConfiguration.transitEncryptionPort"),
    Default("volumes[].s3filesVolumeConfiguration.rootDirectory", Text("/")),
    ServerOwned("volumes[].s3filesVolumeConfiguration.transitEncryptionPort"),
];

/// The rules for a task definition.
pub fn task_definition() -> Rules {
    Rules::of(TABLE)
}

#[cfg(test)]
mod tests {
    use super::super::super::drift::drift;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_ecs_fills_in_is_no_new_revision() {
        let desired = json!({"family": "web", "cpu": ".25 vCPU", "memory": "0.5 GB", "networkMode": "awsvpc",
            "executionRoleArn": "exec", "requiresCompatibilities": ["FARGATE", "EC2"],
            "containerDefinitions": [
                {"name": "app", "image": "httpd", "portMappings": [{"containerPort": 80}],
                 "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                 "healthCheck": {"command": ["CMD", "true"]}},
                {"name": "side", "image": "envoy", "essential": false}]});
        let observed = json!({"family": "web", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
            "executionRoleArn": "arn:aws:iam::1:role/exec", "requiresCompatibilities": ["EC2", "FARGATE"],
            "volumes": [], "placementConstraints": [],
            "containerDefinitions": [
                {"name": "side", "image": "envoy", "essential": false, "cpu": 0, "environment": [], "mountPoints": []},
                {"name": "app", "image": "httpd", "essential": true, "cpu": 0, "systemControls": [],
                 "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}], "volumesFrom": [],
                 "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                 "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}}]});
        assert_eq!(drift(&desired, &observed, &task_definition()), []);
    }

    #[test]
    fn a_change_of_substance_is_seen() {
        let with =
            |container: serde_json::Value| json!({"family": "web", "containerDefinitions": [container]});
        let observed = with(
            json!({"name": "app", "image": "httpd:1", "essential": true, "cpu": 0,
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]}),
        );
        let cases = [
            json!({"name": "app", "image": "httpd:2", "portMappings": [{"containerPort": 80}]}),
            json!({"name": "app", "image": "httpd:1", "portMappings": [{"containerPort": 81}]}),
            json!({"name": "app", "image": "httpd:1"}),
            json!({"name": "app", "image": "httpd:1", "essential": false, "portMappings": [{"containerPort": 80}]}),
            json!({"name": "other", "image": "httpd:1", "portMappings": [{"containerPort": 80}]}),
            json!({"name": "app", "image": "httpd:1", "portMappings": [{"containerPort": 80}], "linuxParameters": {"maxSwap": 0}}),
        ];
        for container in cases {
            assert_ne!(
                drift(&with(container.clone()), &observed, &task_definition()),
                [],
                "{container}"
            );
        }
    }
}
