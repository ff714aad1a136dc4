//! What is taken out of a manifest goes from ECS as well, and then nothing is written any more; and deletions end.

use std::time::Duration;

use serde_json::json;

use super::objects::{account, cluster, provider, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story};
use crate::aws::Reply;

#[test]
fn what_is_taken_out_of_a_cluster_goes() {
    let rich = json!({"settings": [{"name": "containerInsights", "value": "enhanced"}],
        "configuration": {"executeCommandConfiguration": {"logging": "NONE"}},
        "serviceConnectDefaults": {"namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"},
        "tags": [{"key": "team", "value": "blue"}]});
    story(
        vec![
            Step::Apply(account()),
            Step::Apply(with(cluster("main"), &rich)),
            Step::Settle,
        ],
        async |world| {
            world.expect("EcsCluster", "main", "Ready", "True")?;
            let before = world.aws.mutations();
            world.then(Step::Apply(cluster("main"))).await?;
            let calls = world.calls_since(before);
            ensure(calls.len() <= 4, format!("calls: {calls:?}"))?;
            world.expect("EcsCluster", "main", "Ready", "True")?;
            world.is_quiet("cluster").await
        },
    );
}

#[test]
fn what_is_taken_out_of_a_provider_goes() {
    let rich = json!({"autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED", "targetCapacity": 70, "minimumScalingStepSize": 2,
        "maximumScalingStepSize": 9, "instanceWarmupPeriod": 33}, "managedTerminationProtection": "DISABLED", "managedDraining": "DISABLED"},
        "tags": [{"key": "team", "value": "blue"}]});
    let plain =
        json!({"autoScalingGroupProvider": {"managedScaling": null, "managedTerminationProtection": null}});
    story(
        vec![
            Step::Apply(account()),
            Step::Apply(with(provider("asg"), &rich)),
            Step::Settle,
        ],
        async |world| {
            world.expect("CapacityProvider", "asg", "Ready", "True")?;
            let before = world.aws.mutations();
            world.then(Step::Apply(with(provider("asg"), &plain))).await?;
            let calls = world.calls_since(before);
            ensure(calls.len() <= 3, format!("calls: {calls:?}"))?;
            world.expect("CapacityProvider", "asg", "Ready", "True")?;
            world.is_quiet("provider").await
        },
    );
}

#[test]
fn what_is_taken_out_of_a_service_goes() {
    let group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";
    let rich = json!({"enableExecuteCommand": true, "enableECSManagedTags": true, "propagateTags": "SERVICE", "platformVersion": "1.4.0",
        "healthCheckGracePeriodSeconds": 60, "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}],
        "serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}],
        "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50,
            "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}},
        "availabilityZoneRebalancing": "DISABLED",
        "serviceConnectConfiguration": {"enabled": true, "namespace": "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-1"},
        "tags": [{"key": "team", "value": "blue"}]});
    let mut given = ground();
    given.extend([
        Step::Apply(with(service("web", "main", "app", 1), &rich)),
        Step::Settle,
    ]);
    story(given, async |world| {
        world.expect("EcsService", "web", "Ready", "True")?;
        world.is_quiet("rich").await?;
        let before = world.aws.mutations();
        world.then(Step::Apply(service("web", "main", "app", 1))).await?;
        let calls = world.aws.mutations_since(before);
        ensure(calls.len() <= 3, format!("calls: {calls:?}"))?;
        world.expect("EcsService", "web", "Ready", "True")?;
        world.expect("EcsService", "web", "Synced", "True")?;
        world.is_quiet("service").await
    });
}

/// The service is deleted in the console while its object is suspended and goes.
#[test]
fn a_suspended_object_whose_service_is_gone_goes() {
    let suspended = with(
        service("web", "main", "app", 1),
        &json!({"management": {"suspend": true}}),
    );
    let mut given = running(1);
    given.extend([Step::Apply(suspended), Step::Settle]);
    story(given, async |world| {
        world
            .then(Step::Console(
                "DeleteService",
                json!({"cluster": "main", "service": "web", "force": true}),
            ))
            .await?;
        world.then(Step::Delete("EcsService", "web")).await?;
        ensure(
            world.api.get("EcsService", "default", "web").is_none(),
            "it stays",
        )
    });
}

/// As where the platform version is retired, or what the service refers to is gone.
#[test]
fn a_deletion_whose_drain_is_refused_ends() {
    story(running(2), async |world| {
        world.aws.intervene("refused", |operation, _| {
            (operation == "UpdateService").then(|| {
                Reply::Error(
                    400,
                    "InvalidParameterException",
                    "The platform version is retired.".into(),
                )
            })
        });
        world.step(&Step::Delete("EcsService", "web")).await?;
        world.pass(Duration::from_hours(1)).await;
        ensure(
            world.api.get("EcsService", "default", "web").is_none(),
            "it stays",
        )
    });
}
