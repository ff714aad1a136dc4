//! Tasks that fail: the circuit breaker, rollback, the throttle (ecs-semantics.md §13.1, item 6).

use serde_json::{Value, json};

use crate::kit::{Kit, text};

const BAD: &str = "registry.invalid/web:1";

fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}

fn state(kit: &Kit) -> (String, String) {
    let deployments = kit.service()["deployments"].clone();
    (
        text(&deployments[0]["rolloutState"]).to_owned(),
        text(&deployments[0]["rolloutStateReason"]).to_owned(),
    )
}

#[test]
fn an_image_that_cannot_be_pulled_is_said_on_the_task() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"image": BAD}));
    kit.create(&definition, 1, json!({}));
    kit.until("a task has failed", |kit| {
        kit.tasks("STOPPED")
            .iter()
            .any(|task| task["lastStatus"] == "STOPPED")
    });
    let task = &kit.tasks("STOPPED")[0];
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    assert!(
        text(&task["stoppedReason"]).starts_with("CannotPullContainerError: "),
        "{task:#}"
    );
    assert_eq!(task["containers"][0]["reason"], task["stoppedReason"]);
    assert_eq!(
        (&task["startedAt"], &task["containers"][0]["exitCode"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn the_breaker_rolls_back_to_what_worked() {
    let kit = Kit::new();
    let good = kit.fargate(json!({}));
    let created = kit.create(&good, 3, json!({"deploymentConfiguration": breaker(true)}));
    kit.until_stable();
    let bad = kit.fargate(json!({"image": BAD}));
    let failed = kit.update(json!({"taskDefinition": bad}))["currentServiceDeployment"].clone();
    kit.until("the breaker fires", |kit| {
        let reason = state(kit).1;
        reason.contains("rolling back")
    });
    let first = text(&created["deployments"][0]["id"]).to_owned();
    let rolling = (
        "IN_PROGRESS".to_owned(),
        format!("ECS deployment circuit breaker: rolling back to deploymentId {first}."),
    );
    assert_eq!(state(&kit), rolling);
    let service = kit.service();
    assert_eq!(service["deployments"][1]["rolloutState"], "FAILED");
    assert_eq!(
        service["deployments"][1]["rolloutStateReason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    let described = |kit: &Kit| {
        kit.ok(
            "DescribeServiceDeployments",
            json!({"serviceDeploymentArns": [failed]}),
        )["serviceDeployments"][0]
            .clone()
    };
    let deployment = described(&kit);
    assert_eq!(deployment["status"], "ROLLBACK_IN_PROGRESS");
    let breaker = json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3});
    assert_eq!(deployment["deploymentCircuitBreaker"], breaker);
    kit.until_stable();
    assert_eq!(described(&kit)["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(text(&kit.service()["taskDefinition"]), good);
    let events = kit.events();
    for event in [
        "(service web) (deployment ID) deployment failed: tasks failed to start.",
        "(service web) rolling back to deployment ID.",
    ] {
        assert!(events.iter().any(|told| told == event), "{events:#?}");
    }
    let quiet = kit.events().len();
    kit.pass(24 * 3_600_000);
    assert_eq!(kit.events().len(), quiet);
}

#[test]
fn without_a_completed_deployment_it_stalls() {
    let kit = Kit::new();
    let bad = kit.fargate(json!({"image": BAD}));
    kit.create(&bad, 1, json!({"deploymentConfiguration": breaker(true)}));
    kit.until("it has failed", |kit| state(kit).0 == "FAILED");
    kit.pass(10_000);
    let stopped = kit.tasks("STOPPED").len();
    assert_eq!(stopped, 3, "the threshold of one task is three");
    kit.pass(3_000_000);
    assert_eq!(
        (kit.tasks("STOPPED").len(), kit.tasks("RUNNING").len()),
        (stopped, 0)
    );
    let listed = kit.ok("ListServiceDeployments", json!({"service": "web"}));
    assert_eq!(listed["serviceDeployments"][0]["status"], "STOPPED");
    let good = kit.fargate(json!({}));
    kit.update(json!({"taskDefinition": good}));
    kit.until_stable();
}

#[test]
fn without_rollback_the_old_tasks_serve_on() {
    let kit = Kit::new();
    let good = kit.fargate(json!({}));
    kit.create(&good, 2, json!({"deploymentConfiguration": breaker(false)}));
    kit.until_stable();
    let bad = kit.fargate(json!({"image": BAD}));
    kit.update(json!({"taskDefinition": bad}));
    kit.until("it has failed", |kit| state(kit).0 == "FAILED");
    kit.pass(600_000);
    let service = kit.service();
    assert_eq!(
        (&service["runningCount"], &service["desiredCount"]),
        (&json!(2), &json!(2))
    );
    assert!(
        kit.tasks("RUNNING")
            .iter()
            .all(|task| text(&task["taskDefinitionArn"]) == good)
    );
    kit.update(json!({"desiredCount": 1}));
    kit.pass(10_000);
    assert_eq!(kit.service()["runningCount"], 1);
}

#[test]
fn the_threshold_follows_the_settings() {
    for (desired, threshold, expected) in [
        (7, json!(null), 4),
        (2, json!({"type": "COUNT", "value": 5}), 5),
        (2, json!({"type": "UNBOUNDED_PERCENT", "value": 50}), 1),
    ] {
        let kit = Kit::new();
        let bad = kit.fargate(json!({"image": BAD}));
        let mut configuration = breaker(true);
        if !threshold.is_null() {
            configuration["deploymentCircuitBreaker"]["thresholdConfiguration"] = threshold.clone();
        }
        let created = kit.create(&bad, desired, json!({"deploymentConfiguration": configuration}));
        kit.until("it has failed", |kit| state(kit).0 == "FAILED");
        let arn = created["currentServiceDeployment"].clone();
        let described = kit.ok(
            "DescribeServiceDeployments",
            json!({"serviceDeploymentArns": [arn]}),
        );
        assert_eq!(
            described["serviceDeployments"][0]["deploymentCircuitBreaker"]["threshold"], expected,
            "{threshold}"
        );
    }
}

#[test]
fn tasks_that_keep_failing_are_started_ever_more_slowly() {
    let kit = Kit::new();
    let bad = kit.fargate(json!({"image": BAD}));
    kit.create(&bad, 1, json!({}));
    kit.pass(30 * 60_000);
    let tries = kit.tasks("STOPPED").len();
    // Every ten seconds at the greatest wait of `fast` timing, and the time of a try.
    assert!((100..=185).contains(&tries), "{tries}");
    let told = "(service web) is unable to consistently start tasks successfully. For more information, see the \
                Troubleshooting section of the Amazon ECS Developer Guide.";
    assert!(
        kit.events().iter().any(|event| event == told),
        "{:#?}",
        kit.events()
    );
    let good = kit.fargate(json!({}));
    kit.update(json!({"taskDefinition": good}));
    kit.pass(5_000);
    assert_eq!(
        kit.service()["runningCount"],
        1,
        "a new definition clears the wait at once"
    );
}

#[test]
fn a_task_that_runs_and_ends_is_replaced_without_end() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"command": ["sh", "-c", "sleep 0.3; exit 3"]}));
    kit.create(&definition, 1, json!({"deploymentConfiguration": breaker(true)}));
    kit.pass(60_000);
    let stopped = kit.tasks("STOPPED");
    assert!(stopped.len() > 10, "{}", stopped.len());
    assert_eq!(stopped[0]["stopCode"], "EssentialContainerExited");
    assert_eq!(stopped[0]["stoppedReason"], "Essential container in task exited");
    assert_eq!(stopped[0]["containers"][0]["exitCode"], 3);
    assert_eq!(state(&kit).0, "IN_PROGRESS", "such tasks do not trip the breaker");
}

#[test]
fn a_rollback_brings_the_platform_version_back() {
    for (given, changed, expected) in [
        (json!("1.4.0"), json!("1.3.0"), "1.4.0"),
        (Value::Null, json!("1.3.0"), "1.4.0"),
        (Value::Null, Value::Null, "LATEST"),
    ] {
        let kit = Kit::new();
        let good = kit.fargate(json!({}));
        let body = json!({"deploymentConfiguration": breaker(true), "platformVersion": given});
        kit.create(&good, 1, body);
        kit.until_stable();
        let bad = kit.fargate(json!({"image": BAD}));
        kit.update(json!({"taskDefinition": bad, "platformVersion": changed}));
        kit.until("it is rolled back", |kit| {
            text(&kit.service()["taskDefinition"]) == good
        });
        assert_eq!(kit.service()["platformVersion"], expected, "{given} {changed}");
    }
}
