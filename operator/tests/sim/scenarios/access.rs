//! Accounts: what happens when the role, the account or the endpoint is not what it should be.

use std::time::Duration;

use serde_json::json;

use super::objects::{account, cluster, service, with};
use super::run::Step;
use super::story::{ensure, ground, running, story};
use crate::apiserver::Delivery;
use crate::aws::{Reply, reads};
use crate::oracles::condition;
use crate::world::World;

fn caller(account: &str) -> Reply {
    let xml = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/x</Arn><UserId>X</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    Reply::Raw(200, "text/xml", xml)
}

fn denied(operation: &str) -> Reply {
    let message =
        format!("User: arn:aws:iam::123456789012:user/x is not authorized to perform: ecs:{operation}");
    Reply::Error(400, "AccessDeniedException", message)
}

/// design.md §9.8
#[test]
fn situation_08_a_role_in_another_account_gets_no_writes() {
    story(running(2), async |world| {
        world.aws.intervene("another account", |operation, _| {
            (operation == "GetCallerIdentity").then(|| caller("999999999999"))
        });
        let before = world.aws.mutations();
        let edited = with(
            account(),
            &json!({"roleArn": "arn:aws:iam::123456789012:role/elsewhere"}),
        );
        world.step(&Step::Apply(edited)).await?;
        world.pass(Duration::from_secs(5)).await;
        world.then(Step::Scale("web", 5)).await?;
        let calls: Vec<String> = world
            .calls_since(before)
            .into_iter()
            .filter(|call| !reads(call))
            .collect();
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        world.expect("EcsService", "web", "Ready", "Unknown")?;
        ensure(world.ecs_service("web")?["desiredCount"] == 2, "nobody scaled it")
    });
}

/// design.md §9.9
#[test]
fn situation_09_a_revoked_role_holds_the_account_until_access_returns() {
    story(running(1), async |world| {
        world
            .aws
            .intervene("revoked", |operation, _| Some(denied(operation)));
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        world
            .api
            .delete("AwsAccount", "", "default")
            .map_err(|e| e.message)?;
        world.pass(Duration::from_mins(30)).await;
        ensure(
            world.api.get("AwsAccount", "", "default").is_some(),
            "the account went before its objects",
        )?;
        ensure(
            world.api.get("EcsService", "default", "web").is_some(),
            "the service's object went, its service did not",
        )?;
        world.aws.withdraw("revoked");
        world.step(&Step::Settle).await?;
        ensure(world.ecs().is_empty(), format!("left in ECS: {:?}", world.ecs()))?;
        ensure(
            world.api.get("AwsAccount", "", "default").is_none(),
            "the account is still held",
        )
    });
}

/// design.md §9.9, the other end: a person gives up the resources.
#[test]
fn situation_09_an_orphan_annotation_ends_the_wait() {
    story(running(1), async |world| {
        world
            .aws
            .intervene("revoked", |operation, _| Some(denied(operation)));
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world.step(&Step::Delete(kind, name)).await?;
        }
        world
            .api
            .delete("AwsAccount", "", "default")
            .map_err(|e| e.message)?;
        world.pass(Duration::from_mins(10)).await;
        let orphan = json!({"metadata": {"annotations": {"ecs-operator.dev/orphan": "true"}}});
        world
            .api
            .merge("AwsAccount", "", "default", &orphan)
            .map_err(|e| e.message)?;
        world.step(&Step::Settle).await?;
        ensure(
            world.api.get("AwsAccount", "", "default").is_none(),
            "the account is still held",
        )?;
        let told = world
            .api
            .list("Event")
            .iter()
            .any(|event| event.to_string().contains("arn:aws:ecs"));
        ensure(told, "no Event names the ARNs that are left")
    });
}

/// A person gives up one object: an Event of its own names what is left, whatever its kind.
#[test]
fn whoever_gives_an_object_up_is_told_what_is_left() {
    story(running(1), async |world| {
        world
            .aws
            .intervene("revoked", |operation, _| Some(denied(operation)));
        let orphan = json!({"metadata": {"annotations": {"ecs-operator.dev/orphan": "true"}}});
        for (kind, name) in [
            ("EcsService", "web"),
            ("EcsTaskDefinition", "app"),
            ("EcsCluster", "main"),
        ] {
            world
                .api
                .merge(kind, "default", name, &orphan)
                .map_err(|e| e.message)?;
            world.delete_told(kind, name, "Orphaned").await?;
        }
        Ok(())
    });
}

/// A service that names everything by name knows its place only from its own status.
#[test]
fn a_changed_region_moves_no_service() {
    const HERE: &str = "us-east-1";
    const THERE: &str = "eu-west-1";
    story(vec![Step::Apply(account())], async |world| {
        let containers = json!([{"name": "app", "image": "nginx:1", "essential": true}]);
        let family = json!({"family": "tool", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"], "containerDefinitions": containers});
        for region in [HERE, THERE] {
            let cluster = json!({"clusterName": "shared", "capacityProviders": ["FARGATE"]});
            world.aws.ask_in(region, "CreateCluster", &cluster)?;
            world.aws.ask_in(region, "RegisterTaskDefinition", &family)?;
        }
        let by_name = with(
            service("web", "-", "-", 1),
            &json!({"clusterRef": null, "cluster": "shared", "taskDefinitionRef": null, "taskDefinition": "tool:1"}),
        );
        world.then(Step::Apply(by_name)).await?;
        world.expect("EcsService", "web", "Ready", "True")?;

        let before = world.aws.mutations();
        world
            .then(Step::Apply(with(account(), &json!({"region": THERE}))))
            .await?;
        world.expect("EcsService", "web", "Stalled", "True")?;
        let reason = world.reason("EcsService", "web", "Ready");
        ensure(reason == "InvalidSpec", format!("it says {reason}"))?;
        world.then(Step::Delete("EcsService", "web")).await?;
        ensure(
            world.api.get("EcsService", "default", "web").is_some(),
            "the object went, its service did not",
        )?;
        let calls = world.calls_since(before);
        ensure(calls.is_empty(), format!("calls: {calls:?}"))?;
        let there = world
            .aws
            .ask_in(THERE, "ListServices", &json!({"cluster": "shared"}))?;
        ensure(there["serviceArns"] == json!([]), format!("in {THERE}: {there}"))?;

        world.then(Step::Apply(account())).await?;
        ensure(
            world.api.get("EcsService", "default", "web").is_none() && world.ecs().service("web").is_none(),
            "it does not go on where it was",
        )
    });
}

/// The point 10: without a grant, not one call, and a condition that names the rule.
#[test]
fn a_namespace_without_a_grant_makes_no_calls() {
    story(vec![], async |world| {
        let closed = with(account(), &json!({"namespaces": null}));
        world.then(Step::Apply(closed)).await?;
        let before: u64 = world
            .aws
            .calls()
            .into_iter()
            .filter(|(op, _)| op != "GetCallerIdentity")
            .map(|(_, n)| n)
            .sum();
        for step in ground().into_iter().skip(1) {
            world.step(&step).await?;
        }
        world.then(Step::Apply(service("web", "main", "app", 1))).await?;
        let after: u64 = world
            .aws
            .calls()
            .into_iter()
            .filter(|(op, _)| op != "GetCallerIdentity")
            .map(|(_, n)| n)
            .sum();
        ensure(before == after, format!("{} calls", after - before))?;
        for (kind, name) in [
            ("EcsCluster", "main"),
            ("EcsTaskDefinition", "app"),
            ("EcsService", "web"),
        ] {
            world.expect(kind, name, "Ready", "False")?;
            let text = world.object(kind, name)?["status"]["conditions"].to_string();
            ensure(
                text.contains("namespace"),
                format!("the rule is not named: {text}"),
            )?;
        }
        Ok(())
    });
}

/// One `kubectl apply` of a namespace and its objects: these may come first, by watches of their own. The grant goes by the
/// namespace's labels, so its coming is news to them.
#[test]
fn objects_that_are_seen_before_their_namespace_need_not_wait() {
    let by_label = with(
        account(),
        &json!({"namespaces": {"selector": {"matchLabels": {"team": "shop"}}}}),
    );
    story(vec![Step::Apply(by_label), Step::Settle], async |world| {
        world.api.set_delivery(Delivery {
            late: Some(("Namespace", Duration::from_secs(10))),
            ..Delivery::default()
        });
        let mut main = cluster("main");
        main["metadata"]["namespace"] = json!("shop");
        let ready = |world: &World| {
            let main = world.api.get("EcsCluster", "shop", "main").unwrap_or_default();
            condition(&main, "Ready") == "True"
        };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "shop"}}});
        world.step(&Step::Apply(namespace)).await?;
        world.step(&Step::Apply(main)).await?;
        world.pass(Duration::from_secs(5)).await;
        ensure(!ready(world), "the operator knows of no grant yet")?;
        world
            .until("the cluster is Ready", Duration::from_secs(20), ready)
            .await
            .map(drop)
    });
}
