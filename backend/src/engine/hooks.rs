//! What the operations of clusters, definitions, instances and providers, and the control API, ask the engine or tell it.

use serde::Deserialize;

use crate::fault::Fault;
use crate::world::Realm;

/// How many of what a cluster has, as DescribeClusters shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClusterCounts {
    /// Tasks whose `lastStatus` is RUNNING, on instances.
    pub running_ec2_tasks: i32,
    /// Tasks whose `lastStatus` is RUNNING, on Fargate.
    pub running_fargate_tasks: i32,
    /// Tasks that are PROVISIONING, PENDING or ACTIVATING, on instances.
    pub pending_ec2_tasks: i32,
    /// Tasks that are PROVISIONING, PENDING or ACTIVATING, on Fargate.
    pub pending_fargate_tasks: i32,
    /// Services whose status is ACTIVE, on instances.
    pub active_ec2_services: i32,
    /// Services whose status is ACTIVE, on Fargate.
    pub active_fargate_services: i32,
    /// Services whose status is DRAINING, on instances.
    pub draining_ec2_services: i32,
    /// Services whose status is DRAINING, on Fargate.
    pub draining_fargate_services: i32,
    /// Tasks that have not stopped, whatever their state.
    pub unstopped_tasks: i32,
}

/// What the control API says of targets in a target group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetHealth {
    /// The target group.
    pub target_group_arn: String,
    /// The task whose target is meant, by id or ARN; all targets of the group if absent, those to come included.
    pub task: Option<String>,
    /// Whether the targets answer the load balancer's health checks.
    pub healthy: bool,
}

/// An instance was registered, its status, agent or attributes changed: capacity may have come or gone.
pub fn instance_changed(_realm: &mut Realm, _id: &str) {}

/// An instance is about to be removed, by force or because its machine is gone: its tasks end with this reason.
pub fn instance_gone(_realm: &mut Realm, _id: &str, _reason: &str) {}

/// A capacity provider was made, changed or deleted.
pub fn provider_changed(_realm: &mut Realm, _name: &str) {}

/// How many of what a cluster has.
pub fn counts(_realm: &Realm, _cluster: &str) -> ClusterCounts {
    ClusterCounts::default()
}

/// How many tasks run on an instance, and how many are on their way there.
pub fn tasks_on(_realm: &Realm, _instance: &str) -> (i32, i32) {
    (0, 0)
}

/// Whether a task that has not stopped, or a service that is not INACTIVE, uses this revision.
pub fn definition_in_use(_realm: &Realm, _arn: &str) -> bool {
    false
}

/// Whether a task or service of the cluster uses this capacity provider.
pub fn provider_in_use(_realm: &Realm, _cluster: &str, _provider: &str) -> bool {
    false
}

/// Takes a Fargate Spot task away, after the warning.
///
/// # Errors
/// There is no such task, or it does not run on Spot capacity.
pub fn spot_interruption(_realm: &mut Realm, task: &str) -> Result<(), Fault> {
    Err(Fault::invalid(format!("there is no task {task}")))
}

/// Makes targets healthy or unhealthy.
///
/// # Errors
/// There is no such task.
pub fn target_health(_realm: &mut Realm, _health: &TargetHealth) -> Result<(), Fault> {
    Ok(())
}
