//! Capacity providers and their place in clusters (ecs-semantics.md §6.1, §6.4, §13.1 item 10).

use serde_json::{Value, json};

use crate::backend::Backend;

fn group(name: &str) -> Value {
    json!({"autoScalingGroupArn": format!("arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0:autoScalingGroupName/{name}")})
}

fn show(ecs: &Backend, name: &str) -> Value {
    ecs.done("DescribeCapacityProviders", &json!({"capacityProviders": [name]}))["capacityProviders"][0]
        .clone()
}

fn put(ecs: &Backend, providers: &Value, strategy: &Value) -> Result<Value, (String, String)> {
    ecs.call("PutClusterCapacityProviders", &json!({"cluster": "web", "capacityProviders": providers, "defaultCapacityProviderStrategy": strategy}))
}

#[test]
fn a_provider_from_its_creation_to_its_deletion() {
    let ecs = Backend::new();
    let created = ecs.done(
        "CreateCapacityProvider",
        &json!({"name": "ec2", "autoScalingGroupProvider": group("g")}),
    );
    let provider = &created["capacityProvider"];
    assert_eq!(
        (&provider["status"], &provider["type"]),
        (&json!("ACTIVE"), &json!("EC2_AUTOSCALING"))
    );
    let scaling = json!({"status": "DISABLED", "targetCapacity": 100, "minimumScalingStepSize": 1, "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300});
    assert_eq!(provider["autoScalingGroupProvider"]["managedScaling"], scaling);
    assert_eq!(provider["autoScalingGroupProvider"]["managedDraining"], "ENABLED");

    let updated = ecs.done("UpdateCapacityProvider", &json!({"name": "ec2", "autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED", "targetCapacity": 80}}}));
    assert_eq!(updated["capacityProvider"]["updateStatus"], "UPDATE_IN_PROGRESS");
    let busy = "The specified capacity provider is in a busy state. Wait until its update or deletion is complete and try again.";
    let update = json!({"name": "ec2", "autoScalingGroupProvider": {"managedDraining": "DISABLED"}});
    ecs.refused(
        "DeleteCapacityProvider",
        &json!({"capacityProvider": "ec2"}),
        "UpdateInProgressException",
        busy,
    );
    ecs.refused(
        "UpdateCapacityProvider",
        &update,
        "UpdateInProgressException",
        busy,
    );
    ecs.pass(500);
    let settled = show(&ecs, "ec2");
    assert_eq!(settled["updateStatus"], "UPDATE_COMPLETE");
    assert_eq!(
        settled["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"],
        80
    );
    assert_eq!(
        settled["autoScalingGroupProvider"]["managedScaling"]["instanceWarmupPeriod"],
        300
    );

    let deleting = ecs.done("DeleteCapacityProvider", &json!({"capacityProvider": "ec2"}));
    assert_eq!(deleting["capacityProvider"]["updateStatus"], "DELETE_IN_PROGRESS");
    ecs.refused(
        "UpdateCapacityProvider",
        &update,
        "UpdateInProgressException",
        busy,
    );
    assert!(
        ecs.call(
            "CreateCapacityProvider",
            &json!({"name": "ec2", "autoScalingGroupProvider": group("g")})
        )
        .is_err()
    );
    ecs.pass(500);
    assert_eq!(show(&ecs, "ec2")["status"], "INACTIVE");
    ecs.done(
        "CreateCapacityProvider",
        &json!({"name": "ec2", "autoScalingGroupProvider": group("g")}),
    );
}

#[test]
fn creation_is_checked() {
    let ecs = Backend::new();
    ecs.done(
        "CreateCapacityProvider",
        &json!({"name": "ec2", "autoScalingGroupProvider": group("g")}),
    );
    let said = |input: Value| ecs.call("CreateCapacityProvider", &input).unwrap_err();
    for name in ["aws-x", "ECS", "fargate1", "a b", ""] {
        let (_, message) = said(json!({"name": name, "autoScalingGroupProvider": group("h")}));
        assert!(
            message.starts_with("The specified capacity provider name is invalid."),
            "{name}: {message}"
        );
    }
    let cases = [
        (
            json!({"name": "ec2", "autoScalingGroupProvider": group("h")}),
            "The specified capacity provider already exists.",
        ),
        (
            json!({"name": "b", "autoScalingGroupProvider": group("g")}),
            "The specified Auto Scaling group ARN is already being used",
        ),
        (
            json!({"name": "b", "autoScalingGroupProvider": {"autoScalingGroupArn": "arn:aws:ec2:x"}}),
            "The specified Auto Scaling group ARN 'arn:aws:ec2:x' is invalid.",
        ),
        (json!({"name": "b"}), "Specify exactly one of"),
        (
            json!({"name": "b", "cluster": "web", "autoScalingGroupProvider": group("h")}),
            "A cluster can only be specified",
        ),
        (
            json!({"name": "b", "autoScalingGroupProvider": {"autoScalingGroupArn": "h", "managedTerminationProtection": "ENABLED"}}),
            "The managed termination protection setting for the capacity provider is invalid.",
        ),
        (
            json!({"name": "b", "autoScalingGroupProvider": {"autoScalingGroupArn": "h", "managedScaling": {"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}}}),
            "The minimum or maximum scaling step size value is invalid.",
        ),
    ];
    for (input, beginning) in cases {
        let (_, message) = said(input);
        assert!(message.starts_with(beginning), "{message}");
    }
}

#[test]
fn a_cluster_takes_providers_and_is_busy_meanwhile() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    ecs.done(
        "CreateCapacityProvider",
        &json!({"name": "ec2", "autoScalingGroupProvider": group("g")}),
    );
    let changed = put(
        &ecs,
        &json!(["FARGATE", "ec2"]),
        &json!([{"capacityProvider": "FARGATE", "weight": 1}]),
    )
    .unwrap();
    assert_eq!(changed["cluster"]["attachmentsStatus"], "UPDATE_IN_PROGRESS");
    assert_eq!(changed["cluster"]["attachments"][0]["type"], "as_policy");
    let busy = "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated. Wait and try again.";
    let refused = |code: &str, message: &str| Err((code.to_owned(), message.to_owned()));
    assert_eq!(
        put(&ecs, &json!([]), &json!([])),
        refused("UpdateInProgressException", busy)
    );
    ecs.refused(
        "DeleteCluster",
        &json!({"cluster": "web"}),
        "UpdateInProgressException",
        busy,
    );
    ecs.pass(800);
    let described = ecs.done(
        "DescribeClusters",
        &json!({"clusters": ["web"], "include": ["ATTACHMENTS"]}),
    );
    assert_eq!(described["clusters"][0]["attachmentsStatus"], "UPDATE_COMPLETE");
    assert_eq!(
        described["clusters"][0]["capacityProviders"],
        json!(["FARGATE", "ec2"])
    );
    ecs.refused("DeleteCapacityProvider", &json!({"capacityProvider": "ec2"}), "ClientException",
        "The specified capacity provider cannot be deleted because it is associated with cluster: web. Remove the capacity provider from the cluster and try again.");
    let again = put(
        &ecs,
        &json!(["FARGATE", "ec2"]),
        &json!([{"capacityProvider": "FARGATE", "weight": 1}]),
    )
    .unwrap();
    assert_eq!(again["cluster"]["attachmentsStatus"], "UPDATE_COMPLETE");
}

#[test]
fn default_strategies_are_checked() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    ecs.done(
        "CreateCapacityProvider",
        &json!({"name": "ec2", "autoScalingGroupProvider": group("g")}),
    );
    let item = |name: &str, base: u32, weight: u32| json!({"capacityProvider": name, "base": base, "weight": weight});
    let cases = [
        (
            json!(["FARGATE"]),
            json!([item("ec2", 0, 1)]),
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster",
        ),
        (
            json!(["FARGATE", "FARGATE_SPOT"]),
            json!([item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)]),
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined",
        ),
        (
            json!(["FARGATE"]),
            json!([item("FARGATE", 0, 1), item("FARGATE", 0, 1)]),
            "A capacity provider may only be specified once in a strategy.",
        ),
        (
            json!(["FARGATE", "FARGATE_SPOT"]),
            json!([item("FARGATE", 0, 0), item("FARGATE_SPOT", 0, 0)]),
            "There are no capacity providers in the capacity provider strategy with a weight value greater than zero",
        ),
        (
            json!(["nobody"]),
            json!([]),
            "The specified capacity provider 'nobody' was not found. Specify a valid name or ARN and try again.",
        ),
    ];
    for (providers, strategy, message) in cases {
        assert_eq!(
            put(&ecs, &providers, &strategy),
            Err(("InvalidParameterException".to_owned(), message.to_owned()))
        );
    }
    let mixed = put(
        &ecs,
        &json!(["FARGATE", "ec2"]),
        &json!([item("FARGATE", 0, 1), item("ec2", 0, 1)]),
    )
    .unwrap_err();
    assert!(mixed.1.contains("different types"), "{mixed:?}");
}

#[test]
fn a_provider_in_use_stays_in_its_cluster() {
    let ecs = Backend::new();
    ecs.done(
        "CreateCluster",
        &json!({"clusterName": "web", "capacityProviders": ["FARGATE"]}),
    );
    ecs.pass(1_000);
    ecs.done(
        "RegisterTaskDefinition",
        &json!({"family": "f", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [{"name": "a", "image": "b"}]}),
    );
    ecs.done(
        "CreateService",
        &json!({"cluster": "web", "serviceName": "s", "taskDefinition": "f", "desiredCount": 1,
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}),
    );
    assert_eq!(
        put(&ecs, &json!([]), &json!([])),
        Err((
            "ResourceInUseException".to_owned(),
            "The specified capacity provider is in use and cannot be removed.".to_owned()
        ))
    );
    ecs.done(
        "DeleteService",
        &json!({"cluster": "web", "service": "s", "force": true}),
    );
    ecs.pass(60_000);
    put(&ecs, &json!([]), &json!([])).unwrap();
}

#[test]
fn the_two_of_fargate_are_always_there() {
    let ecs = Backend::new();
    let all = ecs.done("DescribeCapacityProviders", &json!({}));
    let names: Vec<&str> = all["capacityProviders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["FARGATE", "FARGATE_SPOT"]);
    let missing = ecs.done(
        "DescribeCapacityProviders",
        &json!({"capacityProviders": ["nobody"]}),
    );
    assert_eq!(
        missing["failures"],
        json!([{"arn": "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/nobody", "reason": "MISSING"}])
    );
    assert!(
        ecs.call("DeleteCapacityProvider", &json!({"capacityProvider": "FARGATE"}))
            .is_err()
    );
}

#[test]
fn a_page_has_ten_providers_or_settings_at_most() {
    let ecs = Backend::new();
    for operation in ["DescribeCapacityProviders", "ListAccountSettings"] {
        ecs.done(operation, &json!({"maxResults": 10}));
        for size in [0, 11] {
            ecs.refused(
                operation,
                &json!({"maxResults": size}),
                "InvalidParameterException",
                "MaxResults should be between 1 and 10",
            );
        }
    }
}

#[test]
fn a_managed_instances_provider_belongs_to_its_cluster() {
    let ecs = Backend::new();
    let input = json!({"name": "mi", "cluster": "web", "managedInstancesProvider": {"infrastructureRoleArn": "r",
        "instanceLaunchTemplate": {"ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["subnet-1"]}}}});
    ecs.refused(
        "CreateCapacityProvider",
        &input,
        "ClusterNotFoundException",
        "Cluster not found.",
    );
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    let created = ecs.done("CreateCapacityProvider", &input);
    assert_eq!(created["capacityProvider"]["updateStatus"], "CREATE_IN_PROGRESS");
    ecs.pass(500);
    assert_eq!(show(&ecs, "mi")["status"], "ACTIVE");
    put(&ecs, &json!(["FARGATE"]), &json!([])).unwrap();
    let providers = || {
        ecs.done("DescribeClusters", &json!({"clusters": ["web"]}))["clusters"][0]["capacityProviders"]
            .clone()
    };
    assert_eq!(providers(), json!(["FARGATE", "mi"]));
    ecs.pass(1_000);
    assert_eq!(
        ecs.call("DeleteCluster", &json!({"cluster": "web"}))
            .unwrap_err()
            .0,
        "ClusterContainsCapacityProviderException"
    );
    ecs.done("UpdateCapacityProvider", &json!({"name": "mi", "cluster": "web", "managedInstancesProvider": {"infrastructureRoleArn": "r2", "instanceLaunchTemplate": {"monitoring": "DETAILED"}}}));
    let template = &show(&ecs, "mi")["managedInstancesProvider"]["instanceLaunchTemplate"];
    assert_eq!(
        (&template["monitoring"], &template["ec2InstanceProfileArn"]),
        (&json!("DETAILED"), &json!("p"))
    );
    ecs.pass(500);
    ecs.done("DeleteCapacityProvider", &json!({"capacityProvider": "mi"}));
    ecs.pass(500);
    assert_eq!(providers(), json!(["FARGATE"]));
    ecs.done("DeleteCluster", &json!({"cluster": "web"}));
}
