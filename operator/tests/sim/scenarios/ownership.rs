//! Whose a resource is: names claimed twice, names used again, resources deleted past the operator.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story, story_in};
use crate::aws::Reply;
use crate::glue::Setting;
use crate::oracles::{INCARNATION, tags};
use crate::world::World;

fn claiming(object: &str, ecs_name: &str) -> Value {
    with(
        service(object, "main", "app", 1),
        &json!({"serviceName": ecs_name}),
    )
}

/// design.md §9.4
#[test]
fn situation_04_the_second_claim_waits_for_the_first() {
    let mut given = ground();
    given.extend([Step::Apply(claiming("first", "shared")), Step::Settle]);
    story(given, async |world| {
        let before = world.aws.mutations();
        world.then(Step::Apply(claiming("second", "shared"))).await?;
        world.expect("EcsService", "second", "Ready", "False")?;
        ensure(
            world.reason("EcsService", "second", "Ready") == "Conflict",
            world.reason("EcsService", "second", "Ready"),
        )?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.then(Step::Delete("EcsService", "first")).await?;
        world.expect("EcsService", "second", "Ready", "True")?;
        let uid = world.object("EcsService", "second")?["metadata"]["uid"].clone();
        let owner = tags(&world.ecs_service("shared")?).remove(INCARNATION);
        ensure(
            owner.as_deref() == uid.as_str(),
            format!("it belongs to {owner:?}, not to {uid}"),
        )
    });
}

/// design.md §9.5
#[test]
fn situation_05_a_delayed_untag_never_touches_the_new_tags() {
    let retained = with(
        service("web", "main", "app", 1),
        &json!({"management": {"deletionPolicy": "Retain"}}),
    );
    let mut given = ground();
    given.extend([Step::Apply(retained.clone()), Step::Settle]);
    story(given, async |world| {
        let until = world.clock.elapsed() + Duration::from_mins(1);
        let clock = world.clock.clone();
        world.aws.intervene("throttled untag", move |operation, _| {
            let throttled = operation == "UntagResource" && clock.elapsed() < until;
            throttled.then(|| Reply::Error(400, "ThrottlingException", "Rate exceeded".into()))
        });
        world.step(&Step::Delete("EcsService", "web")).await?;
        world.pass(Duration::from_secs(10)).await;
        let forced = json!({"metadata": {"finalizers": null}});
        world
            .api
            .merge("EcsService", "default", "web", &forced)
            .map_err(|e| e.message)?;
        let adopting = with(
            retained.clone(),
            &json!({"management": {"adoptionPolicy": "Adopt"}}),
        );
        world.then(Step::Apply(adopting)).await?;
        let uid = world.object("EcsService", "web")?["metadata"]["uid"].clone();
        let owner = tags(&world.ecs_service("web")?).remove(INCARNATION);
        ensure(
            owner.as_deref() == uid.as_str(),
            format!("it belongs to {owner:?}, not to {uid}"),
        )
    });
}

/// design.md §9.6, with ECS's own durations: draining takes minutes.
#[test]
fn situation_06_a_new_object_takes_a_draining_name_as_soon_as_it_is_free() {
    let mut given = ground();
    given.extend([Step::Apply(claiming("old", "web")), Step::Settle]);
    story_in(Setting::with_aws_timing(), given, async |world| {
        world.step(&Step::Delete("EcsService", "old")).await?;
        let creations = |world: &World| {
            world
                .calls_since(0)
                .iter()
                .filter(|call| *call == "CreateService")
                .count()
        };
        let before = creations(world);
        world.step(&Step::Apply(claiming("new", "web"))).await?;
        let gone = |world: &World| {
            world
                .ecs()
                .service("web")
                .is_none_or(|service| service["status"] == "INACTIVE")
        };
        world.until("INACTIVE", Duration::from_mins(30), gone).await?;
        let created = |world: &World| creations(world) == before + 1;
        world.until("created", Duration::from_secs(10), created).await?;
        world.step(&Step::Settle).await?;
        ensure(
            world.api.get("EcsService", "default", "old").is_none(),
            "the old object is still there",
        )?;
        world.expect("EcsService", "new", "Ready", "True")
    });
}

/// design.md §9.7
#[test]
fn situation_07_a_service_deleted_in_the_console_is_created_once_more() {
    story(running(2), async |world| {
        world.pass(Duration::from_mins(10)).await;
        let before = world.aws.mutations();
        world
            .then(Step::Console(
                "DeleteService",
                json!({"cluster": "main", "service": "web", "force": true}),
            ))
            .await?;
        let calls = world.calls_since(before);
        let creations = calls.iter().filter(|call| *call == "CreateService").count();
        ensure(creations == 1, format!("calls: {calls:?}"))?;
        let tokens: Vec<Value> = world
            .aws
            .mutations_since(0)
            .into_iter()
            .filter(|(operation, _)| operation == "CreateService")
            .map(|(_, input)| input["clientToken"].clone())
            .collect();
        ensure(
            tokens.len() == 2 && tokens[0] != tokens[1],
            format!("tokens: {tokens:?}"),
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// What `Retain` and a release leave behind, and that a delete takes only what is ours.
#[test]
fn retain_leaves_the_service_and_takes_only_the_tags() {
    let retained = with(
        service("web", "main", "app", 2),
        &json!({"management": {"deletionPolicy": "Retain"}}),
    );
    let mut given = ground();
    given.extend([Step::Apply(retained), Step::Settle]);
    story(given, async |world| {
        let before = world.aws.mutations();
        world.delete_told("EcsService", "web", "Retained").await?;
        let web = world.ecs_service("web")?;
        let own: Vec<String> = tags(&web)
            .into_keys()
            .filter(|key| key.starts_with("ecs-operator.dev/"))
            .collect();
        ensure(
            own.is_empty() && web["runningCount"] == 2,
            format!("left: {own:?}, {} tasks", web["runningCount"]),
        )?;
        let calls = world.calls_since(before);
        ensure(calls == ["UntagResource"], format!("calls: {calls:?}"))
    });
}

/// The same for all other kinds.
#[test]
fn retain_says_what_it_leaves_of_every_kind() {
    let retained = |object: Value| with(object, &json!({"management": {"deletionPolicy": "Retain"}}));
    let given = vec![
        Step::Apply(account()),
        Step::Apply(retained(cluster("main"))),
        Step::Apply(retained(definition("app", "nginx:1"))),
        Step::Apply(retained(provider("asg"))),
        Step::Settle,
    ];
    story(given, async |world| {
        for (kind, name) in [
            ("EcsCluster", "main"),
            ("EcsTaskDefinition", "app"),
            ("CapacityProvider", "asg"),
        ] {
            world.delete_told(kind, name, "Retained").await?;
        }
        Ok(())
    });
}
