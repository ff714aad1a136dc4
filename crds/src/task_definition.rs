//! `EcsTaskDefinition`: one family; each change of substance is a new revision.

use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ecs::Ecs;
use crate::managed::managed;
use crate::policy::TaskDefinitionManagement;
use crate::schema;
use crate::status::{CommonStatus, User};

/// A family of ECS task definitions; each change of substance is a new revision.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ecs-operator.dev",
    version = "v1alpha1",
    kind = "EcsTaskDefinition",
    plural = "ecstaskdefinitions",
    shortname = "ecstd",
    category = "ecs",
    namespaced,
    schema = "manual",
    status = "EcsTaskDefinitionStatus",
    derive = "PartialEq",
    doc = "A family of ECS task definitions; each change of substance is a new revision.",
    printcolumn(
        name = "TaskDef",
        type_ = "string",
        json_path = ".status.taskDefinition",
        description = "Family and revision"
    ),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.status",
        description = "ECS's own status of the revision"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Images",
        type_ = "string",
        json_path = ".spec.containerDefinitions[*].image",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct EcsTaskDefinitionSpec {
    /// The input of RegisterTaskDefinition.
    #[serde(flatten)]
    pub ecs: Ecs<RegisterTaskDefinitionInput>,
    /// How this object is handled, apart from what ECS has members for.
    #[serde(default, skip_serializing_if = "TaskDefinitionManagement::is_default")]
    pub management: TaskDefinitionManagement,
}

/// What a family of task definitions is in ECS. `arn` is that of the newest revision of ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EcsTaskDefinitionStatus {
    /// What every status has.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// Family and revision, as web:7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The revision that the spec is registered as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// ECS's own status of the revision: ACTIVE, INACTIVE or DELETE_IN_PROGRESS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When the revision was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Time>,
    /// The launch types that the revision can run on, as ECS has found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compatibilities: Vec<String>,
    /// The objects that refer to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<User>,
}

managed!(
    EcsTaskDefinition,
    schema::task_definition,
    management.common,
    family
);
