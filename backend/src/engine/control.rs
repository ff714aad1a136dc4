//! What the control API does to tasks and targets (design.md §5).

use aws_sdk_ecs::types::TaskStopCode;

use super::hooks::TargetHealth;
use super::records::{LossKind, Phase, TaskRecord};
use super::{Event, balance, stop};
use crate::fault::Fault;
use crate::world::Realm;
use crate::world::schedule;

/// The id in a task's id or ARN.
fn id_of(task: &str) -> &str {
    task.rsplit('/').next().unwrap_or(task)
}

fn find<'a>(realm: &'a mut Realm, task: &str) -> Result<(String, &'a mut TaskRecord), Fault> {
    let id = id_of(task).to_owned();
    match realm.tasks.get_mut(&id) {
        Some(record) => Ok((id, record)),
        None => Err(Fault::invalid(format!("there is no task {task}"))),
    }
}

/// Takes a Fargate Spot task away, after the warning.
///
/// # Errors
/// There is no such task, or it does not run on Spot capacity.
pub fn interrupt(realm: &mut Realm, task: &str) -> Result<(), Fault> {
    let at = realm
        .now
        .checked_add(realm.timing.spot_warning)
        .unwrap_or(realm.now);
    let (id, record) = find(realm, task)?;
    if record.task.capacity_provider_name() != Some("FARGATE_SPOT") {
        return Err(Fault::invalid(format!("task {id} does not run on FARGATE_SPOT")));
    }
    if record.wanted() && !std::mem::replace(&mut record.doomed, true) {
        let slot = realm
            .schedule
            .push(at, schedule::Event::Engine(Event::SpotEnds { task: id.clone() }));
        if let Some(record) = realm.tasks.get_mut(&id) {
            record.slots.push(slot);
        }
    }
    Ok(())
}

/// A Spot task's warning time is over.
pub fn spot_ends(realm: &mut Realm, task: &str) {
    let ran = realm
        .tasks
        .get(task)
        .is_some_and(|record| record.phase >= Phase::Running);
    let loss = if ran { LossKind::Ended } else { LossKind::NeverRan };
    stop::stop(
        realm,
        task,
        TaskStopCode::SpotInterruption,
        "Your Spot Task was interrupted.",
        Some(loss),
    );
}

/// Makes targets healthy or unhealthy, those to come included.
///
/// # Errors
/// There is no such task.
pub fn set_target_health(realm: &mut Realm, health: &TargetHealth) -> Result<(), Fault> {
    let group = &health.target_group_arn;
    let tasks: Vec<String> = if let Some(task) = &health.task {
        let (id, _) = find(realm, task)?;
        realm
            .engine
            .target_health
            .insert((group.clone(), id.clone()), health.healthy);
        vec![id]
    } else {
        realm.engine.target_health.retain(|(of, _), _| of != group);
        realm.engine.group_health.insert(group.clone(), health.healthy);
        let registered = |record: &TaskRecord| {
            record
                .targets
                .iter()
                .any(|target| target.group == *group && target.healthy.is_some())
        };
        realm
            .tasks
            .iter()
            .filter(|(_, record)| registered(record))
            .map(|(id, _)| id.clone())
            .collect()
    };
    for task in tasks {
        balance::set(realm, &task, group, health.healthy);
    }
    Ok(())
}
