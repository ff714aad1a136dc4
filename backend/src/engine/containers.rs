//! Containers of a task: they start in their order, end by themselves or are stopped, and may be started again
//! (ecs-semantics.md §2.7, §4.3).

use aws_sdk_ecs::types::{Container, HealthStatus, TaskStopCode};
use jiff::SignedDuration;

use super::order::{self, Outlook};
use super::records::{LossKind, Phase, Progress, TaskRecord};
use super::script::{End, Failure, KILLED, Script, TERMINATED};
use super::{Event, health, launch, lifecycle, stop};
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

/// Tells those containers to start that may, and gives up those that never will. When all have started, so has the task.
pub fn start_next(realm: &mut Realm, task: &str) {
    for container in waiting(realm, task) {
        let Some(record) = realm.tasks.get(task) else {
            return;
        };
        match order::outlook(record, container, realm.now) {
            Outlook::Later => {}
            Outlook::Now => tell_to_start(realm, task, container),
            Outlook::Never(why) => {
                // Looks again at what waits for this one, unless the task ends with it.
                return give_up(realm, task, container, &why);
            }
        }
    }
    let started = |record: &TaskRecord| {
        let mut containers = record.task.containers().iter();
        record.phase == Phase::Starting
            && containers.all(|container| container.last_status() != Some("PENDING"))
    };
    if realm.tasks.get(task).is_some_and(started) {
        lifecycle::started(realm, task);
    }
}

/// The containers of a starting task that have not been told to start.
fn waiting(realm: &mut Realm, task: &str) -> Vec<usize> {
    let Some(record) = realm.tasks.get_mut(task) else {
        return Vec::new();
    };
    if record.phase != Phase::Starting {
        return Vec::new();
    }
    record
        .progress
        .resize_with(record.scripts.len(), Progress::default);
    let pairs = record.task.containers().iter().zip(&record.progress);
    let waits = pairs.map(|(shown, progress)| shown.last_status() == Some("PENDING") && !progress.told);
    (0..)
        .zip(waits)
        .filter(|(_, waits)| *waits)
        .map(|(index, _)| index)
        .collect()
}

fn tell_to_start(realm: &mut Realm, task: &str, container: usize) {
    let usual = realm.timing.container_start;
    let Some((_, script, progress)) = parts(realm, task, container) else {
        return;
    };
    progress.told = true;
    let after = script.start.unwrap_or(usual);
    plan(
        realm,
        task,
        container,
        after,
        Event::ContainerStarts {
            task: task.to_owned(),
            container,
        },
    );
}

/// A container will never start: it counts as ended.
fn give_up(realm: &mut Realm, task: &str, container: usize, why: &str) {
    let Some((shown, script, _)) = parts(realm, task, container) else {
        return;
    };
    show(shown, "STOPPED");
    shown.exit_code = Some(TERMINATED);
    shown.reason = Some(why.to_owned());
    let essential = script.essential;
    after_end(realm, task, essential);
}

/// A container that was told to start runs, or cannot.
pub fn starts(realm: &mut Realm, task: &str, container: usize) {
    let Some((_, script, _)) = parts(realm, task, container) else {
        return;
    };
    if let Some(Failure::Start(reason)) = &script.failure {
        let reason = reason.clone();
        return lifecycle::fail_to_start(realm, task, container, &reason);
    }
    let runtime = format!("{}-{}", realm.ids.hex(32), realm.ids.below(10_000_000_000));
    if let Some((shown, _, _)) = parts(realm, task, container) {
        show(shown, "RUNNING");
        shown.runtime_id = Some(runtime);
    }
    run(realm, task, container);
    start_next(realm, task);
}

/// Shows a container in a state, and with it the agent that executes commands in it, if it has one.
pub fn show(shown: &mut Container, status: &str) {
    shown.last_status = Some(status.to_owned());
    for agent in shown.managed_agents.iter_mut().flatten() {
        agent.last_status = Some(status.to_owned());
    }
}

/// Lets a container run from now on, and schedules what it does by itself.
fn run(realm: &mut Realm, task: &str, container: usize) {
    let (now, timing) = (realm.now, realm.timing);
    let Some((shown, script, progress)) = parts(realm, task, container) else {
        return;
    };
    for agent in shown.managed_agents.iter_mut().flatten() {
        agent.last_started_at = Some(stamp(now));
    }
    progress.told = false;
    progress.started_at = Some(now);
    let (script, earlier) = (script.clone(), std::mem::take(&mut progress.slots));
    for slot in earlier {
        realm.schedule.cancel(slot);
    }
    let task_id = || task.to_owned();
    if let Some(End { after, .. }) = script.end {
        let event = Event::ContainerEnds {
            task: task_id(),
            container,
        };
        plan(realm, task, container, after, event);
    }
    for verdict in health::verdicts(&script, &timing) {
        let event = Event::HealthVerdict {
            task: task_id(),
            container,
            healthy: verdict.healthy,
        };
        plan(realm, task, container, verdict.after, event);
    }
    if let Some(timeout) = script.start_timeout {
        plan(
            realm,
            task,
            container,
            timeout,
            Event::StartTimeout { task: task_id() },
        );
    }
}

/// A container ends by itself: it is started again, or stays so. With the last one, or an essential one, the task ends.
pub fn ends(realm: &mut Realm, task: &str, container: usize) {
    let (now, timing) = (realm.now, realm.timing);
    let Some((shown, script, progress)) = parts(realm, task, container) else {
        return;
    };
    let Some(End { code, reason, .. }) = script.end.clone() else {
        return;
    };
    if shown.last_status() != Some("RUNNING") {
        return;
    }
    let ran = progress
        .started_at
        .map_or(SignedDuration::ZERO, |started| now.duration_since(started));
    let restart = script.restart.as_ref();
    if restart.is_some_and(|restart| restart.follows(code, ran, &timing)) {
        shown.health_status = Some(HealthStatus::UnknownValue);
        run(realm, task, container);
        return health::settle(realm, task);
    }
    show(shown, "STOPPED");
    shown.exit_code = Some(code);
    shown.reason = reason;
    let essential = script.essential;
    after_end(realm, task, essential);
}

/// A container has ended without having been asked to.
fn after_end(realm: &mut Realm, task: &str, essential: bool) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.task.version += 1;
    let mut containers = record.task.containers().iter();
    let over = essential || containers.all(|container| container.last_status() == Some("STOPPED"));
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
    } else {
        start_next(realm, task);
    }
}

/// Asks those containers of a stopping task to end that may; when none runs any more, the task has stopped.
pub fn stop_next(realm: &mut Realm, task: &str) {
    let timing = realm.timing;
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record
        .progress
        .resize_with(record.scripts.len(), Progress::default);
    let record = &*record;
    let running = |container: &usize| {
        record
            .task
            .containers()
            .get(*container)
            .is_some_and(|shown| shown.last_status() == Some("RUNNING"))
    };
    let still: Vec<usize> = (0..record.scripts.len()).filter(running).collect();
    if still.is_empty() {
        return lifecycle::stopped(realm, task);
    }
    let mut asked = Vec::new();
    for container in still {
        if order::may_stop(record, container)
            && let (Some(script), Some(progress)) =
                (record.scripts.get(container), record.progress.get(container))
            && !progress.told
        {
            let time = if script.ignores_sigterm {
                timing.kill_after(script.stop_timeout)
            } else {
                timing.container_exit
            };
            asked.push((container, time));
        }
    }
    for (container, time) in asked {
        if let Some((_, _, progress)) = parts(realm, task, container) {
            progress.told = true;
        }
        plan(
            realm,
            task,
            container,
            time,
            Event::ContainerStops {
                task: task.to_owned(),
                container,
            },
        );
    }
}

/// A container that was asked to end has ended.
pub fn stops(realm: &mut Realm, task: &str, container: usize) {
    let Some((shown, script, _)) = parts(realm, task, container) else {
        return;
    };
    if shown.last_status() == Some("RUNNING") {
        show(shown, "STOPPED");
        shown.exit_code = Some(code_when_stopped(script));
    }
    stop_next(realm, task);
}

fn code_when_stopped(script: &Script) -> i32 {
    if script.ignores_sigterm {
        KILLED
    } else {
        script.stopped_code.unwrap_or(TERMINATED)
    }
}

/// Whether stopping a task means asking containers to end.
pub fn have_started(record: &TaskRecord) -> bool {
    let mut containers = record.task.containers().iter();
    record.phase >= Phase::Starting && containers.any(|container| container.last_status() != Some("PENDING"))
}

/// A container of a task: what is shown, what it will do, how far it has come.
fn parts<'a>(
    realm: &'a mut Realm,
    task: &str,
    container: usize,
) -> Option<(&'a mut Container, &'a Script, &'a mut Progress)> {
    let record = realm.tasks.get_mut(task)?;
    let shown = record.task.containers.as_mut()?.get_mut(container)?;
    Some((
        shown,
        record.scripts.get(container)?,
        record.progress.get_mut(container)?,
    ))
}

/// Schedules what a container does.
fn plan(realm: &mut Realm, task: &str, container: usize, after: SignedDuration, event: Event) {
    let at = realm.now.checked_add(after).unwrap_or(realm.now);
    let slot = realm.schedule.push(at, schedule::Event::Engine(event));
    if let Some((_, _, progress)) = parts(realm, task, container) {
        progress.slots.push(slot);
    }
}
