//! Deployments that CloudWatch alarms watch over (ecs-semantics.md §3.9).

use serde_json::{Value, json};

use crate::kit::{Kit, text};

fn alarms(rollback: bool) -> Value {
    json!({"deploymentConfiguration": {"alarms": {"alarmNames": ["errors", "latency"], "enable": true, "rollback": rollback}}})
}

fn put(kit: &Kit, alarm: &str, state: &str) {
    kit.control("POST", "alarms", json!({"alarmName": alarm, "state": state}));
}

fn rollout(kit: &Kit) -> String {
    text(&kit.service()["deployments"][0]["rolloutState"]).to_owned()
}

/// The newest service deployment.
fn newest(kit: &Kit) -> Value {
    let listed = kit.ok("ListServiceDeployments", json!({"service": "web"}));
    let arn = listed["serviceDeployments"][0]["serviceDeploymentArn"].clone();
    kit.ok(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [arn]}),
    )["serviceDeployments"][0]
        .clone()
}

/// A service of two tasks, and the image `next` on its way: all of its tasks run, and alarms watch.
fn baking(rollback: bool) -> (Kit, String, String) {
    let kit = Kit::new();
    let old = kit.fargate(json!({}));
    kit.create(&old, 2, alarms(rollback));
    kit.until("the first deployment is COMPLETED", |kit| {
        rollout(kit) == "COMPLETED"
    });
    let next = kit.fargate(json!({"image": "next"}));
    kit.update(json!({"taskDefinition": next}));
    kit.until("only new tasks run", |kit| {
        let deployments = kit.service()["deployments"].clone();
        deployments[0]["runningCount"] == 2 && deployments[1]["runningCount"] == 0
    });
    // Steady long since, were it not for the bake time.
    kit.pass(1_000);
    assert_eq!(rollout(&kit), "IN_PROGRESS");
    (kit, old, next)
}

#[test]
fn an_alarm_in_the_bake_time_rolls_back() {
    let (kit, old, _) = baking(true);
    let watching = json!({"status": "MONITORING", "alarmNames": ["errors", "latency"]});
    assert_eq!(newest(&kit)["alarms"], watching);
    put(&kit, "latency", "ALARM");

    let service = kit.service();
    let first = text(&service["deployments"][0]["id"]).to_owned();
    assert_eq!(
        service["deployments"][0]["rolloutStateReason"],
        format!("ECS deployment alarm detected: rolling back to deploymentId {first}.")
    );
    assert_eq!(service["deployments"][1]["rolloutState"], "FAILED");
    let deployment = newest(&kit);
    assert_eq!(deployment["status"], "ROLLBACK_IN_PROGRESS");
    let triggered = json!({"status": "TRIGGERED", "alarmNames": ["errors", "latency"], "triggeredAlarmNames": ["latency"]});
    assert_eq!(deployment["alarms"], triggered);

    // What still is in ALARM does not watch over the rollback.
    kit.until("the rollback is done", |kit| {
        newest(kit)["status"] == "ROLLBACK_SUCCESSFUL"
    });
    assert_eq!(text(&kit.service()["taskDefinition"]), old);
    let events = kit.events();
    for event in [
        "(service web) (deployment ID) deployment failed: alarm detected.",
        "(service web) rolling back to deployment ID.",
    ] {
        assert!(events.iter().any(|told| told == event), "{events:#?}");
    }
}

#[test]
fn an_alarm_without_rollback_fails_the_deployment_and_no_more() {
    let (kit, _, next) = baking(false);
    put(&kit, "errors", "ALARM");
    kit.pass(60_000);
    let service = kit.service();
    assert_eq!(service["deployments"][0]["rolloutState"], "FAILED");
    assert_eq!(
        service["deployments"][0]["rolloutStateReason"],
        "ECS deployment failed: alarm detected."
    );
    assert_eq!(
        (text(&service["taskDefinition"]), &service["runningCount"]),
        (next.as_str(), &json!(2))
    );
    let deployment = newest(&kit);
    assert_eq!(deployment["status"], "STOPPED");
    assert_eq!(
        deployment["statusReason"],
        "Service deployment alarms: errors is in ALARM."
    );
}

#[test]
fn only_alarms_that_watch_count() {
    let (kit, _, next) = baking(true);
    put(&kit, "somebody elses", "ALARM");
    put(&kit, "errors", "INSUFFICIENT_DATA");
    kit.until("the deployment is COMPLETED", |kit| rollout(kit) == "COMPLETED");
    // After it, nothing is watched any more.
    put(&kit, "errors", "ALARM");
    kit.pass(10_000);
    assert_eq!(
        (rollout(&kit).as_str(), newest(&kit)["status"].clone()),
        ("COMPLETED", json!("SUCCESSFUL"))
    );
    assert_eq!(newest(&kit)["alarms"]["status"], "MONITORING_COMPLETE");

    // What is in ALARM when a deployment begins is left out of it, also when it goes off again.
    kit.update(json!({"forceNewDeployment": true}));
    put(&kit, "errors", "OK");
    kit.pass(500);
    put(&kit, "errors", "ALARM");
    kit.until("the deployment is COMPLETED", |kit| {
        newest(kit)["status"] == "SUCCESSFUL"
    });

    // Switched off, they do not watch, and there is no bake time.
    let off = json!({"alarmNames": ["errors"], "enable": false, "rollback": true});
    put(&kit, "errors", "OK");
    kit.update(json!({"forceNewDeployment": true, "deploymentConfiguration": {"alarms": off}}));
    put(&kit, "errors", "ALARM");
    kit.until_stable();
    assert_eq!(newest(&kit)["alarms"], json!({"status": "DISABLED"}));
    assert_eq!(text(&kit.service()["taskDefinition"]), next);
}
