//! A service as `DescribeServices` shows it: the record with counts, deployments, and the current revisions filled in.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    Deployment, Service, ServiceCurrentRevisionSummary, ServiceDeployment, ServiceDeploymentAlarms,
    ServiceDeploymentCircuitBreaker, ServiceDeploymentRollbackMonitorsStatus, ServiceDeploymentStatus,
    ServiceRevisionSummary,
};

use super::records::{DeploymentRecord, ServiceRecord};
use super::{alarms, breaker};
use crate::world::Realm;

/// How many tasks of a deployment are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Meant to run.
    pub wanted: i32,
    /// `lastStatus` RUNNING.
    pub running: i32,
    /// PROVISIONING, PENDING or ACTIVATING.
    pub pending: i32,
}

/// The counts of each deployment, by its id.
pub fn counts(realm: &Realm, record: &ServiceRecord) -> BTreeMap<String, Counts> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for task in record.tasks.iter().filter_map(|task| realm.tasks.get(task)) {
        let count = counts.entry(task.started_by().to_owned()).or_default();
        count.wanted += i32::from(task.wanted());
        count.running += i32::from(task.running());
        count.pending += i32::from(task.pending());
    }
    counts
}

/// The service as the API shows it, tags included.
pub fn service(realm: &Realm, record: &ServiceRecord) -> Service {
    let counts = counts(realm, record);
    let mut shown = record.service.clone();
    shown.running_count = counts.values().map(|count| count.running).sum();
    shown.pending_count = counts.values().map(|count| count.pending).sum();
    let mut deployments: Vec<&DeploymentRecord> = record.deployments.iter().collect();
    deployments.sort_by_key(|deployment| !deployment.is_primary());
    let count_of = |deployment: &DeploymentRecord| counts.get(deployment.id()).copied().unwrap_or_default();
    let current = |deployment: &&DeploymentRecord| {
        let count = count_of(deployment);
        ServiceCurrentRevisionSummary::builder()
            .arn(&deployment.revision)
            .requested_task_count(requested(record, deployment, count))
            .running_task_count(count.running)
            .pending_task_count(count.pending)
            .build()
    };
    if !record.is_inactive() {
        shown.current_service_revisions = Some(deployments.iter().map(current).collect());
        shown.current_service_deployment = record
            .history
            .last()
            .and_then(|deployment| deployment.service_deployment_arn.clone());
    }
    let shown_deployments = deployments
        .iter()
        .map(|deployment| deployment_of(record, deployment, count_of(deployment)))
        .collect();
    shown.deployments = Some(shown_deployments);
    shown.task_sets = Some(Vec::new());
    shown
}

fn requested(record: &ServiceRecord, deployment: &DeploymentRecord, count: Counts) -> i32 {
    if deployment.is_primary() {
        record.service.desired_count
    } else {
        count.wanted
    }
}

fn deployment_of(record: &ServiceRecord, deployment: &DeploymentRecord, count: Counts) -> Deployment {
    let mut shown = deployment.deployment.clone();
    shown.desired_count = requested(record, deployment, count);
    shown.running_count = count.running;
    shown.pending_count = count.pending;
    shown
}

/// A service deployment as the API shows it.
pub fn service_deployment(
    realm: &Realm,
    record: &ServiceRecord,
    deployment: &ServiceDeployment,
) -> ServiceDeployment {
    let counts = counts(realm, record);
    let mut shown = deployment.clone();
    let fill = |summary: &mut ServiceRevisionSummary| {
        let found = record
            .deployments
            .iter()
            .find(|found| Some(found.revision.as_str()) == summary.arn());
        let (requested, count) = found.map_or((0, Counts::default()), |found| {
            let count = counts.get(found.id()).copied().unwrap_or_default();
            (requested(record, found, count), count)
        });
        summary.requested_task_count = requested;
        summary.running_task_count = count.running;
        summary.pending_task_count = count.pending;
    };
    shown.source_service_revisions.iter_mut().flatten().for_each(fill);
    shown.target_service_revision.iter_mut().for_each(fill);
    shown.deployment_circuit_breaker = Some(breaker_of(record, deployment));
    shown.alarms = Some(alarms_of(deployment));
    shown
}

/// Where a monitor that is switched on stands.
fn monitor_status(
    deployment: &ServiceDeployment,
    kept: Option<&ServiceDeploymentRollbackMonitorsStatus>,
) -> ServiceDeploymentRollbackMonitorsStatus {
    match deployment.status() {
        _ if kept == Some(&ServiceDeploymentRollbackMonitorsStatus::Triggered) => {
            ServiceDeploymentRollbackMonitorsStatus::Triggered
        }
        Some(ServiceDeploymentStatus::Pending | ServiceDeploymentStatus::InProgress) => {
            ServiceDeploymentRollbackMonitorsStatus::Monitoring
        }
        _ => ServiceDeploymentRollbackMonitorsStatus::MonitoringComplete,
    }
}

fn alarms_of(deployment: &ServiceDeployment) -> ServiceDeploymentAlarms {
    let Some(configured) = alarms::used(deployment.deployment_configuration()) else {
        return ServiceDeploymentAlarms::builder()
            .status(ServiceDeploymentRollbackMonitorsStatus::Disabled)
            .build();
    };
    let kept = deployment.alarms();
    let triggered = kept.and_then(|kept| kept.triggered_alarm_names.clone());
    ServiceDeploymentAlarms::builder()
        .status(monitor_status(deployment, kept.and_then(|kept| kept.status())))
        .set_alarm_names(Some(configured.alarm_names.clone()))
        .set_triggered_alarm_names(triggered)
        .build()
}

fn breaker_of(record: &ServiceRecord, deployment: &ServiceDeployment) -> ServiceDeploymentCircuitBreaker {
    let Some(configured) = breaker::used(deployment.deployment_configuration()) else {
        return ServiceDeploymentCircuitBreaker::builder()
            .status(ServiceDeploymentRollbackMonitorsStatus::Disabled)
            .build();
    };
    let target = deployment
        .target_service_revision()
        .and_then(|target| target.arn());
    let found = record
        .deployments
        .iter()
        .find(|found| Some(found.revision.as_str()) == target);
    let kept = deployment.deployment_circuit_breaker();
    let status = monitor_status(deployment, kept.and_then(|kept| kept.status()));
    let triggered = status == ServiceDeploymentRollbackMonitorsStatus::Triggered;
    let failures = kept.filter(|_| triggered).map(|kept| kept.failure_count);
    ServiceDeploymentCircuitBreaker::builder()
        .status(status)
        .failure_count(
            failures
                .or_else(|| found.map(|found| found.failures))
                .unwrap_or_default(),
        )
        .threshold(breaker::threshold(configured, record.service.desired_count))
        .build()
}
