//! What no single rule decides: hands on what the operator wrote, names that come to mean something else, and policies
//! that meet.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{Told, ensure, ground, running, story};
use crate::world::World;

/// Takes the finalizers off an object by hand.
fn unhold(world: &World, kind: &str, name: &str) -> Told {
    let none = json!({"metadata": {"finalizers": null}});
    let merged = world.api.merge(kind, "default", name, &none);
    merged.map(drop).map_err(|refusal| refusal.message)
}

#[test]
fn a_finalizer_that_is_taken_off_comes_back() {
    for management in [json!({}), json!({"suspend": true})] {
        story(running(2), async |world| {
            world
                .then(Step::Apply(with(
                    service("web", "main", "app", 2),
                    &json!({"management": management}),
                )))
                .await?;
            for (kind, name) in [
                ("EcsCluster", "main"),
                ("EcsTaskDefinition", "app"),
                ("EcsService", "web"),
            ] {
                unhold(world, kind, name)?;
                world.step(&Step::Settle).await?;
                let held = world.object(kind, name)?["metadata"]["finalizers"].to_string();
                ensure(
                    held.contains("ecs-operator.dev"),
                    format!("{kind} {name} is held by {held}"),
                )?;
            }
            Ok(())
        });
    }
}

#[test]
fn a_provider_whose_object_is_missing_stays_with_its_cluster() {
    let on_provider = json!({"capacityProviders": null, "capacityProviderRefs": [{"name": "asg"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    let given = vec![
        Step::Apply(account()),
        Step::Apply(provider("asg")),
        Step::Apply(with(cluster("main"), &on_provider)),
        Step::Settle,
    ];
    story(given, async |world| {
        let before = world.aws.mutations();
        unhold(world, "CapacityProvider", "asg")?;
        world.step(&Step::Delete("CapacityProvider", "asg")).await?;
        world.pass(Duration::from_secs(5)).await;
        if world.api.get("CapacityProvider", "default", "asg").is_some() {
            unhold(world, "CapacityProvider", "asg")?;
        }
        world.step(&Step::Settle).await?;
        ensure(
            world.api.get("CapacityProvider", "default", "asg").is_none(),
            "still there",
        )?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.expect("EcsCluster", "main", "Ready", "False")?;
        world.then(Step::Apply(provider("asg"))).await?;
        world.expect("EcsCluster", "main", "Ready", "True")?;
        world.expect("CapacityProvider", "asg", "Ready", "True")
    });
}

#[test]
fn reported_drift_does_not_hide_a_rollback() {
    let reporting = |count| {
        with(
            service("web", "main", "app", count),
            &json!({"management": {"driftPolicy": "Report"}}),
        )
    };
    let mut given = running(2);
    given.extend([Step::Apply(reporting(2)), Step::Settle]);
    story(given, async |world| {
        world
            .then(Step::Apply(definition("app", "registry.invalid/app:2")))
            .await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            "not rolled back",
        )?;
        let past = json!({"cluster": "main", "service": "web", "enableExecuteCommand": true});
        world.then(Step::Console("UpdateService", past)).await?;
        world.pass(Duration::from_mins(2)).await;
        world.expect("EcsService", "web", "Ready", "False")?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        let said = world.object("EcsService", "web")?["status"]["conditions"].to_string();
        ensure(
            said.contains("enableExecuteCommand"),
            format!("the drift is not named: {said}"),
        )
    });
}

#[test]
fn a_default_strategy_need_not_wait_for_a_provider_that_is_in_use() {
    let given = vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(definition("app", "nginx:1")),
        Step::Apply(with(
            service("web", "main", "app", 1),
            &json!({"launchType": null}),
        )),
        Step::Settle,
    ];
    story(given, async |world| {
        world.expect("EcsService", "web", "Ready", "True")?;
        let spot = json!({"capacityProviders": ["FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]});
        world.step(&Step::Apply(with(cluster("main"), &spot))).await?;
        world.pass(Duration::from_mins(3)).await;
        let seen = world
            .aws
            .ask("DescribeClusters", &json!({"clusters": ["main"]}))?;
        let strategy = &seen["clusters"][0]["defaultCapacityProviderStrategy"];
        ensure(
            strategy[0]["capacityProvider"] == "FARGATE_SPOT",
            format!("{seen}"),
        )
    });
}

#[test]
fn the_longest_names_have_resources_too() {
    let long = "a".repeat(253);
    let (named, family) = (json!({"serviceName": "web"}), json!({"family": "long"}));
    let mut web = with(service("web", "main", &long, 1), &named);
    web["metadata"]["name"] = json!(long);
    let mut app = with(definition("app", "nginx:1"), &family);
    app["metadata"]["name"] = json!(long);
    let mut given = ground();
    given.extend([Step::Apply(app), Step::Apply(web), Step::Settle]);
    story(given, async |world| {
        world.expect("EcsService", &long, "Ready", "True")?;
        world.step(&Step::Settle).await?;
        world
            .api
            .delete("EcsService", "default", &long)
            .map_err(|refusal| refusal.message)?;
        world.step(&Step::Settle).await?;
        ensure(world.ecs().services.is_empty(), "the service is left")
    });
}
