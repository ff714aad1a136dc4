//! What to do about a capacity provider, given what is wanted and what is there. Pure and total.
//!
//! Laws: nothing differs, no steps; the steps of a plan, carried out, lead to a state whose plan has none; what is someone
//! else's is not touched.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::{CapacityProvider, CapacityProviderStatus, CapacityProviderUpdateStatus};
use ecs_crds::conditions::Reason;
use ecs_crds::policy::DeletionPolicy;
use ecs_model::shape::to_value;
use serde_json::{Map, Value};

use super::desired::{Desired, Seen};
use super::step::Step;
use crate::diff::drift::{Change, cleared, drift, put};
use crate::diff::identity::{ADOPTED_TAG, Ownership, tag_changes, tag_list};
use crate::diff::read_path::{self, CAPACITY_PROVIDER};
use crate::diff::rules::{self, Rules};
use crate::kinds::claim::{Claim, claim, conflict, tag_map};
use crate::kinds::held::Held;
use crate::kinds::keeps::{Facts, Plan};
use crate::kinds::outage::suspicion;
use crate::kinds::pass::RETRY;
use crate::kinds::record;
use crate::kinds::tagging::Tagging;
use crate::kinds::verdict::Verdict;

/// When to look again at what ECS is to finish, if the observer does not wake the object earlier.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to look again for what changes in the clusters that have the provider.
const STEADY: Duration = Duration::from_mins(1);
/// The members that ECS never changes; another value is another provider.
const NEVER: [&str; 5] = [
    "name",
    "cluster",
    "autoScalingGroupProvider.autoScalingGroupArn",
    "managedInstancesProvider.instanceLaunchTemplate.capacityOptionType",
    "managedInstancesProvider.instanceLaunchTemplate.fipsEnabled",
];

/// Decides what to do.
pub fn plan(desired: &Desired, seen: &Seen, facts: Facts) -> Plan<Step> {
    let present = seen
        .provider
        .as_ref()
        .filter(|provider| provider.status() != Some(&CapacityProviderStatus::Inactive));
    if let Some(policy) = desired.deletion {
        return deletion(desired, present, policy);
    }
    let Some(provider) = present else {
        return create(desired, facts);
    };
    let tags = tag_map(provider.tags());
    if let Claim::Conflict(message) = claim(&desired.owner, arn(provider), &tags, desired.adopt) {
        return Plan::rest(conflict(message));
    }
    if let Some(message) = busy(provider) {
        return Plan::wait(Verdict::working(Reason::WaitingForEcs, message), PATIENCE);
    }
    match claim(&desired.owner, arn(provider), &tags, desired.adopt) {
        Claim::Take(tags) => tag(provider, tags),
        _ if provider.update_status() == Some(&CapacityProviderUpdateStatus::CreateFailed) => {
            again(desired, provider)
        }
        _ => keep(desired, provider, &tags),
    }
}

fn tag(provider: &CapacityProvider, tags: BTreeMap<String, String>) -> Plan<Step> {
    let tag = Tagging::of(arn(provider), tags, Vec::new());
    Plan::of(tag.map(Step::Tags).collect(), updating())
}

fn arn(provider: &CapacityProvider) -> &str {
    provider.capacity_provider_arn().unwrap_or_default()
}

fn updating() -> Verdict {
    Verdict::working(Reason::Updating, "the capacity provider is being changed")
}

fn deleting(message: &str) -> Verdict {
    Verdict::working(Reason::Deleting, message)
}

/// What ECS is doing with the provider, so that it takes nothing else now.
fn busy(provider: &CapacityProvider) -> Option<&'static str> {
    use CapacityProviderUpdateStatus::{CreateInProgress, DeleteInProgress, UpdateInProgress};
    match (provider.status(), provider.update_status()) {
        (Some(CapacityProviderStatus::Deprovisioning), _) | (_, Some(DeleteInProgress)) => {
            Some("ECS is deleting the capacity provider of this name")
        }
        (Some(CapacityProviderStatus::Provisioning), _) | (_, Some(CreateInProgress)) => {
            Some("ECS is creating the capacity provider")
        }
        (_, Some(UpdateInProgress)) => Some("ECS is changing the capacity provider"),
        _ => None,
    }
}

fn create(desired: &Desired, facts: Facts) -> Plan<Step> {
    if let Some(held) = Held::verdict(&desired.held) {
        return Plan::rest(held);
    }
    if facts.outage_suspected && desired.known {
        return Plan::wait(Verdict::outage(suspicion()), PATIENCE);
    }
    let mut tags = desired.tags.clone();
    tags.extend(desired.owner.tags());
    let mut input = desired.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.insert("tags".to_owned(), tag_list(&tags));
    }
    Plan::of(vec![Step::Create { input }], updating())
}

/// ECS failed to create it: it is removed, so that the next pass creates it again.
fn again(desired: &Desired, provider: &CapacityProvider) -> Plan<Step> {
    let verdict = Verdict::stalled(
        Reason::Refused,
        failure("ECS failed to create the capacity provider", provider),
    );
    let delete = Step::Delete {
        name: desired.name.clone(),
        cluster: desired.cluster.clone(),
    };
    Plan {
        pace: Some(RETRY),
        ..Plan::of(vec![delete], verdict)
    }
}

fn failure(what: &str, provider: &CapacityProvider) -> String {
    match provider.update_status_reason() {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    }
}

/// Brings an ACTIVE provider of ours to the spec.
fn keep(desired: &Desired, provider: &CapacityProvider, tags: &BTreeMap<String, String>) -> Plan<Step> {
    let rules = rules::capacity_provider();
    let changes = drifted(desired, provider, &rules);
    if let Some(change) = changes.iter().find(|change| is_never_changed(change)) {
        return Plan::rest(Verdict::stalled(
            Reason::InvalidSpec,
            format!("{change}: ECS cannot change this; set it back, or create another CapacityProvider"),
        ));
    }
    let (set, remove) = tag_changes(&desired.tags, tags);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let tagged = set.keys().chain(&remove).map(|key| format!("tags[{key}]"));
    let differences: Vec<String> = told.iter().cloned().chain(tagged).collect();
    let settled = if desired.clusters.is_empty() {
        Plan::rest(Verdict::settled(
            "the capacity provider is ACTIVE and as the spec says",
        ))
    } else {
        Plan::wait(
            Verdict::settled("the capacity provider is ACTIVE and as the spec says"),
            STEADY,
        )
    };
    let unrecorded = record::missing(desired.record(), tags);
    if differences.is_empty() {
        return unrecorded.map_or(settled, |tags| tag(provider, tags));
    }
    if desired.report_drift && unrecorded.is_none() {
        return Plan::rest(Verdict::drifted(&differences));
    }
    let update = (!changes.is_empty()).then(|| Step::Update {
        input: update(desired, &changes, &rules),
        changes: told,
    });
    let tagging = Tagging::of(arn(provider), set, remove).map(Step::Tags);
    let failed =
        provider.update_status() == Some(&CapacityProviderUpdateStatus::UpdateFailed) && update.is_some();
    let steps = update.into_iter().chain(tagging).collect();
    if failed {
        let verdict = Verdict::working(
            Reason::Retrying,
            failure("ECS failed to change the capacity provider", provider),
        );
        return Plan {
            pace: Some(RETRY),
            ..Plan::of(steps, verdict)
        };
    }
    Plan::of(steps, updating())
}

fn is_never_changed(change: &Change) -> bool {
    let switched = !change.path.contains('.') && (change.from.is_none() || change.to.is_none());
    NEVER.contains(&change.path.as_str()) || switched
}

fn drifted(desired: &Desired, provider: &CapacityProvider, rules: &Rules) -> Vec<Change> {
    let Ok(observed) = to_value(provider) else {
        return Vec::new();
    };
    let mut observed = read_path::read(CAPACITY_PROVIDER, &observed, None, None).value;
    if let Some(members) = observed.as_object_mut() {
        members.remove("tags");
    }
    drift(&desired.input, &observed, rules)
}

/// The changed members in full. What the spec leaves out is written as its default, since a member that an update leaves out
/// stays.
fn update(desired: &Desired, changes: &[Change], rules: &Rules) -> Value {
    let mut input = Map::new();
    for name in ["name", "cluster"]
        .into_iter()
        .chain(changes.iter().map(Change::member))
    {
        if let Some(value) = desired.input.get(name) {
            input.insert(name.to_owned(), value.clone());
        }
    }
    let mut input = Value::Object(input);
    for change in changes.iter().filter(|change| change.to.is_none()) {
        if let Some(cleared) = cleared(change, rules) {
            put(&mut input, &change.path, cleared);
        }
    }
    input
}

/// How the provider goes. Only what is this very object's is touched.
fn deletion(
    desired: &Desired,
    present: Option<&CapacityProvider>,
    policy: Option<DeletionPolicy>,
) -> Plan<Step> {
    let Some(provider) = present else {
        return Plan::gone();
    };
    let tags = tag_map(provider.tags());
    if desired.owner.verdict(&tags) != Ownership::Ours {
        return Plan::gone();
    }
    let adopted = tags.contains_key(ADOPTED_TAG);
    if DeletionPolicy::of(policy, adopted) == DeletionPolicy::Retain {
        let release = Tagging::release(arn(provider), &tags, &desired.owner, &[]);
        return Plan::retain(
            vec![arn(provider).to_owned()],
            vec![Step::Tags(release)],
            deleting("its tags are being taken off"),
        );
    }
    if let Some(message) = busy(provider) {
        return Plan::wait(deleting(message), PATIENCE);
    }
    if !desired.holders.is_empty() {
        let message = format!("still used by {}", desired.holders.join(", "));
        return Plan::wait(Verdict::working(Reason::InUse, message), PATIENCE);
    }
    let delete = Step::Delete {
        name: desired.name.clone(),
        cluster: desired.cluster.clone(),
    };
    if provider.update_status() == Some(&CapacityProviderUpdateStatus::DeleteFailed) {
        let verdict = Verdict::working(
            Reason::Retrying,
            failure("ECS failed to delete the capacity provider", provider),
        );
        return Plan {
            pace: Some(RETRY),
            ..Plan::of(vec![delete], verdict)
        };
    }
    Plan::of(vec![delete], deleting("the capacity provider is being deleted"))
}

#[cfg(test)]
mod tests;
