//! Another team's things in the same AWS account, named or referred to: not one call, and a condition that names the rule.

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, service, with};
use super::run::Step;
use super::story::{Told, ensure, story};
use crate::world::World;

const GROUP: &str = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:00000000-0000-4000-8000-000000000001:autoScalingGroupName/billing";

/// An account that lets its namespaces use cluster `shared` and what is called `shop-…`, in an AWS account where billing has a
/// family and a capacity provider too.
fn two_teams() -> Vec<Step> {
    let shop = with(
        account(),
        &json!({"allow": {"resourceNames": ["shop-*"], "clusters": ["shared"], "adoption": false}}),
    );
    let family = |name: &str| {
        json!({"family": name, "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{"name": "app", "image": "nginx:1", "essential": true}]})
    };
    let provider =
        json!({"name": "billing-group", "autoScalingGroupProvider": {"autoScalingGroupArn": GROUP}});
    let shared = json!({"clusterName": "shared", "capacityProviders": ["FARGATE", "billing-group"]});
    vec![
        Step::Console("CreateCapacityProvider", provider),
        Step::Console("CreateCluster", shared),
        Step::Console("RegisterTaskDefinition", family("billing-app")),
        Step::Console("RegisterTaskDefinition", family("shop-app")),
        Step::Apply(shop),
        Step::Settle,
    ]
}

/// A service of shop in the shared cluster.
fn in_shared(name: &str, spec: &Value) -> Value {
    let bare = with(
        service(name, "-", "-", 1),
        &json!({"clusterRef": null, "cluster": "shared", "taskDefinitionRef": null}),
    );
    with(bare, spec)
}

fn on(provider: &str) -> Value {
    json!({"taskDefinition": "shop-app:1", "launchType": null, "capacityProviderStrategy": [{"capacityProvider": provider, "weight": 1}]})
}

/// What the tenant tries, and the name that the refusal has to name.
fn attempts() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let arn = |rest: &str| format!("arn:aws:ecs:us-east-1:123456789012:{rest}");
    let of = |name, spec: &Value| ("EcsService", name, in_shared(name, spec), "billing-app");
    let borrowed = with(
        definition("shop-borrowed", "nginx:1"),
        &json!({"family": "billing-app"}),
    );
    let providers =
        json!({"capacityProviders": ["FARGATE", "billing-group"], "defaultCapacityProviderStrategy": null});
    let strategy = json!({"capacityProviders": null,
        "defaultCapacityProviderStrategy": [{"capacityProvider": "billing-group", "weight": 1}]});
    vec![
        of("shop-revision", &json!({"taskDefinition": "billing-app:1"})),
        of("shop-family", &json!({"taskDefinition": "billing-app"})),
        of(
            "shop-arn",
            &json!({"taskDefinition": arn("task-definition/billing-app:1")}),
        ),
        ("EcsTaskDefinition", "shop-borrowed", borrowed, "billing-app"),
        of(
            "shop-newest",
            &json!({"taskDefinitionRef": {"name": "shop-borrowed"}}),
        ),
        of(
            "shop-pinned",
            &json!({"taskDefinitionRef": {"name": "shop-borrowed", "revision": 1}}),
        ),
        (
            "EcsService",
            "shop-on",
            in_shared("shop-on", &on("billing-group")),
            "billing-group",
        ),
        (
            "EcsService",
            "shop-on-arn",
            in_shared("shop-on-arn", &on(&arn("capacity-provider/billing-group"))),
            "billing-group",
        ),
        (
            "EcsCluster",
            "shop-with",
            with(cluster("shop-with"), &providers),
            "billing-group",
        ),
        (
            "EcsCluster",
            "shop-spread",
            with(cluster("shop-spread"), &strategy),
            "billing-group",
        ),
    ]
}

/// Calls to ECS, of whatever kind.
fn calls(world: &World) -> u64 {
    let all = world.aws.calls().into_iter();
    all.filter(|(operation, _)| operation != "GetCallerIdentity")
        .map(|(_, count)| count)
        .sum()
}

fn is_refused(world: &World, kind: &str, name: &str, foreign: &str) -> Told {
    world.expect(kind, name, "Ready", "False")?;
    world.expect(kind, name, "Stalled", "True")?;
    let reason = world.reason(kind, name, "Ready");
    let said = world.object(kind, name)?["status"]["conditions"].to_string();
    ensure(
        reason == "NotAuthorized" && said.contains(foreign) && said.contains("spec.allow.resourceNames"),
        format!("{kind} {name}: {said}"),
    )
}

#[test]
fn what_is_another_teams_is_not_used_whatever_it_is_called_by() {
    story(two_teams(), async |world| {
        let before = calls(world);
        for (kind, name, object, foreign) in attempts() {
            world.then(Step::Apply(object)).await?;
            is_refused(world, kind, name, foreign)?;
        }
        ensure(calls(world) == before, format!("{} calls", calls(world) - before))?;
        // What is granted works, so the refusals above are no accident.
        let own = in_shared("shop-web", &json!({"taskDefinition": "shop-app:1"}));
        world.then(Step::Apply(own)).await?;
        world.expect("EcsService", "shop-web", "Ready", "True")
    });
}

/// A cluster's name is as little proof as a family's: the object that bears it may be refused itself.
#[test]
fn another_teams_cluster_is_not_used_through_an_object_that_is_refused() {
    story(two_teams(), async |world| {
        let before = calls(world);
        let borrowed = with(cluster("shop-main"), &json!({"clusterName": "billing-main"}));
        world.then(Step::Apply(borrowed)).await?;
        let through = with(
            service("shop-web", "shop-main", "-", 1),
            &json!({"taskDefinitionRef": null, "taskDefinition": "shop-app:1"}),
        );
        world.then(Step::Apply(through)).await?;
        is_refused(world, "EcsCluster", "shop-main", "billing-main")?;
        is_refused(world, "EcsService", "shop-web", "billing-main")?;
        ensure(calls(world) == before, format!("{} calls", calls(world) - before))
    });
}
