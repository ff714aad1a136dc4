//! Two replicas: the leader killed, the leader frozen, clocks apart (the point 11).

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{definition, service, with};
use super::run::Step;
use super::story::{ensure, running, story_in};
use crate::fault::Fault;
use crate::glue::Setting;
use crate::world::World;

const TAKEOVER: Duration = Duration::from_secs(20);

fn leader(world: &World) -> Option<usize> {
    let lease = world.api.list("Lease").into_iter().next()?;
    let holder = lease["spec"]["holderIdentity"].as_str()?.to_owned();
    (0..2).find(|index| holder.contains(&format!("operator-{index}")))
}

async fn leads(world: &World) -> Result<usize, String> {
    world
        .until("a leader", Duration::from_mins(1), |world| {
            leader(world).is_some()
        })
        .await?;
    leader(world).ok_or_else(|| "no leader".to_owned())
}

fn image(world: &World) -> Value {
    let view = world.ecs();
    let arn = view
        .service("web")
        .map(|service| service["taskDefinition"].clone())
        .unwrap_or_default();
    let all = view.families.values().flatten();
    let found = all
        .filter(|definition| definition["taskDefinitionArn"] == arn)
        .map(|d| d["containerDefinitions"][0]["image"].clone())
        .next();
    found.unwrap_or_default()
}

#[test]
fn a_killed_leader_is_replaced_within_twenty_seconds() {
    story_in(Setting::with_replicas(2), running(2), async |world| {
        let first = leads(world).await?;
        let deployments = world.deployments("web");
        world.replica(first).kill();
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        let moved = |world: &World| leader(world).is_some_and(|now| now != first);
        let took = world
            .until("another leader", Duration::from_mins(1), moved)
            .await?;
        ensure(took <= TAKEOVER, format!("the takeover took {took:?}"))?;
        world.step(&Step::Settle).await?;
        ensure(world.deployments("web") == deployments + 1, "one deployment")?;
        ensure(image(world) == "nginx:2", format!("runs {}", image(world)))
    });
}

/// Who leads, over many crashes and freezes: always somebody again within the bound.
#[test]
fn the_lead_never_stays_vacant() {
    story_in(Setting::with_replicas(2), vec![], async |world| {
        for round in 0..6 {
            let first = leads(world).await?;
            let replica = world.replica(first);
            if round % 2 == 0 {
                replica.freeze();
            } else {
                replica.crash();
            }
            let held = world.api.list("Lease")[0]["spec"]["holderIdentity"].clone();
            let moved = |world: &World| world.api.list("Lease")[0]["spec"]["holderIdentity"] != held;
            let took = world
                .until("another holder", Duration::from_mins(1), moved)
                .await?;
            ensure(
                took <= TAKEOVER,
                format!("round {round}: the takeover took {took:?}"),
            )?;
            world.replica(first).thaw();
            world.pass(Duration::from_secs(30)).await;
        }
        Ok(())
    });
}

/// design.md §9.13
#[test]
fn situation_13_a_frozen_leader_does_no_harm_when_it_thaws() {
    story_in(Setting::with_replicas(2), running(2), async |world| {
        let first = leads(world).await?;
        let before = world.aws.mutations();
        world.effects.plan_for("UpdateService", Fault::Freeze);
        world.step(&Step::Apply(definition("app", "nginx:5"))).await?;
        let under_way = |world: &World| {
            world
                .calls_since(before)
                .iter()
                .any(|call| call == "UpdateService")
        };
        world
            .until("UpdateService", Duration::from_mins(1), under_way)
            .await?;
        let moved = |world: &World| leader(world).is_some_and(|now| now != first);
        let took = world
            .until("another leader", Duration::from_mins(1), moved)
            .await?;
        ensure(took <= TAKEOVER, format!("the takeover took {took:?}"))?;
        world.then(Step::Apply(definition("app", "nginx:6"))).await?;
        ensure(
            image(world) == "nginx:6",
            format!("before the thaw it runs {}", image(world)),
        )?;
        world.replica(first).thaw();
        world.pass(Duration::from_secs(75)).await;
        world.step(&Step::Settle).await?;
        ensure(
            image(world) == "nginx:6",
            format!("after the thaw it runs {}", image(world)),
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// design.md §9.20
#[test]
fn situation_20_a_clock_ahead_and_a_new_leader_make_one_restart() {
    story_in(Setting::with_replicas(2), running(2), async |world| {
        let first = leads(world).await?;
        world.replica(1 - first).clock().skew(600);
        let deployments = world.deployments("web");
        let at = world.clock.now() + Duration::from_mins(2);
        let restarted = with(
            service("web", "main", "app", 2),
            &json!({"management": {"restartAt": at.to_string()}}),
        );
        world.step(&Step::Apply(restarted)).await?;
        world.pass(Duration::from_secs(30)).await;
        world.replica(first).kill();
        world.step(&Step::Settle).await?;
        world.pass(Duration::from_mins(30)).await;
        let now = world.deployments("web");
        ensure(
            now == deployments + 1,
            format!("{deployments} deployments, then {now}"),
        )
    });
}

/// Faults of the lease itself: the leader loses a renewal's answer, and nobody acts twice.
#[test]
fn a_crashed_leader_comes_back_and_nothing_is_done_twice() {
    story_in(Setting::with_replicas(2), running(2), async |world| {
        for round in 0..5 {
            let now = leads(world).await?;
            let deployments = world.deployments("web");
            world.effects.plan_ahead(1 + round, Fault::CrashAfter);
            world
                .then(Step::Apply(definition("app", &format!("nginx:{}", 10 + round))))
                .await?;
            world.replica(now).crash();
            world.step(&Step::Settle).await?;
            let after = world.deployments("web");
            ensure(
                after == deployments + 1,
                format!("round {round}: {deployments} deployments, then {after}"),
            )?;
        }
        world.judge().await.map(drop)
    });
}
