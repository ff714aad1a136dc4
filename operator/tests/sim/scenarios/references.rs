//! What refers to what: objects that are renamed, missing, or brought back by a backup.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{Told, ensure, running, story};
use crate::aws::Reply;
use crate::world::World;

/// Takes the finalizers off an object by hand.
fn unhold(world: &World, kind: &str, name: &str) -> Told {
    let none = json!({"metadata": {"finalizers": null}});
    let merged = world.api.merge(kind, "default", name, &none);
    merged.map(drop).map_err(|refusal| refusal.message)
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
fn a_provider_that_is_renamed_goes_once_the_service_has_left_it() {
    let on = |name: &str| {
        let spec = json!({"capacityProviders": null, "capacityProviderRefs": [{"name": name}], "defaultCapacityProviderStrategy": null});
        with(cluster("main"), &spec)
    };
    let by = |name: &str| {
        let spec = json!({"launchType": null, "networkConfiguration": null,
            "capacityProviderStrategy": [{"capacityProviderRef": {"name": name}, "weight": 1}]});
        with(service("web", "main", "app", 2), &spec)
    };
    let for_ec2 = json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge"});
    let given = vec![
        Step::Apply(account()),
        Step::Apply(provider("old")),
        Step::Apply(on("old")),
        Step::Apply(with(definition("app", "nginx:1"), &for_ec2)),
        Step::Apply(by("old")),
        Step::Settle,
    ];
    story(given, async |world| {
        world.expect("EcsService", "web", "Ready", "True")?;
        for object in [provider("new"), on("new"), by("new")] {
            world.step(&Step::Apply(object)).await?;
        }
        world.then(Step::Delete("CapacityProvider", "old")).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        world.expect("EcsCluster", "main", "Ready", "True")?;
        world.expect("CapacityProvider", "new", "Ready", "True")?;
        ensure(
            world.api.get("CapacityProvider", "default", "old").is_none(),
            "it is still there",
        )
    });
}

#[test]
fn a_definition_that_is_renamed_stays_until_the_service_has_left_it() {
    story(running(2), async |world| {
        world
            .step(&Step::Apply(definition("renamed", "registry.invalid/app:2")))
            .await?;
        world
            .step(&Step::Apply(service("web", "main", "renamed", 2)))
            .await?;
        world.step(&Step::Delete("EcsTaskDefinition", "app")).await?;
        world.step(&Step::Settle).await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        ensure(
            world.ecs().families.contains_key("app"),
            "what the service runs is not ACTIVE",
        )?;
        ensure(
            world.reason("EcsTaskDefinition", "app", "Ready") == "InUse",
            "not in use",
        )?;
        world.then(Step::Apply(definition("renamed", "nginx:2"))).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        ensure(
            world.api.get("EcsTaskDefinition", "default", "app").is_none(),
            "it is not gone",
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
fn a_backup_brings_all_back_in_any_order() {
    let on_provider = json!({"capacityProviders": null, "capacityProviderRefs": [{"name": "asg"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    let for_ec2 = json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge"});
    let by_strategy = json!({"launchType": null, "networkConfiguration": null,
        "capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    let all = [
        (
            "EcsService",
            "web",
            with(service("web", "main", "app", 2), &by_strategy),
        ),
        ("EcsCluster", "main", with(cluster("main"), &on_provider)),
        (
            "EcsTaskDefinition",
            "app",
            with(definition("app", "nginx:1"), &for_ec2),
        ),
        ("CapacityProvider", "asg", provider("asg")),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
        let mut given = vec![Step::Apply(account())];
        given.extend(all.iter().map(|(_, _, object)| Step::Apply(object.clone())));
        given.push(Step::Settle);
        story(given, async |world| {
            world.expect("EcsService", "web", "Ready", "True")?;
            let before = world.aws.mutations();
            for (kind, name, _) in &all {
                world.step(&Step::Delete(kind, name)).await?;
                unhold(world, kind, name)?;
            }
            world.pass(Duration::from_mins(3)).await;
            for at in order {
                world.step(&Step::Apply(all[at].2.clone())).await?;
                world.pass(Duration::from_secs(20)).await;
            }
            world.step(&Step::Settle).await?;
            for (kind, name, _) in &all {
                world.expect(kind, name, "Ready", "True")?;
            }
            let mut calls = world.calls_since(before);
            calls.retain(|call| call != "TagResource");
            ensure(
                calls.is_empty() || calls == ["CreateService"],
                format!("{order:?}: {calls:?}"),
            )?;
            ensure(
                world.deployments("web") == 1,
                format!("{order:?}: deployed again"),
            )
        });
    }
}

#[test]
fn services_stay_ready_while_their_definition_cannot_be_read() {
    story(running(1), async |world| {
        world.aws.intervene("no definitions", |operation, _| {
            (operation == "DescribeTaskDefinition")
                .then(|| Reply::Error(500, "ServerException", "Service Unavailable.".into()))
        });
        world.pass(Duration::from_hours(1)).await;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

#[test]
fn what_is_handed_over_to_another_object_is_not_touched() {
    let retained = |object: Value| with(object, &json!({"management": {"deletionPolicy": "Retain"}}));
    let adopting = |object: Value| with(object, &json!({"management": {"adoptionPolicy": "Adopt"}}));
    let given = vec![
        Step::Apply(account()),
        Step::Apply(retained(cluster("main"))),
        Step::Apply(retained(definition("app", "nginx:1"))),
        Step::Apply(retained(service("web", "main", "app", 2))),
        Step::Settle,
    ];
    story(given, async |world| {
        let before = world.aws.mutations();
        let new_cluster = with(cluster("main-2"), &json!({"clusterName": "main"}));
        let new_app = with(definition("app-2", "nginx:1"), &json!({"family": "app"}));
        let new_web = with(
            service("web-2", "main-2", "app-2", 2),
            &json!({"serviceName": "web"}),
        );
        for object in [new_cluster, new_app, new_web] {
            world.step(&Step::Apply(adopting(object))).await?;
        }
        world.step(&Step::Settle).await?;
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        world.step(&Step::Settle).await?;
        for (kind, name) in [
            ("EcsCluster", "main-2"),
            ("EcsTaskDefinition", "app-2"),
            ("EcsService", "web-2"),
        ] {
            world.expect(kind, name, "Ready", "True")?;
        }
        let mut calls = world.calls_since(before);
        calls.retain(|call| call != "TagResource" && call != "UntagResource");
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        ensure(world.deployments("web") == 1, "deployed again")?;
        for (kind, name) in [
            ("EcsService", "web-2"),
            ("EcsTaskDefinition", "app-2"),
            ("EcsCluster", "main-2"),
        ] {
            world.then(Step::Delete(kind, name)).await?;
        }
        ensure(
            world.ecs_service("web")?["runningCount"] == 2,
            "adopted is retained",
        )
    });
}

/// A person takes the objects away that the service refers to while it rolls, and brings them back.
#[test]
fn objects_taken_away_in_mid_rollout() {
    story(running(2), async |world| {
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        world.pass(Duration::from_millis(1500)).await;
        for (kind, name) in [("EcsTaskDefinition", "app"), ("EcsCluster", "main")] {
            world.step(&Step::Delete(kind, name)).await?;
            let none = json!({"metadata": {"finalizers": null}});
            world
                .api
                .merge(kind, "default", name, &none)
                .map_err(|e| e.message)?;
        }
        world.step(&Step::Scale("web", 4)).await?;
        world.step(&Step::Settle).await?;
        ensure(world.ecs_service("web")?["runningCount"] == 4, "not scaled")?;
        let before = world.deployments("web");
        world.step(&Step::Apply(cluster("main"))).await?;
        world.then(Step::Apply(definition("app", "nginx:2"))).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        ensure(world.deployments("web") == before, "deployed again")?;
        world.judge().await.map(drop)
    });
}
