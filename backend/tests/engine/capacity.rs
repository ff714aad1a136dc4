//! Capacity providers: tasks are split by base and weight, and managed scaling makes room (ecs-semantics.md §6.2, §6.3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, text};

fn by_provider(kit: &Kit) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for task in kit.tasks("RUNNING") {
        *counts
            .entry(text(&task["capacityProviderName"]).to_owned())
            .or_default() += 1;
    }
    counts
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

fn create(kit: &Kit, definition: &str, desired: i32, strategy: Value) {
    let mut body = fargate_service(definition, desired);
    body.as_object_mut().unwrap().remove("launchType");
    body["capacityProviderStrategy"] = strategy;
    kit.ok("CreateService", body);
}

#[test]
fn a_service_is_split_and_stays_split_when_it_is_scaled() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let strategy = json!([
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]);
    create(&kit, &definition, 6, strategy);
    kit.until_stable();
    assert_eq!(by_provider(&kit), counts(&[("FARGATE", 2), ("FARGATE_SPOT", 4)]));
    assert_eq!(kit.service()["launchType"], Value::Null);
    for (desired, fargate, spot) in [(11, 3, 8), (6, 2, 4), (1, 1, 0)] {
        kit.update(json!({"desiredCount": desired}));
        kit.pass(10_000);
        let mut expected = counts(&[("FARGATE", fargate), ("FARGATE_SPOT", spot)]);
        expected.retain(|_, count| *count > 0);
        assert_eq!(by_provider(&kit), expected, "{desired}");
    }
}

#[test]
fn a_call_without_launch_type_takes_the_cluster_s_strategy() {
    let kit = Kit::new();
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    kit.ok(
        "PutClusterCapacityProviders",
        json!({
            "cluster": "default", "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": strategy,
        }),
    );
    kit.pass(5_000);
    let definition = kit.fargate(json!({}));
    let mut body = fargate_service(&definition, 2);
    body.as_object_mut().unwrap().remove("launchType");
    let service = kit.ok("CreateService", body)["service"].clone();
    assert_eq!(service["capacityProviderStrategy"], strategy);
    kit.until_stable();
    assert_eq!(by_provider(&kit), counts(&[("FARGATE_SPOT", 2)]));
}

#[test]
fn a_strategy_changes_only_with_a_forced_deployment() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 2, json!({}));
    kit.until_stable();
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let body = json!({"service": "web", "capacityProviderStrategy": strategy});
    let (code, message) = kit.refused("UpdateService", body);
    assert_eq!(code, "InvalidParameterException");
    assert!(
        message.starts_with("When switching from launch type to capacity provider strategy"),
        "{message}"
    );
    kit.update(json!({"capacityProviderStrategy": strategy, "forceNewDeployment": true}));
    kit.until_stable();
    assert_eq!(by_provider(&kit), counts(&[("FARGATE_SPOT", 2)]));
    kit.update(json!({"capacityProviderStrategy": [], "forceNewDeployment": true}));
    kit.until_stable();
    let service = kit.service();
    assert_eq!(
        (&service["launchType"], &service["capacityProviderStrategy"]),
        (&json!("FARGATE"), &Value::Null)
    );
}

pub fn with_group(kit: &Kit, scaling: Value) {
    let arn = "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:0:autoScalingGroupName/asg";
    kit.ok(
        "CreateCapacityProvider",
        json!({"name": "group", "autoScalingGroupProvider": {"autoScalingGroupArn": arn, "managedScaling": scaling}}),
    );
    kit.pass(5_000);
    kit.ok(
        "PutClusterCapacityProviders",
        json!({"cluster": "default", "capacityProviders": ["group"], "defaultCapacityProviderStrategy": []}),
    );
    kit.pass(5_000);
}

fn instances(kit: &Kit) -> usize {
    kit.ok("ListContainerInstances", json!({}))["containerInstanceArns"]
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn managed_scaling_makes_room_and_takes_it_away_again() {
    let kit = Kit::new();
    with_group(&kit, json!({"status": "ENABLED"}));
    let definition = kit.bridge(json!({"cpu": 2048}));
    let strategy = json!([{"capacityProvider": "group", "weight": 1}]);
    kit.ok(
        "CreateService",
        json!({
            "serviceName": "web", "taskDefinition": definition, "desiredCount": 4,
            "capacityProviderStrategy": strategy,
        }),
    );
    kit.pass(500);
    let waiting = kit.tasks("RUNNING");
    assert_eq!(waiting.len(), 4);
    assert!(
        waiting.iter().all(|task| task["lastStatus"] == "PROVISIONING"),
        "{waiting:#?}"
    );
    kit.until_stable();
    assert_eq!(instances(&kit), 2, "two tasks have room on an instance");
    kit.update(json!({"desiredCount": 0}));
    kit.until("the group is empty", |kit| instances(kit) == 0);
}

#[test]
fn a_task_waits_for_its_provider_and_can_be_stopped() {
    let kit = Kit::new();
    with_group(&kit, json!({"status": "ENABLED", "minimumScalingStepSize": 2}));
    let definition = kit.bridge(json!({"cpu": 100_000}));
    let strategy = json!([{"capacityProvider": "group", "weight": 1}]);
    let run = |definition: &str| {
        let body = json!({"taskDefinition": definition, "capacityProviderStrategy": strategy});
        kit.ok("RunTask", body)["tasks"][0]["taskArn"].clone()
    };
    let huge = run(&definition);
    kit.pass(60_000);
    assert_eq!(
        kit.task(&huge)["lastStatus"],
        "PROVISIONING",
        "no instance is large enough"
    );
    assert_eq!(
        kit.task(&huge)["containers"],
        json!([]),
        "they come with the instance"
    );
    assert_eq!(instances(&kit), 0);
    kit.ok("StopTask", json!({"task": huge}));
    assert_eq!(kit.task(&huge)["lastStatus"], "STOPPED");
    let small = run(&kit.bridge(json!({})));
    kit.statuses(&small, "RUNNING");
    assert_eq!(kit.task(&small)["containers"][0]["name"], "app");
    assert_eq!(instances(&kit), 2, "the smallest step is two");
}

#[test]
fn without_managed_scaling_a_task_needs_room_at_once() {
    let kit = Kit::new();
    with_group(&kit, json!({"status": "DISABLED"}));
    let definition = kit.bridge(json!({}));
    let strategy = json!([{"capacityProvider": "group", "weight": 1}]);
    let body = json!({"taskDefinition": definition, "capacityProviderStrategy": strategy});
    assert_eq!(kit.ok("RunTask", body.clone())["tasks"], json!([]));
    kit.instances(1, json!({"capacityProvider": "group"}));
    assert_eq!(
        kit.ok("RunTask", body)["tasks"][0]["capacityProviderName"],
        "group"
    );
}

#[test]
fn a_group_does_not_grow_for_a_task_that_may_go_nowhere() {
    let kit = Kit::new();
    with_group(&kit, json!({"status": "ENABLED"}));
    let definition = kit.bridge(json!({}));
    let body = json!({
        "taskDefinition": definition, "capacityProviderStrategy": [{"capacityProvider": "group", "weight": 1}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:tier == gold"}],
    });
    let task = kit.ok("RunTask", body)["tasks"][0]["taskArn"].clone();
    kit.pass(600_000);
    assert_eq!(kit.task(&task)["lastStatus"], "PROVISIONING");
    assert_eq!(instances(&kit), 1);
    let gold = kit.instances(
        1,
        json!({"capacityProvider": "group", "attributes": {"tier": "gold"}}),
    );
    kit.statuses(&task, "RUNNING");
    assert!(text(&kit.task(&task)["containerInstanceArn"]).ends_with(&gold[0]));
}
