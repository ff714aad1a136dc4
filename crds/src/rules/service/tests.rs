use crate::EcsService;
use crate::testing::cel::{Case, check};
use crate::testing::over;
use serde_json::{Value, json};

/// A spec that passes, with these members over it.
fn with(members: Value) -> Value {
    over(json!({"taskDefinition": "web"}), members)
}

fn daemon(members: Value) -> Value {
    let mut spec = with(members);
    spec["schedulingStrategy"] = json!("DAEMON");
    spec
}

fn fargate(members: Value) -> Value {
    let mut spec = with(members);
    spec["launchType"] = json!("FARGATE");
    spec["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    spec
}

#[test]
fn references_are_one_of_two() {
    check::<EcsService>(&[
        Case::fine(with(json!({}))),
        Case::fine(with(json!({"cluster": "c"}))),
        Case::fine(with(json!({"clusterRef": {"name": "c"}}))),
        Case::bad(
            with(json!({"cluster": "c", "clusterRef": {"name": "c"}})),
            "set at most one of cluster and clusterRef",
        ),
        Case::fine(with(
            json!({"taskDefinition": null, "taskDefinitionRef": {"name": "web", "revision": 3}}),
        )),
        Case::bad(
            with(json!({"taskDefinitionRef": {"name": "web"}})),
            "set at most one of taskDefinition and taskDefinitionRef",
        ),
        Case::bad(
            with(json!({"taskDefinition": null})),
            "set taskDefinition or taskDefinitionRef",
        ),
        Case::fine(json!({"deploymentController": {"type": "EXTERNAL"}})),
        Case::bad(
            with(json!({"deploymentController": {"type": "EXTERNAL"}})),
            "belong to the task sets",
        ),
        Case::bad(
            json!({"deploymentController": {"type": "EXTERNAL"}, "loadBalancers": [{"targetGroupArn": "t"}]}),
            "belong to the task sets",
        ),
        Case::named(
            "web.v1",
            with(json!({})),
            Some("ECS names have no dots: set serviceName"),
        ),
        Case::named("web.v1", with(json!({"serviceName": "web-v1"})), None),
    ]);
}

#[test]
fn daemons_take_what_instances_there_are() {
    check::<EcsService>(&[
        Case::fine(daemon(json!({}))),
        Case::fine(daemon(
            json!({"launchType": "EC2", "deploymentConfiguration": {"minimumHealthyPercent": 50}}),
        )),
        Case::fine(with(json!({"schedulingStrategy": "REPLICA", "desiredCount": 3}))),
        Case::bad(daemon(json!({"desiredCount": 3})), "remove desiredCount"),
        Case::bad(daemon(json!({"desiredCount": 0})), "remove desiredCount"),
        Case::bad(daemon(json!({"launchType": "FARGATE"})), "FARGATE has none"),
        Case::bad(
            daemon(json!({"placementStrategy": [{"type": "random"}]})),
            "remove placementStrategy",
        ),
        Case::bad(
            daemon(json!({"availabilityZoneRebalancing": "ENABLED"})),
            "cannot be rebalanced",
        ),
        Case::fine(daemon(
            json!({"availabilityZoneRebalancing": "DISABLED", "placementStrategy": []}),
        )),
        Case::bad(
            daemon(json!({"volumeConfigurations": [{"name": "v"}]})),
            "cannot have volumes",
        ),
        Case::bad(
            daemon(json!({"deploymentController": {"type": "CODE_DEPLOY"}})),
            "deploymentController ECS only",
        ),
        Case::bad(
            daemon(json!({"deploymentConfiguration": {"maximumPercent": 150}})),
            "maximumPercent is 100",
        ),
        Case::fine(daemon(
            json!({"deploymentConfiguration": {"maximumPercent": 100}}),
        )),
    ]);
}

#[test]
fn capacity_comes_from_one_place() {
    check::<EcsService>(&[
        Case::fine(fargate(json!({}))),
        Case::fine(with(
            json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
        )),
        Case::fine(with(json!({"launchType": "EC2", "capacityProviderStrategy": []}))),
        Case::bad(
            fargate(json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]})),
            "at most one of launchType and capacityProviderStrategy",
        ),
        Case::bad(
            with(json!({"launchType": "FARGATE"})),
            "set networkConfiguration.awsvpcConfiguration",
        ),
        Case::bad(
            with(json!({"launchType": "FARGATE", "networkConfiguration": {}})),
            "set networkConfiguration.awsvpcConfiguration",
        ),
        Case::bad(
            fargate(json!({"placementStrategy": [{"type": "random"}]})),
            "FARGATE places tasks itself",
        ),
        Case::bad(
            fargate(json!({"placementConstraints": [{"type": "distinctInstance"}]})),
            "FARGATE places tasks itself",
        ),
        Case::fine(fargate(json!({"platformVersion": "1.4.0"}))),
        Case::fine(with(json!({"platformVersion": "LATEST"}))),
        Case::bad(
            with(json!({"launchType": "EC2", "platformVersion": "1.4.0"})),
            "platformVersion is for FARGATE only",
        ),
        Case::bad(
            with(json!({"capacityProviderStrategy": [{"weight": 1}]})),
            "exactly one of capacityProvider",
        ),
        Case::fine(with(
            json!({"capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}}]}),
        )),
        Case::bad(
            with(json!({"capacityProviderStrategy": [
                {"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT", "base": 2},
            ]})),
            "only one item of capacityProviderStrategy can have a base",
        ),
        Case::bad(
            with(
                json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}, {"capacityProvider": "asg"}]}),
            ),
            "cannot mix FARGATE",
        ),
    ]);
}

#[test]
fn placement_says_all_that_it_needs() {
    let strategy = |item| with(json!({"placementStrategy": [item]}));
    let constraint = |item| with(json!({"placementConstraints": [item]}));
    check::<EcsService>(&[
        Case::fine(strategy(json!({"type": "random"}))),
        Case::fine(strategy(
            json!({"type": "spread", "field": "attribute:ecs.availability-zone"}),
        )),
        Case::fine(strategy(json!({"type": "binpack", "field": "MEMORY"}))),
        Case::fine(strategy(json!({}))),
        Case::bad(
            strategy(json!({"type": "random", "field": "cpu"})),
            "random has none",
        ),
        Case::bad(
            strategy(json!({"type": "spread"})),
            "spread and binpack need a field",
        ),
        Case::bad(
            strategy(json!({"type": "binpack"})),
            "spread and binpack need a field",
        ),
        Case::bad(
            strategy(json!({"type": "binpack", "field": "disk"})),
            "cpu or memory",
        ),
        Case::fine(constraint(json!({"type": "distinctInstance"}))),
        Case::fine(constraint(
            json!({"type": "memberOf", "expression": "attribute:a == b"}),
        )),
        Case::fine(constraint(json!({}))),
        Case::bad(
            constraint(json!({"type": "memberOf"})),
            "memberOf needs an expression",
        ),
        Case::bad(
            constraint(json!({"type": "memberOf", "expression": ""})),
            "memberOf needs an expression",
        ),
        Case::bad(
            constraint(json!({"type": "distinctInstance", "expression": "a"})),
            "distinctInstance has none",
        ),
    ]);
}

#[test]
fn rollouts_can_move() {
    let percents = |max, min| {
        with(json!({"deploymentConfiguration": {"maximumPercent": max, "minimumHealthyPercent": min}}))
    };
    check::<EcsService>(&[
        Case::fine(percents(200, 100)),
        Case::fine(percents(100, 50)),
        Case::bad(percents(100, 100), "no task could be replaced"),
        Case::fine(with(json!({"deploymentConfiguration": {"maximumPercent": 100}}))),
        Case::fine(with(
            json!({"deploymentConfiguration": {"minimumHealthyPercent": 100}}),
        )),
        Case::bad(
            with(
                json!({"availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": {"maximumPercent": 100}}),
            ),
            "maximumPercent must be above 100",
        ),
        Case::fine(with(
            json!({"availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": {}}),
        )),
        Case::fine(with(
            json!({"loadBalancers": [{"targetGroupArn": "t"}, {"loadBalancerName": "l"}, {}]}),
        )),
        Case::bad(
            with(json!({"loadBalancers": [{"targetGroupArn": "t", "loadBalancerName": "l"}]})),
            "at most one of targetGroupArn and loadBalancerName",
        ),
    ]);
}

#[test]
fn what_ecs_cannot_change_stays() {
    let ec2 = || with(json!({"launchType": "EC2"}));
    let strategy = || with(json!({"capacityProviderStrategy": [{"capacityProvider": "asg"}]}));
    let said = |words: &'static str| Some(words);
    for (member, one, other) in [
        ("serviceName", json!("a"), json!("b")),
        ("cluster", json!("a"), json!("b")),
        ("clusterRef", json!({"name": "a"}), json!({"name": "b"})),
        ("role", json!("a"), json!("b")),
    ] {
        let of = |value: &Value| {
            let mut spec = with(json!({}));
            spec[member] = value.clone();
            spec
        };
        check::<EcsService>(&[
            Case::change(of(&one), of(&one), None),
            Case::change(of(&one), of(&other), said("cannot be changed")),
            Case::change(with(json!({})), of(&one), said("cannot be changed")),
            Case::change(of(&one), with(json!({})), said("cannot be changed")),
        ]);
    }
    check::<EcsService>(&[
        Case::change(
            with(json!({})),
            with(json!({"schedulingStrategy": "REPLICA"})),
            None,
        ),
        Case::change(
            with(json!({"schedulingStrategy": "REPLICA"})),
            with(json!({})),
            None,
        ),
        Case::change(
            with(json!({})),
            daemon(json!({})),
            said("schedulingStrategy cannot be changed"),
        ),
        Case::change(
            daemon(json!({})),
            with(json!({})),
            said("schedulingStrategy cannot be changed"),
        ),
        Case::change(ec2(), ec2(), None),
        Case::change(ec2(), strategy(), None),
        Case::change(ec2(), with(json!({})), said("launchType cannot be removed")),
        Case::change(with(json!({})), ec2(), said("launchType cannot be changed")),
        Case::change(strategy(), ec2(), said("launchType cannot be changed")),
        Case::change(
            ec2(),
            with(json!({"launchType": "EXTERNAL"})),
            said("launchType cannot be changed"),
        ),
        Case::change(
            with(json!({"cluster": "c"})),
            with(json!({"clusterRef": {"name": "c"}})),
            said("cluster cannot be changed"),
        ),
        Case::change(
            with(json!({})),
            with(json!({"desiredCount": 4, "taskDefinition": "web:2"})),
            None,
        ),
        Case::change(
            with(json!({})),
            with(json!({"management": {"accountRef": {"name": "other"}}})),
            said("management.accountRef.name cannot be changed"),
        ),
    ]);
}
