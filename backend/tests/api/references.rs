//! What a call means by the names and ARNs that it gives (ecs-semantics.md §0.2, §0.3).

use serde_json::{Value, json};

use crate::backend::Backend;

const INVALID: &str = "InvalidParameterException";

/// A server with the clusters `default` and `web`, and the service `s` in `web`; the answer is the service's ARN too.
fn service_in_web() -> (Backend, Value) {
    let ecs = Backend::new();
    for cluster in ["default", "web"] {
        ecs.done("CreateCluster", &json!({"clusterName": cluster}));
    }
    let definition =
        json!({"family": "f", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}]});
    ecs.done("RegisterTaskDefinition", &definition);
    let service = json!({"cluster": "web", "serviceName": "s", "taskDefinition": "f", "desiredCount": 0});
    let arn = ecs.done("CreateService", &service)["service"]["serviceArn"].clone();
    (ecs, arn)
}

#[test]
fn a_service_s_arn_does_not_say_which_cluster_is_meant() {
    let (ecs, arn) = service_in_web();
    let calls = |arn: &Value| {
        [
            ("DescribeServices", json!({"services": [arn]})),
            ("UpdateService", json!({"service": arn, "desiredCount": 0})),
            ("ListServiceDeployments", json!({"service": arn})),
            ("ListTasks", json!({"serviceName": arn})),
            ("DeleteService", json!({"service": arn})),
        ]
    };
    for (operation, mut body) in calls(&arn) {
        ecs.refused(
            operation,
            &body,
            INVALID,
            "Invalid identifier: Identifier is for cluster web. Your cluster is default",
        );
        body["cluster"] = json!("web");
        ecs.done(operation, &body);
    }
}

#[test]
fn an_inactive_cluster_is_told_from_none() {
    let (ecs, service) = service_in_web();
    let cluster =
        ecs.done("DescribeClusters", &json!({"clusters": ["web"]}))["clusters"][0]["clusterArn"].clone();
    ecs.done("DeleteService", &json!({"cluster": "web", "service": service}));
    ecs.pass(10_000);
    ecs.done("DeleteCluster", &json!({"cluster": "web"}));
    let missing = "ClusterNotFoundException";
    let create = json!({"cluster": "web", "serviceName": "t", "taskDefinition": "f", "desiredCount": 0});
    let update = json!({"cluster": "web", "service": "s", "desiredCount": 0});
    let run = json!({"cluster": "web", "taskDefinition": "f"});
    let calls = [
        ("CreateService", create),
        ("UpdateService", update),
        ("RunTask", run),
    ];
    for (operation, body) in &calls {
        ecs.refused(operation, body, missing, "The referenced cluster was inactive.");
    }
    let inactive = "The specified cluster is inactive. Specify an active cluster and try again.";
    let tags = [
        (
            "TagResource",
            json!({"resourceArn": cluster, "tags": [{"key": "a", "value": "1"}]}),
        ),
        ("UntagResource", json!({"resourceArn": cluster, "tagKeys": ["a"]})),
        ("ListTagsForResource", json!({"resourceArn": cluster})),
    ];
    for (operation, body) in &tags {
        ecs.refused(operation, body, INVALID, inactive);
    }
    ecs.pass(3_600_000);
    for (operation, body) in calls.iter().chain(&tags) {
        ecs.refused(operation, body, missing, "Cluster not found.");
    }
}
