//! EBS volumes that are configured at launch (ecs-semantics.md §2.10, §4.4).

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, merge, network, text};

/// A Fargate definition that leaves its volume `data` to the launch.
fn definition(kit: &Kit) -> String {
    kit.definition(json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "volumes": [{"name": "data", "configuredAtLaunch": true}],
        "containerDefinitions": [{"name": "app", "image": "httpd",
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}]}],
    }))
}

fn volume(name: &str, ebs: Value) -> Value {
    let mut whole = json!({"roleArn": "arn:aws:iam::123456789012:role/ebs"});
    merge(&mut whole, ebs);
    json!({"volumeConfigurations": [{"name": name, "managedEBSVolume": whole}]})
}

#[test]
fn services_and_tasks_are_refused_in_the_same_words() {
    let kit = Kit::new();
    let definition = definition(&kit);
    kit.create(&definition, 0, volume("data", json!({"sizeInGiB": 10})));
    let instance = kit.instances(1, json!({})).remove(0);
    let on_instances = kit.bridge(json!({}));
    let mut service = fargate_service(&definition, 0);
    service["serviceName"] = json!("other");
    let run =
        json!({"taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network()});
    let cases = [
        (
            volume("other", json!({"sizeInGiB": 10})),
            "The volume name 'other' in your request does not have a matching volume in your Task Definition",
        ),
        (
            volume("data", json!({"sizeInGiB": 0})),
            "ECS managed EBS volume configuration was invalid: sizeInGiB must be between 1 and 16384 for gp3",
        ),
    ];
    for (change, words) in cases {
        for (operation, body) in [
            ("CreateService", service.clone()),
            ("UpdateService", json!({"service": "web"})),
            ("RunTask", run.clone()),
        ] {
            let mut body = body;
            merge(&mut body, change.clone());
            let refused = kit.refused(operation, body);
            assert_eq!(
                refused,
                ("InvalidParameterException".to_owned(), words.to_owned()),
                "{operation}"
            );
        }
    }
    let mut start = json!({"taskDefinition": on_instances, "containerInstances": [instance]});
    merge(&mut start, volume("data", json!({"sizeInGiB": 10})));
    let refused = kit.refused("StartTask", start);
    assert!(refused.1.starts_with("The volume name 'data'"), "{refused:?}");
}

/// The EBS attachment of a task: its status, and a detail.
fn attachment(task: &Value, wanted: &str) -> (String, String) {
    let attachments = task["attachments"].as_array().unwrap();
    let ebs = attachments
        .iter()
        .find(|attachment| attachment["type"] == "AmazonElasticBlockStorage")
        .unwrap();
    let details = ebs["details"].as_array().unwrap();
    let found = details.iter().find(|detail| detail["name"] == wanted);
    let value = found.map_or("", |detail| text(&detail["value"]));
    (text(&ebs["status"]).to_owned(), value.to_owned())
}

#[test]
fn a_task_has_its_volume() {
    let kit = Kit::new();
    let definition = definition(&kit);
    let mut run =
        json!({"taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network()});
    let kept = json!({"sizeInGiB": 10, "terminationPolicy": {"deleteOnTermination": false}});
    merge(&mut run, volume("data", kept));
    let task = kit.ok("RunTask", run)["tasks"][0].clone();
    let pair = |status: &str, value: &str| (status.to_owned(), value.to_owned());
    assert_eq!(attachment(&task, "volumeName"), pair("PRECREATED", "data"));
    let arn = &task["taskArn"];
    kit.statuses(arn, "RUNNING");
    let running = kit.task(arn);
    assert_eq!(
        attachment(&running, "deleteOnTermination"),
        pair("ATTACHED", "false")
    );
    assert!(attachment(&running, "volumeId").1.starts_with("vol-"));
    assert_eq!(running["attachments"][0]["type"], "ElasticNetworkInterface");
    kit.ok("StopTask", json!({"task": arn}));
    kit.statuses(arn, "STOPPED");
    assert_eq!(
        attachment(&kit.task(arn), "volumeSizeInGiB"),
        pair("DELETED", "10")
    );

    kit.create(&definition, 1, volume("data", json!({"snapshotId": "snap-1"})));
    kit.until_stable();
    let of_service = kit.tasks("RUNNING").remove(0);
    assert_eq!(
        attachment(&of_service, "deleteOnTermination"),
        pair("ATTACHED", "true")
    );
    assert_eq!(attachment(&of_service, "snapshotId").1, "snap-1");
}
