//! What many services cost (the point 12), in the same count as `cargo xtask bench`: all calls of all operations, from
//! the first object until all are Ready.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{service, with};
use super::run::Step;
use super::story::{Told, ensure, ground, running, story, story_in};
use crate::glue::Setting;
use crate::world::World;

fn name(number: u64) -> String {
    format!("s{number:04}")
}

/// Calls by operation since `before`.
fn since(world: &World, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let calls = world.aws.calls().into_iter();
    calls
        .map(|(operation, count)| {
            let earlier = before.get(&operation).copied().unwrap_or(0);
            (operation, count - earlier)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Creates so many services, one after each pause, and holds what they cost against the issue.
fn create_many(services: u64, pause: Duration) {
    story_in(Setting::without_request_limits(), ground(), async |world| {
        let (before, revision) = (world.aws.calls(), world.api.revision());
        for number in 0..services {
            world
                .step(&Step::Apply(service(&name(number), "main", "app", 1)))
                .await?;
            world.pass(pause).await;
        }
        let all_ready = |world: &World| {
            (0..services).all(|number| world.expect("EcsService", &name(number), "Ready", "True").is_ok())
        };
        let took = world
            .until("all are Ready", Duration::from_mins(2), all_ready)
            .await?;
        let calls = since(world, &before);
        let all: u64 = calls.values().sum();
        ensure(
            all * 10 <= services * 12,
            format!("{all} calls for {services} services: {calls:?}"),
        )?;
        ensure(
            calls["CreateService"] == services,
            format!("each is created once: {calls:?}"),
        )?;
        let writes = world
            .api
            .writes_since(revision, |resource| resource == "ecsservices.ecs-operator.dev");
        // The first of them is the creation of the object. A few services are seen before they are done, and written once more.
        ensure(
            writes as u64 * 20 <= services * 81,
            format!("{writes} writes of {services} services"),
        )?;
        ensure(
            took <= Duration::from_secs(12),
            format!("the last was Ready after {took:?}"),
        )
    });
}

#[test]
fn a_hundred_services_at_once_cost_little_more_than_their_creation() {
    create_many(100, Duration::ZERO);
}

#[test]
fn services_that_come_one_by_one_cost_little_more_than_their_creation() {
    for a_second in [30, 60] {
        create_many(400, Duration::from_secs(1) / a_second);
    }
}

/// What a first deployment holds is known without asking, as long as it is what we asked for, and a change of it is seen.
#[test]
fn the_first_revision_is_not_read_and_yet_known() {
    let measured = |seconds: u64| {
        let every = json!({"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": seconds}]});
        with(service("web", "main", "app", 1), &json!({"monitoring": every}))
    };
    let updated = |world: &World, before: usize| -> Told {
        let calls = world.aws.mutations_since(before);
        let of_monitoring =
            |(call, input): &(String, Value)| call == "UpdateService" && input["monitoring"].is_object();
        ensure(
            calls.len() == 1 && calls.iter().all(of_monitoring),
            format!("calls: {calls:?}"),
        )
    };
    let mut given = ground();
    given.extend([Step::Apply(measured(20)), Step::Settle]);
    story(given, async |world| {
        let read = world.aws.calls().contains_key("DescribeServiceRevisions");
        ensure(!read, "the revision was read")?;
        let before = world.aws.mutations();
        world.then(Step::Apply(measured(60))).await?;
        updated(world, before)?;
        let before = world.aws.mutations();
        world.replica(0).crash();
        world.pass(Duration::from_mins(5)).await;
        ensure(world.aws.mutations() == before, "nothing differs after a restart")?;
        world.then(Step::Apply(measured(20))).await?;
        updated(world, before)?;
        world.expect("EcsService", "web", "Ready", "True")
    });
}

/// Somebody's deployment right after the creation is not mistaken for ours.
#[test]
fn a_deployment_of_others_a_moment_after_the_creation_is_read() {
    story(running(0), async |world| {
        let created = |world: &World| world.ecs().service("new").is_some();
        world.step(&Step::Apply(service("new", "main", "app", 1))).await?;
        world.until("created", Duration::from_secs(10), created).await?;
        let change = json!({"cluster": "main", "service": "new", "monitoring":
            {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 20}]}});
        world.then(Step::Console("UpdateService", change)).await?;
        let undone = world.calls_since(0).iter().any(|call| call == "UpdateService");
        ensure(undone, "what others set was not seen")?;
        world.expect("EcsService", "new", "Ready", "True")
    });
}
