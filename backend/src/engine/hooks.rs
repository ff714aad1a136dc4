//! What the operations of clusters, definitions, instances and providers, and the control API, ask the engine or tell it.

use aws_sdk_ecs::types::{ContainerInstance, LaunchType};
use serde::Deserialize;

pub use super::instances::groups_on;
use super::records::{DeploymentRecord, Phase, ServiceRecord, TaskRecord};
use super::{control, event_log, instances, scaling, starting};
use crate::fault::Fault;
use crate::world::{Realm, ServiceKey};

/// How many of what a cluster has, as `DescribeClusters` shows it.
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
pub fn instance_changed(realm: &mut Realm, id: &str) {
    instances::changed(realm, id);
}

/// An instance is about to be removed, by force or because its machine is gone: its tasks end with this reason.
pub fn instance_gone(realm: &mut Realm, id: &str, reason: &str) {
    instances::gone(realm, id, reason);
}

/// An instance has been removed; this is what is left of it.
pub fn instance_removed(realm: &mut Realm, instance: &ContainerInstance) {
    event_log::log_instance(realm, instance);
}

/// A capacity provider was made, changed or deleted.
pub fn provider_changed(realm: &mut Realm, name: &str) {
    scaling::wake(realm, Some(name));
}

/// How many of what a cluster has.
pub fn counts(realm: &Realm, cluster: &str) -> ClusterCounts {
    let mut counts = ClusterCounts::default();
    for task in realm.tasks.values().filter(|task| task.cluster == cluster) {
        let (running, pending) = if task.on_fargate() {
            (
                &mut counts.running_fargate_tasks,
                &mut counts.pending_fargate_tasks,
            )
        } else {
            (&mut counts.running_ec2_tasks, &mut counts.pending_ec2_tasks)
        };
        *running += i32::from(task.running());
        *pending += i32::from(task.pending());
        counts.unstopped_tasks += i32::from(task.phase != Phase::Stopped);
    }
    for (_, record) in services_of(realm, cluster) {
        let fargate = on_fargate(record);
        let count = match record.service.status() {
            Some("ACTIVE") if fargate => &mut counts.active_fargate_services,
            Some("ACTIVE") => &mut counts.active_ec2_services,
            Some("DRAINING") if fargate => &mut counts.draining_fargate_services,
            Some("DRAINING") => &mut counts.draining_ec2_services,
            _ => continue,
        };
        *count += 1;
    }
    counts
}

/// The services of a cluster, INACTIVE ones included while they are visible.
pub fn services_of<'a>(
    realm: &'a Realm,
    cluster: &'a str,
) -> impl Iterator<Item = (&'a ServiceKey, &'a ServiceRecord)> {
    let first = ServiceKey {
        cluster: cluster.to_owned(),
        service: String::new(),
    };
    realm
        .services
        .range(first..)
        .take_while(move |(key, _)| key.cluster == cluster)
}

fn on_fargate(record: &ServiceRecord) -> bool {
    let providers = record.service.capacity_provider_strategy();
    record.service.launch_type() == Some(&LaunchType::Fargate)
        || providers
            .iter()
            .any(|item| starting::launch_type_of(&item.capacity_provider) == LaunchType::Fargate)
}

/// How many tasks run on an instance, and how many are on their way there.
pub fn tasks_on(realm: &Realm, instance: &str) -> (i32, i32) {
    let tasks = realm
        .engine
        .tasks_on
        .get(instance)
        .into_iter()
        .flatten()
        .filter_map(|task| realm.tasks.get(task));
    tasks.fold((0, 0), |(running, pending), task| {
        (
            running + i32::from(task.running()),
            pending + i32::from(task.pending()),
        )
    })
}

/// Whether a task that has not stopped, or a service that is not INACTIVE, uses this revision.
pub fn definition_in_use(realm: &Realm, arn: &str) -> bool {
    let task =
        |task: &TaskRecord| task.phase != Phase::Stopped && task.task.task_definition_arn() == Some(arn);
    let deployment = |deployment: &DeploymentRecord| deployment.deployment.task_definition() == Some(arn);
    let service = |record: &ServiceRecord| !record.is_inactive() && record.deployments.iter().any(deployment);
    realm.tasks.values().any(task) || realm.services.values().any(service)
}

/// Whether a task or service of the cluster uses this capacity provider.
pub fn provider_in_use(realm: &Realm, cluster: &str, provider: &str) -> bool {
    let task = |task: &TaskRecord| {
        task.cluster == cluster
            && task.phase != Phase::Stopped
            && task.task.capacity_provider_name() == Some(provider)
    };
    let strategy = |record: &ServiceRecord| {
        record
            .service
            .capacity_provider_strategy()
            .iter()
            .any(|item| item.capacity_provider == provider)
    };
    let service = |(_, record): (&ServiceKey, &ServiceRecord)| !record.is_inactive() && strategy(record);
    realm.tasks.values().any(task) || services_of(realm, cluster).any(service)
}

/// Takes a Fargate Spot task away, after the warning.
///
/// # Errors
/// There is no such task, or it does not run on Spot capacity.
pub fn spot_interruption(realm: &mut Realm, task: &str) -> Result<(), Fault> {
    control::interrupt(realm, task)
}

/// Makes targets healthy or unhealthy.
///
/// # Errors
/// There is no such task.
pub fn target_health(realm: &mut Realm, health: &TargetHealth) -> Result<(), Fault> {
    control::set_target_health(realm, health)
}
