//! Clusters and their capacity providers: deleted in the console, attachments that fail, rings of references.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{ensure, running, story};
use crate::aws::Reply;
use crate::world::World;

/// design.md §9.10
#[test]
fn situation_10_a_cluster_deleted_in_the_console() {
    let mut given = running(2);
    given.extend([Step::Apply(service("dying", "main", "app", 1)), Step::Settle]);
    story(given, async |world| {
        world.step(&Step::Apply(definition("app", "nginx:2"))).await?;
        world.step(&Step::Delete("EcsService", "dying")).await?;
        world.pass(Duration::from_millis(1500)).await;
        // ECS wants the services gone before their cluster; the console does that.
        for name in ["web", "dying"] {
            let input = json!({"cluster": "main", "service": name, "force": true});
            if world.aws.ask("DeleteService", &input).is_err() {
                // The operator was faster.
            }
        }
        let mut deleted = false;
        for _ in 0..200 {
            deleted = world
                .aws
                .ask("DeleteCluster", &json!({"cluster": "main"}))
                .is_ok();
            if deleted {
                break;
            }
            if world
                .ecs()
                .service("web")
                .is_some_and(|web| web["status"] == "ACTIVE")
            {
                world.aws.ask(
                    "DeleteService",
                    &json!({"cluster": "main", "service": "web", "force": true}),
                )?;
            }
            world.pass(Duration::from_millis(50)).await;
        }
        ensure(deleted, "the console could not delete the cluster")?;
        world.step(&Step::Settle).await?;
        ensure(
            world.api.get("EcsService", "default", "dying").is_none(),
            "the deletion did not end",
        )?;
        world.expect("EcsCluster", "main", "Ready", "True")?;
        world.expect("EcsService", "web", "Ready", "True")?;
        world.judge().await.map(drop)
    });
}

/// What was seen of a cluster while its services ran must not hold it once they are gone.
#[test]
fn a_cluster_goes_as_soon_as_its_services_have() {
    story(running(2), async |world| {
        world.pass(Duration::from_mins(5)).await;
        for (kind, name) in [
            ("EcsCluster", "main"),
            ("EcsTaskDefinition", "app"),
            ("EcsService", "web"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        let gone = |kind, name| move |world: &World| world.api.get(kind, "default", name).is_none();
        let minute = Duration::from_mins(1);
        world
            .until("the service gone", minute, gone("EcsService", "web"))
            .await?;
        let soon = Duration::from_secs(3);
        world
            .until("the cluster gone", soon, gone("EcsCluster", "main"))
            .await
            .map(drop)
    });
}

/// design.md §9.14
#[test]
fn situation_14_a_failed_attachment_is_shown_and_the_service_stays() {
    let given = vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(provider("asg")),
        Step::Apply(definition("app", "nginx:1")),
        Step::Apply(service("web", "main", "app", 2)),
        Step::Settle,
    ];
    story(given, async |world| {
        world.aws.intervene("failed attachment", |operation, _| {
            (operation == "DescribeClusters").then_some(Reply::Changed(failed_attachment))
        });
        let with_provider = with(
            cluster("main"),
            &json!({"capacityProviders": ["FARGATE", "FARGATE_SPOT", "asg"]}),
        );
        world.step(&Step::Apply(with_provider)).await?;
        world.pass(Duration::from_mins(2)).await;
        let status = world.object("EcsCluster", "main")?["status"].to_string();
        ensure(
            status.contains("the group has a scaling plan"),
            format!("the reason is not shown: {status}"),
        )?;
        world.expect("EcsCluster", "main", "Ready", "False")?;
        world.expect("EcsService", "web", "Ready", "True")?;
        let before = world.aws.mutations();
        world.pass(Duration::from_mins(30)).await;
        let retried = world
            .calls_since(before)
            .iter()
            .filter(|call| *call == "PutClusterCapacityProviders")
            .count();
        ensure(
            (1..=60).contains(&retried),
            format!("the list was put {retried} times in half an hour"),
        )?;
        world.aws.withdraw("failed attachment");
        world.step(&Step::Settle).await?;
        world.expect("EcsCluster", "main", "Ready", "True")
    });
}

fn failed_attachment(mut output: Value) -> Value {
    for cluster in output["clusters"].as_array_mut().into_iter().flatten() {
        cluster["attachmentsStatus"] = json!("UPDATE_FAILED");
        cluster["attachments"] = json!([{"id": "00000000-0000-4000-8000-00000000000a", "type": "as_policy", "status": "FAILED",
            "details": [{"name": "capacityProviderName", "value": "asg"}, {"name": "reason", "value": "the group has a scaling plan"}]}]);
    }
    output
}

/// design.md §9.15
#[test]
fn situation_15_a_cluster_whose_strategy_names_a_provider_that_needs_it() {
    let ring = || {
        let provider = json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "CapacityProvider",
            "metadata": {"name": "managed", "namespace": "default"}, "spec": {"clusterRef": {"name": "main"},
            "managedInstancesProvider": {"infrastructureRoleArn": "arn:aws:iam::123456789012:role/infra",
                "instanceLaunchTemplate": {"ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/x",
                    "networkConfiguration": {"subnets": ["subnet-1"]}}}}});
        let strategy = json!({"capacityProviders": null, "capacityProviderRefs": [{"name": "managed"}],
            "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "managed"}, "weight": 1}]});
        [
            ("EcsCluster", "main", with(cluster("main"), &strategy)),
            ("CapacityProvider", "managed", provider),
        ]
    };
    for (creation, deletion) in [
        ([0, 1], [0, 1]),
        ([1, 0], [1, 0]),
        ([0, 1], [1, 0]),
        ([1, 0], [0, 1]),
    ] {
        story(vec![Step::Apply(account()), Step::Settle], async |world| {
            let ring = ring();
            for at in creation {
                world.step(&Step::Apply(ring[at].2.clone())).await?;
            }
            world.step(&Step::Settle).await?;
            for (kind, name, _) in &ring {
                world.expect(kind, name, "Ready", "True")?;
            }
            for at in deletion {
                world.step(&Step::Delete(ring[at].0, ring[at].1)).await?;
            }
            world.step(&Step::Settle).await?;
            let left: usize = ["EcsCluster", "CapacityProvider"]
                .iter()
                .map(|kind| world.api.list(kind).len())
                .sum();
            ensure(
                left == 0 && world.ecs().is_empty(),
                format!("created {creation:?}, deleted {deletion:?}: {left} left"),
            )
        });
    }
}
