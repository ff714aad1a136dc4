//! What a name means: in which account and region, under which cluster, and whose it is.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story};
use crate::world::World;

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

/// Makes an object of a name.
type Make = fn(&str) -> Value;

#[test]
fn two_claim_one_name_at_once() {
    let cases: [(&'static str, Make); 3] = [
        ("EcsTaskDefinition", |name| {
            with(
                definition(name, &format!("nginx:{}", name.len())),
                &json!({"family": "shared"}),
            )
        }),
        ("EcsCluster", |name| {
            with(cluster(name), &json!({"clusterName": "shared"}))
        }),
        ("CapacityProvider", |name| {
            with(provider(name), &json!({"name": "shared"}))
        }),
    ];
    for (kind, make) in cases {
        story(vec![Step::Apply(account()), Step::Settle], async |world| {
            world.step(&Step::Apply(make("first"))).await?;
            world.step(&Step::Apply(make("other1"))).await?;
            world.step(&Step::Settle).await?;
            let ready = |world: &World, name: &str| world.expect(kind, name, "Ready", "True").is_ok();
            let winner = if ready(world, "first") { "first" } else { "other1" };
            let loser = if winner == "first" { "other1" } else { "first" };
            ensure(ready(world, winner), format!("{kind}: nobody is Ready"))?;
            ensure(
                world.reason(kind, loser, "Ready") == "Conflict",
                format!("{kind}: {}", world.reason(kind, loser, "Ready")),
            )?;
            world.is_quiet(kind).await?;
            world.then(Step::Delete(kind, winner)).await?;
            ensure(ready(world, loser), format!("{kind}: {loser} did not take over"))?;
            world.then(Step::Delete(kind, loser)).await?;
            ensure(world.ecs().is_empty(), format!("{kind}: {:?}", world.ecs()))
        });
    }
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
fn a_name_means_what_is_in_the_same_account() {
    let mut second = account();
    second["metadata"]["name"] = json!("second");
    let by_name = json!({"clusterRef": null, "taskDefinitionRef": null, "cluster": "main", "taskDefinition": "app",
        "management": {"accountRef": {"name": "second"}}});
    let mut given = ground();
    given.extend([
        Step::Apply(second),
        Step::Apply(with(service("web", "-", "-", 1), &by_name)),
        Step::Settle,
    ]);
    story(given, async |world| {
        world.expect("EcsService", "web", "Ready", "True")
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
fn a_role_in_another_account_ends_no_deletion() {
    story(running(1), async |world| {
        let moved = with(
            account(),
            &json!({"roleArn": "arn:aws:iam::999999999999:role/elsewhere"}),
        );
        world.step(&Step::Apply(moved)).await?;
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        world.pass(Duration::from_mins(10)).await;
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.object(kind, name)?;
            ensure(
                world.reason(kind, name, "Ready") == "AccountMismatch",
                format!("{kind}: {}", world.reason(kind, name, "Ready")),
            )?;
        }
        world.then(Step::Apply(account())).await?;
        ensure(
            world.api.list("EcsService").is_empty() && world.api.list("EcsCluster").is_empty(),
            "not gone",
        )?;
        ensure(world.ecs().is_empty(), "left in ECS")
    });
}

#[test]
fn everything_and_the_account_at_once() {
    for account_first in [true, false] {
        story(running(2), async |world| {
            if account_first {
                world
                    .api
                    .delete("AwsAccount", "", "default")
                    .map_err(|e| e.message)?;
            }
            for (kind, name) in [
                ("EcsCluster", "main"),
                ("EcsTaskDefinition", "app"),
                ("EcsService", "web"),
            ] {
                world.step(&Step::Delete(kind, name)).await?;
            }
            if !account_first {
                world
                    .api
                    .delete("AwsAccount", "", "default")
                    .map_err(|e| e.message)?;
            }
            world.step(&Step::Settle).await?;
            ensure(
                world.ecs().is_empty() && world.api.list("AwsAccount").is_empty(),
                "left",
            )
        });
    }
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
