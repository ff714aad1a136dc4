//! Rebalancing of availability zones (ecs-semantics.md §3.11).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kit::{Kit, text};
use crate::placement::service;

/// How many tasks run in each zone.
fn zones(kit: &Kit) -> BTreeMap<String, usize> {
    let mut zones = BTreeMap::new();
    for task in kit.tasks("RUNNING") {
        *zones
            .entry(text(&task["availabilityZone"]).to_owned())
            .or_default() += 1;
    }
    zones
}

fn named(zones: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let named = zones.iter();
    named
        .map(|(letter, count)| (format!("eu-central-1{letter}"), *count))
        .collect()
}

fn told(kit: &Kit) -> Vec<String> {
    let events = kit.control("GET", "events", Value::Null)["events"].clone();
    let names = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(&event["detail"]["eventName"]).to_owned());
    names
        .filter(|name| name.starts_with("SERVICE_REBALANCING"))
        .collect()
}

/// A service of four tasks in zone a, before zone b has an instance.
fn in_one_zone(kit: &Kit, more: Value) {
    kit.instances(2, json!({"availabilityZone": "eu-central-1a"}));
    service(kit, &kit.bridge(json!({})), 4, more);
    kit.until_stable();
    assert_eq!(zones(kit), named(&[("a", 4)]));
}

#[test]
fn tasks_move_to_a_zone_that_has_come() {
    let kit = Kit::new();
    in_one_zone(&kit, json!({}));
    kit.pass(30_000);
    assert_eq!(told(&kit), Vec::<String>::new(), "one zone is not uneven");
    kit.instances(1, json!({"availabilityZone": "eu-central-1b"}));
    let mut least = 4;
    for _ in 0..1_500 {
        kit.pass(20);
        least = least.min(kit.service()["runningCount"].as_i64().unwrap());
    }
    assert_eq!(zones(&kit), named(&[("a", 2), ("b", 2)]));
    assert_eq!(least, 4, "a task runs before the one that it replaces goes");
    assert_eq!(
        told(&kit),
        ["SERVICE_REBALANCING_STARTED", "SERVICE_REBALANCING_COMPLETED"]
    );
    assert_eq!(kit.service()["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn fargate_tasks_are_rebalanced_over_their_subnets() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 4, json!({}));
    kit.until_stable();
    assert_eq!(zones(&kit), named(&[("a", 2), ("b", 2)]));
    let in_b = kit
        .tasks("RUNNING")
        .into_iter()
        .filter(|task| text(&task["availabilityZone"]).ends_with('b'));
    let protected: Vec<Value> = in_b.map(|task| task["taskArn"].clone()).collect();
    kit.ok(
        "UpdateTaskProtection",
        json!({"cluster": "default", "tasks": protected, "protectionEnabled": true, "expiresInMinutes": 1}),
    );
    kit.update(json!({"desiredCount": 2}));
    kit.pass(20_000);
    assert_eq!(
        zones(&kit),
        named(&[("b", 2)]),
        "what is protected stays where it is"
    );
    kit.pass(90_000);
    assert_eq!(zones(&kit), named(&[("a", 1), ("b", 1)]));
}

#[test]
fn a_service_is_left_alone_where_it_wants_or_has_no_room() {
    for (more, machine) in [
        (json!({"availabilityZoneRebalancing": "DISABLED"}), json!({})),
        (json!({}), json!({"memory": 64})),
    ] {
        let kit = Kit::new();
        in_one_zone(&kit, more.clone());
        let mut machine = machine;
        machine["availabilityZone"] = json!("eu-central-1b");
        kit.instances(1, machine);
        kit.pass(60_000);
        assert_eq!(zones(&kit), named(&[("a", 4)]), "{more}");
        assert_eq!(told(&kit), Vec::<String>::new(), "{more}");
    }
}

#[test]
fn a_deployment_ends_the_rebalancing() {
    let kit = Kit::new();
    in_one_zone(&kit, json!({}));
    kit.instances(1, json!({"availabilityZone": "eu-central-1b"}));
    kit.until("it has begun", |kit| !told(kit).is_empty());
    kit.update(json!({"forceNewDeployment": true}));
    assert_eq!(
        told(&kit),
        ["SERVICE_REBALANCING_STARTED", "SERVICE_REBALANCING_STOPPED"]
    );
    kit.until_stable();
    assert_eq!(kit.tasks("RUNNING").len(), 4);
    kit.pass(60_000);
    assert_eq!(zones(&kit), named(&[("a", 2), ("b", 2)]));
}
