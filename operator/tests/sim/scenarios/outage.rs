//! Everything is missing at once: a wrong endpoint, an outage, or a mass deletion that a person has to confirm.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, service, with};
use super::run::Step;
use super::story::{Told, ensure, ground, story};
use crate::aws::Reply;
use crate::world::World;

/// Account, cluster, definition, and so many services, at rest.
fn many(services: usize) -> Vec<Step> {
    let mut given = ground();
    given.extend((0..services).map(|n| Step::Apply(service(&format!("s{n}"), "main", "app", 1))));
    given.push(Step::Settle);
    given
}

/// ECS's answer where it knows none of these.
fn missing(member: &str, all: &Value) -> Reply {
    let names = all.as_array().cloned().unwrap_or_default().into_iter();
    let failures: Vec<Value> = names
        .map(|name| json!({"arn": name, "reason": "MISSING"}))
        .collect();
    Reply::Output(json!({member: [], "failures": failures}))
}

/// From now on ECS knows no service.
fn services_are_missing(world: &World) {
    world
        .aws
        .intervene("no services", |operation, input| match operation {
            "DescribeServices" => Some(missing("services", &input["services"])),
            "ListServices" => Some(Reply::Output(json!({"serviceArns": []}))),
            _ => None,
        });
}

/// From now on ECS knows no cluster.
fn clusters_are_missing(world: &World) {
    world.aws.intervene("no clusters", |operation, input| {
        (operation == "DescribeClusters").then(|| missing("clusters", &input["clusters"]))
    });
}

/// Both, as behind a wrong endpoint.
fn all_is_missing(world: &World) {
    services_are_missing(world);
    clusters_are_missing(world);
}

/// The same, where ECS does not even look for a service since it knows no such cluster; nor the family.
fn not_even_the_cluster(world: &World) {
    clusters_are_missing(world);
    world.aws.intervene("no such cluster", |operation, _| {
        let about_services = ["DescribeServices", "ListServices", "CreateService"].contains(&operation);
        about_services.then(|| Reply::Error(400, "ClusterNotFoundException", "Cluster not found.".into()))
    });
    world.aws.intervene("no such family", |operation, _| {
        (operation == "DescribeTaskDefinition").then(unknown_definition)
    });
}

fn unknown_definition() -> Reply {
    Reply::Error(
        400,
        "ClientException",
        "Unable to describe task definition.".into(),
    )
}

/// What was created, or registered, after the first `skip` mutating calls.
fn made_since(world: &World, skip: usize) -> Vec<String> {
    let calls = world.aws.mutations_since(skip).into_iter();
    calls
        .filter(|(call, _)| call.starts_with("Create") || call.starts_with("Register"))
        .map(|(call, input)| format!("{call} {}", input["serviceName"]))
        .collect()
}

fn nothing_was_made_since(world: &World, skip: usize) -> Told {
    let made = made_since(world, skip);
    ensure(
        made.is_empty(),
        format!("made again, though nobody said so: {made:?}"),
    )
}

/// The outage is over, and all is as it was.
async fn ends_well(world: &World, services: usize) -> Told {
    for name in ["no services", "no clusters", "no such cluster", "no such family"] {
        world.aws.withdraw(name);
    }
    world.step(&Step::Settle).await?;
    all_are_ready(world, services)
}

fn all_are_ready(world: &World, services: usize) -> Told {
    (0..services).try_for_each(|n| world.expect("EcsService", &format!("s{n}"), "Ready", "True"))
}

/// design.md §9.11
#[test]
fn situation_11_nothing_is_created_where_everything_is_missing() {
    story(many(250), async |world| {
        all_is_missing(world);
        let before = world.aws.mutations();
        world.pass(Duration::from_mins(30)).await;
        let created = made_since(world, before);
        // Five that are missing may have been deleted by somebody, and are made again, before there are too many.
        // Each is asked for once more where the answer to its creation is not what a read shows.
        let names: BTreeSet<&String> = created.iter().collect();
        ensure(
            names.len() <= 6 && created.len() <= 2 * names.len(),
            format!("created again: {created:?}"),
        )?;
        let says = world.reason("EcsCluster", "main", "Ready");
        ensure(says == "SuspectedOutage", format!("main says {says}"))?;
        ends_well(world, 250).await
    });
}

/// Objects that are deleted behind a wrong endpoint go, since nothing says what else is to become of them; but not in silence.
#[test]
fn what_is_deleted_while_all_is_missing_is_named() {
    story(many(8), async |world| {
        all_is_missing(world);
        world.pass(Duration::from_mins(3)).await;
        world.step(&Step::Delete("EcsService", "s0")).await?;
        world.pass(Duration::from_mins(2)).await;
        ensure(
            world.told("Orphaned", ":service/main/s0"),
            "what may be left is not named",
        )?;
        ensure(!world.told("Orphaned", ":service/main/s1"), "s1 was not deleted")
    });
}

/// ECS cannot be reached for long: every kind says so, and all heals.
#[test]
fn an_hour_without_ecs_is_said_by_all_and_heals() {
    story(many(2), async |world| {
        world.aws.intervene("no ecs", |operation, _| {
            (operation != "GetCallerIdentity")
                .then(|| Reply::Error(500, "ServerException", "Service Unavailable.".into()))
        });
        let kinds = [
            ("EcsCluster", "main"),
            ("EcsTaskDefinition", "app"),
            ("EcsService", "s0"),
            ("EcsService", "s1"),
        ];
        world.pass(Duration::from_mins(1)).await;
        for (kind, name) in kinds {
            world.expect(kind, name, "Ready", "True")?;
        }
        world.pass(Duration::from_mins(59)).await;
        for (kind, name) in kinds {
            world.expect(kind, name, "Ready", "Unknown")?;
            let says = world.reason(kind, name, "Ready");
            ensure(says == "Unreachable", format!("{kind} {name} says {says}"))?;
        }
        world.aws.withdraw("no ecs");
        world.step(&Step::Settle).await?;
        for (kind, name) in kinds {
            world.expect(kind, name, "Ready", "True")?;
        }
        Ok(())
    });
}

/// What the status says was there is missed by a process, too, that never saw it.
#[test]
fn an_operator_that_restarts_during_an_outage_creates_nothing() {
    for outage in [services_are_missing, all_is_missing, not_even_the_cluster] {
        story(many(20), async |world| {
            outage(world);
            world.pass(Duration::from_mins(10)).await;
            let before = world.aws.mutations();
            // More than once: what an earlier process wrote during the outage has to say it as well.
            for _ in 0..3 {
                world.replica(0).crash();
                world.pass(Duration::from_mins(15)).await;
            }
            nothing_was_made_since(world, before)?;
            ends_well(world, 20).await
        });
    }
}

/// The outage begins while nobody looks, so that no process ever saw the services.
#[test]
fn an_outage_that_began_during_a_restart_is_one_all_the_same() {
    story(many(20), async |world| {
        let before = world.aws.mutations();
        world.replica(0).crash();
        all_is_missing(world);
        world.pass(Duration::from_mins(30)).await;
        nothing_was_made_since(world, before)?;
        ends_well(world, 20).await
    });
}

/// Another role or endpoint is another way, and nobody has seen anything by it yet.
#[test]
fn a_changed_account_where_everything_is_missing_creates_nothing() {
    story(many(20), async |world| {
        all_is_missing(world);
        let before = world.aws.mutations();
        let role = json!({"roleArn": "arn:aws:iam::123456789012:role/elsewhere"});
        world.step(&Step::Apply(with(account(), &role))).await?;
        world.pass(Duration::from_mins(30)).await;
        nothing_was_made_since(world, before)
    });
}

/// All was deleted, cluster and definition too: a person says on each that it is to come back, and then nothing waits for
/// anything else.
#[test]
fn what_a_person_wants_back_comes_back_whatever_its_kind() {
    story(many(6), async |world| {
        world.replica(0).freeze();
        delete_all(world).await?;
        // The services are looked at first, so that the others are missed while an outage is suspected.
        world.aws.intervene("later", |operation, _| {
            let others = ["DescribeClusters", "DescribeTaskDefinition"].contains(&operation);
            others.then(|| Reply::Error(500, "ServerException", "Service Unavailable.".into()))
        });
        world.replica(0).thaw();
        world.pass(Duration::from_mins(3)).await;
        world.aws.withdraw("later");
        let before = world.aws.mutations();
        world.pass(Duration::from_mins(30)).await;
        nothing_was_made_since(world, before)?;
        for (kind, name) in [("EcsCluster", "main"), ("EcsTaskDefinition", "app")] {
            let reason = world.reason(kind, name, "Ready");
            ensure(
                reason == "SuspectedOutage",
                format!("{kind} {name} says {reason}"),
            )?;
        }
        let recreate = json!({"metadata": {"annotations": {"ecs-operator.dev/recreate": "true"}}});
        for kind in ["EcsCluster", "EcsTaskDefinition", "EcsService"] {
            for object in world.api.list(kind) {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                world
                    .api
                    .merge(kind, "default", name, &recreate)
                    .map_err(|e| e.message)?;
            }
        }
        world.step(&Step::Settle).await?;
        world.expect("EcsCluster", "main", "Ready", "True")?;
        world.expect("EcsTaskDefinition", "app", "Ready", "True")?;
        all_are_ready(world, 6)
    });
}

/// Somebody's mass deletion past the operator.
async fn delete_all(world: &World) -> Told {
    for n in 0..6 {
        let service = json!({"cluster": "main", "service": format!("s{n}"), "force": true});
        world.aws.ask("DeleteService", &service)?;
    }
    world
        .aws
        .ask("DeregisterTaskDefinition", &json!({"taskDefinition": "app:1"}))?;
    let is_deleted = |world: &World| {
        world
            .aws
            .ask("DeleteCluster", &json!({"cluster": "main"}))
            .is_ok()
    };
    world
        .until("the cluster is empty", Duration::from_mins(5), is_deleted)
        .await
        .map(drop)
}
