//! The end of a task: why, how it leaves, and when it is forgotten (ecs-semantics.md §4.1, §4.2).

use aws_sdk_ecs::types::TaskStopCode;

use super::records::{Loss, LossKind, Phase, TaskRecord};
use super::{Event, balance, containers, instances, lifecycle, network, scheduler};
use crate::world::clock::stamp;
use crate::world::{Realm, ServiceKey, schedule};

/// Stops a task; does nothing if it is stopping already. `loss` says that its service did not want this, and why it counts.
pub fn stop(realm: &mut Realm, task: &str, code: TaskStopCode, reason: &str, loss: Option<LossKind>) {
    let now = realm.now;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    if !record.wanted() {
        return;
    }
    record.task.desired_status = Some("STOPPED".to_owned());
    record.task.stop_code = Some(code);
    record.task.stopped_reason = Some(reason.to_owned());
    record.task.stopping_at = Some(stamp(now));
    record.protected_until = None;
    for slot in record.take_slots() {
        realm.schedule.cancel(slot);
    }
    let next = next_phase(record);
    let service = service_of(record);
    let deployment = record.started_by().to_owned();
    realm.engine.awaiting.remove(task);
    if let (Some(kind), Some(service)) = (loss, &service)
        && let Some(service) = realm.services.get_mut(service)
    {
        service.losses.push(Loss { deployment, kind });
    }
    balance::deregister(realm, task);
    match next {
        Phase::Stopped => finish(realm, task),
        next => lifecycle::enter(realm, task, next),
    }
    if let Some(service) = service {
        scheduler::wake(realm, &service);
    }
}

/// Where a task goes on its way out: what it has not built up it need not take down.
fn next_phase(record: &TaskRecord) -> Phase {
    let interface = record.interface && record.phase > Phase::AwaitingCapacity;
    if !containers::have_started(record) {
        return if interface {
            Phase::Deprovisioning
        } else {
            Phase::Stopped
        };
    }
    if record.phase == Phase::Running && !record.targets.is_empty() {
        Phase::Deactivating
    } else {
        Phase::Stopping
    }
}

/// The service that a task belongs to.
pub fn service_of(record: &TaskRecord) -> Option<ServiceKey> {
    let service = record.service.clone()?;
    Some(ServiceKey {
        cluster: record.cluster.clone(),
        service,
    })
}

/// Ends a task whose machine is gone: at once, since nothing is left to stop it.
pub fn cut_off(realm: &mut Realm, task: &str, code: TaskStopCode, reason: &str, loss: LossKind) {
    stop(realm, task, code, reason, Some(loss));
    let Some(record) = realm
        .tasks
        .get_mut(task)
        .filter(|record| record.phase != Phase::Stopped)
    else {
        return;
    };
    for slot in record.take_slots() {
        realm.schedule.cancel(slot);
    }
    finish(realm, task);
}

/// A task has ended: it gives back what it held, and stays visible for a while.
pub fn finish(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    for container in record.task.containers.iter_mut().flatten() {
        containers::show(container, "STOPPED");
    }
    network::detach(record);
    let service = service_of(record);
    lifecycle::enter(realm, task, Phase::Stopped);
    instances::vacate(realm, task);
    let at = realm
        .now
        .checked_add(realm.timing.stopped_visible)
        .unwrap_or(realm.now);
    let event = Event::TaskForgotten {
        task: task.to_owned(),
    };
    realm.schedule.push(at, schedule::Event::Engine(event));
    if let Some(key) = service {
        if let Some(service) = realm.services.get_mut(&key) {
            service.tasks.remove(task);
            service.stopped.insert(task.to_owned());
        }
        scheduler::wake(realm, &key);
    }
}

/// A STOPPED task is no longer visible.
pub fn forget(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.remove(task) else {
        return;
    };
    if let Some(service) = service_of(&record).and_then(|key| realm.services.get_mut(&key)) {
        service.stopped.remove(task);
    }
    realm.engine.target_health.retain(|(_, of), _| of != task);
}
