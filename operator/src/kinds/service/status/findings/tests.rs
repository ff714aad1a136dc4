use super::super::status;
use super::*;
use crate::diff::identity::Owner;
use crate::diff::rollout::Rollback;
use crate::kinds::service::desired::{Count, Desired};
use crate::kinds::service::plan::fixture::{
    blank, carry_out, desired, facts, owned_by, rolled_back, settled, with,
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
    let blocked = Standing::Blocked(Held::for_now("there is no EcsTaskDefinition web"));
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
            drift: Vec::new(),
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
        "CreateService: InvalidParameterException: Task definition does not support launch_type FARGATE."
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
fn what_is_missing_stays_known_and_what_is_anothers_does_not() {
    let there = running(3);
    let before = status(&report(
        None,
        Some(&there),
        planned(&plan(&desired(), &facts(&there))),
    ));
    let arn_after = |view: &ServiceView| {
        let plan = plan(&desired(), &facts(view));
        status(&report(Some(&before), Some(view), planned(&plan)))
            .common
            .arn
    };
    assert_eq!(arn_after(&blank()), before.common.arn);
    assert!(before.common.arn.is_some());
    let other = Owner {
        name: "other".into(),
        ..desired().owner
    };
    assert_eq!(arn_after(&owned_by(&there, Some(&other))), None);
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
