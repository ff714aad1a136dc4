//! The status of an `EcsService`: counts, deployments, the most telling tasks, the newest events.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::CommonStatus;

/// What a service is in ECS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EcsServiceStatus {
    /// What every status has.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// ECS's own status: ACTIVE, DRAINING or INACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The ARN of the cluster that the service is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_arn: Option<String>,
    /// Family and revision of the primary deployment, as web:7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The ARN of the revision that the spec means, which the primary deployment may not have reached, or was rolled back from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition_arn: Option<String>,
    /// How many tasks ECS is to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_count: Option<i32>,
    /// How many tasks run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_count: Option<i32>,
    /// How many tasks are on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_count: Option<i32>,
    /// A label selector for the scale subresource; it selects no pods, since there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// How far the newest rollout is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// ECS's reason for the state of the rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_reason: Option<String>,
    /// Why the newest task that failed was stopped, with its exit code; kept until a rollout completes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// How many tasks are in each lastStatus, as RUNNING or PENDING.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub task_states: BTreeMap<String, i32>,
    /// The service's deployments, the primary one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<DeploymentStatus>,
    /// The most telling tasks, 20 at most: failing and newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ServiceTask>,
    /// How many tasks the list leaves out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_omitted: Option<i32>,
    /// The newest 5 events of the service; all of them become Kubernetes Events, once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ServiceEvent>,
}

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Rollout {
    /// Something that the rollout needs is not there yet, so it has not begun.
    Waiting,
    /// Tasks of the new revision start and old ones stop.
    Progressing,
    /// A lifecycle hook holds the deployment.
    Paused,
    /// All tasks are of the new revision.
    Completed,
    /// ECS is going back to the revision before.
    RollingBack,
    /// ECS went back to the revision before; this rollout is not tried again.
    RolledBack,
    /// The rollout failed and there was nothing to go back to.
    Failed,
    /// Somebody stopped the deployment.
    Stopped,
}

impl Rollout {
    /// The word in status and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Progressing => "Progressing",
            Self::Paused => "Paused",
            Self::Completed => "Completed",
            Self::RollingBack => "RollingBack",
            Self::RolledBack => "RolledBack",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

/// A deployment of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// ECS's id, as ecs-svc/1234567890123456789.
    pub id: String,
    /// PRIMARY, ACTIVE or INACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Family and revision that it runs, as web:7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// How many tasks it is to run.
    #[serde(default)]
    pub desired_count: i32,
    /// How many of its tasks run.
    #[serde(default)]
    pub running_count: i32,
    /// How many of its tasks are on their way.
    #[serde(default)]
    pub pending_count: i32,
    /// How many of its tasks failed to start or to become healthy, in a row.
    #[serde(default)]
    pub failed_tasks: i32,
    /// COMPLETED, FAILED or IN_PROGRESS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_state: Option<String>,
    /// ECS's reason for the rollout state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_state_reason: Option<String>,
    /// The lifecycle stage, where the strategy has stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The lifecycle hook that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
}

/// A task of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTask {
    /// The last part of its ARN.
    pub id: String,
    /// The revision of its task definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// Where it is in its life, as PENDING, RUNNING or STOPPED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<String>,
    /// Where ECS wants it: RUNNING or STOPPED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_status: Option<String>,
    /// HEALTHY, UNHEALTHY or UNKNOWN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
    /// The capacity provider that it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider: Option<String>,
    /// The launch type, where no capacity provider is in play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    /// Its availability zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The id of the container instance that it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Its private address, where it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// When it reached RUNNING.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Time>,
    /// What sort of stop it was, as TaskFailedToStart or EssentialContainerExited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_code: Option<String>,
    /// ECS's reason for the stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<String>,
    /// Its containers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerStatus>,
}

/// A container of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Its name in the task definition.
    pub name: String,
    /// Where it is in its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<String>,
    /// What it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// ECS's reason, as OutOfMemoryError or CannotPullContainerError and what came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// HEALTHY, UNHEALTHY or UNKNOWN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_status: Option<String>,
}

/// A message of ECS's service scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceEvent {
    /// ECS's id of the event.
    pub id: String,
    /// When ECS said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// What ECS said.
    pub message: String,
}
