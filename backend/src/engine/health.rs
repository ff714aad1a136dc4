//! The health of containers, and of tasks by their containers (ecs-semantics.md §2.8).

use aws_sdk_ecs::types::{Container, HealthStatus};

use super::records::{Phase, TaskRecord};
use super::script::{Script, Verdict};
use super::{containers, scheduler};
use crate::timing::Timing;
use crate::world::Realm;

/// What a container's health check will find: what its label says, else that it is healthy after one interval (in `fast`
/// timing, after the time that any task takes to count as healthy, if that is less).
pub fn verdicts(script: &Script, timing: &Timing) -> Vec<Verdict> {
    match script.health_interval {
        None => Vec::new(),
        Some(_) if !script.health.is_empty() => script.health.clone(),
        Some(interval) => vec![Verdict {
            after: interval.min(timing.healthy_after),
            healthy: true,
        }],
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
    let starting = record.phase == Phase::Starting;
    settle(realm, task);
    if starting {
        containers::start_next(realm, task);
    }
}

/// The health of one of a task's containers has changed: so may have the task's.
pub fn settle(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.task.health_status = Some(of_task(record));
    record.task.version += 1;
    scheduler::task_changed(realm, task);
}

/// A task's health: that of its essential containers that have a health check.
fn of_task(record: &TaskRecord) -> HealthStatus {
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
