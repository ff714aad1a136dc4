//! The REPLICA scheduler: it keeps a service's desired count of tasks of the primary revision (ecs-semantics.md §3.2, §3.5).
//!
//! It looks at a service only when something about it has changed ([`wake`]) or will look different at a known moment.

use aws_sdk_ecs::types::TaskStopCode;
use jiff::{SignedDuration, Timestamp};

use super::event_log::{self, Gravity};
use super::records::{DeploymentRecord, Loss, LossKind, ServiceRecord, TaskRecord};
use super::rolling::{self, Side, Step};
use super::survey::{Class, Member, Survey, survey};
use super::{Event, alarms, balance, deployments, leaving, losses, rebalancing, starting, stop, told};
use crate::timing::Timing;
use crate::world::{Realm, ServiceKey, schedule};

/// Lets the scheduler look at a service soon: once for all that changes until then.
pub fn wake(realm: &mut Realm, key: &ServiceKey) {
    let at = realm
        .now
        .checked_add(realm.timing.scheduler_reaction)
        .unwrap_or(realm.now);
    wake_at(realm, key, at);
}

fn wake_at(realm: &mut Realm, key: &ServiceKey, at: Timestamp) {
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    if record.look.is_some_and(|(planned, _)| planned <= at) {
        return;
    }
    if let Some((_, slot)) = record.look.take() {
        realm.schedule.cancel(slot);
    }
    let event = Event::ServiceLook { service: key.clone() };
    record.look = Some((at, realm.schedule.push(at, schedule::Event::Engine(event))));
}

/// A task has come to run: its deployment's tasks do not fail to start.
pub fn task_runs(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    let Some(key) = stop::service_of(record) else {
        return;
    };
    let deployment = record.started_by().to_owned();
    if let Some(service) = realm.services.get_mut(&key)
        && let Some(deployment) = service
            .deployments
            .iter_mut()
            .find(|found| found.id() == deployment)
    {
        deployment.ran = true;
        deployment.deployment.failed_tasks = 0;
        deployment.throttle_level = 0;
        deployment.not_before = None;
    }
    wake(realm, &key);
}

/// A task's health has changed.
pub fn task_changed(realm: &mut Realm, task: &str) {
    if let Some(key) = realm.tasks.get(task).and_then(stop::service_of) {
        wake(realm, &key);
    }
}

/// Looks at a service and does what is to be done.
pub fn look(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    record.look = None;
    match record.service.status() {
        Some("ACTIVE") => {}
        Some("DRAINING") => return drain(realm, key),
        _ => return,
    }
    losses::count(realm, key);
    losses::note_healthy(realm, key);
    losses::break_circuit(realm, key);
    told::tell_of_targets(realm, key);
    // What stops may make room for what starts at once: a few rounds until nothing is to do.
    for _ in 0..4 {
        let Some(seen) = realm.services.get(key).map(|record| survey(realm, record)) else {
            return;
        };
        let step = rolling::step(&seen.view);
        if !act(realm, key, &seen, &step) {
            break;
        }
    }
    told::tell_of_targets(realm, key);
    settle(realm, key);
}

/// Does a step; whether anything was done.
fn act(realm: &mut Realm, key: &ServiceKey, seen: &Survey, step: &Step) -> bool {
    if step.stuck {
        told::tell(
            realm,
            key,
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update \
             the minimumHealthyPercent or maximumPercent value and try again.",
        );
    }
    let started = if step.start == 0 {
        0
    } else {
        start(realm, key, seen, step.start)
    };
    let leaving: Vec<&Member> = [(true, step.stop_primary), (false, step.stop_old)]
        .into_iter()
        .flat_map(|(primary, counts)| leaving::pick(realm, key, &seen.members, primary, counts))
        .collect();
    let wanted = step.stop_primary.live() + step.stop_old.live();
    if u32::try_from(leaving.len()).is_ok_and(|found| found < wanted) {
        tell_of_protection(realm, key);
    }
    let stopped = stop_all(realm, key, &leaving);
    if started + stopped > 0
        && let Some(record) = realm.services.get_mut(key)
    {
        record.steady = false;
        record.settled_since = None;
    }
    started + stopped > 0
}

fn start(realm: &mut Realm, key: &ServiceKey, seen: &Survey, count: u32) -> usize {
    let outcome = starting::start(realm, key, count);
    told::tell_started(realm, key, &outcome.started, seen.view.primary.sick.min(count));
    if let Some(problem) = outcome.problem {
        told::tell(realm, key, &problem.message);
        let (name, reason) = ("SERVICE_TASK_PLACEMENT_FAILURE", problem.reason.as_deref());
        event_log::service_action(realm, key, Gravity::Error, name, reason);
        realm.engine.unplaced.insert(key.clone());
        if let Some(record) = realm.services.get_mut(key)
            && let Some(deployment) = record.primary().map(|primary| primary.id().to_owned())
        {
            record.losses.push(Loss {
                deployment,
                kind: LossKind::NeverRan,
            });
        }
        losses::count(realm, key);
    } else {
        realm.engine.unplaced.remove(key);
    }
    outcome.started.len()
}

fn stop_all(realm: &mut Realm, key: &ServiceKey, leaving: &[&Member]) -> usize {
    let Some(record) = realm.services.get(key) else {
        return 0;
    };
    let deployment = record
        .primary()
        .map(|primary| primary.id().to_owned())
        .unwrap_or_default();
    let scaling = format!("Scaling activity initiated by (deployment {deployment})");
    for member in leaving {
        let sick = (member.class == Class::Sick)
            .then(|| complaint(realm, &member.task))
            .flatten();
        let reason = sick
            .as_ref()
            .map_or(scaling.as_str(), |(reason, _)| reason.as_str());
        let loss = sick.is_some().then_some(LossKind::Unhealthy);
        stop::stop(
            realm,
            &member.task,
            TaskStopCode::ServiceSchedulerInitiated,
            reason,
            loss,
        );
        if let Some((_, event)) = sick {
            told::tell(realm, key, &event);
        }
    }
    let ids: Vec<String> = leaving.iter().map(|member| member.task.clone()).collect();
    told::tell_stopped(realm, key, &ids);
    ids.len()
}

/// What is said of a sick task: as its `stoppedReason`, and as an event.
fn complaint(realm: &Realm, task: &str) -> Option<(String, String)> {
    let record = realm.tasks.get(task)?;
    Some(match balance::failed(record) {
        Some(target) => (
            format!("Task failed ELB health checks in (target-group {})", target.group),
            format!(
                "(task {task}) (port {}) is unhealthy in (target-group {}) due to (reason Health checks failed).",
                target.port, target.group
            ),
        ),
        None => (
            "Task failed container health checks".to_owned(),
            format!("(task {task}) failed container health checks."),
        ),
    })
}

fn tell_of_protection(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let id = record
        .primary()
        .map(|primary| primary.id().to_owned())
        .unwrap_or_default();
    let message = format!(
        "was unable to reach steady state because task set ({id}) was unable to scale in. Reason: The number of protected \
         tasks are more than the desired count of tasks."
    );
    told::tell(realm, key, &message);
}

/// Sees whether the service is as it should be, and for how long; and when to look again.
fn settle(realm: &mut Realm, key: &ServiceKey) {
    let now = realm.now;
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let seen = survey(realm, record);
    let bake = bake_time(record, &realm.timing);
    let whole = Side {
        healthy: seen.view.desired,
        ..Side::default()
    };
    let settled = seen.view.primary == whole && seen.view.old.live() == 0 && !seen.view.keep_old;
    let in_progress = record.primary().is_some_and(DeploymentRecord::in_progress);
    let mut next = seen.next;
    if let Some(record) = realm.services.get_mut(key) {
        record.settled_since = if settled {
            record.settled_since.or(Some(now))
        } else {
            None
        };
        let wait =
            realm
                .timing
                .steady_state
                .saturating_add(if in_progress { bake } else { SignedDuration::ZERO });
        if let Some(since) = record.settled_since {
            let done = since.checked_add(wait).unwrap_or(Timestamp::MAX);
            if done > now {
                next = Some(next.map_or(done, |next| next.min(done)));
            } else {
                let first = !std::mem::replace(&mut record.steady, true);
                if in_progress {
                    deployments::complete(realm, key);
                }
                if first {
                    told::tell(realm, key, told::STEADY);
                    event_log::service_action(realm, key, Gravity::Info, "SERVICE_STEADY_STATE", None);
                }
                let later = rebalancing::look(realm, key, &seen, since);
                next = next.into_iter().chain(later).min();
            }
        }
    }
    if let Some(at) = next {
        wake_at(realm, key, at);
    }
}

/// How long a deployment is watched after all of it runs: what the service says, else, where alarms watch, what ECS makes of
/// their periods.
fn bake_time(record: &ServiceRecord, timing: &Timing) -> SignedDuration {
    let given = record.service.deployment_configuration();
    match given.and_then(|given| given.bake_time_in_minutes) {
        Some(minutes) if minutes > 0 => SignedDuration::from_mins(minutes.into()),
        _ if alarms::used(given).is_some() => timing.alarm_bake,
        _ => SignedDuration::ZERO,
    }
}

/// Ends a service that was deleted: it is INACTIVE when its tasks have been asked to end and are out of service.
fn drain(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let deployment = record
        .primary()
        .map(|primary| primary.id().to_owned())
        .unwrap_or_default();
    let reason = format!("Scaling activity initiated by (deployment {deployment})");
    let tasks: Vec<String> = record.tasks.iter().cloned().collect();
    let (wanted, _): (Vec<String>, Vec<String>) = tasks
        .iter()
        .cloned()
        .partition(|task| realm.tasks.get(task).is_some_and(TaskRecord::wanted));
    for task in &wanted {
        stop::stop(
            realm,
            task,
            TaskStopCode::ServiceSchedulerInitiated,
            &reason,
            None,
        );
    }
    told::tell_stopped(realm, key, &wanted);
    told::tell_of_targets(realm, key);
    let serving = |task: &String| {
        realm
            .tasks
            .get(task)
            .is_some_and(|task| task.phase < super::records::Phase::Stopping)
    };
    if tasks.iter().any(serving) {
        let again = realm
            .now
            .checked_add(realm.timing.deregistration_delay)
            .unwrap_or(realm.now);
        wake_at(realm, key, again);
        return;
    }
    let at = realm
        .now
        .checked_add(realm.timing.inactive_visible)
        .unwrap_or(realm.now);
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    if let Some((_, slot)) = record.look.take() {
        realm.schedule.cancel(slot);
    }
    record.service.status = Some("INACTIVE".to_owned());
    record.service.desired_count = 0;
    record.deployments.clear();
    let last = record
        .history
        .last()
        .and_then(|last| last.service_deployment_arn.clone());
    let event = Event::ServiceForgotten {
        service: key.clone(),
        deployment: last.unwrap_or_default(),
    };
    realm.schedule.push(at, schedule::Event::Engine(event));
    realm.engine.unplaced.remove(key);
}
