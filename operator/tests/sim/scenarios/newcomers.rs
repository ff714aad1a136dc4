//! Services that are created without a look first take nothing from anybody: whatever has their name already, and however
//! ECS answers.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{service, with};
use super::run::{Scenario, Step};
use super::story::{Told, ensure, ground, running, story, story_in};
use crate::aws::Reply;
use crate::glue::Setting;
use crate::oracles::{INCARNATION, tags};
use crate::world::World;

/// Just what the operator would create as `web`, but with these tags and without its token.
fn twin(tags: &Value) -> Value {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}});
    json!({"cluster": "main", "serviceName": "web", "taskDefinition": "app:1", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": network, "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "tags": tags})
}

/// The ground, and somebody's service `web` on it.
fn taken(tags: &Value) -> Vec<Step> {
    let mut steps = ground();
    steps.extend([
        Step::Console("CreateService", twin(tags)),
        Step::Pass(Duration::from_secs(10)),
    ]);
    steps
}

/// The ground, and a name that a service had that is gone.
fn used_before() -> Vec<Step> {
    let mut steps = taken(&json!([]));
    let gone = json!({"cluster": "main", "service": "web", "force": true});
    steps.extend([
        Step::Console("DeleteService", gone),
        Step::Pass(Duration::from_secs(10)),
    ]);
    steps
}

/// What must not change of somebody's service.
fn face(world: &World) -> Result<Value, String> {
    let web = world.ecs_service("web")?;
    let members = [
        "createdAt",
        "status",
        "tags",
        "desiredCount",
        "taskDefinition",
        "currentServiceDeployment",
    ];
    Ok(members.iter().map(|member| web[*member].clone()).collect())
}

/// How ECS answers to a creation under a name that somebody has.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// As the backend does: it is not the same.
    Refused,
    /// It takes it for the same, and shows what is there.
    There,
    /// The same, without the tags.
    ThereUntagged,
}

async fn apply_where_it_is_taken(world: &World, answer: Answer) -> Told {
    let before = face(world)?;
    let mut there = world.ecs_service("web")?;
    if matches!(answer, Answer::ThereUntagged) {
        there["tags"] = json!([]);
    }
    world.aws.intervene("what is there", move |operation, _| {
        let same = operation == "CreateService" && !matches!(answer, Answer::Refused);
        same.then(|| Reply::Output(json!({"service": there})))
    });
    let calls = world.aws.mutations();
    world.step(&Step::Apply(service("web", "main", "app", 2))).await?;
    world.pass(Duration::from_mins(10)).await;
    let reason = world.reason("EcsService", "web", "Ready");
    ensure(reason == "Conflict", format!("Ready's reason is {reason:?}"))?;
    let calls = world.calls_since(calls);
    ensure(calls == ["CreateService"], format!("calls: {calls:?}"))?;
    ensure(face(world)? == before, "somebody's service was changed")?;
    world.aws.withdraw("what is there");
    Ok(())
}

#[test]
fn a_name_that_somebody_has_is_left_to_him() {
    let foreign = json!([{"key": "ecs-operator.dev/service", "value": "another/shop/web"},
        {"key": "ecs-operator.dev/incarnation", "value": "uid"}]);
    for tags in [json!([{"key": "team", "value": "red"}]), foreign] {
        for answer in [Answer::Refused, Answer::There, Answer::ThereUntagged] {
            story(taken(&tags), async |world| {
                let wrong = |what: String| format!("{answer:?}, {tags}: {what}");
                apply_where_it_is_taken(world, answer).await.map_err(wrong)?;
                let before = face(world)?;
                world.then(Step::Delete("EcsService", "web")).await?;
                ensure(
                    world.api.get("EcsService", "default", "web").is_none(),
                    "the object is still there",
                )?;
                ensure(face(world)? == before, "the deletion changed somebody's service")
            });
        }
    }
}

#[test]
fn a_name_that_becomes_free_is_taken() {
    story(taken(&json!([])), async |world| {
        apply_where_it_is_taken(world, Answer::Refused).await?;
        let gone = json!({"cluster": "main", "service": "web", "force": true});
        world.then(Step::Console("DeleteService", gone)).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        let uid = world.object("EcsService", "web")?["metadata"]["uid"].clone();
        let owner = tags(&world.ecs_service("web")?).remove(INCARNATION);
        ensure(
            owner.as_deref() == uid.as_str(),
            format!("it belongs to {owner:?}"),
        )
    });
}

/// An answer that does not repeat the tags says nothing of whose the service is; the next look does.
#[test]
fn an_answer_without_tags_is_looked_after() {
    story(ground(), async |world| {
        world.aws.intervene("no tags", |operation, _| {
            (operation == "CreateService").then_some(Reply::Changed(untagged))
        });
        world.then(Step::Apply(service("web", "main", "app", 2))).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        let calls: Vec<String> = world.calls_since(0);
        let creations = calls.iter().filter(|call| *call == "CreateService").count();
        ensure(creations == 1, format!("calls: {calls:?}"))
    });
}

fn untagged(mut answer: Value) -> Value {
    answer["service"]["tags"] = json!([]);
    answer
}

/// With ECS's own durations: the service that has the name drains for minutes, and no object ever knew it.
#[test]
fn a_name_that_drains_is_taken_as_soon_as_it_is_free() {
    let mut given = taken(&json!([]));
    given.push(Step::Pass(Duration::from_mins(5)));
    story_in(Setting::with_aws_timing(), given, async |world| {
        let gone = json!({"cluster": "main", "service": "web", "force": true});
        world.step(&Step::Console("DeleteService", gone)).await?;
        world.step(&Step::Apply(service("web", "main", "app", 1))).await?;
        let is = |world: &World, status: &str| {
            let named = json!({"cluster": "main", "services": ["web"]});
            let seen = world.aws.ask("DescribeServices", &named).unwrap_or_default();
            seen["services"][0]["status"] == status
        };
        ensure(is(world, "DRAINING"), "it does not drain")?;
        world
            .until("INACTIVE", Duration::from_mins(30), |world| is(world, "INACTIVE"))
            .await?;
        let created = |world: &World| is(world, "ACTIVE");
        world.until("created", Duration::from_secs(11), created).await?;
        world.step(&Step::Settle).await?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// Backups bring objects back without finalizer and status, under a new UID: each finds its service again.
#[test]
fn a_restored_object_finds_its_service_again() {
    story(running(2), async |world| {
        let before = world.ecs_service("web")?;
        let forced = json!({"metadata": {"finalizers": null}});
        world
            .api
            .merge("EcsService", "default", "web", &forced)
            .map_err(|refusal| refusal.message)?;
        world.step(&Step::Delete("EcsService", "web")).await?;
        world.pass(Duration::from_secs(5)).await;
        let calls = world.aws.mutations();
        world.then(Step::Apply(service("web", "main", "app", 2))).await?;
        let after = world.ecs_service("web")?;
        ensure(after["createdAt"] == before["createdAt"], "it is another service")?;
        ensure(world.deployments("web") == 1, "it was deployed again")?;
        let calls = world.calls_since(calls);
        ensure(
            calls == ["CreateService", "TagResource"],
            format!("calls: {calls:?}"),
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// What adopts, and what only shows its plan, looks before anything else.
#[test]
fn who_adopts_or_only_plans_creates_nothing_unseen() {
    for management in [json!({"adoptionPolicy": "Adopt"}), json!({"suspend": true})] {
        story(taken(&json!([])), async |world| {
            let careful = with(
                service("web", "main", "app", 2),
                &json!({"management": management}),
            );
            let before = world.aws.mutations();
            world.then(Step::Apply(careful)).await?;
            let calls = world.calls_since(before);
            ensure(
                !calls.contains(&"CreateService".to_owned()),
                format!("{management}: {calls:?}"),
            )
        });
    }
}

fn only_ours(world: &World) -> Told {
    world.expect("EcsService", "web", "Ready", "True")?;
    let web = world.ecs_service("web")?;
    let uid = world.object("EcsService", "web")?["metadata"]["uid"].clone();
    ensure(
        tags(&web).remove(INCARNATION).as_deref() == uid.as_str() && web["runningCount"] == 2,
        format!("{web}"),
    )
}

/// A name that was used before has another token after a look than without one; no fault may make two services of that.
#[test]
fn a_name_that_was_used_before() {
    let scenario = Scenario {
        name: "a name that was used before",
        given: used_before(),
        when: vec![Step::Apply(service("web", "main", "app", 2))],
        then: |world, _| only_ours(world),
    };
    scenario.sweep();
}

/// The same, and the object goes when a creation that got no answer may still be on its way, though another one got one.
#[test]
fn a_short_life_under_a_name_that_was_used_before() {
    let scenario = Scenario {
        name: "a short life under a used name",
        given: used_before(),
        when: vec![
            Step::Apply(service("web", "main", "app", 2)),
            Step::Pass(Duration::from_secs(30)),
            Step::Delete("EcsService", "web"),
            // The object outlasts such a creation.
            Step::Pass(Duration::from_mins(6)),
        ],
        then: |world, view| {
            let left = world.api.list("EcsService");
            ensure(
                left.is_empty() && view.services.is_empty(),
                format!("left: {left:?}, {:?}", view.services),
            )
        },
    };
    scenario.sweep();
}
