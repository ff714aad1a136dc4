//! The manifests of the scenarios.

use serde_json::{Value, json};

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

/// The account called `default`: everybody may use it for everything.
pub(crate) fn account() -> Value {
    let mut account = object(
        "AwsAccount",
        "default",
        &json!({
            "accountId": "123456789012", "region": "us-east-1", "endpoint": "http://ecs.us-east-1.amazonaws.com",
            "namespaces": {"selector": {}},
            "allow": {"resourceNames": ["*"], "taskRoles": ["*"], "executionRoles": ["*"], "infrastructureRoles": ["*"],
                "clusters": ["*"], "adoption": true},
        }),
    );
    account["metadata"] = json!({"name": "default"});
    account
}

/// A cluster with Fargate.
pub(crate) fn cluster(name: &str) -> Value {
    object(
        "EcsCluster",
        name,
        &json!({"capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
    )
}

/// A Fargate definition of one container.
pub(crate) fn definition(name: &str, image: &str) -> Value {
    object(
        "EcsTaskDefinition",
        name,
        &json!({
            "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": "app", "image": image, "essential": true, "portMappings": [{"containerPort": 80}]}],
        }),
    )
}

/// A service of `count` tasks of a definition in a cluster, with the circuit breaker on.
pub(crate) fn service(name: &str, cluster: &str, definition: &str, count: i64) -> Value {
    object(
        "EcsService",
        name,
        &json!({
            "clusterRef": {"name": cluster}, "taskDefinitionRef": {"name": definition}, "desiredCount": count, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}},
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        }),
    )
}

/// A capacity provider of an auto scaling group.
pub(crate) fn provider(name: &str) -> Value {
    let group = format!(
        "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:00000000-0000-4000-8000-000000000001:autoScalingGroupName/{name}"
    );
    object(
        "CapacityProvider",
        name,
        &json!({
            "autoScalingGroupProvider": {"autoScalingGroupArn": group, "managedTerminationProtection": "DISABLED",
                "managedScaling": {"status": "ENABLED", "targetCapacity": 100}},
        }),
    )
}

/// The object with `spec` members set (or, with null, taken out).
pub(crate) fn with(mut object: Value, spec: &Value) -> Value {
    json_patch::merge(&mut object["spec"], spec);
    object
}
