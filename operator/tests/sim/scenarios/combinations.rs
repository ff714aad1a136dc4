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
fn a_cluster_object_of_another_name_moves_no_service() {
    let retained = with(
        cluster("main"),
        &json!({"management": {"deletionPolicy": "Retain"}}),
    );
    let mut given = running(2);
    given.extend([Step::Apply(retained), Step::Settle]);
    story(given, async |world| {
        world.then(Step::Delete("EcsCluster", "main")).await?;
        let other = with(cluster("main"), &json!({"clusterName": "other"}));
        let before = world.aws.mutations();
        world.then(Step::Apply(other)).await?;
        let calls = world.calls_since(before);
        ensure(
            !calls.contains(&"CreateService".to_owned()),
            format!("calls: {calls:?}"),
        )?;
        world.expect("EcsService", "web", "Stalled", "True")?;
        world.then(Step::Delete("EcsService", "web")).await?;
        ensure(
            world.api.get("EcsService", "default", "web").is_none(),
            "the object stays",
        )?;
        ensure(world.ecs().services.is_empty(), "the service is left")
    });
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
fn a_region_that_is_the_accounts_own_is_the_same_place() {
    let regional = |object: Value| with(object, &json!({"management": {"region": "us-east-1"}}));
    let mut given = ground();
    given.push(Step::Apply(regional(service("web", "main", "app", 1))));
    story(given, async |world| {
        world.step(&Step::Settle).await?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

#[test]
fn a_cluster_in_conflict_is_used_by_no_service() {
    let given = vec![
        Step::Apply(account()),
        Step::Apply(definition("app", "nginx:1")),
        Step::Console("CreateCluster", json!({"clusterName": "main"})),
        Step::Apply(with(
            cluster("main"),
            &json!({"capacityProviders": null, "defaultCapacityProviderStrategy": null}),
        )),
        Step::Settle,
    ];
    story(given, async |world| {
        ensure(
            world.reason("EcsCluster", "main", "Ready") == "Conflict",
            "no conflict",
        )?;
        let before = world.aws.mutations();
        world.then(Step::Apply(service("web", "main", "app", 1))).await?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        ensure(
            world.object("EcsCluster", "main")?["status"]["arn"].is_null(),
            "it shows another's ARN",
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

/// The owner's tag has the object's name in it, which can be longer than a tag.
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
fn objects_in_a_region_that_is_allowed_no_more_can_still_go() {
    let abroad = |object: Value| with(object, &json!({"management": {"region": "eu-west-1"}}));
    let allowing = |regions: &Value| with(account(), &json!({"allowedRegions": regions}));
    let given = vec![
        Step::Apply(allowing(&json!(["eu-west-1"]))),
        Step::Apply(abroad(cluster("main"))),
        Step::Apply(abroad(definition("app", "nginx:1"))),
        Step::Apply(abroad(service("web", "main", "app", 1))),
        Step::Settle,
    ];
    story(given, async |world| {
        world.expect("EcsService", "web", "Ready", "True")?;
        world.then(Step::Apply(allowing(&json!([])))).await?;
        ensure(
            world.reason("EcsService", "web", "Ready") == "NotAuthorized",
            "it is allowed",
        )?;
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        world.step(&Step::Settle).await?;
        let left: usize = ["EcsService", "EcsTaskDefinition", "EcsCluster"]
            .iter()
            .map(|kind| world.api.list(kind).len())
            .sum();
        ensure(left == 0, format!("{left} objects are left"))
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
