//! Observation: poisoned names, empty pages, stale views, lost events.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{cluster, definition, provider, service, with};
use super::run::{Scenario, Step};
use super::story::{ensure, ground, running, story};
use crate::apiserver::Delivery;
use crate::aws::Reply;
use crate::fault::FaultPlan;
use crate::world::World;

fn ten_services() -> Vec<Step> {
    let mut steps = ground();
    steps.extend((0..10).map(|n| Step::Apply(service(&format!("s{n}"), "main", "app", 1))));
    steps.push(Step::Settle);
    steps
}

/// design.md §9.18
#[test]
fn situation_18_one_poisoned_name_does_not_hide_the_others() {
    story(ten_services(), async |world| {
        world.aws.intervene("poison", |operation, input| {
            let named = |all: &Value| {
                all.as_array()
                    .is_some_and(|names| names.iter().any(|name| name.to_string().contains("s3")))
            };
            let poisoned = operation == "DescribeServices" && named(&input["services"]);
            poisoned.then(|| {
                Reply::Error(
                    400,
                    "InvalidParameterException",
                    "Identifier is for s3 (injected)".into(),
                )
            })
        });
        for n in (0..10).filter(|n| *n != 3) {
            world
                .step(&Step::Console(
                    "UpdateService",
                    json!({"cluster": "main", "service": format!("s{n}"), "desiredCount": 3}),
                ))
                .await?;
        }
        world.pass(Duration::from_secs(90)).await;
        let wrong: Vec<usize> = (0..10)
            .filter(|n| *n != 3)
            .filter(|n| {
                world
                    .ecs()
                    .service(&format!("s{n}"))
                    .is_none_or(|service| service["desiredCount"] != 1)
            })
            .collect();
        ensure(wrong.is_empty(), format!("their drift was not seen: {wrong:?}"))
    });
}

/// design.md §9.18, the other half: an empty page may have a next token.
#[test]
fn situation_18_an_empty_page_is_not_the_last() {
    story(running(3), async |world| {
        world.aws.intervene("empty first page", |operation, input| {
            let member = match operation {
                "ListTasks" => "taskArns",
                "ListServices" => "serviceArns",
                "ListTaskDefinitions" => "taskDefinitionArns",
                _ => return None,
            };
            input["nextToken"]
                .is_null()
                .then(|| Reply::Output(json!({member: [], "nextToken": "more"})))
        });
        world.aws.intervene("second page", |operation, input| {
            let asked = operation.starts_with("List") && input["nextToken"] == "more";
            asked.then_some(Reply::WithoutToken)
        });
        world.then(Step::Scale("web", 4)).await?;
        let listed = world.object("EcsService", "web")?["status"]["tasks"]
            .as_array()
            .map_or(0, Vec::len);
        ensure(listed == 4, format!("{listed} tasks in the status"))
    });
}

/// A view of the past, even after a restart, delays and does not mislead (engineering.md §5.1).
#[test]
fn a_stale_view_of_kubernetes_does_no_harm() {
    story(running(2), async |world| {
        world.api.pin_view(0);
        world.step(&Step::Apply(service("web", "main", "app", 5))).await?;
        world.replica(0).crash();
        world.pass(Duration::from_mins(10)).await;
        world.step(&Step::Delete("EcsService", "web")).await?;
        world.pass(Duration::from_mins(10)).await;
        world.api.release_view();
        world.judge().await?;
        ensure(
            world.api.get("EcsService", "default", "web").is_none(),
            "the object is still there",
        )?;
        ensure(world.ecs().services.is_empty(), "the service is still there")
    });
}

/// A new object behind an old view: the deleted one's steps must not fall on it.
#[test]
fn a_stale_view_does_not_delete_what_was_created_again() {
    story(running(2), async |world| {
        world.step(&Step::Delete("EcsService", "web")).await?;
        world.step(&Step::Settle).await?;
        world.then(Step::Apply(service("web", "main", "app", 2))).await?;
        let arn = world.ecs_service("web")?["createdAt"].clone();
        world.api.pin_view(40);
        world.replica(0).crash();
        world.pass(Duration::from_mins(10)).await;
        world.api.release_view();
        world.judge().await?;
        ensure(
            world.ecs_service("web")?["createdAt"] == arn,
            "the service is another one",
        )?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

fn hurried_life() -> Vec<Step> {
    vec![
        Step::Apply(service("web", "main", "app", 2)),
        Step::Pass(Duration::from_secs(3)),
        Step::Apply(definition("app", "nginx:2")),
        Step::Scale("web", 3),
        Step::Pass(Duration::from_secs(2)),
        Step::Apply(with(
            service("web", "main", "app", 3),
            &json!({"enableExecuteCommand": true}),
        )),
        Step::Delete("EcsService", "web"),
        Step::Pass(Duration::from_secs(1)),
    ]
}

/// Delayed, coalesced and forgotten watch events: the end is the same.
#[test]
fn lost_watch_events_change_nothing_in_the_end() {
    for (delay, coalesce, forget) in [(0, false, true), (5, true, false), (5, true, true)] {
        let mut given = ground();
        given.extend(hurried_life());
        story(ground(), async |world| {
            world.api.set_delivery(Delivery {
                delay: Duration::from_secs(delay),
                coalesce,
                ..Delivery::default()
            });
            let api = world.api.clone();
            let breaking = tokio::spawn(async move {
                for _ in 0..200 {
                    tokio::time::sleep(Duration::from_millis(1700)).await;
                    api.break_watches(forget);
                }
            });
            for step in hurried_life() {
                world.step(&step).await?;
            }
            let view = world.judge().await?;
            breaking.abort();
            ensure(view.services.is_empty(), format!("left: {:?}", view.services))?;
            ensure(
                world.api.list("EcsService").is_empty(),
                "the object is still there",
            )
        });
    }
}

/// Two faults in one life, sampled.
#[test]
fn pairs_of_faults() {
    let scenario = Scenario {
        name: "a hurried life",
        given: ground(),
        when: hurried_life(),
        then: |_, view| ensure(view.services.is_empty(), format!("left: {:?}", view.services)),
    };
    let clean = scenario
        .run(FaultPlan::default())
        .unwrap_or_else(|what| panic!("clean: {what}"));
    let span = clean.last + 1 - clean.first;
    let mut random = 0x5eed_u64;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..40 {
        let fault = |n: u64| crate::fault::EVERY_FAULT[usize::try_from(n).unwrap_or_default()];
        let first = (clean.first + draw(span), fault(draw(8)));
        let second = (clean.first + draw(span), fault(draw(8)));
        let plan = FaultPlan::at(first.0, first.1).and(second.0, second.1);
        if let Err(what) = scenario.run(plan) {
            panic!("{first:?} and {second:?}: {what}");
        }
    }
}

/// Instances come without any change of the provider that they belong to; it shows them all the same within a sweep, whether
/// it comes together with its cluster or was at rest long before.
#[test]
fn a_provider_counts_the_instances_that_scaling_brings() {
    instances_are_counted(vec![Step::Apply(provider("asg"))]);
    instances_are_counted(vec![Step::Apply(provider("asg")), Step::Settle]);
}

fn instances_are_counted(provider_made: Vec<Step>) {
    let mut given = ground();
    given.extend(provider_made);
    let on_instances = json!({"capacityProviders": null, "defaultCapacityProviderStrategy": null, "capacityProviderRefs": [{"name": "asg"}]});
    let for_ec2 = json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge"});
    let on_provider = json!({"launchType": null, "networkConfiguration": null,
        "capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    given.extend([
        Step::Apply(with(cluster("metal"), &on_instances)),
        Step::Apply(with(definition("on-metal", "nginx:1"), &for_ec2)),
        Step::Settle,
    ]);
    story(given, async |world| {
        let hosted = with(service("hosted", "metal", "on-metal", 2), &on_provider);
        world.step(&Step::Apply(hosted)).await?;
        let counted = |world: &World, kind: &str, name: &str, member: &str| {
            let object = world.object(kind, name).unwrap_or_default();
            object["status"][member].as_i64().unwrap_or(0)
        };
        let there =
            |world: &World| counted(world, "EcsCluster", "metal", "registeredContainerInstancesCount");
        let shown = |world: &World| counted(world, "CapacityProvider", "asg", "instances");
        world
            .until("instances", Duration::from_mins(4), |world| there(world) > 0)
            .await?;
        world
            .until("the provider shows them", Duration::from_secs(3), |world| {
                shown(world) == there(world)
            })
            .await
            .map(drop)
    });
}
