//! Every order of creating and of deleting (the point 8).

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{ensure, story};
use crate::oracles::KINDS;

const OBJECTS: [(&str, &str); 4] = [
    ("EcsCluster", "main"),
    ("CapacityProvider", "asg"),
    ("EcsTaskDefinition", "app"),
    ("EcsService", "web"),
];

/// The objects; `on_provider`: the service runs on the capacity provider's instances, so that it needs all the others.
fn manifest(kind: &str, on_provider: bool) -> Value {
    let for_provider = |object: Value, spec: &Value| if on_provider { with(object, spec) } else { object };
    match kind {
        "EcsCluster" => for_provider(
            with(cluster("main"), &json!({"capacityProviders": ["FARGATE", "asg"]})),
            &json!({"capacityProviders": null, "capacityProviderRefs": [{"name": "asg"}], "defaultCapacityProviderStrategy": null}),
        ),
        "CapacityProvider" => provider("asg"),
        "EcsTaskDefinition" => for_provider(
            definition("app", "nginx:1"),
            &json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge"}),
        ),
        _ => for_provider(
            service("web", "main", "app", 1),
            &json!({"launchType": null, "networkConfiguration": null,
                "capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]}),
        ),
    }
}

fn permutations(items: &[(&'static str, &'static str)]) -> Vec<Vec<(&'static str, &'static str)>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let with_first = |first: usize| {
        let rest: Vec<_> = items
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != first)
            .map(|(_, item)| *item)
            .collect();
        permutations(&rest)
            .into_iter()
            .map(move |tail| [vec![items[first]], tail].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

fn live(
    create: &[(&'static str, &'static str)],
    delete: &[(&'static str, &'static str)],
    one_by_one: bool,
    on_provider: bool,
) {
    story(vec![Step::Apply(account()), Step::Settle], async |world| {
        for (kind, _) in create {
            world.step(&Step::Apply(manifest(kind, on_provider))).await?;
            if one_by_one {
                world.step(&Step::Settle).await?;
            }
        }
        world.judge().await?;
        for (kind, name) in create {
            world
                .expect(kind, name, "Ready", "True")
                .map_err(|what| format!("created in order {create:?}: {what}"))?;
        }
        ensure(
            !on_provider || !world.ever("EcsService", "web", "Stalled", "True"),
            format!("created in order {create:?}: the service was Stalled for a while"),
        )?;
        for (kind, name) in delete {
            world.step(&Step::Delete(kind, name)).await?;
            if one_by_one {
                world.step(&Step::Settle).await?;
            }
        }
        let view = world.judge().await?;
        let left: Vec<String> = KINDS
            .iter()
            .skip(1)
            .flat_map(|kind| world.api.list(kind))
            .map(|o| o["metadata"]["name"].to_string())
            .collect();
        ensure(
            left.is_empty() && view.is_empty(),
            format!("deleted in order {delete:?}: left {left:?}, {view:?}"),
        )
    });
}

#[test]
fn every_order_at_once() {
    for order in permutations(&OBJECTS) {
        let reversed: Vec<_> = order.iter().rev().copied().collect();
        live(&order, &order, false, false);
        live(&order, &reversed, false, false);
    }
}

#[test]
fn every_order_where_the_service_needs_the_provider() {
    for order in permutations(&OBJECTS) {
        live(&order, &order, false, true);
    }
}

#[test]
fn every_order_one_by_one() {
    for order in permutations(&OBJECTS) {
        live(&order, &order, true, false);
    }
}
