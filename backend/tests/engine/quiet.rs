//! What the engine costs: nothing while nothing happens, and for each service only what happens to it. And that a restart
//! is not noticed.

use ecs_backend::timing::{Timing, TimingMode};
use ecs_backend::wire;
use ecs_backend::world::{RealmId, World, snapshot};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::kit::{fargate_service, text};

const SERVICES: usize = 200;

fn world() -> (World, RealmId) {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let id = RealmId {
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    (World::new(1, Timing::of(TimingMode::Fast), start), id)
}

fn call(world: &mut World, id: &RealmId, operation: &str, body: &Value) -> Value {
    wire::carry_out(operation, body, world.realm(id)).unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
}

fn definition(world: &mut World, id: &RealmId, image: &str) -> String {
    let body = json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": image}],
    });
    text(&call(world, id, "RegisterTaskDefinition", &body)["taskDefinition"]["taskDefinitionArn"]).to_owned()
}

/// Lets happen what will happen within a while, moment by moment; how many moments there were.
fn run(world: &mut World, millis: i64) -> usize {
    let end = world
        .now
        .checked_add(SignedDuration::from_millis(millis))
        .unwrap();
    let mut moments = 0;
    while let Some(next) = world.next_at().filter(|next| *next <= end) {
        world.advance(next);
        moments += 1;
    }
    world.advance(end);
    moments
}

#[test]
fn many_services_cost_what_happens_to_each_and_then_nothing() {
    let (mut world, id) = world();
    call(
        &mut world,
        &id,
        "CreateCluster",
        &json!({"capacityProviders": ["FARGATE"]}),
    );
    let definition = definition(&mut world, &id, "httpd");
    run(&mut world, 10_000);
    for index in 0..SERVICES {
        let mut body = fargate_service(&definition, 3);
        body["serviceName"] = json!(format!("web-{index}"));
        call(&mut world, &id, "CreateService", &body);
        // The phases of a task's life and the looks that follow them: no more than that, however many services there are.
        let moments = run(&mut world, 7_000);
        assert!(moments <= 14, "service {index}: {moments}");
    }
    let described = call(
        &mut world,
        &id,
        "DescribeServices",
        &json!({"services": ["web-0", "web-199"]}),
    );
    for service in described["services"].as_array().unwrap() {
        assert_eq!(
            (
                &service["runningCount"],
                &service["deployments"][0]["rolloutState"]
            ),
            (&json!(3), &json!("COMPLETED"))
        );
    }
    assert_eq!(
        world.next_at(),
        None,
        "nothing is going to happen by itself to steady services"
    );
}

/// A rollout, and what is shown at its end; the world is written down and read again in the middle, if wished.
fn rollout(restart_after: Option<i64>) -> Value {
    let (mut world, id) = world();
    call(
        &mut world,
        &id,
        "CreateCluster",
        &json!({"capacityProviders": ["FARGATE"]}),
    );
    let first = definition(&mut world, &id, "httpd");
    call(&mut world, &id, "CreateService", &fargate_service(&first, 3));
    run(&mut world, 60_000);
    let second = definition(&mut world, &id, "httpd:2");
    call(
        &mut world,
        &id,
        "UpdateService",
        &json!({"service": "web", "taskDefinition": second}),
    );
    run(&mut world, restart_after.unwrap_or(1_000));
    if restart_after.is_some() {
        let written = snapshot::write(&world).unwrap();
        world = snapshot::read(&written, world.timing).unwrap();
        assert_eq!(snapshot::write(&world).unwrap(), written);
    }
    run(&mut world, 60_000);
    let service =
        call(&mut world, &id, "DescribeServices", &json!({"services": ["web"]}))["services"][0].clone();
    assert_eq!(
        (
            text(&service["taskDefinition"]),
            service["deployments"].as_array().unwrap().len()
        ),
        (second.as_str(), 1)
    );
    let tasks = call(&mut world, &id, "ListTasks", &json!({"desiredStatus": "STOPPED"}));
    json!([service, tasks])
}

#[test]
fn a_restart_in_the_middle_of_a_rollout_is_not_noticed() {
    let undisturbed = rollout(None);
    for millis in [50, 150, 400, 700, 1_000, 1_400, 2_000, 4_000] {
        assert_eq!(rollout(Some(millis)), undisturbed, "{millis}");
    }
}
