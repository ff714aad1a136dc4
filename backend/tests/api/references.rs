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
