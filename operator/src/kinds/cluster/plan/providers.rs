//! The cluster's capacity providers and default strategy, which ECS changes together and in its own time
//! (ecs-semantics.md §6.4).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Attachment, Cluster};
use ecs_crds::conditions::Reason;
use ecs_model::arn::name_of;
use ecs_model::shape::to_value;
use serde_json::{Value, json};

use crate::diff::drift::drift;
use crate::diff::read_path::pick;
use crate::diff::rules;
use crate::kinds::cluster::attachment::{detail, reason};
use crate::kinds::cluster::desired::{Desired, Seen};
use crate::kinds::cluster::step::Step;
use crate::kinds::verdict::Verdict;

/// What is to be done about providers.
#[derive(Debug, Default)]
pub struct Decision {
    /// What differs, for people.
    pub differences: Vec<String>,
    /// What to do.
    pub step: Option<Step>,
    /// Why that is not all: ECS is busy, or it failed.
    pub verdict: Option<Verdict>,
    /// The step was carried out before, and ECS failed at it.
    pub retry: bool,
}

/// Decides about providers and strategy.
pub fn plan(desired: &Desired, cluster: &Cluster, seen: &Seen) -> Decision {
    let wanted = &desired.providers;
    let associated = associated(cluster);
    let extra: BTreeSet<String> = unexpected(desired, cluster)
        .into_iter()
        .filter(|name| !seen.managed.contains(name))
        .collect();
    let missing: BTreeSet<String> = wanted.ready.difference(&associated).cloned().collect();
    let strategy = strategy_differences(desired, cluster);
    let mut differences: Vec<String> = strategy.clone();
    differences.extend(missing.iter().map(|name| format!("capacityProviders: + {name}")));
    if !wanted.unknown {
        differences.extend(extra.iter().map(|name| format!("capacityProviders: - {name}")));
    }
    let status = cluster.attachments_status();
    if status == Some("UPDATE_IN_PROGRESS") {
        let verdict = Verdict::working(
            Reason::Updating,
            "ECS is changing the cluster's capacity providers",
        );
        let verdict = if differences.is_empty() {
            verdict.in_sync()
        } else {
            verdict
        };
        return Decision {
            differences,
            verdict: Some(verdict),
            ..Decision::default()
        };
    }
    let failed = status == Some("UPDATE_FAILED");
    if differences.is_empty() && !failed {
        return Decision::default();
    }
    // What is added, and another strategy, must not wait for what cannot be removed as long as it is in use.
    let keep = if missing.is_empty() && strategy.is_empty() && !wanted.unknown {
        BTreeSet::new()
    } else {
        extra
    };
    let pending = wanted.pending.intersection(&associated);
    let list: BTreeSet<String> = wanted.ready.iter().chain(pending).chain(&keep).cloned().collect();
    let retry = failed && differences.is_empty();
    let changes = if retry {
        vec!["again, since ECS failed at it".to_owned()]
    } else {
        differences.clone()
    };
    let step = put(desired, cluster, &list, changes);
    let verdict = failed.then(|| Verdict::working(Reason::Retrying, failure(cluster)));
    Decision {
        differences,
        step: Some(step),
        verdict,
        retry,
    }
}

/// The call that sets list and strategy. A strategy that is held stays, as far as its providers do.
fn put(desired: &Desired, cluster: &Cluster, list: &BTreeSet<String>, changes: Vec<String>) -> Step {
    let stays = |item: &Value| {
        let name = item
            .get("capacityProvider")
            .and_then(Value::as_str)
            .unwrap_or_default();
        list.contains(name) || desired.providers.own.contains(name)
    };
    let strategy = match &desired.providers.strategy {
        Some(strategy) => strategy.clone(),
        None => observed_strategy(cluster).into_iter().filter(stays).collect(),
    };
    let input = json!({"cluster": desired.name, "capacityProviders": list, "defaultCapacityProviderStrategy": strategy});
    Step::PutProviders { input, changes }
}

/// The call by which a cluster that is to go lets go of its providers.
pub fn let_go(desired: &Desired) -> Step {
    let input =
        json!({"cluster": desired.name, "capacityProviders": [], "defaultCapacityProviderStrategy": []});
    Step::PutProviders {
        input,
        changes: vec!["none, so that the cluster and its providers can go".to_owned()],
    }
}

/// The names of the providers that the cluster has.
pub fn associated(cluster: &Cluster) -> BTreeSet<String> {
    cluster
        .capacity_providers()
        .iter()
        .map(|name| name_of(name).to_owned())
        .collect()
}

/// The providers that the cluster has and nobody named.
pub fn unexpected(desired: &Desired, cluster: &Cluster) -> BTreeSet<String> {
    let wanted = &desired.providers;
    let named = |name: &&String| {
        [&wanted.ready, &wanted.pending, &wanted.own]
            .iter()
            .any(|set| set.contains(*name))
    };
    associated(cluster)
        .iter()
        .filter(|name| !named(name))
        .cloned()
        .collect()
}

fn strategy_differences(desired: &Desired, cluster: &Cluster) -> Vec<String> {
    let Some(wanted) = &desired.providers.strategy else {
        return Vec::new();
    };
    let wanted = json!({"defaultCapacityProviderStrategy": wanted});
    let observed = json!({"defaultCapacityProviderStrategy": observed_strategy(cluster)});
    drift(&wanted, &observed, &rules::cluster())
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn observed_strategy(cluster: &Cluster) -> Vec<Value> {
    let value = to_value(cluster).map(|value| pick(&value, ["defaultCapacityProviderStrategy"]));
    let strategy = value
        .ok()
        .and_then(|value| value.get("defaultCapacityProviderStrategy").cloned());
    strategy
        .and_then(|strategy| strategy.as_array().cloned())
        .unwrap_or_default()
}

/// What ECS says of the attachments that failed.
fn failure(cluster: &Cluster) -> String {
    let failed = cluster
        .attachments()
        .iter()
        .filter(|attachment| attachment.status() == Some("FAILED"));
    let told: Vec<String> = failed.map(told).collect();
    match told.as_slice() {
        [] => "ECS failed to change the cluster's capacity providers (UPDATE_FAILED); it is asked again"
            .to_owned(),
        told => format!(
            "ECS failed to attach capacity providers: {}; it is asked again",
            told.join("; ")
        ),
    }
}

fn told(attachment: &Attachment) -> String {
    let provider = detail(attachment, "capacityProviderName")
        .or(attachment.id())
        .unwrap_or_default();
    match reason(attachment) {
        Some(reason) => format!("{provider}: {reason}"),
        None => provider.to_owned(),
    }
}
