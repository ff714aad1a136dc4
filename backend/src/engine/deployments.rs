//! Deployments of a service: they start, complete, are rolled back, and leave their trace in service deployments and
//! revisions (ecs-semantics.md §3.4, §3.8, §3.9).

use aws_sdk_ecs::types::{
    DeploymentRolloutState, Rollback, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision,
    ServiceRevisionSummary, TaskDefinition,
};

use super::records::{DeploymentRecord, ServiceRecord};
use super::revision::{Extras, deployment_of, revision_of};
use super::{alarms, connect, event_log, platform, rebalancing, scheduler, told};
use crate::world::clock::stamp;
use crate::world::{Realm, ServiceKey};

/// Starts a deployment of what the service's record now says: a new revision, a new service deployment, a new PRIMARY.
/// What was going on before is stopped.
pub fn open(realm: &mut Realm, key: &ServiceKey, extras: Extras) {
    let (now, id) = (realm.now, realm.ids.deployment());
    let name = format!("{}/{}", key.cluster, key.service);
    let (revision_id, deployment_id) = (realm.ids.number19(), realm.ids.service_deployment());
    let revision_arn = realm.arn(&format!("service-revision/{name}/{revision_id}"));
    let deployment_arn = realm.arn(&format!("service-deployment/{name}/{deployment_id}"));
    let definition = realm
        .services
        .get(key)
        .and_then(|record| definition_of(realm, record));
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let ignored_alarms = alarms::ringing(record, &realm.engine.alarms);
    let revision = revision_of(record, &revision_arn, definition.as_ref(), extras, now);
    let mut deployment = deployment_of(record, &id, &revision, now);
    let connect = revision.service_connect_configuration();
    deployment.service_connect_resources = connect.map(|connect| connect::resources(&realm.id, connect));
    let sources: Vec<ServiceRevisionSummary> = record
        .deployments
        .iter()
        .map(|source| summary(&source.revision))
        .collect();
    supersede(record, now);
    record.history.push(
        ServiceDeployment::builder()
            .service_deployment_arn(deployment_arn)
            .set_service_arn(record.service.service_arn.clone())
            .set_cluster_arn(record.service.cluster_arn.clone())
            .created_at(stamp(now))
            .started_at(stamp(now))
            .updated_at(stamp(now))
            .set_source_service_revisions(Some(sources))
            .target_service_revision(summary(&revision_arn))
            .status(ServiceDeploymentStatus::InProgress)
            .set_deployment_configuration(record.service.deployment_configuration.clone())
            .build(),
    );
    record.revisions.push(revision);
    record.deployments.insert(
        0,
        DeploymentRecord {
            deployment,
            revision: revision_arn,
            ran: false,
            failures: 0,
            completed: false,
            stalled: false,
            throttle_level: 0,
            not_before: None,
            ignored_alarms,
        },
    );
    record.steady = false;
    record.settled_since = None;
    told::forget(realm, key, told::STEADY);
    rebalancing::stop(realm, key);
    let reason = format!("ECS deployment {id} in progress.");
    event_log::deployment_changed(realm, key, &id, "SERVICE_DEPLOYMENT_IN_PROGRESS", &reason);
    scheduler::wake(realm, key);
}

fn definition_of(realm: &Realm, record: &ServiceRecord) -> Option<TaskDefinition> {
    let found = realm
        .find_definition(record.service.task_definition()?)
        .ok()
        .flatten()?;
    Some(found.definition.clone())
}

fn summary(revision: &str) -> ServiceRevisionSummary {
    ServiceRevisionSummary::builder().arn(revision).build()
}

/// What was PRIMARY becomes ACTIVE, and the service deployment that was going on is stopped.
fn supersede(record: &mut ServiceRecord, now: jiff::Timestamp) {
    for deployment in record
        .deployments
        .iter_mut()
        .filter(|deployment| deployment.is_primary())
    {
        deployment.deployment.status = Some("ACTIVE".to_owned());
        deployment.deployment.updated_at = Some(stamp(now));
    }
    if let Some(current) = record.history.last_mut().filter(|current| is_open(current)) {
        current.status = Some(ServiceDeploymentStatus::Stopped);
        current.status_reason = Some("A newer service deployment was started.".to_owned());
        close_times(current, now);
        current.stopped_at = Some(stamp(now));
    }
}

/// Whether a service deployment is still going on.
pub fn is_open(deployment: &ServiceDeployment) -> bool {
    use ServiceDeploymentStatus::{
        InProgress, Pending, RollbackInProgress, RollbackRequested, StopRequested,
    };
    matches!(
        deployment.status(),
        Some(Pending | InProgress | StopRequested | RollbackRequested | RollbackInProgress)
    )
}

/// A service deployment is over.
pub fn close_times(deployment: &mut ServiceDeployment, now: jiff::Timestamp) {
    deployment.finished_at = Some(stamp(now));
    deployment.updated_at = Some(stamp(now));
}

/// The primary deployment is COMPLETED: all others leave the list, so that the waiter `ServicesStable` ends.
pub fn complete(realm: &mut Realm, key: &ServiceKey) {
    let now = realm.now;
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    record.deployments.retain(DeploymentRecord::is_primary);
    let Some(primary) = record.deployments.first_mut() else {
        return;
    };
    let id = primary.id().to_owned();
    primary.completed = true;
    primary.failures = 0;
    primary.deployment.failed_tasks = 0;
    primary.deployment.rollout_state = Some(DeploymentRolloutState::Completed);
    primary.deployment.rollout_state_reason = Some(format!("ECS deployment {id} completed."));
    primary.deployment.updated_at = Some(stamp(now));
    if let Some(current) = record.history.last_mut().filter(|current| is_open(current)) {
        let rolled_back = current.rollback.is_some();
        current.status = Some(if rolled_back {
            ServiceDeploymentStatus::RollbackSuccessful
        } else {
            ServiceDeploymentStatus::Successful
        });
        close_times(current, now);
    }
    let message = format!("(deployment {id}) deployment completed.");
    told::forget(realm, key, &message);
    told::tell(realm, key, &message);
    let reason = format!("ECS deployment {id} completed.");
    event_log::deployment_changed(realm, key, &id, "SERVICE_DEPLOYMENT_COMPLETED", &reason);
}

/// Rolls back because a person asked for it; false if no earlier deployment completed.
pub fn roll_back_for_user(realm: &mut Realm, key: &ServiceKey) -> bool {
    let now = realm.now;
    let Some(record) = realm.services.get_mut(key) else {
        return false;
    };
    let Some(target) = record.rollback_target() else {
        return false;
    };
    if let Some(primary) = record.primary_mut() {
        primary.fail("ECS deployment stopped by user.", now);
    }
    if let Some(current) = record.current_mut() {
        current.status_reason = Some("Rollback was requested by a user.".to_owned());
    }
    roll_back(
        realm,
        key,
        &target,
        &format!("ECS deployment rolling back to deploymentId {target}."),
    );
    true
}

/// Makes an earlier deployment the PRIMARY again, and the service's members those of its revision.
pub fn roll_back(realm: &mut Realm, key: &ServiceKey, target: &str, reason: &str) {
    told::tell(realm, key, &format!("rolling back to deployment {target}."));
    let now = realm.now;
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let ignored_alarms = alarms::ringing(record, &realm.engine.alarms);
    let mut revision_arn = String::new();
    for deployment in &mut record.deployments {
        let is_target = deployment.id() == target;
        if is_target {
            revision_arn.clone_from(&deployment.revision);
            deployment.completed = false;
            deployment.stalled = false;
            deployment.failures = 0;
            deployment.throttle_level = 0;
            deployment.not_before = None;
            deployment.ignored_alarms.clone_from(&ignored_alarms);
            deployment.deployment.rollout_state = Some(DeploymentRolloutState::InProgress);
            deployment.deployment.rollout_state_reason = Some(reason.to_owned());
            deployment.deployment.updated_at = Some(stamp(now));
        }
        if is_target || deployment.is_primary() {
            deployment.deployment.status = Some(if is_target { "PRIMARY" } else { "ACTIVE" }.to_owned());
        }
    }
    if let Some(revision) = record.revision(&revision_arn).cloned() {
        restore(record, &revision);
    }
    if let Some(current) = record.history.last_mut() {
        current.status = Some(ServiceDeploymentStatus::RollbackInProgress);
        current.updated_at = Some(stamp(now));
        current.rollback = Some(
            Rollback::builder()
                .reason(reason)
                .started_at(stamp(now))
                .service_revision_arn(revision_arn)
                .build(),
        );
    }
    record.steady = false;
    record.settled_since = None;
    scheduler::wake(realm, key);
}

/// The service's own members become those of a revision.
fn restore(record: &mut ServiceRecord, revision: &ServiceRevision) {
    let service = &mut record.service;
    service.task_definition.clone_from(&revision.task_definition);
    service.launch_type.clone_from(&revision.launch_type);
    service
        .capacity_provider_strategy
        .clone_from(&revision.capacity_provider_strategy);
    service.load_balancers.clone_from(&revision.load_balancers);
    service
        .service_registries
        .clone_from(&revision.service_registries);
    service
        .network_configuration
        .clone_from(&revision.network_configuration);
    service.platform_family.clone_from(&revision.platform_family);
    // `LATEST` stays where it means what the revision ran on.
    let family = service.platform_family.as_deref();
    let given = service.platform_version.as_deref();
    if given.map(|given| platform::version(family, Some(given))) != revision.platform_version {
        service.platform_version.clone_from(&revision.platform_version);
    }
}

/// An INACTIVE service is no longer visible, unless a new one has its name.
pub fn forget(realm: &mut Realm, key: &ServiceKey, deployment: &str) {
    let is_last = |last: &ServiceDeployment| last.service_deployment_arn() == Some(deployment);
    let gone = |record: &ServiceRecord| record.is_inactive() && record.history.last().is_none_or(is_last);
    let gone = realm.services.get(key).is_some_and(gone);
    if gone {
        realm.services.remove(key);
    }
}
