use super::*;
use serde_json::json;

fn service(deployments: &Value) -> Service {
    shape::from_value(&json!({"deployments": deployments})).unwrap()
}

fn deployment(second: u8, status: &str, target: &str) -> ServiceDeployment {
    shape::from_value(&json!({
        "serviceDeploymentArn": format!("sd-{second}"), "status": status, "statusReason": "words",
        "createdAt": format!("2026-01-01T00:00:{second:02}Z"), "targetServiceRevision": {"arn": target},
        "rollback": if status.starts_with("ROLLBACK") {
            json!({"reason": "Service deployment rolled back because the circuit breaker threshold was exceeded.", "serviceRevisionArn": "r4"})
        } else { Value::Null },
    }))
    .unwrap()
}

fn revisions() -> Vec<ServiceRevision> {
    [4, 5, 6]
        .map(|number| {
            shape::from_value(&json!({
                "serviceRevisionArn": format!("r{number}"), "taskDefinition": format!("arn:aws:ecs:r:1:task-definition/web:{number}"),
                "launchType": "FARGATE", "platformVersion": "1.4.0", "loadBalancers": []
            }))
            .unwrap()
        })
        .to_vec()
}

fn back() -> Rollback {
    Rollback {
        to: Some("arn:aws:ecs:r:1:task-definition/web:4".into()),
        reason: "Service deployment rolled back because the circuit breaker threshold was exceeded.".into(),
    }
}

#[test]
fn the_state_is_the_newest_deployments() {
    let done =
        json!([{"status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": "2026-01-01T00:00:02Z"}]);
    let progressing = Rollout::Progressing {
        stage: None,
        reason: Some("words".into()),
    };
    let cases = [
        (vec![deployment(2, "SUCCESSFUL", "r5")], Rollout::Completed),
        (
            vec![
                deployment(1, "SUCCESSFUL", "r4"),
                deployment(3, "IN_PROGRESS", "r5"),
            ],
            progressing.clone(),
        ),
        (
            vec![deployment(3, "PENDING", "r5"), deployment(1, "SUCCESSFUL", "r4")],
            progressing,
        ),
        (
            vec![deployment(3, "ROLLBACK_IN_PROGRESS", "r5")],
            Rollout::RollingBack(back()),
        ),
        (
            vec![deployment(1, "ROLLBACK_SUCCESSFUL", "r5")],
            Rollout::RolledBack(back()),
        ),
        (
            vec![deployment(3, "STOPPED", "r5")],
            Rollout::Failed {
                reason: "words".into(),
            },
        ),
        (vec![], Rollout::Completed),
    ];
    for (deployments, expected) in cases {
        assert_eq!(
            rollout(&service(&done), &deployments, &revisions()),
            expected,
            "{deployments:?}"
        );
    }
}

#[test]
fn without_a_fresh_list_the_primary_speaks() {
    let cases = [
        (
            json!([{"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "rolloutStateReason": "x", "createdAt": "2026-01-01T00:00:09Z"}]),
            Rollout::Progressing {
                stage: None,
                reason: Some("x".into()),
            },
        ),
        (
            json!([{"status": "PRIMARY", "rolloutState": "FAILED", "rolloutStateReason": "x", "createdAt": "2026-01-01T00:00:09Z"}]),
            Rollout::Failed { reason: "x".into() },
        ),
        (
            json!([{"status": "PRIMARY", "runningCount": 2, "desiredCount": 2}]),
            Rollout::Completed,
        ),
        (
            json!([{"status": "PRIMARY", "runningCount": 1, "desiredCount": 2, "createdAt": "2026-01-01T00:00:09Z"}]),
            Rollout::Progressing {
                stage: None,
                reason: None,
            },
        ),
    ];
    for (deployments, expected) in cases {
        assert_eq!(
            rollout(
                &service(&deployments),
                &[deployment(2, "SUCCESSFUL", "r5")],
                &revisions()
            ),
            expected
        );
    }
}

#[test]
fn what_was_taken_back_is_remembered_by_content() {
    let want = |revision: u8| json!({"taskDefinition": format!("web:{revision}"), "launchType": "FARGATE", "desiredCount": 9});
    let taken_back = |finished| Memory::TakenBack {
        rollback: back(),
        finished,
    };
    let history = [
        deployment(1, "SUCCESSFUL", "r4"),
        deployment(2, "ROLLBACK_SUCCESSFUL", "r5"),
    ];
    assert_eq!(memory(&want(5), None, &history, &revisions()), taken_back(true));
    assert_eq!(memory(&want(4), None, &history, &revisions()), Memory::Free);
    assert_eq!(memory(&want(6), None, &history, &revisions()), Memory::Free);
    let running = [deployment(2, "ROLLBACK_IN_PROGRESS", "r5")];
    assert_eq!(memory(&want(5), None, &running, &revisions()), taken_back(false));
    let mut latest = want(5);
    latest["platformVersion"] = "LATEST".into();
    assert_eq!(memory(&latest, None, &history, &revisions()), taken_back(true));
    let mut balanced = want(5);
    balanced["loadBalancers"] = json!([{"targetGroupArn": "tg"}]);
    assert_eq!(
        memory(&balanced, None, &history, &revisions()),
        Memory::Free,
        "another content is another rollout"
    );
}

#[test]
fn a_later_restart_may_try_again_and_an_unread_revision_may_not() {
    let want = json!({"taskDefinition": "web:5"});
    let history = [deployment(2, "ROLLBACK_SUCCESSFUL", "r5")];
    let at = |second: i64| Some(DateTime::from_secs(1_767_225_600 + second));
    assert!(matches!(
        memory(&want, at(1), &history, &revisions()),
        Memory::TakenBack { .. }
    ));
    assert_eq!(memory(&want, at(3), &history, &revisions()), Memory::Free);
    assert_eq!(memory(&want, None, &history, &[]), Memory::Unread);
    let again = [
        deployment(2, "ROLLBACK_SUCCESSFUL", "r5"),
        deployment(3, "SUCCESSFUL", "r5"),
    ];
    assert_eq!(
        memory(&want, None, &again, &revisions()),
        Memory::Free,
        "the newest attempt decides"
    );
}
