use super::super::fixture::{desired, facts, settled, tagged, with, without};
use super::super::plan;
use super::*;
use crate::diff::identity::APPLIED_TAG;
use crate::kinds::held::Held;
use crate::kinds::service::desired::Count;
use serde_json::json;

fn update(plan: &Plan) -> &Value {
    match plan.steps.as_slice() {
        [Step::UpdateService { members, .. }] => members,
        other => panic!("expected one UpdateService, found {other:?}"),
    }
}

#[test]
fn a_settled_service_needs_nothing() {
    let view = settled(&desired());
    assert_eq!(plan(&desired(), &facts(&view)), Plan::nothing(Standing::InStep));
}

#[test]
fn only_changed_members_are_sent_and_removals_are_spelled_out() {
    let base = desired();
    let tg = json!([{"targetGroupArn": "tg", "containerName": "app", "containerPort": 80}]);
    let breaker =
        json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}, "maximumPercent": 150});
    let connect = json!({"enabled": true, "namespace": "ns", "services": [{"portName": "http"}]});
    let cases = [
        (base.clone(), with(&base, "desiredCount", json!(null)), None),
        (
            base.clone(),
            with(&base, "enableExecuteCommand", true),
            Some(json!({"enableExecuteCommand": true})),
        ),
        (
            with(&base, "enableExecuteCommand", true),
            base.clone(),
            Some(json!({"enableExecuteCommand": false})),
        ),
        (
            with(&base, "healthCheckGracePeriodSeconds", 30),
            base.clone(),
            Some(json!({"healthCheckGracePeriodSeconds": 0})),
        ),
        (
            with(&base, "propagateTags", "SERVICE"),
            base.clone(),
            Some(json!({"propagateTags": "NONE"})),
        ),
        (
            base.clone(),
            with(&base, "loadBalancers", tg.clone()),
            Some(json!({"loadBalancers": tg.clone()})),
        ),
        (
            with(&base, "loadBalancers", tg),
            base.clone(),
            Some(json!({"loadBalancers": []})),
        ),
        (
            with(&base, "deploymentConfiguration", breaker),
            base.clone(),
            Some(
                json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}, "maximumPercent": 200}}),
            ),
        ),
        (
            with(&base, "serviceConnectConfiguration", connect),
            base.clone(),
            Some(json!({"serviceConnectConfiguration": {"enabled": false, "services": []}})),
        ),
    ];
    for (before, after, expected) in cases {
        let view = settled(&before);
        let plan = plan(&after, &facts(&view));
        match expected {
            Some(expected) => assert_eq!(update(&plan), &expected),
            None => assert_eq!(plan.steps, []),
        }
    }
}

#[test]
fn what_ecs_cannot_change_is_said_and_the_rest_goes_on() {
    let view = settled(&desired());
    let wanted = Desired {
        count: Count::Enforced(4),
        ..with(&desired(), "schedulingStrategy", "DAEMON")
    };
    let plan = plan(&wanted, &facts(&view));
    assert!(
        matches!(&plan.standing, Standing::Immutable(message) if message.contains("schedulingStrategy")),
        "{plan:?}"
    );
    assert!(update(&plan).get("schedulingStrategy").is_none());
}

#[test]
fn tags_are_set_and_removed_and_ours_are_kept() {
    let mut wanted = desired();
    wanted.tags = BTreeMap::from([("new".to_owned(), "1".to_owned())]);
    let view = settled(&desired());
    let plan = plan(&wanted, &facts(&view));
    let shown: Vec<_> = plan.steps.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["UntagResource: team", "TagResource: new"]);
}

#[test]
fn with_the_policy_report_only_what_the_spec_changed_goes_out() {
    let reporting = Desired {
        report_drift: true,
        ..desired()
    };
    let view = settled(&reporting);
    assert_eq!(plan(&reporting, &facts(&view)).standing, Standing::InStep);
    let mut changed = view.clone();
    changed.service.as_mut().unwrap().desired_count = 9;
    let drifted = plan(&reporting, &facts(&changed));
    assert_eq!(drifted.steps, []);
    assert_eq!(drifted.drift, ["desiredCount: 9 → 3"]);
    let requested = plan(
        &Desired {
            count: Count::Enforced(5),
            ..reporting.clone()
        },
        &facts(&view),
    );
    let operations: Vec<_> = requested.steps.iter().map(Step::operation).collect();
    assert_eq!(operations, ["UpdateService", "TagResource"]);
    let unrecorded = tagged(&view, APPLIED_TAG, None);
    assert_eq!(
        plan(&reporting, &facts(&unrecorded)).steps.len(),
        1,
        "the record is written once"
    );
}

#[test]
fn a_restart_goes_out_whatever_the_policy_and_takes_no_drift_back() {
    let view = settled(&Desired {
        report_drift: true,
        ..desired()
    });
    let mut drifted = view.clone();
    drifted.service.as_mut().unwrap().desired_count = 9;
    let restarting = Desired {
        report_drift: true,
        restart_at: Some(facts(&view).now),
        ..desired()
    };
    for (view, reported) in [(view, false), (drifted, true)] {
        let plan = plan(&restarting, &facts(&view));
        assert!(
            matches!(plan.steps.as_slice(), [Step::UpdateService { changes, force: true, .. }] if changes.is_empty()),
            "{plan:?}"
        );
        assert_eq!(!plan.drift.is_empty(), reported);
    }
}

#[test]
fn a_definition_that_is_not_known_yet_is_not_compared_but_waited_for() {
    let waiting = Desired {
        rollout_held: Some(Held::for_now("x")),
        ..without(&desired(), "taskDefinition")
    };
    let view = settled(&desired());
    let plan = plan(&waiting, &facts(&view));
    assert_eq!(plan.steps, []);
    assert!(matches!(plan.standing, Standing::Blocked(_)), "{plan:?}");
}
