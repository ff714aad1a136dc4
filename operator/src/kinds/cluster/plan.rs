//! What to do about a cluster, given what is wanted and what is there. Pure and total.
//!
//! Laws: nothing differs, no steps; the steps of a plan, carried out, lead to a state whose plan has none; what is someone
//! else's is not touched.

mod create;
mod delete;
mod providers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::Cluster;
use ecs_crds::conditions::Reason;
use ecs_model::shape::to_value;
use serde_json::{Map, Value, json};

use super::desired::{Desired, NAMESPACE_TAG, Seen};
use super::step::Step;
use crate::diff::drift::{Change, changed_members, drift};
use crate::diff::identity::tag_changes;
use crate::diff::read_path::{self, CLUSTER, pick};
use crate::diff::rules;
use crate::kinds::claim::{Claim, claim, conflict, tag_map};
use crate::kinds::held::Held;
use crate::kinds::keeps::{Facts, Plan};
use crate::kinds::pass::RETRY;
use crate::kinds::record;
use crate::kinds::tagging::Tagging;
use crate::kinds::verdict::Verdict;

pub use providers::unexpected;

/// When to look again at what ECS is to finish, if the observer does not wake the object earlier.
const PATIENCE: Duration = Duration::from_secs(10);

/// Decides what to do.
pub fn plan(desired: &Desired, seen: &Seen, facts: Facts) -> Plan<Step> {
    if let Some(policy) = desired.deletion {
        return delete::plan(desired, seen, policy);
    }
    let Some(cluster) = seen
        .cluster
        .as_ref()
        .filter(|cluster| cluster.status() != Some("INACTIVE"))
    else {
        return create::plan(desired, seen.cluster.is_none(), facts);
    };
    let tags = tag_map(cluster.tags());
    match claim(&desired.owner, arn(cluster), &tags, desired.adopt) {
        Claim::Conflict(message) => Plan::rest(conflict(message)),
        Claim::Take(tags) => tag(cluster, tags),
        Claim::Ours => match cluster.status() {
            Some("PROVISIONING") => wait(Reason::Creating, "ECS is creating the cluster"),
            Some("DEPROVISIONING") => wait(Reason::WaitingForEcs, "ECS is deleting the cluster of this name"),
            Some("FAILED") => Plan::rest(Verdict::stalled(
                Reason::Refused,
                "ECS says that the cluster's creation FAILED; delete it in ECS to have it created again",
            )),
            _ => keep(desired, cluster, seen, &tags),
        },
    }
}

fn wait(reason: Reason, message: &str) -> Plan<Step> {
    Plan::wait(Verdict::working(reason, message), PATIENCE)
}

fn updating() -> Verdict {
    Verdict::working(Reason::Updating, "the cluster is being changed")
}

fn tag(cluster: &Cluster, tags: BTreeMap<String, String>) -> Plan<Step> {
    let tag = Tagging::of(arn(cluster), tags, Vec::new());
    Plan::of(tag.map(Step::Tags).collect(), updating())
}

fn arn(cluster: &Cluster) -> &str {
    cluster.cluster_arn().unwrap_or_default()
}

/// Brings an ACTIVE cluster of ours to the spec.
fn keep(desired: &Desired, cluster: &Cluster, seen: &Seen, tags: &BTreeMap<String, String>) -> Plan<Step> {
    let mut differences = Vec::new();
    let mut steps = members(desired, cluster, tags, &mut differences);
    steps.extend(tagging(desired, cluster, tags, &mut differences));
    let providers = providers::plan(desired, cluster, seen);
    differences.extend(providers.differences.iter().cloned());
    let unrecorded = record::missing(desired.record(), tags);
    if desired.report_drift && unrecorded.is_none() && !differences.is_empty() {
        return Plan::rest(Verdict::drifted(&differences));
    }
    steps.extend(providers.step);
    if !steps.is_empty() {
        let pace = (providers.retry && steps.len() == 1).then_some(RETRY);
        return Plan {
            pace,
            ..Plan::of(steps, providers.verdict.unwrap_or_else(updating))
        };
    }
    if let Some(verdict) = providers.verdict {
        return Plan::wait(verdict, PATIENCE);
    }
    if let Some(record) = unrecorded {
        return tag(cluster, record);
    }
    let settled = || Verdict::settled("the cluster is ACTIVE and as the spec says");
    Plan::rest(Held::verdict(&desired.providers.held).unwrap_or_else(settled))
}

/// Settings, configuration, default namespace.
fn members(
    desired: &Desired,
    cluster: &Cluster,
    tags: &BTreeMap<String, String>,
    differences: &mut Vec<String>,
) -> Vec<Step> {
    let mut changes = drifted(desired, cluster);
    let mark = desired
        .namespace
        .as_ref()
        .filter(|mark| tags.get(NAMESPACE_TAG) != Some(mark));
    if mark.is_some() && !changed_members(&changes).contains("serviceConnectDefaults") {
        let to = desired
            .input
            .pointer("/serviceConnectDefaults/namespace")
            .cloned();
        changes.push(Change {
            path: "serviceConnectDefaults.namespace".to_owned(),
            from: None,
            to,
        });
    }
    if changes.is_empty() {
        return Vec::new();
    }
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    differences.extend(told.iter().cloned());
    let mut input = changed(desired, &changes);
    input.insert("cluster".to_owned(), desired.name.clone().into());
    let only_settings = changed_members(&changes)
        .iter()
        .all(|member| *member == "settings");
    let input = Value::Object(input);
    let update = if only_settings {
        Step::UpdateSettings { input, changes: told }
    } else {
        Step::Update { input, changes: told }
    };
    let mark = mark.map(|mark| (NAMESPACE_TAG.to_owned(), mark.clone()));
    let tag = Tagging::of(arn(cluster), mark.into_iter().collect(), Vec::new());
    [update].into_iter().chain(tag.map(Step::Tags)).collect()
}

fn drifted(desired: &Desired, cluster: &Cluster) -> Vec<Change> {
    let Ok(observed) = to_value(cluster) else {
        return Vec::new();
    };
    let members = [
        "clusterName",
        "configuration",
        "serviceConnectDefaults",
        "settings",
    ];
    let observed = pick(&read_path::read(CLUSTER, &observed, None, None).value, members);
    drift(&desired.input, &observed, &rules::cluster())
}

/// The changed members as the spec has them; what it leaves out is set to what ECS has by default, since a member that an
/// update leaves out stays (ecs-semantics.md §4.8).
fn changed(desired: &Desired, changes: &[Change]) -> Map<String, Value> {
    let absent = |member: &str| match member {
        "configuration" => json!({"executeCommandConfiguration": {"logging": "DEFAULT"}}),
        "serviceConnectDefaults" => json!({"namespace": ""}),
        _ => json!([]),
    };
    let value = |member: &str| {
        desired
            .input
            .get(member)
            .cloned()
            .unwrap_or_else(|| absent(member))
    };
    changed_members(changes)
        .into_iter()
        .map(|member| (member.to_owned(), value(member)))
        .collect()
}

fn tagging(
    desired: &Desired,
    cluster: &Cluster,
    tags: &BTreeMap<String, String>,
    differences: &mut Vec<String>,
) -> Vec<Step> {
    let (set, remove) = tag_changes(&desired.tags, tags);
    differences.extend(set.keys().chain(&remove).map(|key| format!("tags[{key}]")));
    Tagging::of(arn(cluster), set, remove).map(Step::Tags).collect()
}
