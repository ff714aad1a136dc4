//! What the scheduler sees when it looks at a service: which of its tasks are pending, settling, healthy or sick
//! (ecs-semantics.md §3.2, §3.5).

use aws_sdk_ecs::types::HealthStatus;
use jiff::{SignedDuration, Timestamp};

use super::records::{ServiceRecord, TaskRecord};
use super::rolling::{Bounds, Side, View};
use super::{balance, health, rebalancing};
use crate::world::Realm;

/// How a task counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Not RUNNING yet.
    Pending,
    /// RUNNING, and a health check has failed.
    Sick,
    /// RUNNING, not healthy yet.
    Settling,
    /// RUNNING and healthy.
    Healthy,
}

/// A task that is meant to run.
#[derive(Debug, Clone)]
pub struct Member {
    /// The task's id.
    pub task: String,
    /// Whether it is of the primary revision and where it may stay.
    pub primary: bool,
    /// How it counts.
    pub class: Class,
    /// Whether it is protected from scale-in.
    pub protected: bool,
}

/// What the scheduler sees.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The tasks that are meant to run, oldest first.
    pub members: Vec<Member>,
    /// Their counts.
    pub view: View,
    /// When something will look different without anything happening.
    pub next: Option<Timestamp>,
}

/// Looks at a service.
pub fn survey(realm: &Realm, record: &ServiceRecord) -> Survey {
    let primary = record.primary();
    let primary_id = primary
        .map(super::records::DeploymentRecord::id)
        .unwrap_or_default();
    let grace = SignedDuration::from_secs(
        record
            .service
            .health_check_grace_period_seconds
            .unwrap_or(0)
            .max(0)
            .into(),
    );
    let (mut members, mut next, mut stopping) = (Vec::new(), None, 0);
    let mut tasks: Vec<(&String, &TaskRecord)> = record
        .tasks
        .iter()
        .filter_map(|id| Some((id, realm.tasks.get(id)?)))
        .collect();
    tasks.sort_by_key(|(_, task)| task.number);
    for (id, task) in tasks {
        if !task.wanted() {
            stopping += 1;
            continue;
        }
        let class = class_of(realm, task, grace, &mut next);
        let protected = task.protected_until.filter(|until| *until > realm.now);
        if let Some(until) = protected {
            sooner(&mut next, until);
        }
        let primary = task.started_by() == primary_id && !leaves(realm, task);
        members.push(Member {
            task: id.clone(),
            primary,
            class,
            protected: protected.is_some(),
        });
    }
    let stalled = primary.is_some_and(|primary| primary.stalled);
    let not_before = primary
        .and_then(|primary| primary.not_before)
        .filter(|until| *until > realm.now);
    if let Some(until) = not_before {
        sooner(&mut next, until);
    }
    let desired = u32::try_from(record.service.desired_count).unwrap_or_default();
    let view = View {
        desired: desired + rebalancing::extra(record, &members),
        bounds: bounds_of(record, desired),
        primary: side(&members, true),
        old: side(&members, false),
        stopping,
        may_start: !stalled && not_before.is_none(),
        keep_old: stalled,
    };
    Survey { members, view, next }
}

/// The bounds of a service's deployments; 100 and 200 percent unless configured.
fn bounds_of(record: &ServiceRecord, desired: u32) -> Bounds {
    let configured = record.service.deployment_configuration();
    let percent = |given: Option<i32>, default| {
        given
            .and_then(|given| u32::try_from(given).ok())
            .unwrap_or(default)
    };
    let minimum = percent(configured.and_then(|given| given.minimum_healthy_percent), 100);
    let maximum = percent(configured.and_then(|given| given.maximum_percent), 200);
    Bounds::of(desired, minimum, maximum)
}

fn side(members: &[Member], primary: bool) -> Side {
    let mut side = Side::default();
    for member in members.iter().filter(|member| member.primary == primary) {
        *match member.class {
            Class::Pending => &mut side.pending,
            Class::Sick => &mut side.sick,
            Class::Settling => &mut side.settling,
            Class::Healthy => &mut side.healthy,
        } += 1;
    }
    side
}

/// Whether a task is on an instance that is being drained: it is replaced as an old task is.
fn leaves(realm: &Realm, task: &TaskRecord) -> bool {
    let instance = task
        .instance
        .as_ref()
        .and_then(|id| realm.container_instances.get(id));
    instance.is_some_and(|record| record.instance.status() == Some("DRAINING"))
}

/// How a task counts: healthy when its targets and its health checks say so; a task that has neither, after a while.
fn class_of(realm: &Realm, task: &TaskRecord, grace: SignedDuration, next: &mut Option<Timestamp>) -> Class {
    let Some(ran_at) = task.ran_at.filter(|_| task.running()) else {
        return Class::Pending;
    };
    let after = |wait: SignedDuration| ran_at.checked_add(wait).unwrap_or(Timestamp::MAX);
    let health = task.task.health_status();
    if balance::failed(task).is_some() || health == Some(&HealthStatus::Unhealthy) {
        let heeded = after(grace);
        if heeded <= realm.now {
            return Class::Sick;
        }
        sooner(next, heeded);
        return Class::Settling;
    }
    let checked = health::is_checked(task);
    let healthy = if task.targets.is_empty() && !checked {
        let settled = after(realm.timing.healthy_after);
        if settled > realm.now {
            sooner(next, settled);
        }
        settled <= realm.now
    } else {
        balance::all_healthy(task) && (!checked || health == Some(&HealthStatus::Healthy))
    };
    if healthy { Class::Healthy } else { Class::Settling }
}

fn sooner(next: &mut Option<Timestamp>, at: Timestamp) {
    *next = Some(next.map_or(at, |next| next.min(at)));
}
