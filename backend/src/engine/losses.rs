//! Tasks of a service that fail: counted for the circuit breaker, and started ever more slowly (ecs-semantics.md §3.9, §3.13).

use jiff::SignedDuration;

use super::event_log::{self, Gravity};
use super::failure::{self, Monitor};
use super::records::{LossKind, ServiceRecord};
use super::survey::{Class, Member, survey};
use super::{breaker, told};
use crate::world::{Realm, ServiceKey};

/// After how many failed rounds a service tells that its tasks keep failing.
const CONSISTENTLY: u32 = 3;

/// Counts the tasks that were lost: for the circuit breaker, and to start more slowly when they keep failing.
pub fn count(realm: &mut Realm, key: &ServiceKey) {
    let (now, timing) = (realm.now, realm.timing);
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let losses = std::mem::take(&mut record.losses);
    if losses.is_empty() {
        return;
    }
    record.steady = false;
    let Some(primary) = record.primary_mut() else {
        return;
    };
    let (mut slower, id) = (false, primary.id().to_owned());
    for loss in losses.iter().filter(|loss| loss.deployment == id) {
        match loss.kind {
            LossKind::Ended => continue,
            LossKind::Unhealthy => primary.failures += 1,
            LossKind::NeverRan => {
                slower = true;
                primary.failures += i32::from(!primary.ran);
            }
        }
        primary.deployment.failed_tasks += 1;
    }
    if slower {
        let doubled = 1_i32
            .checked_shl(primary.throttle_level.min(20))
            .unwrap_or(i32::MAX);
        let wait = timing
            .failing_task_wait
            .checked_mul(doubled)
            .unwrap_or(SignedDuration::MAX);
        primary.not_before = now.checked_add(wait.min(timing.failing_task_wait_limit)).ok();
        primary.throttle_level += 1;
        let consistently = primary.throttle_level >= CONSISTENTLY && !realm.engine.unplaced.contains(key);
        if consistently {
            let message = "is unable to consistently start tasks successfully. For more information, see the \
                           Troubleshooting section of the Amazon ECS Developer Guide.";
            told::tell(realm, key, message);
            event_log::service_action(realm, key, Gravity::Warn, "SERVICE_TASK_START_IMPAIRED", None);
        }
    }
}

/// Notes which tasks have become healthy since the last look: that sets the circuit breaker's count back.
pub fn note_healthy(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let healthy = |member: &Member| {
        member.class == Class::Healthy
            && realm
                .tasks
                .get(&member.task)
                .is_some_and(|task| !task.was_healthy)
    };
    let fresh: Vec<String> = survey(realm, record)
        .members
        .into_iter()
        .filter(healthy)
        .map(|member| member.task)
        .collect();
    let resets = breaker::used(record.service.deployment_configuration()).is_none_or(breaker::resets);
    for id in fresh {
        let Some(task) = realm.tasks.get_mut(&id) else {
            continue;
        };
        task.was_healthy = true;
        let deployment = task.started_by().to_owned();
        let primary = realm.services.get_mut(key).and_then(ServiceRecord::primary_mut);
        if let Some(primary) = primary.filter(|primary| resets && primary.id() == deployment) {
            primary.failures = 0;
        }
    }
}

/// Fails the deployment that is going on when the circuit breaker has counted enough.
pub fn break_circuit(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let (Some(configured), Some(primary)) = (
        breaker::used(record.service.deployment_configuration()),
        record.primary(),
    ) else {
        return;
    };
    let threshold = breaker::threshold(configured, record.service.desired_count);
    if primary.in_progress() && primary.failures >= threshold {
        failure::fail(realm, key, &Monitor::CircuitBreaker { threshold });
    }
}
