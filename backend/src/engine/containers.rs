//! Containers of a task: they start, end by themselves or are stopped, and their health checks have verdicts
//! (ecs-semantics.md §2.8, §4.3).

use aws_sdk_ecs::types::{Container, HealthStatus, TaskStopCode};
use jiff::SignedDuration;

use super::records::{LossKind, Phase, TaskRecord};
use super::script::{KILLED, Script, TERMINATED, Verdict};
use super::{Event, launch, scheduler, stop};
use crate::timing::Timing;
use crate::world::clock::stamp;
use crate::world::{Realm, schedule};

/// The images of a task have been pulled: their digests are known.
pub fn pulled(realm: &mut Realm, task: &str) {
    let now = realm.now;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.task.pull_stopped_at = Some(stamp(now));
    for container in record.task.containers.iter_mut().flatten() {
        container.image_digest = container.image.as_deref().map(launch::digest_of);
    }
}

/// Starts the containers of a task, and schedules what they do by themselves.
pub fn start(realm: &mut Realm, task: &str) {
    let (now, timing) = (realm.now, realm.timing);
    let Realm {
        tasks, ids, schedule, ..
    } = realm;
    let Some(record) = tasks.get_mut(task) else { return };
    let TaskRecord {
        task: shown,
        scripts,
        slots,
        ..
    } = record;
    for (index, (container, script)) in shown
        .containers
        .iter_mut()
        .flatten()
        .zip(scripts.iter())
        .enumerate()
    {
        container.last_status = Some("RUNNING".to_owned());
        container.runtime_id = Some(format!("{}-{}", ids.hex(32), ids.below(10_000_000_000)));
        let mut plan = |after: SignedDuration, event: Event| {
            let at = now.checked_add(after).unwrap_or(now);
            slots.push(schedule.push(at, schedule::Event::Engine(event)));
        };
        if let Some(end) = &script.end {
            plan(
                end.after,
                Event::ContainerEnds {
                    task: task.to_owned(),
                    container: index,
                },
            );
        }
        for Verdict { after, healthy } in verdicts(script, &timing) {
            plan(
                after,
                Event::HealthVerdict {
                    task: task.to_owned(),
                    container: index,
                    healthy,
                },
            );
        }
    }
}

/// What a container's health check will find: what its label says, else that it is healthy after one interval (in `fast`
/// timing, after the time that any task takes to count as healthy, if that is less).
fn verdicts(script: &Script, timing: &Timing) -> Vec<Verdict> {
    match script.health_interval {
        None => Vec::new(),
        Some(_) if !script.health.is_empty() => script.health.clone(),
        Some(interval) => vec![Verdict {
            after: interval.min(timing.healthy_after),
            healthy: true,
        }],
    }
}

/// A container ends by itself. With the last one, or an essential one, the task ends.
pub fn ends(realm: &mut Realm, task: &str, container: usize) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    let Some(script) = record.scripts.get(container).cloned() else {
        return;
    };
    let (Some(end), Some(shown)) = (
        script.end,
        record.task.containers.iter_mut().flatten().nth(container),
    ) else {
        return;
    };
    if shown.last_status() != Some("RUNNING") {
        return;
    }
    shown.last_status = Some("STOPPED".to_owned());
    shown.exit_code = Some(end.code);
    shown.reason = end.reason;
    record.task.version += 1;
    let over = script.essential
        || !record
            .task
            .containers()
            .iter()
            .any(|other| other.last_status() == Some("RUNNING"));
    if over && record.wanted() {
        let loss = if record.ran_at.is_some() {
            LossKind::Ended
        } else {
            LossKind::NeverRan
        };
        stop::stop(
            realm,
            task,
            TaskStopCode::EssentialContainerExited,
            "Essential container in task exited",
            Some(loss),
        );
    }
}

/// A container's health check has a verdict.
pub fn verdict(realm: &mut Realm, task: &str, container: usize, healthy: bool) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    let Some(shown) = record.task.containers.iter_mut().flatten().nth(container) else {
        return;
    };
    if shown.last_status() != Some("RUNNING") {
        return;
    }
    shown.health_status = Some(if healthy {
        HealthStatus::Healthy
    } else {
        HealthStatus::Unhealthy
    });
    record.task.health_status = Some(task_health(record));
    record.task.version += 1;
    scheduler::task_changed(realm, task);
}

/// A task's health: that of its essential containers that have a health check.
fn task_health(record: &TaskRecord) -> HealthStatus {
    let checked: Vec<&Container> = checked(record).collect();
    let is = |status: HealthStatus| move |container: &&Container| container.health_status() == Some(&status);
    if checked.iter().any(is(HealthStatus::Unhealthy)) {
        HealthStatus::Unhealthy
    } else if !checked.is_empty() && checked.iter().all(is(HealthStatus::Healthy)) {
        HealthStatus::Healthy
    } else {
        HealthStatus::UnknownValue
    }
}

fn checked(record: &TaskRecord) -> impl Iterator<Item = &Container> {
    let pairs = record.task.containers().iter().zip(&record.scripts);
    pairs
        .filter(|(_, script)| script.essential && script.health_interval.is_some())
        .map(|(container, _)| container)
}

/// Whether an essential container of the task has a health check.
pub fn is_checked(record: &TaskRecord) -> bool {
    checked(record).next().is_some()
}

/// How long the containers that still run take to end after they have been asked to.
pub fn stopping_time(record: &TaskRecord, timing: &Timing) -> SignedDuration {
    let pairs = record.task.containers().iter().zip(&record.scripts);
    let running = pairs.filter(|(container, _)| container.last_status() == Some("RUNNING"));
    let time = |(_, script): (&Container, &Script)| {
        if script.ignores_sigterm {
            timing.kill_after(script.stop_timeout)
        } else {
            timing.container_exit
        }
    };
    running.map(time).max().unwrap_or_default()
}

/// The containers that still ran have ended.
pub fn stopped(realm: &mut Realm, task: &str) {
    let now = realm.now;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.task.execution_stopped_at = Some(stamp(now));
    for (container, script) in record.task.containers.iter_mut().flatten().zip(&record.scripts) {
        if container.last_status() == Some("RUNNING") {
            let code = if script.ignores_sigterm {
                KILLED
            } else {
                script.stopped_code.unwrap_or(TERMINATED)
            };
            container.exit_code = Some(code);
        }
        container.last_status = Some("STOPPED".to_owned());
    }
}

/// Whether a task is past the point where stopping it means asking containers to end.
pub fn has_started(record: &TaskRecord) -> bool {
    record.phase >= Phase::Registering
}
