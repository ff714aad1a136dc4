//! Bringing a service that is ours to its spec: what differs, in one `UpdateService` with the changed members only.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Service;
use ecs_model::shape;
use serde_json::{Map, Value};

use super::rollout::{self, Verdict};
use super::{Facts, Plan, Standing, scale};
use crate::diff::drift::{Change, changed_members, cleared, drift, put};
use crate::diff::identity::{APPLIED_TAG, tag_changes};
use crate::diff::read_path::{self, Changed, SERVICE};
use crate::diff::rollout::primary;
use crate::diff::rules::{self, Rules};
use crate::kinds::claim::tag_map;
use crate::kinds::record;
use crate::kinds::service::desired::Desired;
use crate::kinds::service::recorded;
use crate::kinds::service::step::{Step, starts_deployment};
use crate::kinds::tagging::Tagging;

/// Members that are compared elsewhere, or name the service.
const APART: &[&str] = &["clientToken", "cluster", "desiredCount", "serviceName", "tags"];

pub fn plan(desired: &Desired, service: &Service, facts: &Facts<'_>) -> Plan {
    let rules = rules::service(&desired.input);
    let differing = differing(desired, service, facts, &rules);
    let (unchangeable, changes): (Vec<_>, Vec<_>) = differing.into_iter().partition(is_immutable);
    let (mut rolling, mut plain): (Vec<_>, Vec<_>) = changes.into_iter().partition(starts_deployment);
    plain.extend(scale::change(desired.count, service));

    let mut look_again = rollout::restart_in(desired.restart_at, facts.now);
    let mut standing = Standing::InStep;
    let mut restart = false;
    let mut force = false;
    match rollout::decide(desired, service, &rolling, facts) {
        Verdict::Go { restart: due } => {
            restart = due;
            force = due || rollout::needs_force(&rolling);
        }
        Verdict::Stay(why, pause) => {
            rolling.clear();
            standing = why;
            look_again = look_again.into_iter().chain(pause).min();
        }
    }
    if let Some(message) = immutable(&unchangeable) {
        standing = Standing::Immutable(message);
    }
    plain.append(&mut rolling);
    plain.sort_by(|one, other| one.path.cmp(&other.path));
    let tags = tag_map(service.tags());
    let arn = service.service_arn().unwrap_or_default();
    let (set, remove) = tags_that_differ(desired, &tags);
    let on_record = tags.get(APPLIED_TAG);
    // While the definition is not known, nobody can tell whether the spec changed or others did.
    let untold = desired.definition_unknown();
    if desired.report_drift && (untold || recorded::is_applied(desired, on_record)) {
        let recounts = recorded::wants_another_count(desired, on_record);
        let asked = |change: &Change| recounts && change.member() == "desiredCount";
        let (count, drifted): (Vec<_>, Vec<_>) = plain.into_iter().partition(asked);
        let drifted = drifted.iter().map(ToString::to_string);
        let tagged = (!set.is_empty() || !remove.is_empty()).then(|| "tags".to_owned());
        let record = recorded::with_count(desired, on_record).filter(|_| recounts);
        let record = record.map(|record| (APPLIED_TAG.to_owned(), record));
        let record = Tagging::of(arn, record.into_iter().collect(), Vec::new());
        return Plan {
            // Who asks for another count, or for a restart, wants that, of what ECS has.
            steps: update(desired, count, restart, &rules)
                .into_iter()
                .chain(record.map(Step::Tags))
                .collect(),
            standing,
            drift: drifted.chain(tagged).filter(|_| !untold).collect(),
            look_again,
        };
    }
    // The record of what was applied comes last, when it is true; what waits has not been applied.
    let waits = matches!(standing, Standing::Waiting(_) | Standing::Blocked(_));
    let record = record::missing(desired.record(), &tags).filter(|_| !waits);
    let record = record.unwrap_or_default();
    let tagging = Tagging::of(arn, set.into_iter().chain(record).collect(), remove);
    Plan {
        steps: update(desired, plain, force, &rules)
            .into_iter()
            .chain(tagging.map(Step::Tags))
            .collect(),
        standing,
        drift: Vec::new(),
        look_again,
    }
}

fn update(desired: &Desired, changes: Vec<Change>, force: bool, rules: &Rules) -> Option<Step> {
    (force || !changes.is_empty()).then(|| Step::UpdateService {
        members: members(desired, &changes, rules),
        changes,
        force,
    })
}

/// What differs between the spec and ECS, each member read where it can be read.
fn differing(desired: &Desired, service: &Service, facts: &Facts<'_>, rules: &Rules) -> Vec<Change> {
    let value = |shape: Result<Value, shape::ShapeError>| shape.unwrap_or_default();
    let deployment = primary(service).map(|primary| value(shape::to_value(primary)));
    let revision = target_revision(service, facts).map(|revision| value(shape::to_value(revision)));
    let reading = read_path::read(
        SERVICE,
        &value(shape::to_value(service)),
        deployment.as_ref(),
        revision.as_ref(),
    );
    let compared = |member: &&str| {
        let left_out = APART.contains(member)
            || reading.unread.contains(member)
            || (desired.definition_unknown() && *member == "taskDefinition")
            || (*member == "launchType" && has_strategy(&reading.value));
        !left_out
    };
    let names: Vec<_> = SERVICE
        .iter()
        .map(|member| member.name)
        .filter(compared)
        .collect();
    let side = |value: &Value| read_path::pick(value, names.iter().copied());
    drift(&side(&desired.input), &side(&reading.value), rules)
}

/// ECS shows no launch type beside a strategy; switching back is a change of the strategy (ecs-semantics.md §3.4).
fn has_strategy(observed: &Value) -> bool {
    observed
        .get("capacityProviderStrategy")
        .and_then(Value::as_array)
        .is_some_and(|items| !items.is_empty())
}

/// The revision that the PRIMARY deployment aims at.
fn target_revision<'a>(
    service: &Service,
    facts: &Facts<'a>,
) -> Option<&'a aws_sdk_ecs::types::ServiceRevision> {
    let definition = primary(service)?.task_definition();
    let current: Vec<_> = service
        .current_service_revisions()
        .iter()
        .filter_map(|revision| revision.arn())
        .collect();
    let mut candidates: Vec<_> = facts
        .view
        .revisions
        .iter()
        .filter(|revision| revision.task_definition() == definition)
        .filter(|revision| {
            revision
                .service_revision_arn()
                .is_some_and(|arn| current.is_empty() || current.contains(&arn))
        })
        .collect();
    candidates.sort_by_key(|revision| {
        revision
            .created_at()
            .map(aws_sdk_ecs::primitives::DateTime::as_nanos)
    });
    candidates.pop()
}

fn is_immutable(change: &Change) -> bool {
    SERVICE
        .iter()
        .any(|member| member.name == change.member() && member.changed == Changed::Never)
}

fn immutable(changes: &[Change]) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    Some(format!(
        "ECS cannot change this on a service ({}); change it back, or delete the object and create it anew",
        shown.join(", ")
    ))
}

/// The changed members in full, with defaults spelled out where the manifest says nothing: absent members of an update mean
/// "leave as is", and an empty list removes (ecs-semantics.md §3.4).
fn members(desired: &Desired, changes: &[Change], rules: &Rules) -> Value {
    let mut members = Map::new();
    for name in changed_members(changes) {
        let wanted = desired.input.get(name).filter(|value| !value.is_null());
        let of_member: Vec<_> = changes.iter().filter(|change| change.member() == name).collect();
        let value = match of_member.as_slice() {
            [whole] if whole.path == name => wanted
                .cloned()
                .or_else(|| whole.to.clone())
                .or_else(|| cleared(whole, rules)),
            _ if wanted.is_none() && !SPELLED_OUT.contains(&name) => Some(Value::Object(Map::new())),
            parts => {
                let mut value = wanted.cloned().unwrap_or_else(|| Value::Object(Map::new()));
                for part in parts.iter().filter(|part| part.to.is_none()) {
                    let within = part
                        .path
                        .strip_prefix(name)
                        .and_then(|path| path.strip_prefix('.'));
                    if let (Some(path), Some(cleared)) = (within, cleared(part, rules)) {
                        put(&mut value, path, cleared);
                    }
                }
                Some(value)
            }
        };
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
    Value::Object(members)
}

/// Structures that cannot be removed as a whole, only set to what they are by default.
const SPELLED_OUT: &[&str] = &[
    "deploymentConfiguration",
    "deploymentController",
    "serviceConnectConfiguration",
];

/// The tags to set and the keys to remove, but for the record of what was applied.
fn tags_that_differ(
    desired: &Desired,
    observed: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut set, remove) = tag_changes(&desired.tags, observed);
    let own = desired.owner.tags().into_iter();
    set.extend(own.filter(|(key, value)| observed.get(key) != Some(value)));
    (set, remove)
}

#[cfg(test)]
mod tests;
