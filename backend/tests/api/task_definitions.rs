//! Task definitions: ecs-semantics.md §13.1 item 2, and their life.

use serde_json::{Value, json};

use crate::backend::Backend;

/// The sample of the first seed.
fn sample() -> Value {
    json!({"family": "sample-fargate", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "fargate-app", "image": "httpd:2.4", "essential": true,
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}], "entryPoint": ["sh", "-c"],
            "command": ["/bin/sh -c \"httpd-foreground\""]}]})
}

fn arn(revision: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/sample-fargate:{revision}")
}

#[test]
fn revisions_count_up_for_ever() {
    let ecs = Backend::new();
    for revision in 1..=3 {
        let registered = ecs.done("RegisterTaskDefinition", &sample());
        assert_eq!(registered["taskDefinition"]["taskDefinitionArn"], arn(revision));
        assert_eq!(registered["taskDefinition"]["revision"], revision);
    }
    let deregistered = ecs.done(
        "DeregisterTaskDefinition",
        &json!({"taskDefinition": "sample-fargate:3"}),
    );
    assert_eq!(deregistered["taskDefinition"]["status"], "INACTIVE");
    let newest = ecs.done(
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "sample-fargate"}),
    );
    assert_eq!(newest["taskDefinition"]["revision"], 2);
    let inactive = ecs.done("DescribeTaskDefinition", &json!({"taskDefinition": arn(3)}));
    assert_eq!(inactive["taskDefinition"]["status"], "INACTIVE");
    let deleted = ecs.done(
        "DeleteTaskDefinitions",
        &json!({"taskDefinitions": ["sample-fargate:3"]}),
    );
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    ecs.pass(1_000);
    ecs.refused(
        "DescribeTaskDefinition",
        &json!({"taskDefinition": arn(3)}),
        "ClientException",
        "Unable to describe task definition.",
    );
    assert_eq!(
        ecs.done("RegisterTaskDefinition", &sample())["taskDefinition"]["revision"],
        4
    );
}

#[test]
fn what_is_stored_has_the_defaults_filled_in() {
    let ecs = Backend::new();
    let given = json!({"family": "f", "cpu": ".5 vCPU", "memory": "1 GB", "tags": [{"key": "a", "value": "b"}],
        "containerDefinitions": [{"name": "a", "image": "b", "portMappings": [{"containerPort": 80}]}]});
    let registered = ecs.done("RegisterTaskDefinition", &given);
    assert_eq!(registered["tags"], json!([{"key": "a", "value": "b"}]));
    let mut stored = registered["taskDefinition"].clone();
    assert_eq!(stored["compatibilities"], json!(["EC2", "EXTERNAL"]));
    let computed = ["compatibilities", "registeredAt", "requiresAttributes"];
    let stored = stored.as_object_mut().unwrap();
    for name in computed {
        assert!(stored.remove(name).is_some(), "{name}");
    }
    let expected = json!({
        "family": "f", "revision": 1, "status": "ACTIVE", "cpu": "512", "memory": "1024", "volumes": [], "placementConstraints": [],
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/f:1",
        "registeredBy": "arn:aws:iam::123456789012:root",
        "containerDefinitions": [{"name": "a", "image": "b", "cpu": 0, "essential": true, "environment": [], "mountPoints": [],
            "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}], "systemControls": [], "volumesFrom": []}],
    });
    assert_eq!(Value::Object(stored.clone()), expected);
    let described = ecs.done("DescribeTaskDefinition", &json!({"taskDefinition": "f"}));
    assert_eq!(described["tags"], json!([]));
}

#[test]
fn refusals_are_client_exceptions_in_the_words_of_ecs() {
    let ecs = Backend::new();
    let with = |changes: &Value| {
        let mut definition = sample();
        definition
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        definition
    };
    let cases = [
        (
            json!({"networkMode": "bridge"}),
            "Fargate only supports network mode ‘awsvpc’.",
        ),
        (
            json!({"memory": "4096"}),
            "No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            json!({"containerDefinitions": []}),
            "Container list cannot be empty.",
        ),
        (
            json!({"containerDefinitions": null}),
            "Container list cannot be empty.",
        ),
        (json!({"family": null}), "Family should not be null or empty."),
        (
            json!({"networkMode": "vpc"}),
            "networkMode: \"vpc\" is not one of bridge, host, awsvpc, none",
        ),
        (json!({"cpu": 256}), "cpu: expected a string, found a number"),
    ];
    for (changes, message) in cases {
        ecs.refused(
            "RegisterTaskDefinition",
            &with(&changes),
            "ClientException",
            message,
        );
    }
    assert_eq!(
        ecs.done("ListTaskDefinitions", &json!({})),
        json!({"taskDefinitionArns": []})
    );
}

#[test]
fn lists_filter_and_sort() {
    let ecs = Backend::new();
    for family in ["web", "web", "web-old", "db"] {
        let mut definition = sample();
        definition["family"] = json!(family);
        ecs.done("RegisterTaskDefinition", &definition);
    }
    ecs.done("DeregisterTaskDefinition", &json!({"taskDefinition": "web:1"}));
    ecs.done(
        "DeregisterTaskDefinition",
        &json!({"taskDefinition": "web-old:1"}),
    );
    let listed = |input: Value| -> Vec<String> {
        let answer = ecs.done("ListTaskDefinitions", &input);
        let arns = answer["taskDefinitionArns"].as_array().unwrap();
        arns.iter()
            .map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(listed(json!({})), ["db:1", "web:2"]);
    assert_eq!(listed(json!({"sort": "DESC"})), ["web:2", "db:1"]);
    assert_eq!(
        listed(json!({"familyPrefix": "web", "status": "INACTIVE"})),
        ["web:1"]
    );
    assert_eq!(listed(json!({"familyPrefix": "we"})), [""; 0]);
    let families = |input: Value| ecs.done("ListTaskDefinitionFamilies", &input)["families"].clone();
    assert_eq!(families(json!({})), json!(["db", "web", "web-old"]));
    assert_eq!(
        families(json!({"familyPrefix": "we", "status": "ACTIVE"})),
        json!(["web"])
    );
    assert_eq!(families(json!({"status": "INACTIVE"})), json!(["web-old"]));
}

#[test]
fn deregistering_and_deleting_say_what_is_wrong() {
    let ecs = Backend::new();
    ecs.done("RegisterTaskDefinition", &sample());
    let deregister = |reference: &str, code: &str, message: &str| {
        ecs.refused(
            "DeregisterTaskDefinition",
            &json!({"taskDefinition": reference}),
            code,
            message,
        );
    };
    deregister("sample-fargate", "ClientException", "Revision is missing.");
    deregister(
        "sample-fargate:x",
        "InvalidParameterException",
        "Invalid revision number. Number: x",
    );
    deregister(
        "sample-fargate:9",
        "ClientException",
        "The specified task definition does not exist.",
    );
    ecs.refused(
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "nobody"}),
        "ClientException",
        "Unable to describe task definition.",
    );
    ecs.refused(
        "DeleteTaskDefinitions",
        &json!({"taskDefinitions": vec!["a:1"; 11]}),
        "InvalidParameterException",
        "Size of TaskDefinition references list cannot exceed 10",
    );
    let answer = ecs.done(
        "DeleteTaskDefinitions",
        &json!({"taskDefinitions": ["sample-fargate", "nobody:1", "sample-fargate:1"]}),
    );
    let details: Vec<&str> = answer["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["detail"].as_str().unwrap())
        .collect();
    assert_eq!(
        details,
        [
            "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.",
            "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        ]
    );
}

#[test]
fn a_definition_in_use_is_deleted_when_it_is_no_longer() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({}));
    ecs.done(
        "RegisterTaskDefinition",
        &json!({"family": "f", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}]}),
    );
    ecs.done(
        "CreateService",
        &json!({"serviceName": "s", "taskDefinition": "f", "desiredCount": 0, "launchType": "EC2"}),
    );
    ecs.done("DeregisterTaskDefinition", &json!({"taskDefinition": "f:1"}));
    ecs.done("DeleteTaskDefinitions", &json!({"taskDefinitions": ["f:1"]}));
    ecs.pass(3_600_000);
    let held = ecs.done("DescribeTaskDefinition", &json!({"taskDefinition": "f:1"}));
    assert_eq!(held["taskDefinition"]["status"], "DELETE_IN_PROGRESS");
    ecs.done("DeleteService", &json!({"service": "s"}));
    ecs.pass(60_000);
    ecs.refused(
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "f:1"}),
        "ClientException",
        "Unable to describe task definition.",
    );
}
