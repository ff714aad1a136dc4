//! What no single rule decides: hands on what the operator wrote, names that come to mean something else, and policies
//! that meet.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::Step;
use super::story::{Told, ensure, ground, running, story};
use crate::world::World;

/// Takes the finalizers off an object by hand.
fn unhold(world: &World, kind: &str, name: &str) -> Told {
    let none = json!({"metadata": {"finalizers": null}});
    let merged = world.api.merge(kind, "default", name, &none);
    merged.map(drop).map_err(|refusal| refusal.message)
}

#[test]
fn a_finalizer_that_is_taken_off_comes_back() {
    for management in [json!({}), json!({"suspend": true})] {
        story(running(2), async |world| {
            world
                .then(Step::Apply(with(
                    service("web", "main", "app", 2),
                    &json!({"management": management}),
                )))
                .await?;
            for (kind, name) in [
                ("EcsCluster", "main"),
                ("EcsTaskDefinition", "app"),
                ("EcsService", "web"),
            ] {
                unhold(world, kind, name)?;
                world.step(&Step::Settle).await?;
                let held = world.object(kind, name)?["metadata"]["finalizers"].to_string();
                ensure(
                    held.contains("ecs-operator.dev"),
                    format!("{kind} {name} is held by {held}"),
                )?;
            }
            Ok(())
        });
    }
}
