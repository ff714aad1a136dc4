//! What the operator may do, in Kubernetes and in AWS, against what it did.

use std::collections::BTreeSet;
use std::process::Command;

use ecs_e2e::questions::Questions;
use ecs_e2e::{rights, scene};
use serde_json::{Value, json};

use crate::installation::Installation;

/// The policy is just what is called over the whole life of each kind, and what the samples need.
pub fn every_call_is_in_the_policy_and_every_action_was_called(at: &Installation) {
    let scene = &at.scene;
    for phase in [0, 1, 2] {
        scene.kubectl().apply(&whole_life(phase)).unwrap();
        for object in ["ecscp/life", "ecscl/life", "ecstd/life", "ecssvc/life"] {
            scene.until_ready(object, "True", &[]).unwrap();
        }
    }
    // A count that is scaled twice has an Event that repeats.
    for count in ["3", "2", "1"] {
        scene
            .kubectl()
            .run(&["scale", "ecssvc/life", &format!("--replicas={count}")])
            .unwrap();
        scene.until_ready("ecssvc/life", "True", &["Completed"]).unwrap();
    }
    a_rollout_is_rolled_back_on_request(at);
    let delete = [
        "delete",
        "ecssvc/life",
        "ecstd/life",
        "ecscl/life",
        "ecscp/life",
        "--timeout=90s",
    ];
    scene.kubectl().run(&delete).unwrap();
    let operator = scene::built_binaries().unwrap().join("ecs-operator");
    let printed = Command::new(operator).arg("iam-policy").output().unwrap();
    let policy: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let allowed: BTreeSet<String> = statements
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().trim_start_matches("ecs:").to_owned())
        .collect();
    // Not the operator's: the instances are registered by this test, and STS needs no right.
    let made: BTreeSet<String> = scene
        .backend()
        .calls()
        .unwrap()
        .into_keys()
        .filter(|operation| !["RegisterContainerInstance", "GetCallerIdentity"].contains(&operation.as_str()))
        .collect();
    assert_eq!(
        made, allowed,
        "left: calls that were made; right: what the policy allows"
    );
}

/// Its image cannot be pulled, and nothing tells ECS to give up.
fn a_rollout_is_rolled_back_on_request(at: &Installation) {
    let image = json!([{"op": "replace", "path": "/spec/containerDefinitions/0/image", "value": "registry.invalid/app:1"}]);
    at.kubectl(&["patch", "ecstd/life", "--type=json", "-p", &image.to_string()]);
    let hangs = |read: &Value| {
        let newest = &read["status"]["deployments"][0];
        let failed = newest["failedTasks"].as_i64().unwrap_or_default();
        match newest["id"].as_str() {
            Some(id) if newest["rolloutState"] == "IN_PROGRESS" && failed > 0 => Ok(id.to_owned()),
            _ => Err(read["status"].to_string()),
        }
    };
    let deployment = at.scene.until("ecssvc/life", hangs).unwrap();
    let action = format!("ecs-operator.dev/action=roll-back {deployment}");
    at.kubectl(&["annotate", "ecssvc/life", &action]);
    let service = at
        .scene
        .until_ready("ecssvc/life", "False", &["RolledBack"])
        .unwrap();
    let outcome = &service["status"]["lastAction"]["outcome"];
    assert_eq!(*outcome, format!("ECS rolls deployment {deployment} back"));
}

/// The audit log shows what RBAC was asked.
pub fn no_request_is_forbidden_and_no_right_unused(at: &Installation) {
    let findings = rights::findings(at.scene.kubectl(), &at.requests()).unwrap();
    assert_eq!(findings, Vec::<String>::new());
}

/// A cluster, a provider, a definition and a service whose whole lives need every call that the operator makes.
fn whole_life(phase: u32) -> String {
    let (settings, capacity, image, tags, count) = match phase {
        0 => (
            "disabled",
            100,
            "nginx:1",
            json!([{"key": "team", "value": "a"}]),
            1,
        ),
        1 => ("enabled", 90, "nginx:2", json!([]), 2),
        // Nothing of the cluster but its settings and tags.
        _ => (
            "enhanced",
            90,
            "nginx:2",
            json!([{"key": "team", "value": "b"}]),
            2,
        ),
    };
    let exec = match phase {
        0 => Value::Null,
        _ => json!({"executeCommandConfiguration": {"logging": "NONE"}}),
    };
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec});
    let mut cluster = json!({"settings": [{"name": "containerInsights", "value": settings}], "capacityProviders": ["FARGATE"],
        "capacityProviderRefs": [{"name": "life"}], "tags": tags});
    if !exec.is_null() {
        cluster["configuration"] = exec;
    }
    let group = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:00000000-0000-4000-8000-000000000001:autoScalingGroupName/life";
    let provider = json!({"autoScalingGroupProvider": {"autoScalingGroupArn": group, "managedScaling": {"status": "ENABLED", "targetCapacity": capacity}}});
    let definition = json!({"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": image, "essential": true}],
        "management": {"revisionHistoryLimit": 0, "deleteRevisions": true}});
    let service = json!({"clusterRef": {"name": "life"}, "taskDefinitionRef": {"name": "life"}, "desiredCount": count, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}, "tags": tags});
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [
        object("CapacityProvider", "life", provider), object("EcsCluster", "life", cluster),
        object("EcsTaskDefinition", "life", definition), object("EcsService", "life", service)]});
    all.to_string()
}
