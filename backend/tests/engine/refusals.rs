//! What `CreateService` and `UpdateService` refuse, in ECS's words (ecs-semantics.md §3.1, §3.4).

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, network};

const GROUP: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";

/// Definitions for Fargate and for instances.
fn definitions(kit: &Kit) -> (String, String) {
    (
        kit.fargate(json!({"portMappings": [{"containerPort": 80}]})),
        kit.bridge(json!({})),
    )
}

/// What turns the Fargate service into one on instances.
fn on_instances(bridge: &str, more: Value) -> Value {
    let mut body = json!({"taskDefinition": bridge, "launchType": "EC2", "networkConfiguration": null});
    crate::kit::merge(&mut body, more);
    body
}

/// Each change makes a call that would succeed one that is refused, with this error and these words.
fn refuses<const N: usize>(kit: &Kit, definition: &str, cases: [(Value, &str, &str); N]) {
    for (change, code, words) in cases {
        let mut body = fargate_service(definition, 1);
        crate::kit::merge(&mut body, change.clone());
        let refused = kit.refused("CreateService", body);
        assert_eq!(refused.0, code, "{change}: {refused:?}");
        assert!(refused.1.contains(words), "{change}: {refused:?}");
        assert_eq!(
            kit.ok("ListServices", json!({}))["serviceArns"],
            json!([]),
            "a refusal leaves nothing behind: {change}"
        );
    }
}

#[test]
fn kinds_and_counts_are_refused() {
    let kit = Kit::new();
    let (definition, _) = definitions(&kit);
    let cases = [
        (
            json!({"cluster": "none"}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            json!({"clientToken": "x".repeat(37)}),
            "InvalidParameterException",
            "idempotency token longer than 36.",
        ),
        (
            json!({"desiredCount": null}),
            "InvalidParameterException",
            "DesiredCount is missing",
        ),
        (
            json!({"desiredCount": -1}),
            "InvalidParameterException",
            "DesiredCount can not be lesser than 0",
        ),
        (
            json!({"schedulingStrategy": "DAEMON"}),
            "InvalidParameterException",
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again",
        ),
        (
            json!({"schedulingStrategy": "DAEMON", "desiredCount": null}),
            "UnsupportedFeatureException",
            "DAEMON",
        ),
        (
            json!({"deploymentController": {"type": "EXTERNAL"}}),
            "UnsupportedFeatureException",
            "EXTERNAL",
        ),
        (
            json!({"deploymentController": {"type": "CODE_DEPLOY"}}),
            "UnsupportedFeatureException",
            "CODE_DEPLOY",
        ),
        (
            json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}}),
            "UnsupportedFeatureException",
            "BLUE_GREEN",
        ),
    ];
    refuses(&kit, &definition, cases);
}

#[test]
fn capacity_is_refused() {
    let kit = Kit::new();
    let (definition, bridge) = definitions(&kit);
    let inactive = kit.fargate(json!({"image": "old"}));
    kit.ok("DeregisterTaskDefinition", json!({"taskDefinition": inactive}));
    let spot = |weight: i32| json!({"capacityProvider": "FARGATE_SPOT", "weight": weight, "base": 1});
    let on_demand = |weight: i32| json!({"capacityProvider": "FARGATE", "weight": weight, "base": 1});
    let strategy = |items: Value| json!({"launchType": null, "capacityProviderStrategy": items});
    let cases = [
        (
            json!({"taskDefinition": "none"}),
            "ClientException",
            "TaskDefinition not found.",
        ),
        (
            json!({"taskDefinition": inactive}),
            "ClientException",
            "TaskDefinition is inactive",
        ),
        (
            json!({"taskDefinition": bridge}),
            "InvalidParameterException",
            "Task definition does not support launch_type FARGATE.",
        ),
        (
            json!({"capacityProviderStrategy": [on_demand(1)]}),
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported",
        ),
        (
            strategy(json!([on_demand(0), {"capacityProvider": "FARGATE_SPOT"}])),
            "InvalidParameterException",
            "There are no capacity providers in the capacity provider strategy with a weight value greater than zero",
        ),
        (
            strategy(json!([on_demand(1), spot(1)])),
            "InvalidParameterException",
            "There are multiple capacity providers in the specified capacity provider strategy with a base value defined",
        ),
        (
            strategy(json!([on_demand(1), on_demand(1)])),
            "InvalidParameterException",
            "A capacity provider may only be specified once in a strategy.",
        ),
        (
            strategy(json!([{"capacityProvider": "none", "weight": 1}])),
            "InvalidParameterException",
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster",
        ),
        (
            json!({"platformVersion": "9.9.9"}),
            "PlatformUnknownException",
            "9.9.9",
        ),
        (
            on_instances(&bridge, json!({"platformVersion": "LATEST"})),
            "InvalidParameterException",
            "The platform version must be null when specifying an EC2 launch type",
        ),
    ];
    refuses(&kit, &definition, cases);
}

#[test]
fn networks_and_balancers_are_refused() {
    let kit = Kit::new();
    let (definition, bridge) = definitions(&kit);
    let balancer = |name: &str, port: i32| json!([{"targetGroupArn": GROUP, "containerName": name, "containerPort": port}]);
    let cases = [
        (
            json!({"networkConfiguration": null}),
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            on_instances(&bridge, json!({"networkConfiguration": network()})),
            "InvalidParameterException",
            "Network Configuration is not valid for the given networkMode of this task definition.",
        ),
        (
            json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}}),
            "InvalidParameterException",
            "subnets can not be empty.",
        ),
        (
            json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["x"]}}}),
            "InvalidParameterException",
            "Error retrieving security group information for [x]: The security group 'x' does not exist (ErrorCode: InvalidGroup.NotFound)",
        ),
        (
            json!({"loadBalancers": balancer("nope", 80)}),
            "InvalidParameterException",
            "The container nope does not exist in the task definition.",
        ),
        (
            json!({"loadBalancers": balancer("app", 81)}),
            "InvalidParameterException",
            "The container app did not have a container port 81 defined.",
        ),
        (
            json!({"loadBalancers": [{"targetGroupArn": GROUP, "loadBalancerName": "x"}]}),
            "InvalidParameterException",
            "loadBalancerName and targetGroupArn cannot both be specified",
        ),
        (
            json!({"loadBalancers": [{"loadBalancerName": "x", "containerName": "app", "containerPort": 80}]}),
            "InvalidParameterException",
            "Classic Load Balancers are not supported with Fargate",
        ),
        (
            json!({"serviceRegistries": [{"registryArn": "a"}, {"registryArn": "b"}]}),
            "InvalidParameterException",
            "service registries can have at most 1 items",
        ),
    ];
    refuses(&kit, &definition, cases);
}

#[test]
fn placements_and_percentages_are_refused() {
    let kit = Kit::new();
    let (definition, bridge) = definitions(&kit);
    let configuration = |minimum: i32, maximum: i32| json!({"deploymentConfiguration": {"minimumHealthyPercent": minimum, "maximumPercent": maximum}});
    let cases = [
        (
            on_instances(
                &bridge,
                json!({"placementStrategy": vec![json!({"type": "random"}); 6]}),
            ),
            "InvalidParameterException",
            "Maximum number of strategies is 5",
        ),
        (
            on_instances(
                &bridge,
                json!({"placementStrategy": [{"type": "binpack", "field": "disk"}]}),
            ),
            "InvalidParameterException",
            "binpack field 'disk' is invalid",
        ),
        (
            on_instances(
                &bridge,
                json!({"placementStrategy": [{"type": "random", "field": "cpu"}]}),
            ),
            "InvalidParameterException",
            "random field should not be specified",
        ),
        (
            on_instances(
                &bridge,
                json!({"placementConstraints": [{"type": "distinctInstance", "expression": "x"}]}),
            ),
            "InvalidParameterException",
            "distinctInstance expression should not be specified",
        ),
        (
            json!({"placementStrategy": [{"type": "random"}]}),
            "InvalidParameterException",
            "FARGATE",
        ),
        (
            configuration(-1, 200),
            "InvalidParameterException",
            "minimumHealthyPercent must be at least 0",
        ),
        (
            configuration(101, 200),
            "InvalidParameterException",
            "minimumHealthyPercent must be at most 100",
        ),
        (
            configuration(100, 99),
            "InvalidParameterException",
            "maximumPercent must be at least 100",
        ),
        (
            json!({"healthCheckGracePeriodSeconds": -1}),
            "InvalidParameterException",
            "healthCheckGracePeriodSeconds must be at least 0",
        ),
        (
            configuration(100, 201),
            "InvalidParameterException",
            "maximumPercent must be at most 200",
        ),
        (
            configuration(100, 100),
            "InvalidParameterException",
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments",
        ),
        (
            json!({
                "availabilityZoneRebalancing": "ENABLED",
                "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 100},
            }),
            "InvalidParameterException",
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
        ),
    ];
    refuses(&kit, &definition, cases);
}

#[test]
fn update_service_refuses_and_leaves_the_service_as_it_was() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let missing = kit.refused("UpdateService", json!({"service": "web"}));
    assert_eq!(
        missing,
        (
            "ServiceNotFoundException".to_owned(),
            "Service not found.".to_owned()
        )
    );
    kit.create(&definition, 1, json!({}));
    kit.until_stable();
    let before = kit.service();
    for (change, words) in [
        (json!({"desiredCount": -1}), "Task count can not be lesser than 0"),
        (
            json!({"taskDefinition": "none", "desiredCount": 5}),
            "TaskDefinition not found.",
        ),
        (
            json!({"desiredCount": 5, "deploymentConfiguration": {"maximumPercent": 100}}),
            "cannot be 100",
        ),
        (json!({"deploymentController": {"type": "EXTERNAL"}}), "EXTERNAL"),
        (
            json!({"desiredCount": 5, "healthCheckGracePeriodSeconds": -1}),
            "must be at least 0",
        ),
    ] {
        let mut body = change.clone();
        body["service"] = json!("web");
        let refused = kit.refused("UpdateService", body);
        assert!(refused.1.contains(words), "{change}: {refused:?}");
        assert_eq!(kit.service(), before, "{change}");
    }
}

#[test]
fn empty_lists_remove_and_absent_ones_stay() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"portMappings": [{"containerPort": 80}]}));
    let balancers = json!([{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}]);
    kit.create(&definition, 1, json!({"loadBalancers": balancers}));
    kit.until_stable();
    kit.update(json!({"desiredCount": 2}));
    assert_eq!(kit.service()["loadBalancers"], balancers);
    let updated = kit.update(json!({"loadBalancers": []}));
    assert_eq!(updated["loadBalancers"], json!([]));
    assert_eq!(
        updated["deployments"].as_array().unwrap().len(),
        2,
        "a changed load balancer is a deployment"
    );
    kit.until_stable();
}
