//! Task definitions: in use, pruned, refused.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{definition, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story};

fn limited(image: &str) -> Value {
    with(
        definition("app", image),
        &json!({"management": {"revisionHistoryLimit": 1}}),
    )
}

/// design.md §9.16, as far as there are no canaries yet: what a service runs, or would go back to, is not pruned.
#[test]
fn situation_16_revisions_in_use_are_not_pruned() {
    story(running(1), async |world| {
        let pinned = with(
            service("pinned", "main", "app", 1),
            &json!({"taskDefinitionRef": {"name": "app", "revision": 1}}),
        );
        world.then(Step::Apply(pinned)).await?;
        for n in 2..=6 {
            world.then(Step::Apply(limited(&format!("nginx:{n}")))).await?;
        }
        let revisions: Vec<i64> = world.ecs().families["app"]
            .iter()
            .filter_map(|d| d["revision"].as_i64())
            .collect();
        ensure(
            revisions.contains(&1),
            format!("the pinned revision was pruned: {revisions:?}"),
        )?;
        ensure(
            revisions.len() <= 3 && revisions.contains(&6),
            format!("ACTIVE revisions: {revisions:?}"),
        )?;
        ensure(
            world.ecs_service("pinned")?["runningCount"] == 1,
            "the pinned service runs",
        )
    });
}

/// design.md §9.17
#[test]
fn situation_17_a_definition_in_use_is_held_and_scaling_works() {
    story(running(1), async |world| {
        world.then(Step::Delete("EcsTaskDefinition", "app")).await?;
        let held = world.object("EcsTaskDefinition", "app")?["status"].to_string();
        ensure(held.contains("web"), format!("its user is not named: {held}"))?;
        world.then(Step::Scale("web", 4)).await?;
        ensure(world.ecs_service("web")?["runningCount"] == 4, "scaling works")?;
        world.then(Step::Delete("EcsService", "web")).await?;
        ensure(
            world.api.get("EcsTaskDefinition", "default", "app").is_none(),
            "it is still held",
        )?;
        ensure(
            !world.ecs().families.contains_key("app"),
            "revisions are left ACTIVE",
        )
    });
}

/// A reference to what nobody has made yet holds the rollout, not the counts, and the service takes it up once it is there.
#[test]
fn a_service_that_refers_to_a_missing_definition_waits_for_it() {
    story(running(1), async |world| {
        let before = world.deployments("web");
        let other = with(
            service("web", "main", "app", 2),
            &json!({"taskDefinitionRef": {"name": "other"}}),
        );
        world.then(Step::Apply(other)).await?;
        world.expect("EcsService", "web", "Ready", "False")?;
        let ready = world.object("EcsService", "web")?["status"]["conditions"].to_string();
        ensure(
            ready.contains("DependencyNotReady") && ready.contains("EcsTaskDefinition other"),
            format!("what is missing is not named: {ready}"),
        )?;
        ensure(world.ecs_service("web")?["runningCount"] == 2, "scaling works")?;
        ensure(world.deployments("web") == before, "something was rolled out")?;
        world.step(&Step::Apply(definition("other", "nginx:2"))).await?;
        world.pass(Duration::from_secs(4)).await;
        ensure(
            world.deployments("web") == before + 1,
            "the definition is there and not rolled out within 4 s",
        )?;
        world.step(&Step::Settle).await?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// The second seed's pair: said plainly, tried again seldom, and healed at once by correcting the definition.
#[test]
fn a_service_that_ecs_refuses_heals_with_its_definition() {
    story(ground(), async |world| {
        let on_instances = with(
            definition("app", "nginx:1"),
            &json!({"requiresCompatibilities": ["EC2"], "cpu": null, "memory": null,
                "containerDefinitions": [{"name": "app", "image": "nginx:1", "essential": true, "memory": 128}]}),
        );
        world.then(Step::Apply(on_instances)).await?;
        let before = world.aws.mutations();
        world.step(&Step::Apply(service("web", "main", "app", 1))).await?;
        world.pass(Duration::from_mins(10)).await;
        world.expect("EcsService", "web", "Ready", "False")?;
        let said = world.object("EcsService", "web")?["status"].to_string();
        ensure(
            said.contains("does not support launch_type FARGATE"),
            format!("ECS's words are missing: {said}"),
        )?;
        let tries = world.calls_since(before).len();
        ensure(
            tries <= 40,
            format!("{tries} calls in ten minutes for a request that ECS refuses"),
        )?;
        world.then(Step::Apply(definition("app", "nginx:2"))).await?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// A tag is no change of substance.
#[test]
fn a_tag_makes_no_revision() {
    story(running(1), async |world| {
        let (before, deployments) = (world.ecs().families["app"].len(), world.deployments("web"));
        let tagged = with(
            definition("app", "nginx:1"),
            &json!({"tags": [{"key": "team", "value": "blue"}]}),
        );
        world.then(Step::Apply(tagged)).await?;
        let revisions = &world.ecs().families["app"];
        ensure(
            revisions.len() == before && world.deployments("web") == deployments,
            format!("{} revisions", revisions.len()),
        )?;
        ensure(
            revisions
                .last()
                .is_some_and(|d| d["tags"].to_string().contains("blue")),
            "the tag is not there",
        )
    });
}

/// A registration whose request arrived twice leaves a revision that nobody needs; it is not rolled out, not even by a process
/// that sees it for the first time.
#[test]
fn a_surplus_revision_is_never_rolled_out() {
    story(running(2), async |world| {
        let rollouts = world.deployments("web");
        let first = world.aws.ask(
            "DescribeTaskDefinition",
            &json!({"taskDefinition": "app:1", "include": ["TAGS"]}),
        )?;
        let mut again = first["taskDefinition"].clone();
        for answered in [
            "taskDefinitionArn",
            "revision",
            "status",
            "requiresAttributes",
            "compatibilities",
            "registeredAt",
            "registeredBy",
        ] {
            again.as_object_mut().map(|members| members.remove(answered));
        }
        again["tags"] = first["tags"].clone();
        world
            .step(&Step::Console("RegisterTaskDefinition", again))
            .await?;
        world.replica(0).crash();
        world.pass(Duration::from_hours(1)).await;
        let after = world.deployments("web");
        ensure(
            after == rollouts,
            format!("{after} rollouts instead of {rollouts}"),
        )?;
        world.expect("EcsTaskDefinition", "app", "Ready", "True")?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}
