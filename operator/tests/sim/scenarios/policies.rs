//! Policies, people and rollouts that meet: reported drift, suspension, restarts and scaling, around what ECS took back or refuses.

use std::time::Duration;

use serde_json::json;

use super::objects::{account, cluster, definition, service, with};
use super::run::Step;
use super::story::{Told, ensure, ground, running, story};
use crate::apiserver::Delivery;
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
fn scaling_corrects_no_drift_that_is_only_reported() {
    let reporting = with(
        service("web", "main", "app", 2),
        &json!({"management": {"driftPolicy": "Report"}}),
    );
    let mut given = running(2);
    given.extend([Step::Apply(reporting), Step::Settle]);
    story(given, async |world| {
        let past = json!({"cluster": "main", "service": "web", "enableExecuteCommand": true});
        world.then(Step::Console("UpdateService", past)).await?;
        world.expect("EcsService", "web", "Synced", "False")?;
        world.then(Step::Scale("web", 4)).await?;
        let web = world.ecs_service("web")?;
        ensure(web["runningCount"] == 4, "it is not scaled")?;
        ensure(
            web["enableExecuteCommand"] == true,
            "what others changed was changed back",
        )?;
        ensure(
            world.reason("EcsService", "web", "Synced") == "Drifted",
            "the drift is not told any more",
        )?;
        let past = json!({"cluster": "main", "service": "web", "desiredCount": 3});
        world.then(Step::Console("UpdateService", past)).await?;
        ensure(
            world.ecs_service("web")?["desiredCount"] == 3,
            "the count is drift too",
        )
    });
}

#[test]
fn what_ecs_refuses_to_roll_out_holds_no_scaling_back() {
    story(running(2), async |world| {
        let group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";
        let refused = json!({"loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]});
        world
            .step(&Step::Apply(with(service("web", "main", "app", 2), &refused)))
            .await?;
        world.pass(Duration::from_mins(2)).await;
        ensure(
            world.reason("EcsService", "web", "Ready") == "Refused",
            "it is not refused",
        )?;
        world.step(&Step::Scale("web", 5)).await?;
        world.pass(Duration::from_mins(2)).await;
        ensure(world.ecs_service("web")?["runningCount"] == 5, "it is not scaled")?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "Refused",
            "it is not refused any more",
        )
    });
}

#[test]
fn a_restart_tries_once_more_what_was_rolled_back() {
    story(running(2), async |world| {
        world
            .then(Step::Apply(definition("app", "registry.invalid/app:2")))
            .await?;
        let before = world.deployments("web");
        let at = world.clock.now().to_string();
        let again = with(
            service("web", "main", "app", 2),
            &json!({"management": {"restartAt": at}}),
        );
        world.then(Step::Apply(again)).await?;
        world.pass(Duration::from_hours(2)).await;
        ensure(
            world.deployments("web") == before + 1,
            format!("{} deployments, then {}", before, world.deployments("web")),
        )?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )
    });
}

#[test]
fn another_strategy_that_is_taken_back_is_not_repeated() {
    let on = |provider: &str, count: i64| {
        with(
            service("web", "main", "app", count),
            &json!({"launchType": null,
            "capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1}]}),
        )
    };
    let given = vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(definition("app", "nginx:1")),
        Step::Apply(on("FARGATE", 2)),
        Step::Settle,
    ];
    story(given, async |world| {
        world
            .step(&Step::Apply(definition("app", "registry.invalid/app:2")))
            .await?;
        world.then(Step::Apply(on("FARGATE_SPOT", 2))).await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        let before = world.deployments("web");
        world.then(Step::Apply(on("FARGATE_SPOT", 4))).await?;
        world.replica(0).crash();
        world.step(&Step::Settle).await?;
        ensure(world.ecs_service("web")?["runningCount"] == 4, "not scaled")?;
        ensure(world.deployments("web") == before, "rolled out again")?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        // Another strategy is another rollout, that fails too; and the way back needs none.
        world.then(Step::Apply(on("FARGATE", 4))).await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        ensure(world.deployments("web") == before + 1, "not tried")?;
        world.step(&Step::Apply(definition("app", "nginx:3"))).await?;
        world.then(Step::Apply(on("FARGATE_SPOT", 4))).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        ensure(
            world.ecs_service("web")?["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT",
            "not on spot",
        )?;
        world.is_quiet("strategy").await
    });
}

#[test]
fn edits_during_a_rollback_all_arrive() {
    for late in [1500, 2000, 2500, 3000] {
        story(running(3), async |world| {
            world
                .step(&Step::Apply(definition("app", "registry.invalid/app:2")))
                .await?;
            world.pass(Duration::from_millis(late)).await;
            world.step(&Step::Scale("web", 5)).await?;
            world.step(&Step::Apply(definition("app", "nginx:1"))).await?;
            world.pass(Duration::from_millis(300)).await;
            world
                .step(&Step::Apply(with(
                    service("web", "main", "app", 5),
                    &json!({"enableExecuteCommand": true}),
                )))
                .await?;
            world.step(&Step::Settle).await?;
            world.expect("EcsService", "web", "Ready", "True")?;
            let web = world.ecs_service("web")?;
            ensure(
                web["runningCount"] == 5 && web["enableExecuteCommand"] == true,
                format!("{web}"),
            )?;
            world.is_quiet("edits").await
        });
    }
}

#[test]
fn suspension_hides_no_rollback_and_a_rollback_no_suspension() {
    let suspended = |on: bool| {
        with(
            service("web", "main", "app", 2),
            &json!({"management": {"suspend": on}}),
        )
    };
    story(running(2), async |world| {
        world
            .then(Step::Apply(definition("app", "registry.invalid/app:2")))
            .await?;
        let before = world.deployments("web");
        world.then(Step::Apply(suspended(true))).await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )?;
        world.then(Step::Apply(definition("app", "nginx:3"))).await?;
        ensure(world.deployments("web") == before, "deployed though suspended")?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "Suspended",
            world.reason("EcsService", "web", "Ready"),
        )?;
        world
            .then(Step::Apply(definition("app", "registry.invalid/app:2")))
            .await?;
        world.then(Step::Apply(suspended(false))).await?;
        // It is another revision, though of the same content.
        ensure(
            world.reason("EcsService", "web", "Ready") == "RolledBack",
            world.reason("EcsService", "web", "Ready"),
        )
    });
}

#[test]
fn an_edit_that_is_not_seen_yet_is_one_deployment() {
    for late in [2500, 3000, 3500, 3900] {
        story(ground(), async |world| {
            world.api.set_delivery(Delivery {
                delay: Duration::from_secs(3),
                ..Default::default()
            });
            world.step(&Step::Apply(service("web", "main", "app", 1))).await?;
            world.pass(Duration::from_millis(late)).await;
            let network = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}});
            world
                .then(Step::Apply(with(service("web", "main", "app", 1), &network)))
                .await?;
            world.expect("EcsService", "web", "Ready", "True")?;
            ensure(
                world.deployments("web") == 1,
                format!("{late}: {} deployments", world.deployments("web")),
            )
        });
    }
}

/// While the definition is not there nobody can tell whether the spec changed or others did.
#[test]
fn reported_drift_stays_while_the_definition_is_missing() {
    let reporting = with(
        service("web", "main", "app", 2),
        &json!({"management": {"driftPolicy": "Report"}}),
    );
    let retained = with(
        definition("app", "nginx:1"),
        &json!({"management": {"deletionPolicy": "Retain"}}),
    );
    let mut given = running(2);
    given.extend([
        Step::Apply(reporting),
        Step::Apply(retained.clone()),
        Step::Settle,
    ]);
    story(given, async |world| {
        let past = json!({"cluster": "main", "service": "web", "enableExecuteCommand": true});
        world.then(Step::Console("UpdateService", past)).await?;
        world.then(Step::Delete("EcsTaskDefinition", "app")).await?;
        world.then(Step::Scale("web", 3)).await?;
        let web = world.ecs_service("web")?;
        ensure(web["runningCount"] == 3, "it is not scaled")?;
        ensure(
            web["enableExecuteCommand"] == true,
            "what others changed was changed back",
        )?;
        let adopting = with(
            retained.clone(),
            &json!({"management": {"adoptionPolicy": "Adopt"}}),
        );
        world.then(Step::Apply(adopting)).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        ensure(
            world.reason("EcsService", "web", "Synced") == "Drifted",
            "the drift is not told any more",
        )?;
        ensure(world.deployments("web") == 1, "it was deployed again")
    });
}
