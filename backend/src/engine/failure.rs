//! A deployment fails, because a monitor says so: the circuit breaker or an alarm. It is rolled back if that monitor is to do so
//! and an earlier deployment completed (ecs-semantics.md §3.9).

use aws_sdk_ecs::types::{
    ServiceDeployment, ServiceDeploymentAlarms, ServiceDeploymentCircuitBreaker,
    ServiceDeploymentRollbackMonitorsStatus, ServiceDeploymentStatus,
};

use super::records::ServiceRecord;
use super::{alarms, breaker, deployments, event_log, told};
use crate::world::clock::stamp;
use crate::world::{Realm, ServiceKey};

/// What makes a deployment fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Monitor {
    /// As many tasks failed as the circuit breaker's threshold says.
    CircuitBreaker {
        /// The threshold.
        threshold: i32,
    },
    /// An alarm went off.
    Alarm {
        /// Its name.
        name: String,
    },
}

impl Monitor {
    /// The failed deployment's `rolloutStateReason`.
    fn reason(&self) -> &'static str {
        match self {
            Self::CircuitBreaker { .. } => "ECS deployment circuit breaker: tasks failed to start.",
            // ECS's own words are not known; these are made after those of its event.
            Self::Alarm { .. } => "ECS deployment failed: alarm detected.",
        }
    }

    /// What the service's event says.
    fn event(&self) -> &'static str {
        match self {
            Self::CircuitBreaker { .. } => "deployment failed: tasks failed to start.",
            Self::Alarm { .. } => "deployment failed: alarm detected.",
        }
    }

    /// The `statusReason` of the service deployment.
    fn status_reason(&self) -> String {
        match self {
            Self::CircuitBreaker { .. } => {
                "Service deployment circuit breaker: tasks failed to start.".to_owned()
            }
            Self::Alarm { name } => format!("Service deployment alarms: {name} is in ALARM."),
        }
    }

    /// The reason of a rollback to a deployment.
    fn rolling_back_to(&self, target: &str) -> String {
        match self {
            Self::CircuitBreaker { .. } => {
                format!("ECS deployment circuit breaker: rolling back to deploymentId {target}.")
            }
            Self::Alarm { .. } => {
                format!("ECS deployment alarm detected: rolling back to deploymentId {target}.")
            }
        }
    }

    /// Whether the service wants what this monitor fails to be rolled back.
    fn rolls_back(&self, record: &ServiceRecord) -> bool {
        let given = record.service.deployment_configuration();
        match self {
            Self::CircuitBreaker { .. } => breaker::used(given).is_some_and(|breaker| breaker.rollback),
            Self::Alarm { .. } => alarms::used(given).is_some_and(|alarms| alarms.rollback),
        }
    }

    /// Shows in the service deployment what the monitor saw.
    fn note(&self, current: &mut ServiceDeployment, failures: i32) {
        const TRIGGERED: ServiceDeploymentRollbackMonitorsStatus =
            ServiceDeploymentRollbackMonitorsStatus::Triggered;
        match self {
            Self::CircuitBreaker { threshold } => {
                current.deployment_circuit_breaker = Some(
                    ServiceDeploymentCircuitBreaker::builder()
                        .status(TRIGGERED)
                        .failure_count(failures)
                        .threshold(*threshold)
                        .build(),
                );
            }
            Self::Alarm { name } => {
                current.alarms = Some(
                    ServiceDeploymentAlarms::builder()
                        .status(TRIGGERED)
                        .triggered_alarm_names(name)
                        .build(),
                );
            }
        }
    }
}

/// The deployment that is going on has FAILED.
pub fn fail(realm: &mut Realm, key: &ServiceKey, monitor: &Monitor) {
    let now = realm.now;
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let rollback = monitor.rolls_back(record);
    let Some(primary) = record.primary_mut() else {
        return;
    };
    let id = primary.id().to_owned();
    let failures = primary.failures;
    primary.fail(monitor.reason(), now);
    let target = record.rollback_target();
    let mut rolling_back = false;
    if let Some(current) = record.history.last_mut() {
        // A rollback that fails is not rolled back again.
        rolling_back = current.rollback.is_some();
        current.status_reason = Some(monitor.status_reason());
        monitor.note(current, failures);
    }
    told::tell(realm, key, &format!("(deployment {id}) {}", monitor.event()));
    event_log::deployment_changed(realm, key, &id, "SERVICE_DEPLOYMENT_FAILED", monitor.reason());
    match target.filter(|_| rollback && !rolling_back) {
        Some(target) => deployments::roll_back(realm, key, &target, &monitor.rolling_back_to(&target)),
        None => close(realm, key, rolling_back),
    }
}

/// The service deployment has come to its end.
fn close(realm: &mut Realm, key: &ServiceKey, rolling_back: bool) {
    let now = realm.now;
    let Some(current) = realm.services.get_mut(key).and_then(ServiceRecord::current_mut) else {
        return;
    };
    current.status = Some(if rolling_back {
        ServiceDeploymentStatus::RollbackFailed
    } else {
        current.stopped_at = Some(stamp(now));
        ServiceDeploymentStatus::Stopped
    });
    deployments::close_times(current, now);
}
