//! A task's life: its phases, how long each takes, what it changes (ecs-semantics.md §4.1).

use aws_sdk_ecs::types::{Connectivity, TaskStopCode};
use jiff::SignedDuration;

use super::records::{LossKind, Phase, TaskRecord};
use super::script::Failure;
use super::{Event, balance, containers, event_log, instances, network, scheduler, stop, volumes};
use crate::timing::Timing;
use crate::world::clock::stamp;
use crate::world::{Realm, schedule};

/// Lets a new task's life begin.
pub fn begin(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    let phase = if record.waiting.is_some() {
        Phase::AwaitingCapacity
    } else if record.interface || record.on_fargate() {
        Phase::Provisioning
    } else {
        Phase::Pending
    };
    enter(realm, task, phase);
}

/// Moves a task into a phase: shows it, and schedules its end.
pub fn enter(realm: &mut Realm, task: &str, phase: Phase) {
    let (now, timing) = (realm.now, realm.timing);
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.phase = phase;
    let status = status_of(record);
    let changed = record.task.last_status() != Some(status);
    record.task.last_status = Some(status.to_owned());
    record.task.version += 1;
    note_times(record, now);
    if let Some(wait) = duration_of(record, &timing) {
        let at = now.checked_add(wait).unwrap_or(now);
        let event = Event::PhaseOver {
            task: task.to_owned(),
        };
        let slot = realm.schedule.push(at, schedule::Event::Engine(event));
        record.slots.push(slot);
    }
    let instance = record.instance.clone();
    if let Some(instance) = instance.filter(|_| changed) {
        instances::recount(realm, &instance);
    }
    if changed {
        event_log::task_changed(realm, task);
    }
}

/// The phase that a task is in is over: on to the next.
pub fn phase_over(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    match record.phase {
        Phase::AwaitingCapacity | Phase::Running | Phase::Stopped => {}
        Phase::Provisioning => {
            network::attach(realm, task);
            enter(realm, task, Phase::Pending);
        }
        Phase::Pending => {
            volumes::attach(realm, task);
            enter(realm, task, Phase::Pulling);
        }
        Phase::Pulling => {
            if let Some((container, reason)) = cannot_pull(record) {
                fail_to_start(realm, task, container, &reason);
            } else {
                containers::pulled(realm, task);
                enter(realm, task, Phase::Starting);
            }
        }
        Phase::Starting => containers::start_next(realm, task),
        Phase::Registering => {
            balance::register(realm, task);
            run(realm, task);
        }
        Phase::Deactivating => enter(realm, task, Phase::Stopping),
        Phase::Stopping => containers::stop_next(realm, task),
        Phase::Deprovisioning => stop::finish(realm, task),
    }
}

/// All containers have started.
pub fn started(realm: &mut Realm, task: &str) {
    let registers = realm.tasks.get(task).is_some_and(|record| record.registers);
    if registers {
        enter(realm, task, Phase::Registering);
    } else {
        run(realm, task);
    }
}

/// All containers have ended.
pub fn stopped(realm: &mut Realm, task: &str) {
    let now = realm.now;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.task.execution_stopped_at = Some(stamp(now));
    if record.interface {
        enter(realm, task, Phase::Deprovisioning);
    } else {
        stop::finish(realm, task);
    }
}

fn run(realm: &mut Realm, task: &str) {
    let now = realm.now;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.ran_at = Some(now);
    enter(realm, task, Phase::Running);
    scheduler::task_runs(realm, task);
}

/// A container of a task cannot be pulled or started, and with it the task.
pub fn fail_to_start(realm: &mut Realm, task: &str, container: usize, reason: &str) {
    if let Some(record) = realm.tasks.get_mut(task) {
        let failed = record.task.containers.iter_mut().flatten().nth(container);
        if let Some(failed) = failed {
            failed.reason = Some(reason.to_owned());
        }
    }
    stop::stop(
        realm,
        task,
        TaskStopCode::TaskFailedToStart,
        reason,
        Some(LossKind::NeverRan),
    );
}

/// Which container's image cannot be pulled, and why.
fn cannot_pull(record: &TaskRecord) -> Option<(usize, String)> {
    record
        .scripts
        .iter()
        .enumerate()
        .find_map(|(index, script)| match &script.failure {
            Some(Failure::Pull(reason)) => Some((index, reason.clone())),
            _ => None,
        })
}

/// `lastStatus`. Without interface and load balancer a task is PENDING until it runs, and goes from RUNNING to STOPPED
/// through STOPPING only.
fn status_of(record: &TaskRecord) -> &'static str {
    let staged = record.interface || record.registers || record.on_fargate();
    match record.phase {
        Phase::AwaitingCapacity | Phase::Provisioning => "PROVISIONING",
        Phase::Pulling | Phase::Starting if staged => "ACTIVATING",
        Phase::Pending | Phase::Pulling | Phase::Starting => "PENDING",
        Phase::Registering => "ACTIVATING",
        Phase::Running => "RUNNING",
        Phase::Deactivating => "DEACTIVATING",
        Phase::Stopping => "STOPPING",
        Phase::Deprovisioning => "DEPROVISIONING",
        Phase::Stopped => "STOPPED",
    }
}

fn note_times(record: &mut TaskRecord, now: jiff::Timestamp) {
    let at = Some(stamp(now));
    let task = &mut record.task;
    match record.phase {
        Phase::Pulling => {
            // An agent that has gone meanwhile stays so.
            if task.connectivity.is_none() {
                task.connectivity = Some(Connectivity::Connected);
                task.connectivity_at = at;
            }
            task.pull_started_at = at;
        }
        Phase::Running => task.started_at = at,
        Phase::Stopped => task.stopped_at = at,
        _ => {}
    }
}

/// How long the phase takes; nothing for one that other things end.
fn duration_of(record: &TaskRecord, timing: &Timing) -> Option<SignedDuration> {
    Some(match record.phase {
        Phase::AwaitingCapacity | Phase::Running | Phase::Stopped => return None,
        Phase::Provisioning if record.on_fargate() => timing.fargate_provisioning,
        Phase::Provisioning => timing.interface_attachment,
        Phase::Pending => timing.agent_acceptance,
        Phase::Pulling if cannot_pull(record).is_some() => timing.image_pull_failure,
        Phase::Pulling => {
            let pulls = record
                .scripts
                .iter()
                .map(|script| script.pull.unwrap_or(timing.image_pull));
            pulls.max().unwrap_or(timing.image_pull)
        }
        // Containers are told to start, or to stop, at once; they end the phase.
        Phase::Starting | Phase::Stopping => SignedDuration::ZERO,
        Phase::Registering => timing.target_registration,
        Phase::Deactivating => timing.deregistration_delay,
        Phase::Deprovisioning => timing.deprovisioning,
    })
}
