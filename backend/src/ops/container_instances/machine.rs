//! The machine behind a container instance: what it has, and what its agent can do.

use aws_sdk_ecs::types::{Attribute, Resource};
use serde::Deserialize;

use crate::world::ids::Ids;

/// Ports that are taken on every instance: ssh, Docker and the agent (ecs-semantics.md §5.1).
const TAKEN_PORTS: [&str; 6] = ["22", "2375", "2376", "51678", "51679", "51680"];

/// The most GPUs of a machine: more than any EC2 instance has. Each has an id of its own, which takes room.
const MAX_GPUS: u32 = 64;

/// What a recent agent on Linux can do (ecs-semantics.md §2.12 has the names).
const CAPABILITIES: [&str; 47] = [
    "com.amazonaws.ecs.capability.docker-remote-api.1.17",
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.docker-remote-api.1.20",
    "com.amazonaws.ecs.capability.docker-remote-api.1.21",
    "com.amazonaws.ecs.capability.docker-remote-api.1.22",
    "com.amazonaws.ecs.capability.docker-remote-api.1.23",
    "com.amazonaws.ecs.capability.docker-remote-api.1.24",
    "com.amazonaws.ecs.capability.docker-remote-api.1.25",
    "com.amazonaws.ecs.capability.docker-remote-api.1.29",
    "com.amazonaws.ecs.capability.docker-remote-api.1.30",
    "com.amazonaws.ecs.capability.docker-remote-api.1.32",
    "com.amazonaws.ecs.capability.docker-remote-api.1.44",
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.fluentd",
    "com.amazonaws.ecs.capability.logging-driver.gelf",
    "com.amazonaws.ecs.capability.logging-driver.journald",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.logging-driver.none",
    "com.amazonaws.ecs.capability.logging-driver.splunk",
    "com.amazonaws.ecs.capability.logging-driver.syslog",
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.aws-appmesh",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.container-restart-policy",
    "ecs.capability.efs",
    "ecs.capability.efsAuth",
    "ecs.capability.env-files.s3",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.full-sync",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.secrets.asm.bootstrap.log-driver",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.bootstrap.log-driver",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.storage.ebs-task-attach",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.task-eni",
];

/// A machine to register: the members that the control API and managed scaling choose. All have defaults, those of a
/// t3.medium.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Machine {
    /// CPU units.
    pub cpu: i32,
    /// Memory in MiB.
    pub memory: i32,
    /// How many GPUs it has.
    pub gpus: u32,
    /// Its EC2 instance type.
    pub instance_type: String,
    /// Its zone; the region's zones in turn if absent.
    pub availability_zone: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `linux` or `windows`.
    pub os_type: String,
    /// The capacity provider whose group launched it.
    pub capacity_provider: Option<String>,
    /// Custom attributes.
    pub attributes: std::collections::BTreeMap<String, String>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            cpu: 2048,
            memory: 3884,
            gpus: 0,
            instance_type: "t3.medium".to_owned(),
            availability_zone: None,
            architecture: "x86_64".to_owned(),
            os_type: "linux".to_owned(),
            capacity_provider: None,
            attributes: std::collections::BTreeMap::new(),
        }
    }
}

impl Machine {
    /// Whether there can be such a machine.
    ///
    /// # Errors
    /// What would be right, for the one who made it up.
    pub fn check(&self) -> Result<(), String> {
        if self.gpus > MAX_GPUS {
            return Err(format!("machine.gpus: a number from 0 to {MAX_GPUS} is expected"));
        }
        Ok(())
    }

    /// What it has, in the API's words.
    pub(super) fn resources(&self, ids: &mut Ids) -> Vec<Resource> {
        let number = |name: &str, value: i32| {
            Resource::builder()
                .name(name)
                .r#type("INTEGER")
                .integer_value(value)
                .build()
        };
        let set = |name: &str, values: Vec<String>| {
            Resource::builder()
                .name(name)
                .r#type("STRINGSET")
                .set_string_set_value(Some(values))
                .build()
        };
        let mut resources = vec![
            number("CPU", self.cpu),
            number("MEMORY", self.memory),
            set("PORTS", TAKEN_PORTS.map(str::to_owned).into()),
            set("PORTS_UDP", vec![]),
        ];
        if self.gpus > 0 {
            resources.push(set(
                "GPU",
                (0..self.gpus).map(|_| format!("GPU-{}", ids.uuid())).collect(),
            ));
        }
        resources
    }

    /// What it is and what its agent can do.
    pub(super) fn attributes(&self, zone: &str, ids: &mut Ids) -> Vec<Attribute> {
        let known = [
            ("ecs.ami-id", format!("ami-{}", ids.hex(17))),
            ("ecs.availability-zone", zone.to_owned()),
            ("ecs.cpu-architecture", self.architecture.clone()),
            ("ecs.instance-type", self.instance_type.clone()),
            (
                "ecs.os-family",
                if self.os_type == "windows" {
                    "WINDOWS_SERVER_2022_CORE"
                } else {
                    "LINUX"
                }
                .to_owned(),
            ),
            ("ecs.os-type", self.os_type.clone()),
            ("ecs.subnet-id", format!("subnet-{}", ids.hex(17))),
            ("ecs.vpc-id", "vpc-0ecba0ecba0ecba00".to_owned()),
        ];
        let custom = self
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let valued = known.into_iter().chain(custom);
        let valued = valued.map(|(name, value)| Attribute::builder().name(name).value(value));
        let able = CAPABILITIES.iter().map(|name| Attribute::builder().name(*name));
        valued
            .chain(able)
            .filter_map(|attribute| attribute.build().ok())
            .collect()
    }
}
