//! Names and ARNs of ECS: reading, printing, comparing (ecs-semantics.md §0.2, §0.3).
//!
//! The long format is what ECS gives out since 2018; the short forms without a cluster are read as old data and printed as they
//! came.

mod name;
mod task_definition;

use std::fmt;
use std::str::FromStr;

pub use name::{NAME_MAX, is_capacity_provider_name, is_name};
pub use task_definition::TaskDefinitionId;

/// The ARN of something in ECS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// The partition, for example `aws` or `aws-cn`.
    pub partition: String,
    /// The region, for example `eu-central-1`.
    pub region: String,
    /// The account, twelve digits.
    pub account: String,
    /// What it is.
    pub resource: Resource,
}

/// What an ARN of ECS names. A cluster is absent only in the short format of old data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `cluster/<name>`
    Cluster {
        /// The cluster's name.
        name: String,
    },
    /// `service/<cluster>/<name>`
    Service {
        /// The cluster's name.
        cluster: Option<String>,
        /// The service's name.
        name: String,
    },
    /// `task/<cluster>/<32 hex>`
    Task {
        /// The cluster's name.
        cluster: Option<String>,
        /// The task's id.
        id: String,
    },
    /// `container-instance/<cluster>/<32 hex>`
    ContainerInstance {
        /// The cluster's name.
        cluster: Option<String>,
        /// The instance's id.
        id: String,
    },
    /// `container/<cluster>/<task id>/<uuid>`
    Container {
        /// The cluster's name.
        cluster: String,
        /// The task's id.
        task: String,
        /// The container's id.
        id: String,
    },
    /// `task-definition/<family>:<revision>`
    TaskDefinition(TaskDefinitionId),
    /// `task-set/<cluster>/<service>/ecs-svc/<number>`
    TaskSet {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The task set's id, `ecs-svc/<number>`.
        id: String,
    },
    /// `capacity-provider/<name>`
    CapacityProvider {
        /// The capacity provider's name.
        name: String,
    },
    /// `service-deployment/<cluster>/<service>/<id>`
    ServiceDeployment {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The deployment's id.
        id: String,
    },
    /// `service-revision/<cluster>/<service>/<number>`
    ServiceRevision {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The revision's number.
        id: String,
    },
}

/// Why a text is no name or ARN of ECS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct ArnError {
    /// What was read.
    pub text: String,
    /// What it should have been.
    pub expected: &'static str,
}

impl ArnError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            expected,
        }
    }
}

/// The short name in a name or ARN: the last part, `family:revision` of a task definition, `ecs-svc/<number>` of a task set.
/// What is no ARN comes back as it is.
#[must_use]
pub fn name_of(name_or_arn: &str) -> &str {
    if !name_or_arn.starts_with("arn:") {
        return name_or_arn;
    }
    let of_task_set = name_or_arn
        .rsplit_once("/ecs-svc/")
        .and_then(|(before, _)| name_or_arn.get(before.len() + 1..));
    of_task_set
        .or_else(|| name_or_arn.rsplit_once('/').map(|(_, name)| name))
        .unwrap_or(name_or_arn)
}

/// The partition that a region belongs to, `aws` for a region that is in none of the special ones.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PARTITIONS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

impl Arn {
    /// The ARN of a resource in a region and account; the partition follows from the region.
    #[must_use]
    pub fn new(region: &str, account: &str, resource: Resource) -> Self {
        Self {
            partition: partition_of(region).to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource,
        }
    }
}

impl Resource {
    /// The cluster that it is in, if it is in one and its ARN says which.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        match self {
            Self::Cluster { name } => Some(name),
            Self::Service { cluster, .. }
            | Self::Task { cluster, .. }
            | Self::ContainerInstance { cluster, .. } => cluster.as_deref(),
            Self::Container { cluster, .. }
            | Self::TaskSet { cluster, .. }
            | Self::ServiceDeployment { cluster, .. }
            | Self::ServiceRevision { cluster, .. } => Some(cluster),
            Self::TaskDefinition(_) | Self::CapacityProvider { .. } => None,
        }
    }

    /// What stands before the first slash, for example `task-definition`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cluster { .. } => "cluster",
            Self::Service { .. } => "service",
            Self::Task { .. } => "task",
            Self::ContainerInstance { .. } => "container-instance",
            Self::Container { .. } => "container",
            Self::TaskDefinition(_) => "task-definition",
            Self::TaskSet { .. } => "task-set",
            Self::CapacityProvider { .. } => "capacity-provider",
            Self::ServiceDeployment { .. } => "service-deployment",
            Self::ServiceRevision { .. } => "service-revision",
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            region,
            account,
            resource,
        } = self;
        write!(f, "arn:{partition}:ecs:{region}:{account}:{resource}")
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Cluster { name } | Self::CapacityProvider { name } => write!(f, "{kind}/{name}"),
            Self::Service { cluster, name: id }
            | Self::Task { cluster, id }
            | Self::ContainerInstance { cluster, id } => match cluster {
                Some(cluster) => write!(f, "{kind}/{cluster}/{id}"),
                None => write!(f, "{kind}/{id}"),
            },
            Self::Container {
                cluster,
                task: middle,
                id,
            }
            | Self::TaskSet {
                cluster,
                service: middle,
                id,
            }
            | Self::ServiceDeployment {
                cluster,
                service: middle,
                id,
            }
            | Self::ServiceRevision {
                cluster,
                service: middle,
                id,
            } => write!(f, "{kind}/{cluster}/{middle}/{id}"),
            Self::TaskDefinition(id) => write!(f, "{kind}/{id}"),
        }
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let refuse = |expected| ArnError::new(text, expected);
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (scheme, partition, service, region, account, tail) =
            (part(), part(), part(), part(), part(), part());
        if scheme != "arn" || tail.is_empty() {
            return Err(refuse(
                "an ARN (arn:<partition>:ecs:<region>:<account>:<resource>)",
            ));
        }
        if service != "ecs" {
            return Err(refuse("an ARN of ECS (arn:<partition>:ecs:…)"));
        }
        let lower = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !partition.starts_with("aws") || !lower(partition) {
            return Err(refuse("an ARN with a partition such as aws"));
        }
        if !lower(region) {
            return Err(refuse("an ARN with a region such as eu-central-1"));
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse("an ARN with an account of twelve digits"));
        }
        Ok(Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: tail.parse().map_err(|error: ArnError| refuse(error.expected))?,
        })
    }
}

impl FromStr for Resource {
    type Err = ArnError;

    /// Reads what follows the account in an ARN, for example `service/prod/web`.
    fn from_str(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.split('/').collect();
        let names = |names: &[&str]| names.iter().all(|name| is_name(name));
        let own = |text: &str| text.to_owned();
        match *parts.as_slice() {
            ["cluster", name] if is_name(name) => Ok(Self::Cluster { name: own(name) }),
            ["capacity-provider", name] if is_name(name) => Ok(Self::CapacityProvider { name: own(name) }),
            ["task-definition", id] => id.parse().map(Self::TaskDefinition),
            [kind @ ("service" | "task" | "container-instance"), ref rest @ ..] if names(rest) => {
                let (cluster, id) = match *rest {
                    [id] => (None, own(id)),
                    [cluster, id] => (Some(own(cluster)), own(id)),
                    _ => return Err(ArnError::new(text, "of the form <kind>/<cluster>/<name or id>")),
                };
                Ok(match kind {
                    "service" => Self::Service { cluster, name: id },
                    "task" => Self::Task { cluster, id },
                    _ => Self::ContainerInstance { cluster, id },
                })
            }
            ["container", cluster, task, id] if names(&[cluster, task, id]) => Ok(Self::Container {
                cluster: own(cluster),
                task: own(task),
                id: own(id),
            }),
            ["task-set", cluster, service, "ecs-svc", number] if names(&[cluster, service, number]) => {
                Ok(Self::TaskSet {
                    cluster: own(cluster),
                    service: own(service),
                    id: format!("ecs-svc/{number}"),
                })
            }
            ["service-deployment", cluster, service, id] if names(&[cluster, service, id]) => {
                Ok(Self::ServiceDeployment {
                    cluster: own(cluster),
                    service: own(service),
                    id: own(id),
                })
            }
            ["service-revision", cluster, service, id] if names(&[cluster, service, id]) => {
                Ok(Self::ServiceRevision {
                    cluster: own(cluster),
                    service: own(service),
                    id: own(id),
                })
            }
            _ => Err(ArnError::new(
                text,
                "an ARN of a known kind of ECS resource, such as cluster/<name> or service/<cluster>/<name>",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
