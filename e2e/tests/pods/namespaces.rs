//! A namespace that is deleted while everything is still in it: Kubernetes deletes its objects in any order.

use ecs_e2e::questions::Questions;
use serde_json::{Value, json};

use crate::site::Site;

/// It ends, and of ECS only what is to be retained is left.
pub fn end_with_everything_in_them(site: &Site) {
    site.ask(&["create", "namespace", "passing"]);
    site.kubectl().apply(&everything()).unwrap();
    for object in [
        "ecscp/passing",
        "ecscl/passing",
        "ecstd/passing",
        "ecssvc/passing",
        "ecscl/kept",
        "ecstd/kept",
        "ecssvc/kept",
    ] {
        site.kubectl().wait_ready("passing", object).unwrap();
    }
    site.ask(&["delete", "namespace", "passing", "--timeout=120s"]);
    assert_eq!(status_of_cluster(site, "passing"), "INACTIVE");
    assert_eq!(status_of_cluster(site, "kept"), "ACTIVE");
    let ecs = |operation: &str, input: Value| site.backend().ecs(operation, &input).unwrap();
    let kept = ecs(
        "DescribeServices",
        json!({"cluster": "kept", "services": ["kept"]}),
    );
    assert_eq!(kept["services"][0]["status"], "ACTIVE", "{kept}");
    assert_eq!(kept["services"][0]["desiredCount"], 1, "{kept}");
    let families = ecs("ListTaskDefinitions", json!({"status": "ACTIVE"})).to_string();
    assert!(families.contains("task-definition/kept:1"), "{families}");
    assert!(!families.contains("task-definition/passing:"), "{families}");
    let providers = ecs(
        "DescribeCapacityProviders",
        json!({"capacityProviders": ["passing"]}),
    );
    assert_ne!(
        providers.pointer("/capacityProviders/0/status"),
        Some(&json!("ACTIVE")),
        "{providers}"
    );
}

fn status_of_cluster(site: &Site, name: &str) -> String {
    let seen = site
        .backend()
        .ecs("DescribeClusters", &json!({"clusters": [name]}))
        .unwrap();
    seen["clusters"][0]["status"]
        .as_str()
        .map_or_else(|| seen.to_string(), str::to_owned)
}

/// One of each kind that goes, and a service that stays with what it needs.
fn everything() -> String {
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "passing"}, "spec": spec});
    let group = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:00000000-0000-4000-8000-000000000002:autoScalingGroupName/passing";
    let provider = json!({"autoScalingGroupProvider": {"autoScalingGroupArn": group}});
    let mut items = vec![object("CapacityProvider", "passing", provider)];
    for (name, policy) in [("passing", "Delete"), ("kept", "Retain")] {
        let management = json!({"deletionPolicy": policy});
        let definition = json!({"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": "app", "image": "nginx:1", "essential": true}], "management": management});
        let service = json!({"clusterRef": {"name": name}, "taskDefinitionRef": {"name": name}, "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}, "management": management});
        let mut cluster = json!({"capacityProviders": ["FARGATE"], "management": management});
        if name == "passing" {
            cluster["capacityProviderRefs"] = json!([{"name": "passing"}]);
        }
        items.push(object("EcsCluster", name, cluster));
        items.push(object("EcsTaskDefinition", name, definition));
        items.push(object("EcsService", name, service));
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}
