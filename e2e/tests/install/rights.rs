//! What the operator may do, in Kubernetes and in AWS, against what it did.

use std::collections::BTreeSet;
use std::process::Command;

use ecs_e2e::audit::Request;
use ecs_e2e::scene;
use serde_json::{Value, json};

use crate::installation::Installation;

const NOWHERE: [&str; 0] = [];

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

/// The audit log shows what RBAC was asked.
pub fn no_request_is_forbidden_and_no_right_unused(at: &Installation) {
    let requests = at.requests();
    let forbidden: Vec<&Request> = requests.iter().filter(|request| request.forbidden).collect();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
    let unused: Vec<String> = rights(at)
        .into_iter()
        .filter(|right| !used(right, &requests))
        .collect();
    assert_eq!(unused, NOWHERE, "rights that nothing used");
}

/// Every right that the chart gave the operator: `verb group resource name`, with a namespace where it is of a Role.
fn rights(at: &Installation) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    for (kind, all) in [("clusterroles", &[][..]), ("roles", &["--all-namespaces"][..])] {
        let roles = at
            .scene
            .kubectl()
            .json(&[&["get", kind, "-l", "app.kubernetes.io/name=ecs-operator"], all].concat());
        for role in roles.unwrap()["items"].as_array().unwrap() {
            let name = role["metadata"]["name"].as_str().unwrap();
            // Those for people, and that of the self-test, are not the operator's.
            if name.contains(':') || name.ends_with("-selftest") {
                continue;
            }
            for rule in role["rules"].as_array().unwrap() {
                rights.extend(rights_of(
                    rule,
                    role["metadata"]["namespace"].as_str().unwrap_or_default(),
                ));
            }
        }
    }
    rights
}

fn rights_of(rule: &Value, namespace: &str) -> Vec<String> {
    let list = |part: &str| -> Vec<String> {
        let words = rule[part].as_array().into_iter().flatten();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut names = list("resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut all = Vec::new();
    for (group, resource) in list("apiGroups").iter().flat_map(|group| {
        list("resources")
            .into_iter()
            .map(move |resource| (group.clone(), resource))
    }) {
        for verb in list("verbs") {
            for name in &names {
                all.push(format!("{namespace}|{verb} {group} {resource}|{name}"));
            }
        }
    }
    all
}

/// Whether a request was made by this right.
fn used(right: &str, requests: &BTreeSet<Request>) -> bool {
    let mut parts = right.split('|');
    let (namespace, what, name) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    requests.iter().any(|request| {
        (namespace.is_empty() || request.namespace == namespace)
            && (name.is_empty() || request.name == name)
            && what == format!("{} {} {}", request.verb, request.group, request.resource)
    })
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
