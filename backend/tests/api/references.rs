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

#[test]
fn ids_have_a_length() {
    let (ecs, _) = service_in_web();
    let task = "taskId length should be one of [32,36]";
    let instance = "instanceId length should be one of [32,36]";
    let arn = |kind: &str, id: &str| format!("arn:aws:ecs:eu-west-1:123456789012:{kind}/default/{id}");
    for id in ["", "None", &"0".repeat(31), &arn("task", "None")] {
        ecs.refused("DescribeTasks", &json!({"tasks": [id]}), INVALID, task);
    }
    for id in ["None", &arn("container-instance", "None")] {
        ecs.refused(
            "DescribeContainerInstances",
            &json!({"containerInstances": [id]}),
            INVALID,
            instance,
        );
        let body = json!({"containerInstances": [id], "taskDefinition": "f"});
        ecs.refused("StartTask", &body, INVALID, instance);
    }
    for id in ["0".repeat(32), "00000000-0000-0000-0000-000000000000".to_owned()] {
        let answer = ecs.done("DescribeTasks", &json!({"tasks": [id]}));
        assert_eq!(answer["failures"][0]["reason"], "MISSING");
        let answer = ecs.done("DescribeContainerInstances", &json!({"containerInstances": [id]}));
        assert_eq!(answer["failures"][0]["reason"], "MISSING");
    }
}

#[test]
fn too_many_at_once_are_refused_in_ecs_s_words() {
    let (ecs, _) = service_in_web();
    let ids = |count: usize| vec!["0".repeat(32); count];
    for (operation, member, most, words) in [
        (
            "DescribeServices",
            "services",
            10,
            "service names can have at most 10 items.",
        ),
        (
            "DescribeTasks",
            "tasks",
            100,
            "taskIds can have at most 100 items.",
        ),
        (
            "DescribeContainerInstances",
            "containerInstances",
            100,
            "instanceIds can have at most 100 items.",
        ),
    ] {
        ecs.done(operation, &json!({member: ids(most)}));
        ecs.refused(operation, &json!({member: ids(most + 1)}), INVALID, words);
    }
}

#[test]
fn what_cannot_be_a_cluster_s_name_is_no_name_of_one_that_is_missing() {
    let (ecs, _) = service_in_web();
    let long = "x".repeat(256);
    for name in ["my cluster", "web/s", "caf\u{e9}", "\u{1b}[0mweb", &long] {
        let words = format!("Cluster must match ^[a-zA-Z0-9\\-_]{{1,255}}$, but was {name}");
        ecs.refused(
            "DescribeServices",
            &json!({"cluster": name, "services": ["s"]}),
            INVALID,
            &words,
        );
        ecs.refused("ListTasks", &json!({"cluster": name}), INVALID, &words);
    }
    let missing = json!({"cluster": "x".repeat(255)});
    ecs.refused(
        "ListTasks",
        &missing,
        "ClusterNotFoundException",
        "Cluster not found.",
    );
}
