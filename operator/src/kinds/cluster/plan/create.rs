//! Creating a cluster, for the first time or after it was deleted behind our back.

use std::time::Duration;

use serde_json::Value;

use super::{PATIENCE, updating};
use crate::diff::identity::tag_list;
use crate::kinds::cluster::desired::{Desired, NAMESPACE_TAG};
use crate::kinds::cluster::step::Step;
use crate::kinds::keeps::{Facts, Plan};
use crate::kinds::outage::suspicion;
use crate::kinds::verdict::Verdict;

/// How often at most a cluster is created again that ECS denies having ever had: where the endpoint is a wrong one, creating
/// changes nothing.
const DENIED: Duration = Duration::from_mins(20);

/// With the providers that are there. One that needs the cluster comes later, and the strategy with it. `unheard_of`: ECS
/// does not even know it as INACTIVE.
pub fn plan(desired: &Desired, unheard_of: bool, facts: Facts) -> Plan<Step> {
    if facts.outage_suspected && desired.known {
        return Plan::wait(Verdict::outage(suspicion()), PATIENCE);
    }
    let create = vec![Step::Create {
        input: input(desired),
    }];
    if unheard_of && desired.known {
        let message = "ECS does not know the cluster, although it was there; unless it was deleted, the endpoint is a wrong one";
        return Plan {
            pace: Some(DENIED),
            ..Plan::of(create, Verdict::outage(message))
        };
    }
    Plan::of(create, updating())
}

fn input(desired: &Desired) -> Value {
    let mut tags = desired.tags.clone();
    tags.extend(desired.owner.tags());
    tags.extend(
        desired
            .namespace
            .clone()
            .map(|mark| (NAMESPACE_TAG.to_owned(), mark)),
    );
    let mut input = desired.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.insert("tags".to_owned(), tag_list(&tags));
        let providers: Vec<Value> = desired
            .providers
            .ready
            .iter()
            .map(|name| name.as_str().into())
            .collect();
        if !providers.is_empty() {
            members.insert("capacityProviders".to_owned(), providers.into());
        }
        let strategy = desired.providers.strategy.clone().unwrap_or_default();
        if !strategy.is_empty() && strategy.iter().all(|item| is_ready(desired, item)) {
            members.insert("defaultCapacityProviderStrategy".to_owned(), strategy.into());
        }
    }
    input
}

fn is_ready(desired: &Desired, item: &Value) -> bool {
    let name = item
        .get("capacityProvider")
        .and_then(Value::as_str)
        .unwrap_or_default();
    desired.providers.ready.contains(name)
}
