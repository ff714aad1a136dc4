//! What holds of a service: its conditions and where its rollout stands (design.md §2.6). Pure.
//!
//! Ready says that this spec's rollout has completed and that the service is available. A call that failed, or a view
//! that could not be had, is told beside that: it does not make a running service unready unless the rollout needed it.

use std::time::Duration;

use aws_sdk_ecs::types::Service;
use ecs_crds::Rollout;
use ecs_crds::conditions::{self, Finding, Reason, Status, Type};

use crate::aws::error::AwsError;
use crate::diff::rollout::{self, primary};
use crate::kinds::held::Held;
use crate::kinds::service::plan::{Plan, Standing};
use crate::kinds::service::status::course::Course;
use crate::kinds::service::status::health::{healthy_minimum, is_available, trouble};
use crate::kinds::service::status::say::Say;
use crate::kinds::service::status::{Report, short};
use crate::kinds::service::step::Step;
use crate::kinds::verdict::Verdict;

/// The rollout's state, where it is known, and all conditions.
pub fn findings(report: &Report<'_>) -> (Option<Rollout>, Vec<Finding>) {
    let service = report
        .service()
        .filter(|service| service.status() == Some("ACTIVE"));
    let was_available = report
        .before
        .is_some_and(|before| conditions::is_true(&before.common.conditions, Type::Available));
    let available = service.map(|service| availability(report, service, was_available));
    let (synced, ready, rollout) = match &report.course {
        Course::Nowhere(nowhere) => {
            let say = Say::of(&Verdict::of_nowhere(nowhere));
            (say.clone(), say, None)
        }
        Course::InvalidSpec(message) => {
            let say = Say::no(Reason::InvalidSpec, *message).stalled(true);
            (say.clone(), say, None)
        }
        Course::Held(held) => {
            let say = held_by(held);
            (say.clone(), say, Some(Rollout::Waiting))
        }
        Course::Unseen(error) => {
            let say = Say::of(&Verdict::of_error(error, Duration::ZERO)).unknown(true);
            (say.clone(), say, None)
        }
        Course::Planned {
            plan,
            failure,
            failing_for,
            suspended,
        } => {
            let (ready, rollout) = ready(
                report,
                plan,
                *failure,
                *failing_for,
                *suspended,
                service,
                available.as_ref(),
            );
            (synced(plan, *failure, *failing_for, *suspended), ready, rollout)
        }
        Course::Deleting { waiting_for, failure } => {
            let say = failure.map_or_else(
                || Say::no(Reason::Deleting, format!("waiting for {waiting_for}")),
                |error| Say::of(&Verdict::of_error(error, Duration::ZERO)),
            );
            (say.clone(), say, None)
        }
    };
    let mut found = vec![ready.about(Type::Ready), synced.about(Type::Synced)];
    found.extend(available.map(|say| say.about(Type::Available)));
    found.extend(rollout.map(|rollout| progress(rollout, &ready).about(Type::Progressing)));
    found.extend(motion(service, &ready, &synced));
    (rollout, found)
}

/// kstatus's pair: present only while true, and never both.
fn motion(service: Option<&Service>, ready: &Say, synced: &Say) -> Option<Finding> {
    let stalled = [ready, synced].into_iter().find(|say| say.stalled);
    if let Some(say) = stalled {
        return Some(Finding::new(Type::Stalled, true, say.reason, say.message.clone()));
    }
    let under_way = [ready, synced].into_iter().find(|say| {
        say.status != Status::True && say.reason != Reason::Drifted && say.reason != Reason::Suspended
    });
    if let Some(say) = under_way {
        return Some(Finding::new(
            Type::Reconciling,
            true,
            say.reason,
            say.message.clone(),
        ));
    }
    let service = service?;
    (service.running_count() != service.desired_count() || service.pending_count() > 0).then(|| {
        let message = format!(
            "{} of {} tasks run",
            service.running_count(),
            service.desired_count()
        );
        Finding::new(Type::Reconciling, true, Reason::Scaling, message)
    })
}

/// Whether ECS has the spec.
fn synced(plan: &Plan, failure: Option<(&Step, &AwsError)>, failing_for: Duration, suspended: bool) -> Say {
    if let Some((_, error)) = failure {
        return Say::of(&Verdict::of_error(error, failing_for));
    }
    if !plan.drift.is_empty() {
        let what = plan.drift.join(", ");
        return Say::no(
            Reason::Drifted,
            format!("ECS differs from the spec ({what}), and driftPolicy is Report"),
        );
    }
    if let Some(say) = standing(&plan.standing, false) {
        return say;
    }
    if suspended && !plan.steps.is_empty() {
        return Say::no(
            Reason::Suspended,
            "management.suspend holds back what status.plan shows",
        );
    }
    Say::yes(Reason::InSync, "ECS has what the spec says")
}

fn held_by(held: &Held) -> Say {
    Say::no(Reason::DependencyNotReady, &held.message).stalled(held.stalled)
}

/// What the plan's standing says by itself, if it is not in step.
fn standing(standing: &Standing, creating: bool) -> Option<Say> {
    Some(match standing {
        Standing::InStep => return None,
        Standing::Waiting(what) => Say::no(
            if creating {
                Reason::Creating
            } else {
                Reason::WaitingForEcs
            },
            format!("waiting for {what}"),
        ),
        Standing::OutageSuspected(message) => Say::of(&Verdict::outage(message)),
        Standing::Blocked(held) => held_by(held),
        Standing::Conflict(message) => Say::no(Reason::Conflict, message).stalled(true),
        Standing::Immutable(message) => Say::no(Reason::InvalidSpec, message).stalled(true),
        Standing::TakenBack { rollback, finished } => {
            let to = rollback
                .to
                .as_deref()
                .map(|to| format!(" to {}", short(to)))
                .unwrap_or_default();
            let reason = rollback.reason.trim_end_matches('.');
            if *finished {
                let message = format!(
                    "ECS rolled this spec back{to}: {reason}; it is rolled out again only when it changes"
                );
                Say::no(Reason::RolledBack, message).stalled(true)
            } else {
                Say::no(
                    Reason::RollingBack,
                    format!("ECS is rolling this spec back{to}: {reason}"),
                )
            }
        }
    })
}

/// Whether this spec's rollout has completed and the service is available, and where the rollout stands.
fn ready(
    report: &Report<'_>,
    plan: &Plan,
    failure: Option<(&Step, &AwsError)>,
    failing_for: Duration,
    suspended: bool,
    service: Option<&Service>,
    available: Option<&Say>,
) -> (Say, Option<Rollout>) {
    if let Some((step, error)) = failure
        && (service.is_none() || step.starts_rollout())
    {
        return (
            Say::of(&Verdict::of_error(error, failing_for)),
            Some(Rollout::Waiting),
        );
    }
    if let Some(say) = standing(&plan.standing, service.is_none()) {
        let rollout = match &plan.standing {
            Standing::TakenBack { finished: true, .. } => Some(Rollout::RolledBack),
            Standing::TakenBack { finished: false, .. } => Some(Rollout::RollingBack),
            Standing::Blocked(_) | Standing::Waiting(_) => Some(Rollout::Waiting),
            _ => None,
        };
        return (with_stop(report, say), rollout);
    }
    let begins = plan.steps.iter().any(Step::starts_rollout);
    if begins && suspended {
        return (
            Say::no(
                Reason::Suspended,
                "management.suspend holds back what status.plan shows",
            ),
            Some(Rollout::Waiting),
        );
    }
    let Some(service) = service else {
        return (
            Say::no(Reason::Creating, "the service is being created"),
            Some(Rollout::Waiting),
        );
    };
    if begins {
        return (
            Say::no(Reason::RollingOut, "a new deployment begins"),
            Some(Rollout::Progressing),
        );
    }
    rolled_out(report, service, available)
}

/// What the newest rollout says, which is this spec's.
fn rolled_out(report: &Report<'_>, service: &Service, available: Option<&Say>) -> (Say, Option<Rollout>) {
    let view = report.view;
    let deployments = view.map(|view| view.deployments.as_slice()).unwrap_or_default();
    let revisions = view.map(|view| view.revisions.as_slice()).unwrap_or_default();
    let tasks = view.map(|view| view.tasks.as_slice()).unwrap_or_default();
    let rolling = |state: rollout::Rollout| match state {
        // This spec is what ECS went back to, or it went out since: the deployment itself tells.
        rollout::Rollout::RolledBack(_) | rollout::Rollout::RollingBack(_) => rollout::of_primary(service),
        other => other,
    };
    match rolling(rollout::rollout(service, deployments, revisions)) {
        rollout::Rollout::Completed => {
            let say = match available {
                Some(say) if say.status != Status::True => say.clone(),
                _ => Say::yes(
                    Reason::Completed,
                    "the rollout has completed and the service is available",
                ),
            };
            (say, Some(Rollout::Completed))
        }
        rollout::Rollout::Failed { reason } => {
            let say = Say::no(Reason::RolloutFailed, format!("the rollout failed: {reason}")).stalled(true);
            (with_stop(report, say), Some(Rollout::Failed))
        }
        _ => {
            let definition = primary(service)
                .and_then(|primary| primary.task_definition())
                .map(short)
                .unwrap_or_default();
            let (running, desired) = primary(service).map_or((0, service.desired_count()), |primary| {
                (primary.running_count(), primary.desired_count())
            });
            let so_far = format!("{running} of {desired} tasks of {definition} run");
            let say = match trouble(service, tasks) {
                Some(trouble) => Say::no(Reason::TasksFailing, format!("{so_far}: {trouble}")),
                None => Say::no(Reason::RollingOut, so_far),
            };
            (say, Some(Rollout::Progressing))
        }
    }
}

/// Says why the newest task that failed stopped, where that explains the matter.
fn with_stop(report: &Report<'_>, say: Say) -> Say {
    let telling = matches!(
        say.reason,
        Reason::RolledBack | Reason::RollingBack | Reason::RolloutFailed
    );
    let seen = report
        .view
        .and_then(|view| super::tasks::newest_failure(&view.tasks))
        .map(super::tasks::stop_of);
    let stop = seen.or_else(|| report.before.and_then(|before| before.last_failure.clone()));
    match stop.filter(|_| telling) {
        Some(stop) => Say {
            message: format!("{}; the newest failed task: {stop}", say.message),
            ..say
        },
        None => say,
    }
}

fn availability(report: &Report<'_>, service: &Service, was_available: bool) -> Say {
    let tasks = report.view.map(|view| view.tasks.as_slice()).unwrap_or_default();
    let (running, minimum) = (service.running_count(), healthy_minimum(service));
    if is_available(service, tasks, was_available) {
        return Say::yes(Reason::MinimumTasksRunning, "the healthy minimum of tasks runs");
    }
    let so_far = format!("{running} of at least {minimum} tasks run");
    match trouble(service, tasks) {
        Some(trouble) => Say::no(Reason::TasksFailing, format!("{so_far}: {trouble}")),
        None => Say::no(Reason::MinimumTasksUnavailable, so_far),
    }
}

/// The Deployment-like condition.
fn progress(rollout: Rollout, ready: &Say) -> Say {
    let message = ready.message.clone();
    match rollout {
        Rollout::Completed => Say::yes(Reason::Completed, "the rollout has completed"),
        Rollout::Progressing => {
            let reason = if ready.status == Status::True {
                Reason::RollingOut
            } else {
                ready.reason
            };
            Say {
                status: Status::True,
                reason,
                message,
                stalled: false,
            }
        }
        Rollout::Waiting | Rollout::Paused => Say {
            status: Status::Unknown,
            reason: ready.reason,
            message,
            stalled: false,
        },
        Rollout::RollingBack | Rollout::RolledBack | Rollout::Failed | Rollout::Stopped => {
            Say::no(ready.reason, message)
        }
    }
}

#[cfg(test)]
mod tests;
