//! Tags of every resource that has them.

use serde_json::{Value, json};

use crate::backend::Backend;

/// One resource of each kind.
fn resources(ecs: &Backend) -> Vec<Value> {
    let mut arns = vec![ecs.done("CreateCluster", &json!({}))["cluster"]["clusterArn"].clone()];
    arns.push(
        ecs.done("RegisterContainerInstance", &json!({}))["containerInstance"]["containerInstanceArn"]
            .clone(),
    );
    let definition =
        json!({"family": "f", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}]});
    arns.push(ecs.done("RegisterTaskDefinition", &definition)["taskDefinition"]["taskDefinitionArn"].clone());
    let provider = json!({"name": "ec2", "autoScalingGroupProvider": {"autoScalingGroupArn": "g"}});
    arns.push(
        ecs.done("CreateCapacityProvider", &provider)["capacityProvider"]["capacityProviderArn"].clone(),
    );
    let service = json!({"serviceName": "s", "taskDefinition": "f", "desiredCount": 0, "launchType": "EC2"});
    arns.push(ecs.done("CreateService", &service)["service"]["serviceArn"].clone());
    arns.push(
        ecs.done("RunTask", &json!({"taskDefinition": "f", "launchType": "EC2"}))["tasks"][0]["taskArn"]
            .clone(),
    );
    arns
}

#[test]
fn every_resource_is_tagged_and_untagged() {
    let ecs = Backend::new();
    for arn in resources(&ecs) {
        let list = || ecs.done("ListTagsForResource", &json!({"resourceArn": arn}))["tags"].clone();
        assert_eq!(
            ecs.done(
                "TagResource",
                &json!({"resourceArn": arn, "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]})
            ),
            json!({})
        );
        ecs.done(
            "TagResource",
            &json!({"resourceArn": arn, "tags": [{"key": "a", "value": "3"}]}),
        );
        assert_eq!(
            list(),
            json!([{"key": "b", "value": "2"}, {"key": "a", "value": "3"}]),
            "{arn}"
        );
        ecs.done(
            "UntagResource",
            &json!({"resourceArn": arn, "tagKeys": ["a", "nobody"]}),
        );
        assert_eq!(list(), json!([{"key": "b", "value": "2"}]), "{arn}");
    }
}

#[test]
fn what_is_not_there_or_not_taggable_is_refused() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({}));
    let prefix = "arn:aws:ecs:eu-west-1:123456789012:";
    let tag = |arn: &str| {
        ecs.call(
            "TagResource",
            &json!({"resourceArn": arn, "tags": [{"key": "a", "value": "1"}]}),
        )
        .unwrap_err()
    };
    let cases = [
        (format!("{prefix}cluster/nobody"), "ClusterNotFoundException"),
        (
            format!("{prefix}service/default/nobody"),
            "ResourceNotFoundException",
        ),
        (format!("{prefix}service/nobody"), "InvalidParameterException"),
        (
            format!("{prefix}container/default/x"),
            "InvalidParameterException",
        ),
        (
            "arn:aws:ecs:eu-west-9:123456789012:cluster/default".to_owned(),
            "InvalidParameterException",
        ),
        ("default".to_owned(), "InvalidParameterException"),
        (String::new(), "InvalidParameterException"),
    ];
    for (arn, code) in cases {
        assert_eq!(tag(&arn).0, code, "{arn}");
    }
    let cluster = format!("{prefix}cluster/default");
    let many: Vec<Value> = (0..50)
        .map(|number| json!({"key": format!("k{number}"), "value": ""}))
        .collect();
    ecs.done("TagResource", &json!({"resourceArn": cluster, "tags": many}));
    assert_eq!(tag(&cluster).1, "Too many tags: a resource can have at most 50.");
    ecs.refused(
        "UntagResource",
        &json!({"resourceArn": cluster, "tagKeys": ["aws:x"]}),
        "InvalidParameterException",
        "Tag key 'aws:x' is reserved: keys must not begin with 'aws:'.",
    );
}
