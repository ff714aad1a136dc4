//! `EcsCluster`: a cluster, its settings, its capacity providers and its default strategy.

use aws_sdk_ecs::operation::create_cluster::CreateClusterInput;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ecs::Ecs;
use crate::managed::managed;
use crate::policy::Management;
use crate::reference::ObjectRef;
use crate::schema;
use crate::status::CommonStatus;
use crate::strategy::StrategyItem;

/// An ECS cluster, with its capacity providers and its default strategy.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ecs-operator.dev",
    version = "v1alpha1",
    kind = "EcsCluster",
    plural = "ecsclusters",
    shortname = "ecscl",
    category = "ecs",
    namespaced,
    schema = "manual",
    status = "EcsClusterStatus",
    derive = "PartialEq",
    doc = "An ECS cluster, with its capacity providers and its default strategy.",
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.status",
        description = "ECS's own status"
    ),
    printcolumn(
        name = "Services",
        type_ = "integer",
        json_path = ".status.activeServicesCount"
    ),
    printcolumn(
        name = "Running",
        type_ = "integer",
        json_path = ".status.runningTasksCount",
        description = "Tasks that run"
    ),
    printcolumn(
        name = "Pending",
        type_ = "integer",
        json_path = ".status.pendingTasksCount",
        description = "Tasks on their way"
    ),
    printcolumn(
        name = "Instances",
        type_ = "integer",
        json_path = ".status.registeredContainerInstancesCount"
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
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct EcsClusterSpec {
    /// The input of CreateCluster, but for `defaultCapacityProviderStrategy`, which is never set here.
    #[serde(flatten)]
    pub ecs: Ecs<CreateClusterInput>,
    /// CapacityProvider objects in the same namespace, in addition to those that capacityProviders names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_refs: Vec<ObjectRef>,
    /// The strategy of tasks and services that name none; its items may refer to objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
    /// How this object is handled, apart from what ECS has members for.
    #[serde(default, skip_serializing_if = "Management::is_default")]
    pub management: Management,
}

/// What a cluster is in ECS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EcsClusterStatus {
    /// What every status has.
    #[serde(flatten)]
    pub common: CommonStatus,
    /// ECS's own status, as ACTIVE, PROVISIONING, DEPROVISIONING, FAILED or INACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How many services are ACTIVE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_services_count: Option<i32>,
    /// How many tasks run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_tasks_count: Option<i32>,
    /// How many tasks are on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_tasks_count: Option<i32>,
    /// How many container instances are registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_container_instances_count: Option<i32>,
    /// The names of the capacity providers that the cluster has in ECS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_providers: Vec<String>,
    /// Whether the last change of the providers went through: UPDATE_IN_PROGRESS, UPDATE_COMPLETE or UPDATE_FAILED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments_status: Option<String>,
    /// The providers' attachments that are not in order, each with ECS's reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentStatus>,
    /// What all registered instances have together, and what of it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// The most telling instances, 20 at most: troubled and fullest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceStatus>,
    /// How many instances the list leaves out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_omitted: Option<i32>,
}

/// An attachment of a capacity provider to a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentStatus {
    /// ECS's id of the attachment.
    pub id: String,
    /// The capacity provider, where ECS names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider: Option<String>,
    /// Its status, as PRECREATED, CREATED, ATTACHING, ATTACHED, DETACHING, DETACHED, DELETED or FAILED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// ECS's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What instances have, and what of it is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// What is registered.
    pub registered: Resources,
    /// What no task has taken.
    pub free: Resources,
}

/// An amount of what tasks need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU units; 1024 are one vCPU.
    pub cpu: i64,
    /// Memory in MiB.
    pub memory: i64,
    /// Whole GPUs; left out where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<i64>,
}

/// A container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceStatus {
    /// The last part of its ARN.
    pub id: String,
    /// Its EC2 instance id, or mi-… on premises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ec2_instance_id: Option<String>,
    /// Its status, as ACTIVE, DRAINING, REGISTERING, DEREGISTERING or REGISTRATION_FAILED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// ECS's reason for the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Whether its agent is in touch with ECS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_connected: Option<bool>,
    /// The capacity provider that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider: Option<String>,
    /// Its availability zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How many tasks run on it.
    #[serde(default)]
    pub running_tasks_count: i32,
    /// How many tasks are on their way to it.
    #[serde(default)]
    pub pending_tasks_count: i32,
    /// What it has, and what of it is free.
    #[serde(default)]
    pub capacity: Capacity,
}

managed!(EcsCluster, schema::cluster, management, cluster_name);
