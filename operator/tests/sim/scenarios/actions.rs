//! What a person asks for once, by annotation.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, service, with};
use super::run::{Scenario, Step};
use super::story::{Told, ensure, running, story};
use crate::oracles::condition;
use crate::world::World;

/// A service of two tasks whose deployments ECS lets hang.
fn patient() -> Value {
    let breaker = json!({"deploymentCircuitBreaker": {"enable": false, "rollback": false}});
    with(
        service("web", "main", "app", 2),
        &json!({"deploymentConfiguration": breaker}),
    )
}

/// It runs, and then its image cannot be pulled.
fn hanging() -> Vec<Step> {
    vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(definition("app", "nginx:1")),
        Step::Apply(patient()),
        Step::Settle,
        Step::Apply(definition("app", "registry.invalid/app:2")),
        Step::Pass(Duration::from_secs(30)),
    ]
}

fn outcome(world: &World, kind: &str, name: &str) -> Result<String, String> {
    let object = world.object(kind, name)?;
    let last = &object["status"]["lastAction"];
    let asked = &object["metadata"]["annotations"]["ecs-operator.dev/action"];
    ensure(
        last["request"] == *asked,
        format!("{asked} is not answered: {last}"),
    )?;
    Ok(last["outcome"].as_str().unwrap_or_default().to_owned())
}

fn is_rolled_back(world: &World) -> Told {
    let object = world.object("EcsService", "web")?;
    let definition = &object["status"]["taskDefinition"];
    ensure(
        condition(&object, "Ready") == "False" && world.reason("EcsService", "web", "Ready") == "RolledBack",
        format!("Ready's reason is {}", world.reason("EcsService", "web", "Ready")),
    )?;
    ensure(*definition == "app:1", format!("runs {definition}"))
}

#[test]
fn a_rollout_that_hangs_is_rolled_back_once_and_stays_so() {
    story(hanging(), async |world| {
        let before = world.aws.mutations();
        world.then(Step::RollBack("web")).await?;
        is_rolled_back(world)?;
        let said = outcome(world, "EcsService", "web")?;
        ensure(said.starts_with("ECS rolls deployment ecs-svc/"), said)?;
        let calls = world.calls_since(before);
        ensure(calls == ["StopServiceDeployment"], format!("calls: {calls:?}"))?;
        // The answer is lost with the status, and the request is still there.
        let lost = json!({"status": null});
        let merged = world.api.merge_status("EcsService", "web", &lost);
        merged.map_err(|refusal| refusal.message)?;
        world.then(Step::Pass(Duration::from_hours(1))).await?;
        is_rolled_back(world)?;
        let said = outcome(world, "EcsService", "web")?;
        ensure(said.starts_with("refused: there is no deployment"), said)?;
        let calls = world.calls_since(before);
        ensure(calls == ["StopServiceDeployment"], format!("calls: {calls:?}"))
    });
}

#[test]
fn rolling_back_on_request() {
    let scenario = Scenario {
        name: "roll back on request",
        given: hanging(),
        when: vec![Step::RollBack("web")],
        then: |world, _| is_rolled_back(world),
    };
    scenario.sweep();
}

#[test]
fn what_cannot_be_done_is_answered_and_nothing_is_called() {
    story(running(2), async |world| {
        let deployment = world.object("EcsService", "web")?["status"]["deployments"][0]["id"].clone();
        let completed = format!("roll-back {}", deployment.as_str().unwrap_or_default());
        let before = world.aws.mutations();
        let cases = [
            (
                "EcsService",
                "web",
                completed.as_str(),
                "is under way no more, it is SUCCESSFUL",
            ),
            (
                "EcsService",
                "web",
                "roll-back ecs-svc/0",
                "there is no deployment ecs-svc/0",
            ),
            (
                "EcsService",
                "web",
                "roll-back",
                "roll-back needs the id of a deployment",
            ),
            ("EcsService", "web", "restart", "what can be asked for is"),
            (
                "EcsCluster",
                "main",
                "roll-back ecs-svc/0",
                "only an EcsService has deployments",
            ),
            ("EcsTaskDefinition", "app", "reconcile", "ECS was read"),
        ];
        for (kind, name, request, expected) in cases {
            world.ask(kind, name, request)?;
            world.step(&Step::Settle).await?;
            let said = outcome(world, kind, name)?;
            ensure(said.contains(expected), format!("{request}: {said}"))?;
            world.expect(kind, name, "Ready", "True")?;
        }
        ensure(
            world.calls_since(before).is_empty(),
            "something was changed in ECS",
        )
    });
}

#[test]
fn a_suspended_service_is_not_rolled_back() {
    story(hanging(), async |world| {
        let suspended = with(patient(), &json!({"management": {"suspend": true}}));
        world.step(&Step::Apply(suspended)).await?;
        let before = world.aws.mutations();
        world.step(&Step::RollBack("web")).await?;
        world.step(&Step::Pass(Duration::from_mins(1))).await?;
        let said = outcome(world, "EcsService", "web")?;
        ensure(said.contains("while management.suspend is set"), said)?;
        ensure(
            world.calls_since(before).is_empty(),
            "something was changed in ECS",
        )
    });
}

/// Long before the sweep would see it.
#[test]
fn who_asks_has_drift_corrected_now() {
    story(running(2), async |world| {
        let by_hand = json!({"cluster": "main", "service": "web", "desiredCount": 5});
        world.step(&Step::Console("UpdateService", by_hand)).await?;
        world.ask("EcsService", "web", "reconcile")?;
        world.step(&Step::Pass(Duration::from_secs(2))).await?;
        let count = &world.ecs_service("web")?["desiredCount"];
        ensure(*count == 2, format!("{count} tasks are wanted"))
    });
}
