//! `CapacityProvider`: an Auto Scaling group or managed instances that clusters place tasks on.

use aws_sdk_ecs::operation::create_capacity_provider::CreateCapacityProviderInput;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ecs::Ecs;
use crate::managed::managed;
use crate::policy::Management;
use crate::reference::ObjectRef;
use crate::schema;
use crate::status::{CommonStatus, User};

/// An ECS capacity provider: an Auto Scaling group, or instances that ECS manages.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ecs-operator.dev",
    version = "v1alpha1",
    kind = "CapacityProvider",
    plural = "capacityproviders",
    shortname = "ecscp",
    category = "ecs",
    namespaced,
    schema = "manual",
    status = "CapacityProviderStatus",
    derive = "PartialEq",
    doc = "An ECS capacity provider: an Auto Scaling group, or instances that ECS manages.",
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.status",
        description = "ECS's own status"
    ),
    printcolumn(
        name = "Update",
        type_ = "string",
        json_path = ".status.updateStatus",
        description = "What became of the last change"
    ),
    printcolumn(name = "Instances", type_ = "integer", json_path = ".status.instances"),
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
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderSpec {
    /// The input of CreateCapacityProvider.
    #[serde(flatten)]
    pub ecs: Ecs<CreateCapacityProviderInput>,
    /// The EcsCluster that a managed instances provider belongs to, instead of cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_ref: Option<ObjectRef>,
    /// How this object is handled, apart from what ECS has members for.
    #[serde(default, skip_serializing_if = "Management::is_default")]
    pub management: Management,
}

/// What a capacity provider is in ECS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderStatus {
    /// What every status has.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// EC2_AUTOSCALING or MANAGED_INSTANCES.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// ECS's own status: PROVISIONING, ACTIVE, DEPROVISIONING or INACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What became of the last change, as UPDATE_COMPLETE or DELETE_FAILED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_status: Option<String>,
    /// ECS's reason for the update status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_status_reason: Option<String>,
    /// The ARN of the cluster that clusterRef or cluster means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_arn: Option<String>,
    /// The names of the clusters that have this provider, as far as they are known here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// How many container instances belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<i32>,
    /// The objects that refer to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<User>,
}

managed!(CapacityProvider, schema::capacity_provider, management, name);
