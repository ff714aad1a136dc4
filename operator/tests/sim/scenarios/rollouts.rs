//! Rollouts: one deployment where one is due, none where one was rolled back, and Ready only at its end.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{definition, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story};
use crate::aws::Reply;
use crate::oracles::condition;
use crate::world::World;

const GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";

fn bad() -> Step {
    Step::Apply(definition("app", "registry.invalid/app:2"))
}

fn behind_load_balancer(count: i64) -> Value {
    with(
        service("web", "main", "app", count),
        &json!({"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]}),
    )
}

fn with_port(image: &str) -> Value {
    let containers = json!([{"name": "app", "image": image, "essential": true,
        "portMappings": [{"containerPort": 80}, {"containerPort": 8080}]}]);
    with(
        definition("app", image),
        &json!({"containerDefinitions": containers}),
    )
}

/// design.md §9.1
#[test]
fn situation_01_a_rolled_back_service_is_scaled_and_nothing_else() {
    story(running(10), async |world| {
        world.then(bad()).await?;
        let rolled_back = world.reason("EcsService", "web", "Ready");
        world.expect("EcsService", "web", "Ready", "False")?;
        let before = world.aws.mutations();
        world.then(Step::Scale("web", 14)).await?;
        let calls = world.aws.mutations_since(before);
        ensure(
            calls.len() == 1 && calls[0].0 == "UpdateService",
            format!("calls: {calls:?}"),
        )?;
        let input = calls[0].1.as_object().cloned().unwrap_or_default();
        let members: Vec<&String> = input
            .keys()
            .filter(|m| !matches!(m.as_str(), "cluster" | "service"))
            .collect();
        ensure(
            members == ["desiredCount"],
            format!("UpdateService with {members:?}"),
        )?;
        ensure(world.ecs_service("web")?["runningCount"] == 14, "14 tasks run")?;
        let now = world.reason("EcsService", "web", "Ready");
        ensure(
            now == rolled_back,
            format!("Ready's reason was {rolled_back} and is {now}"),
        )
    });
}

/// design.md §9.2
#[test]
fn situation_02_a_rolled_back_service_survives_reapply_and_a_lost_status() {
    story(running(3), async |world| {
        world.then(bad()).await?;
        let before = world.aws.mutations();
        world
            .api
            .merge_status("EcsService", "web", &json!({"status": null}))
            .map_err(|e| e.message)?;
        world.replica(0).crash();
        world.step(&bad()).await?;
        world.then(Step::Apply(service("web", "main", "app", 3))).await?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.expect("EcsService", "web", "Ready", "False")
    });
}

/// design.md §9.3, and the point 4
#[test]
fn situation_03_one_apply_of_port_and_load_balancer_is_one_deployment() {
    story(running(2), async |world| {
        let (deployments, revisions) = (world.deployments("web"), world.ecs().families["app"].len());
        let until = world.clock.elapsed() + Duration::from_secs(10);
        let clock = world.clock.clone();
        world
            .aws
            .intervene("throttled registration", move |operation, _| {
                let throttled = operation == "RegisterTaskDefinition" && clock.elapsed() < until;
                throttled.then(|| Reply::Error(400, "ThrottlingException", "Rate exceeded".into()))
            });
        world.step(&Step::Apply(behind_load_balancer(2))).await?;
        world.then(Step::Apply(with_port("nginx:1"))).await?;
        let (now, registered) = (world.deployments("web"), world.ecs().families["app"].len());
        ensure(
            now == deployments + 1,
            format!("{deployments} deployments, then {now}"),
        )?;
        ensure(
            registered == revisions + 1,
            format!("{revisions} revisions, then {registered}"),
        )?;
        ensure(
            !world.ever("EcsService", "web", "Stalled", "True"),
            "it was Stalled for a while",
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// The point 4: a changed image reaches `UpdateService` within two seconds.
#[test]
fn a_changed_image_is_rolled_out_within_two_seconds() {
    story(running(2), async |world| {
        let before = world.aws.mutations();
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        let updated = |world: &World| {
            world
                .calls_since(before)
                .iter()
                .any(|call| call == "UpdateService")
        };
        let took = world
            .until("UpdateService", Duration::from_secs(10), updated)
            .await?;
        ensure(took <= Duration::from_secs(2), format!("it took {took:?}"))
    });
}

/// The point 5: Ready comes with the end of the rollout and not before.
#[test]
fn ready_is_true_only_when_the_rollout_is_complete() {
    story(running(3), async |world| {
        world
            .step(&Step::Apply(with(
                service("web", "main", "app", 3),
                &json!({"enableExecuteCommand": true}),
            )))
            .await?;
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        let generation = world.object("EcsService", "web")?["metadata"]["generation"].clone();
        let ready = |world: &World| {
            let object = world.api.get("EcsService", "default", "web").unwrap_or_default();
            let conditions = object["status"]["conditions"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            conditions.iter().any(|c| {
                c["type"] == "Ready" && c["status"] == "True" && c["observedGeneration"] == generation
            })
        };
        world
            .until("Ready of this generation", Duration::from_mins(2), ready)
            .await?;
        let web = world.ecs_service("web")?;
        let primary = &web["deployments"][0];
        ensure(
            primary["rolloutState"] == "COMPLETED" && web["runningCount"] == 3,
            format!("{primary}"),
        )
    });
}

/// Whoever waits for a release that changes nothing but the image, as helm does, finds not both Ready before it is rolled out.
#[test]
fn a_changed_definition_and_its_service_are_never_both_ready_for_an_older_revision() {
    story(running(2), async |world| {
        // After what was rolled back, too: the service is to be Ready again only once it runs what is wanted now.
        for change in [
            Step::Apply(definition("app", "nginx:2")),
            bad(),
            Step::Apply(definition("app", "nginx:3")),
        ] {
            world.then(change).await?;
        }
        let mut seen: Vec<(u64, Value)> = Vec::new();
        for (kind, name) in [("EcsTaskDefinition", "app"), ("EcsService", "web")] {
            seen.extend(world.api.history(kind, name).into_iter().map(|object| {
                let revision = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
                (revision.parse().unwrap_or_default(), object)
            }));
        }
        seen.sort_by_key(|(revision, _)| *revision);
        let (mut app, mut web) = (Value::Null, Value::Null);
        let mut agreed = 0;
        for (_, object) in seen {
            let place = if object["kind"] == "EcsService" {
                &mut web
            } else {
                &mut app
            };
            *place = object;
            if !is_current(&app) || !is_current(&web) {
                continue;
            }
            agreed += 1;
            let (registered, runs) = (&app["status"]["taskDefinition"], &web["status"]["taskDefinition"]);
            ensure(
                registered == runs,
                format!("both are Ready, though {runs} runs and {registered} is wanted"),
            )?;
        }
        ensure(agreed > 0, "they were never Ready together")?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// Whether the object counts as done with its spec, as kstatus has it.
fn is_current(object: &Value) -> bool {
    object["metadata"]["generation"] == object["status"]["observedGeneration"]
        && condition(object, "Ready") == "True"
}

/// The point 6: shown at once, never tried again by us, whatever the scaling.
#[test]
fn an_image_that_cannot_be_pulled_is_shown_and_not_retried() {
    story(running(2), async |world| {
        let deployments = world.deployments("web");
        world.step(&bad()).await?;
        let ecs_rolled_back = |world: &World| {
            let input = json!({"cluster": "main", "service": "web"});
            let listed = world
                .aws
                .ask("ListServiceDeployments", &input)
                .unwrap_or_default();
            listed["serviceDeployments"][0]["status"] == "ROLLBACK_SUCCESSFUL"
        };
        world
            .until("ECS's own rollback", Duration::from_mins(10), ecs_rolled_back)
            .await?;
        let shown = |world: &World| world.reason("EcsService", "web", "Ready").contains("RolledBack");
        world.until("RolledBack", Duration::from_secs(10), shown).await?;
        let history = world.api.history("EcsService", "web");
        let told = history
            .iter()
            .any(|object| object["status"].to_string().contains("CannotPullContainerError"));
        ensure(told, "no status ever said CannotPullContainerError")?;
        for count in 0..20 {
            world.step(&Step::Scale("web", 2 + count % 5)).await?;
            world.pass(Duration::from_mins(72)).await;
        }
        let (before, now) = (deployments, world.deployments("web"));
        ensure(
            now == before + 1,
            format!("{before} deployments before, {now} after 24 hours"),
        )
    });
}

/// A CloudWatch alarm goes off when all tasks run already: the rollout was not over, and what ECS took back is not repeated.
#[test]
fn a_rollout_that_an_alarm_takes_back_is_shown_and_not_retried() {
    let watched = |count| {
        let alarms = json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
        with(
            service("web", "main", "app", count),
            &json!({"deploymentConfiguration": {"alarms": alarms}}),
        )
    };
    story(running(2), async |world| {
        world.then(Step::Apply(watched(2))).await?;
        let deployments = world.deployments("web");
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        let replaced = |world: &World| {
            world.ecs_service("web").is_ok_and(|web| {
                let listed = &web["deployments"];
                listed[0]["runningCount"] == 2 && listed[1]["runningCount"] == 0
            })
        };
        world
            .until("the new tasks", Duration::from_mins(1), replaced)
            .await?;
        world.expect("EcsService", "web", "Ready", "False")?;
        let alarm = |state: &str| json!({"alarmName": "errors", "state": state});
        world.aws.control("alarms", &alarm("ALARM"))?;
        let shown = |world: &World| {
            let said =
                world.object("EcsService", "web").unwrap_or_default()["status"]["conditions"].to_string();
            said.contains("RolledBack") && said.contains("alarm detected")
        };
        world
            .until("RolledBack by an alarm", Duration::from_secs(15), shown)
            .await?;
        world.then(Step::Scale("web", 3)).await?;
        ensure(
            world.deployments("web") == deployments + 1,
            "what the alarm took back was tried again",
        )?;
        world.aws.control("alarms", &alarm("OK"))?;
        world.then(Step::Apply(definition("app", "nginx:3"))).await?;
        world.expect("EcsService", "web", "Ready", "True")?;
        ensure(world.ecs_service("web")?["runningCount"] == 3, "three tasks run")
    });
}

/// design.md §9.24
#[test]
fn situation_24_dropping_the_count_keeps_it() {
    story(running(40), async |world| {
        let without = with(service("web", "main", "app", 0), &json!({"desiredCount": null}));
        world.then(Step::Apply(without)).await?;
        let web = world.ecs_service("web")?;
        ensure(
            web["desiredCount"] == 40,
            format!("desiredCount is {}", web["desiredCount"]),
        )
    });
}

/// design.md §9.21
#[test]
fn situation_21_a_target_group_that_gets_its_load_balancer_late() {
    story(ground(), async |world| {
        let until = world.clock.elapsed() + Duration::from_secs(90);
        let clock = world.clock.clone();
        world.aws.intervene("detached target group", move |operation, _| {
            let message = format!(
                "The target group with targetGroupArn {GROUP} does not have an associated load balancer."
            );
            let detached = operation == "CreateService" && clock.elapsed() < until;
            detached.then_some(Reply::Error(400, "InvalidParameterException", message))
        });
        world.step(&Step::Apply(with_port("nginx:1"))).await?;
        world.then(Step::Apply(behind_load_balancer(2))).await?;
        ensure(
            !world.ever("EcsService", "web", "Stalled", "True"),
            "it was Stalled for a while",
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// design.md §9.12
#[test]
fn situation_12_a_sweep_begun_before_a_forced_update_is_dropped() {
    story(running(2), async |world| {
        let deployments = world.deployments("web");
        world.aws.slow_down("DescribeServices", Duration::from_secs(5));
        let at = world.clock.now().to_string();
        let restarted = with(
            service("web", "main", "app", 2),
            &json!({"management": {"restartAt": at}}),
        );
        world.then(Step::Apply(restarted)).await?;
        let now = world.deployments("web");
        ensure(
            now == deployments + 1,
            format!("{deployments} deployments, then {now}"),
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// One apply changes a service and its definition, and the two come by two watches: in between, the service must not be Ready for its
/// new spec, or `kubectl wait` would end before the rollout has begun.
#[test]
fn a_service_is_not_ready_while_its_definition_is_on_its_way() {
    story(running(2), async |world| {
        let before = world.deployments("web");
        world.step(&Step::Apply(service("web", "main", "app", 3))).await?;
        let ready = |world: &World| -> Result<bool, String> {
            let object = world.object("EcsService", "web")?;
            let observed = &object["status"]["observedGeneration"];
            Ok(*observed == object["metadata"]["generation"]
                && world.expect("EcsService", "web", "Ready", "True").is_ok())
        };
        for moment in 0..35 {
            if moment == 14 {
                world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
            }
            ensure(
                !ready(world)?,
                format!("Ready {} ms after the apply", moment * 50),
            )?;
            world.pass(Duration::from_millis(50)).await;
        }
        world.step(&Step::Settle).await?;
        ensure(ready(world)?, "not Ready in the end")?;
        ensure(world.deployments("web") == before + 1, "one deployment")
    });
}
