//! Container instances and their attributes.

use serde_json::{Value, json};

use crate::backend::Backend;

fn cluster() -> Backend {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({}));
    ecs
}

#[test]
fn an_instance_is_registered_with_a_connected_agent() {
    let ecs = cluster();
    let document = r#"{"instanceId": "i-0abc", "instanceType": "c5.large", "availabilityZone": "eu-west-1b", "region": "eu-west-1"}"#;
    let resource = json!({"name": "CPU", "type": "INTEGER", "integerValue": 1024});
    let registered = ecs.done(
        "RegisterContainerInstance",
        &json!({"instanceIdentityDocument": document, "totalResources": [resource],
        "attributes": [{"name": "stack", "value": "blue"}], "tags": [{"key": "a", "value": "b"}]}),
    );
    let instance = &registered["containerInstance"];
    assert_eq!(
        (
            &instance["status"],
            &instance["agentConnected"],
            &instance["ec2InstanceId"]
        ),
        (&json!("ACTIVE"), &json!(true), &json!("i-0abc"))
    );
    let value = |name: &str| {
        let attributes = instance["attributes"].as_array().unwrap();
        attributes
            .iter()
            .find(|attribute| attribute["name"] == name)
            .map(|attribute| attribute["value"].clone())
    };
    assert_eq!(value("ecs.availability-zone"), Some(json!("eu-west-1b")));
    assert_eq!(value("ecs.instance-type"), Some(json!("c5.large")));
    assert_eq!(value("stack"), Some(json!("blue")));
    assert_eq!(value("ecs.capability.task-eni"), Some(Value::Null));
    let cpu = |list: &str| {
        instance[list]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == "CPU")
            .unwrap()["integerValue"]
            .clone()
    };
    assert_eq!(
        (cpu("registeredResources"), cpu("remainingResources")),
        (json!(1024), json!(1024))
    );
    let resources = instance["registeredResources"].as_array().unwrap();
    let ports = resources.iter().find(|it| it["name"] == "PORTS").unwrap();
    assert_eq!(
        ports["stringSetValue"],
        json!(["22", "2375", "2376", "51678", "51679", "51680"])
    );
    let again = ecs.done(
        "RegisterContainerInstance",
        &json!({"containerInstanceArn": instance["containerInstanceArn"],
        "totalResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}]}),
    );
    assert_eq!(
        again["containerInstance"]["containerInstanceArn"],
        instance["containerInstanceArn"]
    );
    assert_eq!(
        ecs.done("ListContainerInstances", &json!({}))["containerInstanceArns"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn states_filters_and_zones() {
    let ecs = cluster();
    for stack in ["blue", "green", "green"] {
        ecs.done(
            "RegisterContainerInstance",
            &json!({"attributes": [{"name": "stack", "value": stack}]}),
        );
    }
    let listed = |input: Value| {
        ecs.done("ListContainerInstances", &input)["containerInstanceArns"]
            .as_array()
            .unwrap()
            .clone()
    };
    let green = listed(json!({"filter": "attribute:stack == green"}));
    assert_eq!(green.len(), 2);
    assert_eq!(
        listed(json!({"filter": "attribute:ecs.availability-zone == eu-west-1a"})).len(),
        1
    );
    assert!(
        ecs.call("ListContainerInstances", &json!({"filter": "stack ="}))
            .unwrap_err()
            .1
            .starts_with("The filter is no expression")
    );
    let drained = ecs.done(
        "UpdateContainerInstancesState",
        &json!({"containerInstances": [green[0], "0123"], "status": "DRAINING"}),
    );
    assert_eq!(drained["containerInstances"][0]["status"], "DRAINING");
    assert_eq!(
        drained["failures"],
        json!([{"arn": "arn:aws:ecs:eu-west-1:123456789012:container-instance/default/0123", "reason": "MISSING"}])
    );
    assert_eq!(listed(json!({"status": "DRAINING"})), [green[0].clone()]);
    assert_eq!(listed(json!({"status": "ACTIVE"})).len(), 2);
    let invalid = "InvalidParameterException";
    ecs.refused(
        "UpdateContainerAgent",
        &json!({"containerInstance": green[0]}),
        "NoUpdateAvailableException",
        "There is no update available for your container agent.",
    );
    ecs.refused(
        "UpdateContainerInstancesState",
        &json!({"containerInstances": [green[0]], "status": "REGISTERING"}),
        invalid,
        "Container instance status should be one of [ACTIVE, DRAINING]",
    );
    ecs.refused(
        "UpdateContainerInstancesState",
        &json!({"containerInstances": [], "status": "ACTIVE"}),
        invalid,
        "Container Instances cannot be empty.",
    );
}

#[test]
fn optional_parts_come_on_request() {
    let ecs = cluster();
    let registered = ecs.done(
        "RegisterContainerInstance",
        &json!({"tags": [{"key": "a", "value": "b"}]}),
    );
    let arn = &registered["containerInstance"]["containerInstanceArn"];
    let plain = ecs.done(
        "DescribeContainerInstances",
        &json!({"containerInstances": [arn]}),
    );
    assert_eq!(plain["containerInstances"][0]["tags"], json!([]));
    let full = ecs.done(
        "DescribeContainerInstances",
        &json!({"containerInstances": [arn], "include": ["TAGS", "CONTAINER_INSTANCE_HEALTH"]}),
    );
    let instance = &full["containerInstances"][0];
    assert_eq!(instance["tags"], json!([{"key": "a", "value": "b"}]));
    assert_eq!(instance["healthStatus"]["overallStatus"], "OK");
}

#[test]
fn a_busy_instance_is_deregistered_by_force_only() {
    let ecs = cluster();
    let registered = ecs.done("RegisterContainerInstance", &json!({}));
    let arn = &registered["containerInstance"]["containerInstanceArn"];
    ecs.done(
        "RegisterTaskDefinition",
        &json!({"family": "f", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}]}),
    );
    let ran = ecs.done("RunTask", &json!({"taskDefinition": "f", "launchType": "EC2"}));
    let task = &ran["tasks"][0]["taskArn"];
    ecs.pass(10_000);
    ecs.refused(
        "DeregisterContainerInstance",
        &json!({"containerInstance": arn}),
        "InvalidParameterException",
        "Found running tasks on the instance.",
    );
    let gone = ecs.done(
        "DeregisterContainerInstance",
        &json!({"containerInstance": arn, "force": true}),
    );
    assert_eq!(gone["containerInstance"]["status"], "INACTIVE");
    let describe = || {
        ecs.done(
            "DescribeContainerInstances",
            &json!({"containerInstances": [arn]}),
        )
    };
    assert_eq!(describe()["containerInstances"][0]["status"], "INACTIVE");
    assert_eq!(
        ecs.done("ListContainerInstances", &json!({}))["containerInstanceArns"],
        json!([])
    );
    let clusters = ecs.done("DescribeClusters", &json!({}));
    assert_eq!(clusters["clusters"][0]["registeredContainerInstancesCount"], 0);
    ecs.pass(10_000);
    let described = ecs.done("DescribeTasks", &json!({"tasks": [task]}));
    assert_eq!(
        described["tasks"][0]["stoppedReason"], "Container instance deregistration forced by user",
        "{described}"
    );
    ecs.pass(3_600_000);
    assert_eq!(describe()["failures"][0]["reason"], "MISSING");
}

#[test]
fn attributes_are_put_listed_and_deleted() {
    let ecs = cluster();
    let registered = ecs.done("RegisterContainerInstance", &json!({}));
    let arn = &registered["containerInstance"]["containerInstanceArn"];
    let attribute = |name: &str, value: &str| json!({"name": name, "value": value, "targetId": arn, "targetType": "container-instance"});
    ecs.done(
        "PutAttributes",
        &json!({"attributes": [attribute("stack", "blue"), attribute("rack", "1")]}),
    );
    ecs.done(
        "PutAttributes",
        &json!({"attributes": [attribute("stack", "green")]}),
    );
    let list = |name: &str| {
        ecs.done(
            "ListAttributes",
            &json!({"targetType": "container-instance", "attributeName": name}),
        )["attributes"]
            .clone()
    };
    assert_eq!(list("stack"), json!([attribute("stack", "green")]));
    ecs.done(
        "DeleteAttributes",
        &json!({"attributes": [attribute("stack", "green")]}),
    );
    assert_eq!(list("stack"), json!([]));
    let many: Vec<Value> = (0..10)
        .map(|number| attribute(&format!("a{number}"), "x"))
        .collect();
    ecs.refused(
        "PutAttributes",
        &json!({"attributes": many}),
        "AttributeLimitExceededException",
        "You can apply up to 10 custom attributes for each resource.",
    );
    for (value, legal) in [
        ("a/b.c:d@e f\\g-1_2", true),
        (&"x".repeat(128), true),
        ("", false),
        (&"x".repeat(129), false),
        (" outer", false),
        ("a=b", false),
    ] {
        let put = ecs.call(
            "PutAttributes",
            &json!({"attributes": [attribute("rack", value)]}),
        );
        assert_eq!(put.is_ok(), legal, "{value}: {put:?}");
    }
    ecs.refused(
        "PutAttributes",
        &json!({"attributes": [{"name": "a", "targetId": "nobody"}]}),
        "TargetNotFoundException",
        "The specified target nobody was not found.",
    );
}

#[test]
fn what_ecs_says_of_an_instance_is_not_deleted() {
    let ecs = cluster();
    let registered = ecs.done("RegisterContainerInstance", &json!({}))["containerInstance"].clone();
    for name in ["ecs.availability-zone", "ecs.capability.task-eni"] {
        let attribute = json!({"name": name, "targetId": registered["containerInstanceArn"]});
        ecs.refused(
            "DeleteAttributes",
            &json!({"attributes": [attribute]}),
            "InvalidParameterException",
            &format!("The attribute {name} is one of ECS's own."),
        );
        let listed = ecs.done(
            "ListAttributes",
            &json!({"targetType": "container-instance", "attributeName": name}),
        );
        assert_eq!(listed["attributes"].as_array().unwrap().len(), 1, "{name}");
    }
}
