//! Where a service's rollout stands, and which rollouts ECS has already taken back (design.md §2.5, ecs-semantics.md §3.8).
//!
//! The memory of rollbacks is ECS's own list of service deployments, never our status.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{
    Deployment, DeploymentRolloutState, Service, ServiceDeployment, ServiceDeploymentStatus, ServiceRevision,
};
use ecs_model::shape;
use serde_json::Value;

use super::drift::drift;
use super::read_path::pick;
use super::rules;

/// The members whose change starts a deployment (ecs-semantics.md §3.4).
pub const ROLLOUT_MEMBERS: &[&str] = &[
    "capacityProviderStrategy",
    "gatewayConnectors",
    "loadBalancers",
    "monitoring",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "taskDefinition",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    /// ECS is at it; the reason is ECS's own, where it gives one.
    Progressing {
        /// ECS's stage of the deployment, as `SCALE_UP`, where it has stages.
        stage: Option<String>,
        /// ECS's words.
        reason: Option<String>,
    },
    /// The newest revision is everywhere.
    Completed,
    /// ECS is going back to an earlier revision.
    RollingBack(Rollback),
    /// ECS went back to an earlier revision.
    RolledBack(Rollback),
    /// ECS gave up; nothing was taken back.
    Failed {
        /// ECS's words.
        reason: String,
    },
}

/// A rollout that ECS took back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollback {
    /// What ECS went back to: the revision's task definition, or the revision where its definition is not known.
    pub to: Option<String>,
    /// Why, in ECS's words.
    pub reason: String,
}

/// Newest first; those without a time last.
pub fn newest_first(deployments: &[ServiceDeployment]) -> Vec<&ServiceDeployment> {
    let mut sorted: Vec<_> = deployments.iter().collect();
    sorted.sort_by_key(|deployment| {
        let (time, arn) = (deployment.created_at(), deployment.service_deployment_arn());
        (
            std::cmp::Reverse(time.copied().map(moment)),
            arn.map(str::to_owned),
        )
    });
    sorted
}

fn moment(time: DateTime) -> (i64, u32) {
    (time.secs(), time.subsec_nanos())
}

/// Where the service's newest rollout stands.
pub fn rollout(
    service: &Service,
    deployments: &[ServiceDeployment],
    revisions: &[ServiceRevision],
) -> Rollout {
    use ServiceDeploymentStatus as Status;
    let primary = primary(service);
    let newest = newest_first(deployments)
        .into_iter()
        .next()
        .filter(|newest| belongs(newest, primary));
    let Some(newest) = newest else {
        return of_primary(service);
    };
    match newest.status() {
        Some(Status::Pending | Status::InProgress | Status::StopRequested) => Rollout::Progressing {
            stage: newest.lifecycle_stage().map(|stage| stage.as_str().to_owned()),
            reason: newest.status_reason().map(str::to_owned),
        },
        Some(Status::RollbackRequested | Status::RollbackInProgress) => {
            Rollout::RollingBack(rollback(newest, revisions))
        }
        Some(Status::RollbackSuccessful) => Rollout::RolledBack(rollback(newest, revisions)),
        Some(Status::RollbackFailed | Status::Stopped) => Rollout::Failed {
            reason: reason(newest, primary),
        },
        // SUCCESSFUL, or a state that we do not know: what the deployment itself says.
        _ => of_primary(service),
    }
}

/// A view of the deployments that is older than the service's PRIMARY says nothing about it.
fn belongs(newest: &ServiceDeployment, primary: Option<&Deployment>) -> bool {
    let settled = newest
        .status()
        .is_some_and(|status| *status == ServiceDeploymentStatus::Successful);
    match (
        newest.created_at().copied().map(moment),
        primary.and_then(Deployment::created_at).copied().map(moment),
    ) {
        // A rollback makes a new PRIMARY of an older service deployment.
        (Some(listed), Some(primary)) => !settled || listed >= primary,
        _ => true,
    }
}

/// The deployment whose revision the service keeps.
pub fn primary(service: &Service) -> Option<&Deployment> {
    service
        .deployments()
        .iter()
        .find(|deployment| deployment.status() == Some("PRIMARY"))
}

/// What the PRIMARY deployment says by itself (ecs-semantics.md §3.16).
pub fn of_primary(service: &Service) -> Rollout {
    primary(service).map_or(Rollout::Completed, |primary| state(service, primary))
}

fn state(service: &Service, primary: &Deployment) -> Rollout {
    let words = || primary.rollout_state_reason().map(str::to_owned);
    match primary.rollout_state() {
        Some(DeploymentRolloutState::Completed) => Rollout::Completed,
        Some(DeploymentRolloutState::Failed) => Rollout::Failed {
            reason: words().unwrap_or_default(),
        },
        Some(_) => Rollout::Progressing {
            stage: None,
            reason: words(),
        },
        None if service.deployments().len() == 1 && primary.running_count() == primary.desired_count() => {
            Rollout::Completed
        }
        None => Rollout::Progressing {
            stage: None,
            reason: None,
        },
    }
}

fn reason(deployment: &ServiceDeployment, primary: Option<&Deployment>) -> String {
    deployment
        .rollback()
        .and_then(|rollback| rollback.reason())
        .or(deployment.status_reason())
        .or(primary.and_then(Deployment::rollout_state_reason))
        .unwrap_or("ECS gives no reason")
        .to_owned()
}

fn rollback(deployment: &ServiceDeployment, revisions: &[ServiceRevision]) -> Rollback {
    let arn = deployment
        .rollback()
        .and_then(|rollback| rollback.service_revision_arn());
    let definition = arn
        .and_then(|arn| revision(revisions, arn))
        .and_then(|revision| revision.task_definition());
    Rollback {
        to: definition.or(arn).map(str::to_owned),
        reason: reason(deployment, None),
    }
}

fn revision<'a>(revisions: &'a [ServiceRevision], arn: &str) -> Option<&'a ServiceRevision> {
    revisions
        .iter()
        .find(|revision| revision.service_revision_arn() == Some(arn))
}

/// What ECS remembers of earlier rollouts of the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Memory {
    /// Nothing that forbids it.
    Free,
    /// The newest one was taken back, or is being taken back: never again by us.
    TakenBack {
        /// What ECS went back to and why.
        rollback: Rollback,
        /// Whether ECS has finished going back.
        finished: bool,
    },
    /// A rollout was taken back whose revision has not been read, so it may have been the same.
    Unread,
}

/// Whether ECS took a rollout of `desired` back. A restart that was asked for later (`restart_at`) may try again.
pub fn memory(
    desired: &Value,
    restart_at: Option<DateTime>,
    deployments: &[ServiceDeployment],
    revisions: &[ServiceRevision],
) -> Memory {
    for deployment in newest_first(deployments) {
        let taken_back = deployment.status().is_some_and(was_taken_back);
        let target = deployment
            .target_service_revision()
            .and_then(|target| target.arn());
        match target.and_then(|arn| revision(revisions, arn)) {
            None if taken_back => return Memory::Unread,
            Some(revision) if is_of(desired, revision) => {
                let asked_again = restart_at.map(moment) > deployment.created_at().copied().map(moment);
                if !taken_back || (restart_at.is_some() && asked_again) {
                    return Memory::Free;
                }
                let finished = !matches!(
                    deployment.status(),
                    Some(
                        ServiceDeploymentStatus::RollbackRequested
                            | ServiceDeploymentStatus::RollbackInProgress
                    )
                );
                return Memory::TakenBack {
                    rollback: rollback(deployment, revisions),
                    finished,
                };
            }
            _ => {}
        }
    }
    Memory::Free
}

/// Whether this state means that the rollout was or is being taken back.
pub fn was_taken_back(status: &ServiceDeploymentStatus) -> bool {
    use ServiceDeploymentStatus as Status;
    matches!(
        status,
        Status::RollbackRequested
            | Status::RollbackInProgress
            | Status::RollbackSuccessful
            | Status::RollbackFailed
    )
}

/// Whether the revision is what a rollout of `desired` makes.
fn is_of(desired: &Value, revision: &ServiceRevision) -> bool {
    let Ok(revision) = shape::to_value(revision) else {
        return false;
    };
    let mut desired = pick(desired, ROLLOUT_MEMBERS.iter().copied());
    if desired.get("platformVersion").and_then(Value::as_str) == Some("LATEST")
        && let Some(members) = desired.as_object_mut()
    {
        members.remove("platformVersion");
    }
    drift(
        &desired,
        &pick(&revision, ROLLOUT_MEMBERS.iter().copied()),
        &rules::service_revision(),
    )
    .is_empty()
}

#[cfg(test)]
mod tests;
