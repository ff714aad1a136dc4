//! Services and tasks on instances (ecs-semantics.md §5, §13.1 item 9).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kit::{Kit, id, text};

/// Creates the service `web` on instances, with these members put over the call.
pub fn service(kit: &Kit, definition: &str, desired: i32, more: Value) -> Value {
    let mut body = json!({"serviceName": "web", "taskDefinition": definition, "desiredCount": desired, "launchType": "EC2"});
    crate::kit::merge(&mut body, more);
    kit.ok("CreateService", body)["service"].clone()
}

/// How many tasks there are on each instance that has some, fewest first.
pub fn spread(kit: &Kit) -> Vec<usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for task in kit.tasks("RUNNING") {
        *counts.entry(id(&task["containerInstanceArn"])).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}

#[test]
fn services_spread_over_zones_and_instances() {
    let kit = Kit::new();
    for zone in ["eu-central-1a", "eu-central-1a", "eu-central-1b"] {
        kit.instances(1, json!({"availabilityZone": zone}));
    }
    let definition = kit.bridge(json!({}));
    service(&kit, &definition, 4, json!({}));
    kit.until_stable();
    assert_eq!(spread(&kit), [1, 1, 2]);
    let zones = |kit: &Kit| {
        let mut zones: Vec<String> = kit
            .tasks("RUNNING")
            .iter()
            .map(|task| text(&task["availabilityZone"]).to_owned())
            .collect();
        zones.sort();
        zones
    };
    assert_eq!(
        zones(&kit),
        ["eu-central-1a", "eu-central-1a", "eu-central-1b", "eu-central-1b"]
    );
    kit.update(json!({"desiredCount": 2}));
    kit.pass(10_000);
    assert_eq!(zones(&kit), ["eu-central-1a", "eu-central-1b"]);
}

#[test]
fn strategies_are_followed() {
    for (strategy, expected) in [
        (json!([{"type": "binpack", "field": "memory"}]), vec![4]),
        (json!([{"type": "spread", "field": "instanceId"}]), vec![1, 1, 2]),
    ] {
        let kit = Kit::new();
        kit.instances(3, json!({}));
        let definition = kit.bridge(json!({}));
        service(&kit, &definition, 4, json!({"placementStrategy": strategy}));
        kit.until_stable();
        assert_eq!(spread(&kit), expected, "{strategy}");
    }
}

#[test]
fn static_ports_and_distinct_instances_are_used_up() {
    let cases = [
        (
            json!({"portMappings": [{"containerPort": 80, "hostPort": 80}]}),
            json!([]),
            "is already using a port required by your task.",
        ),
        (
            json!({}),
            json!([{"type": "distinctInstance"}]),
            "is missing an attribute required by your task.",
        ),
        (
            json!({"memory": 3000}),
            json!([]),
            "has insufficient memory available.",
        ),
        (
            json!({"cpu": 1500}),
            json!([]),
            "has insufficient CPU units available.",
        ),
    ];
    for (container, constraints, reason) in cases {
        let kit = Kit::new();
        kit.instances(2, json!({}));
        let definition = kit.bridge(container);
        service(&kit, &definition, 3, json!({"placementConstraints": constraints}));
        kit.pass(20_000);
        assert_eq!(kit.service()["runningCount"], 2);
        assert_eq!(spread(&kit), [1, 1]);
        let events = kit.events();
        let unable = "(service web) was unable to place a task because no container instance met all of its requirements. The \
                      closest matching (container-instance ID) ";
        let more = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
        let expected = format!("{unable}{reason} {more}");
        assert!(events.contains(&expected), "{expected}\n{events:#?}");
        kit.instances(1, json!({}));
        kit.until_stable();
        assert_eq!(spread(&kit), [1, 1, 1]);
    }
}

#[test]
fn without_instances_a_service_says_so() {
    let kit = Kit::new();
    let definition = kit.bridge(json!({}));
    service(&kit, &definition, 1, json!({}));
    kit.pass(2_000);
    let expected = "(service web) was unable to place a task because no container instance met all of its requirements. Reason: \
                    No Container Instances were found in your cluster. For more information, see the Troubleshooting section of \
                    the Amazon ECS Developer Guide.";
    assert_eq!(kit.events(), [expected]);
    kit.pass(30_000);
    assert_eq!(kit.events(), [expected], "it is not told again at once");
}

#[test]
fn queries_choose_instances() {
    let kit = Kit::new();
    kit.instances(1, json!({"attributes": {"tier": "gold"}}));
    kit.instances(1, json!({"attributes": {"tier": "silver"}}));
    let definition = kit.bridge(json!({}));
    let run = |query: &str| {
        let constraints = json!([{"type": "memberOf", "expression": query}]);
        kit.ok(
            "RunTask",
            json!({"taskDefinition": definition, "placementConstraints": constraints}),
        )
    };
    for query in [
        "attribute:tier == gold",
        "attribute:tier in [gold, platinum]",
        "not(attribute:tier == silver)",
    ] {
        let task = run(query)["tasks"][0].clone();
        let instance = kit.instance(&id(&task["containerInstanceArn"]));
        let tier = instance["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|found| found["name"] == "tier")
            .unwrap()["value"]
            .clone();
        assert_eq!(tier, "gold", "{query}");
    }
    let failures = run("attribute:tier == bronze")["failures"].clone();
    assert_eq!(failures.as_array().unwrap().len(), 2);
    assert_eq!(
        failures[0]["reason"],
        "MemberOf placement constraint unsatisfied."
    );
    let bad = json!({"taskDefinition": definition, "placementConstraints": [{"type": "memberOf", "expression": "tier is gold"}]});
    let (code, message) = kit.refused("RunTask", bad);
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("at character 1 of the expression"), "{message}");
}

#[test]
fn a_task_goes_to_an_instance_of_its_platform() {
    let kit = Kit::new();
    let intel = kit.instances(1, json!({})).remove(0);
    let arm = kit.instances(1, json!({"architecture": "arm64"})).remove(0);
    let run = |platform: Value| {
        let definition = kit.definition(json!({
            "family": "batch", "runtimePlatform": platform,
            "containerDefinitions": [{"name": "app", "image": "httpd", "memory": 64}],
        }));
        kit.ok("RunTask", json!({"taskDefinition": definition}))
    };
    for (platform, expected) in [
        (json!({"cpuArchitecture": "ARM64"}), &arm),
        (
            json!({"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}),
            &intel,
        ),
    ] {
        for _ in 0..5 {
            let answer = run(platform.clone());
            assert_eq!(
                &id(&answer["tasks"][0]["containerInstanceArn"]),
                expected,
                "{platform}"
            );
        }
    }
    let failures = run(json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}))["failures"].clone();
    assert_eq!(
        (&failures[0]["reason"], &failures[0]["detail"]),
        (&json!("ATTRIBUTE"), &json!("ecs.os-type"))
    );
}

#[test]
fn a_service_that_packs_is_not_rebalanced() {
    let kit = Kit::new();
    let definition = kit.bridge(json!({}));
    let packed = json!({"placementStrategy": [{"type": "binpack", "field": "cpu"}]});
    let created = service(&kit, &definition, 0, packed);
    assert_eq!(created["availabilityZoneRebalancing"], "DISABLED");
    let enabled = json!({"service": "web", "availabilityZoneRebalancing": "ENABLED"});
    assert_eq!(
        kit.refused("UpdateService", enabled).1,
        "Availability Zone Rebalancing does not support a placement strategy that does not begin with a spread over \
         attribute:ecs.availability-zone."
    );
}

#[test]
fn protected_tasks_count_where_a_service_is_fullest() {
    let zones = |kit: &Kit| {
        let mut zones: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for task in kit.tasks("RUNNING") {
            let zone = text(&task["availabilityZone"]).to_owned();
            zones.entry(zone).or_default().push(task["taskArn"].clone());
        }
        let mut zones: Vec<Vec<Value>> = zones.into_values().collect();
        zones.sort_by_key(Vec::len);
        zones
    };
    let counts = |kit: &Kit| zones(kit).iter().map(Vec::len).collect::<Vec<_>>();
    for on_fargate in [true, false] {
        for seed in 0..4 {
            let kit = Kit::with_seed(seed);
            let calm = json!({"availabilityZoneRebalancing": "DISABLED"});
            if on_fargate {
                kit.create(&kit.fargate(json!({})), 5, calm);
            } else {
                for zone in ["eu-central-1a", "eu-central-1b"] {
                    kit.instances(1, json!({"availabilityZone": zone}));
                }
                service(&kit, &kit.bridge(json!({})), 5, calm);
            }
            kit.until_stable();
            let before = zones(&kit);
            assert_eq!((before[0].len(), before[1].len()), (2, 3));
            kit.ok(
                "UpdateTaskProtection",
                json!({"cluster": "default", "tasks": before[1][..2], "protectionEnabled": true}),
            );
            kit.update(json!({"desiredCount": 4}));
            kit.pass(5_000);
            assert_eq!(
                counts(&kit),
                [2, 2],
                "Fargate {on_fargate}, seed {seed}: the one that may go of the fuller zone went"
            );
        }
    }
}

#[test]
fn a_cluster_whose_instances_all_drain_has_none_for_a_task() {
    let kit = Kit::new();
    let instances = kit.instances(2, json!({}));
    let definition = kit.bridge(json!({}));
    let drain = |status: &str| {
        kit.ok(
            "UpdateContainerInstancesState",
            json!({"containerInstances": instances, "status": status}),
        )
    };
    drain("DRAINING");
    let refused = kit.refused("RunTask", json!({"taskDefinition": definition}));
    assert_eq!(refused.1, "No Container Instances were found in your cluster.");
    drain("ACTIVE");
    kit.ok("RunTask", json!({"taskDefinition": definition}));
}

#[test]
fn a_range_of_ports_is_bound_to_as_many_of_the_host() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let ports = json!([{"containerPort": 80}, {"containerPortRange": "8000-8009"}, {"containerPort": 81}]);
    let definition = kit.bridge(json!({"portMappings": ports}));
    let taken = |kit: &Kit| {
        let shown = kit.instance(&instance);
        let resources = shown["remainingResources"].as_array().unwrap();
        let ports = resources.iter().find(|found| found["name"] == "PORTS").unwrap();
        ports["stringSetValue"].as_array().unwrap().len()
    };
    let before = taken(&kit);
    for round in 1..=2 {
        let task = kit.ok("RunTask", json!({"taskDefinition": definition}))["tasks"][0].clone();
        let bindings = task["containers"][0]["networkBindings"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(taken(&kit), before + round * 12);
        assert_eq!(bindings[0]["containerPort"], 80);
        assert_eq!(bindings[2]["containerPort"], 81);
        assert_eq!(
            (&bindings[1]["containerPortRange"], bindings[1].get("hostPort")),
            (&json!("8000-8009"), None)
        );
        let (first, last) = text(&bindings[1]["hostPortRange"]).split_once('-').unwrap();
        let (first, last): (u16, u16) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(first >= 32_768 && last - first == 9, "{bindings:#?}");
        for single in [0, 2] {
            let port = bindings[single]["hostPort"].as_u64().unwrap();
            assert!(port < first.into() || port > last.into(), "{bindings:#?}");
        }
    }
}
