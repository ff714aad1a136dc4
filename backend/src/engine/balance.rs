//! Targets of tasks in load balancers' target groups: registration, health, deregistration. There is no load balancer: a
//! target is healthy after a while unless the control API says otherwise.

use super::records::{Phase, Target, TaskRecord};
use super::{Event, scheduler, stop};
use crate::world::{Realm, schedule};

/// Registers the targets of a task that is about to run; their first health check comes later.
pub fn register(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    let service = stop::service_of(record);
    let groups: Vec<String> = record.targets.iter().map(|target| target.group.clone()).collect();
    let at = realm
        .now
        .checked_add(realm.timing.target_healthy)
        .unwrap_or(realm.now);
    for index in 0..groups.len() {
        let event = Event::TargetVerdict {
            task: task.to_owned(),
            target: index,
        };
        record
            .slots
            .push(realm.schedule.push(at, schedule::Event::Engine(event)));
    }
    if let Some(service) = service.and_then(|key| realm.services.get_mut(&key)) {
        for group in groups {
            *service.registered.entry(group).or_default() += 1;
        }
    }
}

/// A target's first health check is done: it is healthy unless the control API says otherwise.
pub fn verdict(realm: &mut Realm, task: &str, target: usize) {
    let Some(group) = realm
        .tasks
        .get(task)
        .and_then(|record| record.targets.get(target))
        .map(|target| target.group.clone())
    else {
        return;
    };
    let healthy = said(realm, &group, task).unwrap_or(true);
    set(realm, task, &group, healthy);
}

/// What the control API says of a target.
fn said(realm: &Realm, group: &str, task: &str) -> Option<bool> {
    let own = realm
        .engine
        .target_health
        .get(&(group.to_owned(), task.to_owned()));
    own.or_else(|| realm.engine.group_health.get(group)).copied()
}

/// Sets the health of a task's targets in a group, if it runs.
pub fn set(realm: &mut Realm, task: &str, group: &str, healthy: bool) {
    let Some(record) = realm
        .tasks
        .get_mut(task)
        .filter(|record| record.phase == Phase::Running)
    else {
        return;
    };
    for target in record.targets.iter_mut().filter(|target| target.group == group) {
        target.healthy = Some(healthy);
    }
    scheduler::task_changed(realm, task);
}

/// Takes the targets of a task out of their groups; its service tells of it at its next look.
pub fn deregister(realm: &mut Realm, task: &str) {
    let Some(record) = realm
        .tasks
        .get(task)
        .filter(|record| record.phase == Phase::Running)
    else {
        return;
    };
    let Some(service) = stop::service_of(record).and_then(|key| realm.services.get_mut(&key)) else {
        return;
    };
    for target in &record.targets {
        *service.deregistered.entry(target.group.clone()).or_default() += 1;
    }
    if !record.targets.is_empty() {
        *service
            .draining
            .entry(record.started_by().to_owned())
            .or_default() += 1;
    }
}

/// Whether all targets of a task are healthy; true without targets.
pub fn all_healthy(record: &TaskRecord) -> bool {
    record.targets.iter().all(|target| target.healthy == Some(true))
}

/// The first target that failed its health check.
pub fn failed(record: &TaskRecord) -> Option<&Target> {
    record.targets.iter().find(|target| target.healthy == Some(false))
}
