//! `EcsService`: a service of tasks, REPLICA or DAEMON, under any deployment controller.

mod status;

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ecs::Ecs;
use crate::managed::managed;
use crate::policy::ServiceManagement;
use crate::reference::{ObjectRef, TaskDefinitionRef};
use crate::schema;
use crate::strategy::StrategyItem;

pub use status::{ContainerStatus, DeploymentStatus, EcsServiceStatus, Rollout, ServiceEvent, ServiceTask};

/// An ECS service: keeps tasks of a task definition running and rolls out its revisions.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ecs-operator.dev",
    version = "v1alpha1",
    kind = "EcsService",
    plural = "ecsservices",
    shortname = "ecssvc",
    category = "ecs",
    namespaced,
    schema = "manual",
    status = "EcsServiceStatus",
    derive = "PartialEq",
    doc = "An ECS service: keeps tasks of a task definition running and rolls out its revisions.",
    scale(
        spec_replicas_path = ".spec.desiredCount",
        status_replicas_path = ".status.runningCount",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Desired",
        type_ = "integer",
        json_path = ".status.desiredCount",
        description = "How many tasks ECS is to run"
    ),
    printcolumn(
        name = "Running",
        type_ = "integer",
        json_path = ".status.runningCount",
        description = "How many tasks run"
    ),
    printcolumn(
        name = "Pending",
        type_ = "integer",
        json_path = ".status.pendingCount",
        description = "How many tasks are on their way"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "TaskDef",
        type_ = "string",
        json_path = ".status.taskDefinition",
        description = "Family and revision of the primary deployment"
    ),
    printcolumn(
        name = "Rollout",
        type_ = "string",
        json_path = ".status.rollout",
        description = "How far the newest rollout is"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(
        name = "Stopped",
        type_ = "string",
        json_path = ".status.lastFailure",
        description = "Why the newest task that failed was stopped",
        priority = 1
    ),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct EcsServiceSpec {
    /// The input of CreateService, but for `capacityProviderStrategy`, which is never set here.
    #[serde(flatten)]
    pub ecs: Ecs<CreateServiceInput>,
    /// The EcsCluster to run in, instead of cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_ref: Option<ObjectRef>,
    /// The EcsTaskDefinition to run, instead of taskDefinition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition_ref: Option<TaskDefinitionRef>,
    /// The strategy that spreads tasks over capacity providers; its items may refer to objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub capacity_provider_strategy: Vec<StrategyItem>,
    /// How this object is handled, apart from what ECS has members for.
    #[serde(default, skip_serializing_if = "ServiceManagement::is_default")]
    pub management: ServiceManagement,
}

managed!(EcsService, schema::service, management.common, service_name);
