//! Rest: what is in order is left alone, for ever (ESR, engineering.md §5.1), and what others change is put right.

use std::time::Duration;

use serde_json::json;

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{ensure, running, story};
use crate::aws::Reply;

/// The point 3.
#[test]
fn applying_again_and_ten_idle_minutes_write_nothing() {
    let samples = || {
        vec![
            account(),
            cluster("main"),
            provider("asg"),
            definition("app", "nginx:1"),
            service("web", "main", "app", 2),
        ]
    };
    let given = samples()
        .into_iter()
        .map(Step::Apply)
        .chain([Step::Settle])
        .collect();
    story(given, async |world| {
        for (kind, name) in [
            ("EcsCluster", "main"),
            ("CapacityProvider", "asg"),
            ("EcsService", "web"),
        ] {
            world.expect(kind, name, "Ready", "True")?;
        }
        let (revision, effects, mutations) =
            (world.api.revision(), world.effects.count(), world.aws.mutations());
        for _ in 0..10 {
            for sample in samples() {
                world.step(&Step::Apply(sample)).await?;
            }
            world.pass(Duration::from_secs(5)).await;
        }
        world.pass(Duration::from_mins(10)).await;
        let written = world
            .api
            .writes_since(revision, |resource| resource != "leases.coordination.k8s.io");
        ensure(written == 0, format!("{written} Kubernetes writes"))?;
        ensure(
            world.aws.mutations() == mutations,
            format!("calls: {:?}", world.calls_since(mutations)),
        )?;
        ensure(world.effects.count() == effects, "there were effects")
    });
}

/// ESR: a settled world stays so, for a virtual day, restarts included.
#[test]
fn a_quiet_day_has_no_writes() {
    story(running(3), async |world| {
        world.expect("EcsService", "web", "Ready", "True")?;
        let day = Duration::from_hours(24);
        let effects = world.effects_within(day).await;
        ensure(
            effects.is_empty(),
            format!(
                "{} effects, first {}",
                effects.len(),
                effects.first().map_or_else(String::new, ToString::to_string)
            ),
        )?;
        world.replica(0).crash();
        let effects = world.effects_within(Duration::from_hours(1)).await;
        ensure(
            effects.is_empty(),
            format!("{} effects after a restart: {effects:?}", effects.len()),
        )
    });
}

/// The point 7.
#[test]
fn drift_is_corrected_within_a_sweep() {
    let cases = [
        ("count", json!({"desiredCount": 7})),
        ("definition", json!({"taskDefinition": "other"})),
        (
            "network",
            json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-7"]}}}),
        ),
    ];
    for (what, change) in cases {
        let mut given = running(2);
        given.insert(3, Step::Apply(definition("other", "nginx:7")));
        story(given, async |world| {
            let before = world.ecs_service("web")?;
            let mut input = json!({"cluster": "main", "service": "web"});
            json_patch::merge(&mut input, &change);
            world.step(&Step::Console("UpdateService", input)).await?;
            world.pass(Duration::from_secs(75)).await;
            let after = world.ecs_service("web")?;
            for member in ["desiredCount", "taskDefinition", "networkConfiguration"] {
                ensure(
                    before[member] == after[member],
                    format!("{what}: {member} is {} and was {}", after[member], before[member]),
                )?;
            }
            world.step(&Step::Settle).await?;
            world.expect("EcsService", "web", "Ready", "True")
        });
    }
}

/// The point 7, the other policy.
#[test]
fn drift_is_reported_and_left_where_the_policy_says_so() {
    story(running(2), async |world| {
        let reporting = with(
            service("web", "main", "app", 2),
            &json!({"management": {"driftPolicy": "Report"}}),
        );
        world.then(Step::Apply(reporting)).await?;
        let before = world.aws.mutations();
        world
            .then(Step::Console(
                "UpdateService",
                json!({"cluster": "main", "service": "web", "enableExecuteCommand": true}),
            ))
            .await?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.expect("EcsService", "web", "Synced", "False")?;
        let said = world.object("EcsService", "web")?["status"].to_string();
        ensure(
            said.contains("enableExecuteCommand"),
            format!("the drift is not named: {said}"),
        )
    });
}

/// What was reported stays so, whatever the object had to say in between, and after a restart.
#[test]
fn reported_drift_outlives_what_hides_it() {
    let mut given = running(1);
    given.push(Step::Apply(with(
        cluster("main"),
        &json!({"management": {"driftPolicy": "Report"}, "settings": [{"name": "containerInsights", "value": "enhanced"}]}),
    )));
    given.push(Step::Settle);
    story(given, async |world| {
        let before = world.aws.mutations();
        let settings = json!([{"name": "containerInsights", "value": "enabled"}]);
        world
            .then(Step::Console(
                "UpdateClusterSettings",
                json!({"cluster": "main", "settings": settings}),
            ))
            .await?;
        world.pass(Duration::from_mins(2)).await;
        world.expect("EcsCluster", "main", "Synced", "False")?;
        world.aws.intervene("no ecs", |operation, _| {
            (operation != "GetCallerIdentity")
                .then(|| Reply::Error(500, "ServerException", "Service Unavailable.".into()))
        });
        world.pass(Duration::from_mins(10)).await;
        world.expect("EcsCluster", "main", "Synced", "Unknown")?;
        world.aws.withdraw("no ecs");
        world.replica(0).crash();
        world.step(&Step::Settle).await?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.expect("EcsCluster", "main", "Synced", "False")?;
        let said = world.object("EcsCluster", "main")?["status"].to_string();
        ensure(
            said.contains("containerInsights"),
            format!("the drift is not named: {said}"),
        )
    });
}
