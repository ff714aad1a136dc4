//! What holds of a service: its conditions and where its rollout stands (design.md §2.6). Pure.
//!
//! Ready says that this spec's rollout has completed and that the service is available. A call that failed, or a view
//! that could not be had, is told beside that: it does not make a running service unready unless the rollout needed it.

use std::time::Duration;

use aws_sdk_ecs::types::Service;
use ecs_crds::Rollout;
use ecs_crds::conditions::{self, Finding, Reason, Status, Type};

use crate::aws::error::{AwsError, Class};
use crate::diff::rollout::{self, primary};
use crate::kinds::place::Nowhere;
use crate::kinds::service::desired::Held;
use crate::kinds::service::plan::{Plan, Standing, starts_rollout};
use crate::kinds::service::status::health::{healthy_minimum, is_available, trouble};
use crate::kinds::service::status::{Report, short};
use crate::kinds::service::step::Step;

/// For how long a refusal that can heal is not called stalled (design.md §3).
const HEALING: Duration = Duration::from_mins(10);

/// How a pass went.
#[derive(Debug, Clone, Copy)]
pub enum Course<'a> {
    /// The object may not act, or cannot: nothing was called.
    Nowhere(&'a Nowhere),
    /// The spec cannot be sent.
    InvalidSpec(&'a str),
    /// The cluster is not known, so there is nowhere to look.
    Held(&'a Held),
    /// ECS could not be read.
    Unseen(&'a AwsError),
    /// There was a plan, and it was carried out up to the failure, or held back.
    Planned {
        /// The plan.
        plan: &'a Plan,
        /// The call that failed, and the step that it was.
        failure: Option<(&'a Step, &'a AwsError)>,
        /// For how long passes have been failing.
        failing_for: Duration,
        /// Whether nothing may be changed.
        suspended: bool,
    },
    /// The object is being deleted.
    Deleting {
        /// What is waited for, as the end of "waiting for …".
        waiting_for: &'a str,
        /// The call that failed.
        failure: Option<&'a AwsError>,
    },
}

/// What is said about a matter.
#[derive(Debug, Clone, PartialEq)]
struct Say {
    status: Status,
    reason: Reason,
    message: String,
    /// Whether only a person can change it.
    stalled: bool,
}

impl Say {
    fn yes(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Status::True,
            reason,
            message: message.into(),
            stalled: false,
        }
    }

    fn no(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Status::False,
            reason,
            message: message.into(),
            stalled: false,
        }
    }

    fn stalled(self, stalled: bool) -> Self {
        Self { stalled, ..self }
    }

    fn unknown(self, unknown: bool) -> Self {
        if unknown {
            Self {
                status: Status::Unknown,
                ..self
            }
        } else {
            self
        }
    }

    fn about(&self, type_: Type) -> Finding {
        Finding::new(type_, self.status, self.reason, self.message.clone())
    }
}

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
            let unknown = nowhere.reason == Reason::AccountMismatch;
            let say = Say::no(nowhere.reason, &nowhere.message)
                .stalled(true)
                .unknown(unknown);
            (say.clone(), say, None)
        }
        Course::InvalidSpec(message) => {
            let say = Say::no(Reason::InvalidSpec, *message).stalled(true);
            (say.clone(), say, None)
        }
        Course::Held(held) => {
            let say = Say::no(Reason::DependencyNotReady, &held.message).stalled(held.stalled);
            (say.clone(), say, Some(Rollout::Waiting))
        }
        Course::Unseen(error) => {
            let say = failed(error, Duration::ZERO).unknown(true);
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
                |error| failed(error, Duration::ZERO),
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
        return failed(error, failing_for);
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
        Standing::OutageSuspected(message) => Say::no(Reason::SuspectedOutage, message).stalled(true),
        Standing::Blocked { message, stalled } => {
            Say::no(Reason::DependencyNotReady, message).stalled(*stalled)
        }
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
        Standing::Drifted(changes) => {
            let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
            let what = if shown.is_empty() {
                "tags".to_owned()
            } else {
                shown.join(", ")
            };
            Say::no(
                Reason::Drifted,
                format!("ECS differs from the spec ({what}), and driftPolicy is Report"),
            )
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
        && (service.is_none() || starts_rollout(step))
    {
        return (failed(error, failing_for), Some(Rollout::Waiting));
    }
    if !matches!(plan.standing, Standing::Drifted(_))
        && let Some(say) = standing(&plan.standing, service.is_none())
    {
        let rollout = match &plan.standing {
            Standing::TakenBack { finished: true, .. } => Some(Rollout::RolledBack),
            Standing::TakenBack { finished: false, .. } => Some(Rollout::RollingBack),
            Standing::Blocked { .. } | Standing::Waiting(_) => Some(Rollout::Waiting),
            _ => None,
        };
        return (with_stop(report, say), rollout);
    }
    let begins = plan.steps.iter().any(starts_rollout);
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

/// What a failed call means (design.md §3).
fn failed(error: &AwsError, failing_for: Duration) -> Say {
    let words = || format!("{}: {}", error.operation, error.message);
    let patience_over = failing_for >= HEALING;
    match error.class {
        Class::Throttled => Say::no(
            Reason::Throttled,
            "requests are throttled; they go on as fast as allowed",
        ),
        Class::Standby => Say::no(Reason::WaitingForEcs, "waiting for this replica to lead again"),
        Class::Conflict => Say::no(Reason::WaitingForEcs, words()),
        Class::Denied if error.is("WrongAccount") => Say::no(Reason::AccountMismatch, &error.message)
            .stalled(true)
            .unknown(true),
        Class::Denied => Say::no(Reason::AccessDenied, words()).stalled(true),
        Class::Quota | Class::Invalid => Say::no(Reason::Refused, words()).stalled(true),
        Class::NotFound => Say::no(Reason::DependencyNotReady, words()).stalled(patience_over),
        // What AWS refused with its own code can heal; what never came back is an outage, which nobody here can end.
        Class::Transient if error.code.ends_with("Exception") && !error.is("ServerException") => {
            Say::no(Reason::Retrying, words()).stalled(patience_over)
        }
        Class::Transient => Say::no(Reason::Unreachable, words()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::status;
    use super::*;
    use crate::diff::rollout::Rollback;
    use crate::kinds::service::desired::{Count, Desired};
    use crate::kinds::service::plan::fixture::{
        blank, carry_out, desired, facts, rolled_back, settled, with,
    };
    use crate::kinds::service::plan::plan;
    use crate::observer::ServiceView;
    use ecs_crds::EcsServiceStatus;
    use ecs_model::shape;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn report<'a>(
        before: Option<&'a EcsServiceStatus>,
        view: Option<&'a ServiceView>,
        course: Course<'a>,
    ) -> Report<'a> {
        Report {
            uid: "uid-1",
            generation: 2,
            before,
            resolved: None,
            view,
            course,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn planned(plan: &Plan) -> Course<'_> {
        Course::Planned {
            plan,
            failure: None,
            failing_for: Duration::ZERO,
            suspended: false,
        }
    }

    /// `Ready=False/RolledBack Stalled …`, in the order of the types.
    fn summary(status: &EcsServiceStatus) -> String {
        let shown: Vec<_> = status
            .common
            .conditions
            .iter()
            .map(|condition| format!("{}={}/{}", condition.type_, condition.status, condition.reason))
            .collect();
        shown.join(" ")
    }

    fn ready_message(status: &EcsServiceStatus) -> &str {
        &conditions::find(&status.common.conditions, Type::Ready)
            .unwrap()
            .message
    }

    /// The settled service with other facts.
    fn having(more: &Value) -> ServiceView {
        let mut view = settled(&desired());
        let mut service = shape::to_value(view.service.as_ref().unwrap()).unwrap();
        for (pointer, value) in more.as_object().unwrap() {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            service.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        view.service = Some(shape::from_value(&service).unwrap());
        view
    }

    fn running(count: i32) -> ServiceView {
        having(&json!({"/runningCount": count, "/deployments/0/runningCount": count}))
    }

    fn rolling(more: &Value) -> ServiceView {
        let mut facts = json!({"/deployments/0/rolloutState": "IN_PROGRESS", "/runningCount": 1, "/deployments/0/runningCount": 1, "/pendingCount": 2});
        for (name, value) in more.as_object().unwrap() {
            facts[name] = value.clone();
        }
        having(&facts)
    }

    #[test]
    fn ready_means_rolled_out_and_available() {
        let failing = json!({"/deployments/0/failedTasks": 3});
        let cases = [
            (
                running(3),
                "Available=True/MinimumTasksRunning Progressing=True/Completed Ready=True/Completed Synced=True/InSync",
            ),
            (
                running(2),
                "Available=False/MinimumTasksUnavailable Progressing=True/Completed Ready=False/MinimumTasksUnavailable \
                          Reconciling=True/MinimumTasksUnavailable Synced=True/InSync",
            ),
            (
                rolling(&json!({})),
                "Available=False/MinimumTasksUnavailable Progressing=True/RollingOut Ready=False/RollingOut \
                                   Reconciling=True/RollingOut Synced=True/InSync",
            ),
            (
                rolling(&failing),
                "Available=False/TasksFailing Progressing=True/TasksFailing Ready=False/TasksFailing \
                                 Reconciling=True/TasksFailing Synced=True/InSync",
            ),
            (
                having(
                    &json!({"/deployments/0/rolloutState": "FAILED", "/deployments/0/rolloutStateReason": "tasks failed to start.", "/runningCount": 3}),
                ),
                "Available=True/MinimumTasksRunning Progressing=False/RolloutFailed Ready=False/RolloutFailed Stalled=True/RolloutFailed Synced=True/InSync",
            ),
        ];
        for (view, expected) in cases {
            let plan = plan(&desired(), &facts(&view));
            assert_eq!(plan.steps, []);
            assert_eq!(
                summary(&status(&report(None, Some(&view), planned(&plan)))),
                expected
            );
        }
    }

    #[test]
    fn ready_stays_while_scaling() {
        let view = running(3);
        let settled = plan(&desired(), &facts(&view));
        let before = status(&report(None, Some(&view), planned(&settled)));
        let scaled = Desired {
            count: Count::Enforced(10),
            ..desired()
        };
        let steps = plan(&scaled, &facts(&view));
        let asked = status(&report(Some(&before), Some(&view), planned(&steps)));
        assert!(
            conditions::is_true(&asked.common.conditions, Type::Ready),
            "{}",
            summary(&asked)
        );
        let mut under_way = carry_out(&view, &steps.steps);
        under_way.service.as_mut().unwrap().pending_count = 7;
        let rest = plan(&scaled, &facts(&under_way));
        let scaling = status(&report(Some(&asked), Some(&under_way), planned(&rest)));
        assert_eq!(
            summary(&scaling),
            "Available=True/MinimumTasksRunning Progressing=True/Completed Ready=True/Completed Reconciling=True/Scaling Synced=True/InSync"
        );
    }

    #[test]
    fn a_rollback_is_said_with_the_reason_and_the_newest_stop() {
        let wanted = with(&desired(), "taskDefinition", "web:2");
        let mut view = rolled_back(&wanted, &running(3));
        view.tasks = vec![
            shape::from_value(&json!({"taskArn": "arn:aws:ecs:r:1:task/shop/t1", "lastStatus": "STOPPED", "stopCode": "TaskFailedToStart",
                "stoppedReason": "CannotPullContainerError: no such host", "stoppedAt": "2026-01-01T00:05:00Z",
                "containers": [{"name": "app", "exitCode": 1}]}))
            .unwrap(),
        ];
        let plan = plan(&wanted, &facts(&view));
        let after = status(&report(None, Some(&view), planned(&plan)));
        assert_eq!(
            summary(&after),
            "Available=True/MinimumTasksRunning Progressing=False/RolledBack Ready=False/RolledBack Stalled=True/RolledBack Synced=False/RolledBack"
        );
        assert_eq!(after.rollout, Some(Rollout::RolledBack));
        assert_eq!(
            after.last_failure.as_deref(),
            Some("CannotPullContainerError: no such host; container app exit code 1")
        );
        for words in [
            "circuit breaker",
            "CannotPullContainerError",
            "exit code 1",
            "rolled out again only when it changes",
        ] {
            assert!(ready_message(&after).contains(words), "{}", ready_message(&after));
        }
        view.tasks.clear();
        let later = status(&report(Some(&after), Some(&view), planned(&plan)));
        assert_eq!(
            later, after,
            "what ECS forgets after an hour is kept, and nothing is written"
        );
    }

    #[test]
    fn what_keeps_a_new_service_from_being_is_said() {
        let view = blank();
        let blocked = Standing::Blocked {
            message: "there is no EcsTaskDefinition web".into(),
            stalled: false,
        };
        let taken_back = Standing::TakenBack {
            rollback: Rollback::default(),
            finished: false,
        };
        let cases = [
            (
                Standing::Waiting("the cluster to be there".into()),
                "Ready=False/Creating Reconciling=True/Creating Synced=False/WaitingForEcs",
            ),
            (
                blocked,
                "Ready=False/DependencyNotReady Reconciling=True/DependencyNotReady Synced=False/DependencyNotReady",
            ),
            (
                Standing::Conflict("x".into()),
                "Ready=False/Conflict Stalled=True/Conflict Synced=False/Conflict",
            ),
            (
                Standing::Immutable("x".into()),
                "Ready=False/InvalidSpec Stalled=True/InvalidSpec Synced=False/InvalidSpec",
            ),
            (
                Standing::OutageSuspected("x".into()),
                "Ready=False/SuspectedOutage Stalled=True/SuspectedOutage Synced=False/SuspectedOutage",
            ),
            (
                taken_back,
                "Ready=False/RollingBack Reconciling=True/RollingBack Synced=False/RollingBack",
            ),
        ];
        for (standing, expected) in cases {
            let plan = Plan {
                steps: Vec::new(),
                standing,
                look_again: None,
            };
            let shown = summary(&status(&report(None, Some(&view), planned(&plan))));
            let without_progress: Vec<_> = shown
                .split(' ')
                .filter(|word| !word.starts_with("Progressing"))
                .collect();
            assert_eq!(without_progress.join(" "), expected);
        }
    }

    #[test]
    fn a_refused_creation_stalls_in_ecs_own_words_and_what_heals_does_not_at_once() {
        let view = blank();
        let plan = plan(&desired(), &facts(&view));
        let refused = |code: &str, words: &str, failing_for: Duration| {
            let error = AwsError::new("CreateService", code, words);
            let failure = plan.steps.first().map(|step| (step, &error));
            let course = Course::Planned {
                plan: &plan,
                failure,
                failing_for,
                suspended: false,
            };
            status(&report(None, Some(&view), course))
        };
        let compatible = refused(
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
            Duration::ZERO,
        );
        assert!(conditions::is_true(&compatible.common.conditions, Type::Stalled));
        assert_eq!(
            ready_message(&compatible),
            "CreateService: Task definition does not support launch_type FARGATE."
        );
        let target = "The target group with targetGroupArn arn:x does not have an associated load balancer.";
        for (minutes, stalled) in [(0, false), (9, false), (11, true)] {
            let healing = refused("InvalidParameterException", target, Duration::from_mins(minutes));
            assert_eq!(
                conditions::is_true(&healing.common.conditions, Type::Stalled),
                stalled,
                "after {minutes} min"
            );
        }
        let outage = refused("ServerException", "x", Duration::from_hours(1));
        assert!(
            !conditions::is_true(&outage.common.conditions, Type::Stalled),
            "{}",
            summary(&outage)
        );
    }

    #[test]
    fn what_could_not_be_looked_at_keeps_what_was_seen() {
        let view = running(3);
        let plan = plan(&desired(), &facts(&view));
        let before = status(&report(None, Some(&view), planned(&plan)));
        let error = AwsError::new("DescribeServices", "ServerException", "x");
        let blind = status(&report(Some(&before), None, Course::Unseen(&error)));
        assert_eq!(
            summary(&blind),
            "Ready=Unknown/Unreachable Reconciling=True/Unreachable Synced=Unknown/Unreachable"
        );
        assert_eq!(
            (blind.running_count, blind.common.arn.clone()),
            (before.running_count, before.common.arn.clone())
        );
    }

    #[test]
    fn a_plan_that_is_held_back_is_shown() {
        let view = running(3);
        let plan = plan(&with(&desired(), "taskDefinition", "web:2"), &facts(&view));
        let course = Course::Planned {
            plan: &plan,
            failure: None,
            failing_for: Duration::ZERO,
            suspended: true,
        };
        let held = status(&report(None, Some(&view), course));
        assert_eq!(held.common.plan.len(), 1);
        assert!(
            held.common.plan[0].starts_with("UpdateService: taskDefinition: "),
            "{:?}",
            held.common.plan
        );
        assert_eq!(
            conditions::find(&held.common.conditions, Type::Synced)
                .unwrap()
                .reason,
            "Suspended"
        );
    }
}
