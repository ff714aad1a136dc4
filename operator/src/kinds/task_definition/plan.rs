//! What to do about a family, given what is wanted and what is there. Pure and total.
//!
//! Laws: a change of substance is one new revision, and nothing else is; what is someone else's is not touched; a
//! revision that is in use is not pruned; a family is not Ready before the services that follow it know its newest
//! revision; the steps of a plan, carried out, lead to a state whose plan has none.

use std::collections::BTreeMap;
use std::time::Duration;

use ecs_crds::conditions::Reason;
use ecs_crds::policy::DeletionPolicy;
use ecs_crds::status::User;
use ecs_model::shape::to_value;
use serde_json::Value;

use super::desired::{CONTENT_TAG, Desired, Revision, Seen};
use super::step::Step;
use crate::diff::drift::{Change, drift};
use crate::diff::identity::{
    ADOPTED_TAG, APPLIED_TAG, INCARNATION_TAG, Ownership, content_hash, tag_changes, tag_list,
};
use crate::diff::read_path::{self, TASK_DEFINITION};
use crate::diff::rules;
use crate::kinds::claim::{Claim, claim, conflict};
use crate::kinds::keeps::{Facts, Plan};
use crate::kinds::outage::suspicion;
use crate::kinds::record;
use crate::kinds::tagging::Tagging;
use crate::kinds::verdict::Verdict;

/// When to look again for revisions to prune while services are rolling out.
const ROLLING: Duration = Duration::from_secs(10);
/// The same while services stay behind the newest revision, as after a rollback.
const BEHIND: Duration = Duration::from_mins(1);
/// For how long at least the services that follow a new revision are given to say that they are not Ready any more: whoever
/// watches them and the family hears of both, but not in which order.
const TAKING_UP: Duration = Duration::from_secs(1);
/// When to look again whether a family that is to go is still in use, if nothing wakes it earlier.
const HELD: Duration = Duration::from_secs(30);
/// How many revisions go in one pass.
pub const AT_ONCE: usize = 10;

/// Decides what to do.
pub fn plan(desired: &Desired, seen: &Seen, facts: Facts) -> Plan<Step> {
    if let Some(policy) = desired.deletion {
        return deletion(desired, seen, policy);
    }
    let Some(newest) = &seen.newest else {
        // Ours may be shown by its ARN before it is shown as the family's newest.
        return match &seen.ours {
            Some(ours) => keep(desired, ours, seen),
            None if facts.outage_suspected && desired.hint.is_some() => {
                Plan::wait(Verdict::outage(suspicion()), HELD)
            }
            None => register(desired, None, false),
        };
    };
    let counts = |ours: &&Revision| ours.number() > newest.number() || is_surplus(newest, ours);
    if let Some(ours) = seen.ours.as_ref().filter(counts) {
        return keep(desired, ours, seen);
    }
    match (
        claim(&desired.owner, newest.arn(), &newest.tags, desired.adopt),
        &seen.ours,
    ) {
        // Somebody registered a revision by hand over ours: it is left alone, and ours stays in force.
        (Claim::Conflict(_) | Claim::Take(_), Some(ours)) if is_nobodys(desired, newest) => {
            keep(desired, ours, seen)
        }
        (Claim::Conflict(message), _) => Plan::rest(conflict(message)),
        (Claim::Ours, _) => keep(desired, newest, seen),
        (Claim::Take(tags), _) if !is_nobodys(desired, newest) => reclaim(newest, seen, &tags),
        (Claim::Take(_), _) if !differences(desired, newest).is_empty() => {
            register(desired, Some(newest), true)
        }
        (Claim::Take(tags), _) => tag(newest, tags),
    }
}

fn is_nobodys(desired: &Desired, revision: &Revision) -> bool {
    desired.owner.verdict(&revision.tags) == Ownership::Unowned
}

/// `current` is ours and the newest of ours.
fn keep(desired: &Desired, current: &Revision, seen: &Seen) -> Plan<Step> {
    if !differences(desired, current).is_empty() {
        return register(desired, Some(current), false);
    }
    let (set, remove) = tag_changes(&desired.tags, &current.tags);
    let unrecorded = record::missing(desired.record(), &current.tags);
    if !set.is_empty() || !remove.is_empty() {
        if desired.report_drift && unrecorded.is_none() {
            let keys = set
                .keys()
                .chain(&remove)
                .map(|key| format!("tags[{key}]"))
                .collect::<Vec<_>>();
            return Plan::rest(Verdict::drifted(&keys));
        }
        let tagging = Tagging::of(current.arn(), set, remove);
        return Plan::of(tagging.map(Step::Tags).collect(), updating());
    }
    if let Some(record) = unrecorded {
        return self::tag(current, record);
    }
    if let Some(who) = taking_up(desired, current) {
        // Else whoever waits for both, as helm does, would find both Ready before the rollout begins.
        let message = format!("registered as {}; {who} to take it up", current.name());
        return Plan::wait(Verdict::working(Reason::Updating, message).in_sync(), TAKING_UP);
    }
    let settled = Verdict::settled(format!("registered as {}", current.name()));
    let steps = prune(desired, &seen.spare);
    if !steps.is_empty() {
        return Plan::of(steps, settled);
    }
    match desired.history {
        // Services have yet to move to a revision that is new.
        Some(_) if desired.use_.in_motion || desired.hint.as_deref() != Some(current.arn()) => {
            Plan::wait(settled, ROLLING)
        }
        Some(_) if desired.use_.behind => Plan::wait(settled, BEHIND),
        _ => Plan::rest(settled),
    }
}

/// Who is about to take `current` up: all users of a revision that is new, or one that is Ready although it would not be if it
/// knew.
fn taking_up(desired: &Desired, current: &Revision) -> Option<String> {
    let is_new = desired.hint.as_deref().is_some_and(|hint| hint != current.arn());
    if is_new && !desired.use_.users.is_empty() {
        return Some("its services are".to_owned());
    }
    let mut content = desired.use_.content_with.iter();
    let (service, _) = content.find(|(_, arn)| *arn != current.arn())?;
    Some(format!("EcsService {service} has yet"))
}

fn updating() -> Verdict {
    Verdict::working(Reason::Updating, "the spec is being registered")
}

fn tag(revision: &Revision, tags: BTreeMap<String, String>) -> Plan<Step> {
    let tag = Tagging::of(revision.arn(), tags, Vec::new());
    Plan::of(tag.map(Step::Tags).collect(), updating())
}

/// All that an earlier object of our name registered becomes this one's, the newest last: while that is not done, the rest
/// is found again.
fn reclaim(newest: &Revision, seen: &Seen, tags: &BTreeMap<String, String>) -> Plan<Step> {
    let all = seen.spare.iter().chain([newest]);
    let tag = all.flat_map(|revision| Tagging::of(revision.arn(), tags.clone(), Vec::new()));
    Plan::of(tag.map(Step::Tags).collect(), updating())
}

/// A new revision. `before` is the one that it replaces, for telling what changes.
fn register(desired: &Desired, before: Option<&Revision>, adopts: bool) -> Plan<Step> {
    let mut tags = desired.tags.clone();
    tags.extend(desired.owner.tags());
    tags.insert(CONTENT_TAG.to_owned(), content_hash(&desired.input));
    tags.extend(desired.record().map(|record| (APPLIED_TAG.to_owned(), record)));
    if adopts || before.is_some_and(|before| before.tags.contains_key(ADOPTED_TAG)) {
        tags.insert(ADOPTED_TAG.to_owned(), "true".to_owned());
    }
    let mut input = desired.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.insert("tags".to_owned(), tag_list(&tags));
    }
    let changes = before
        .map(|before| differences(desired, before))
        .unwrap_or_default();
    let changes = changes.iter().map(ToString::to_string).collect();
    Plan::of(vec![Step::Register { input, changes }], updating())
}

/// Whether `newest` is what a registration that was carried out twice left: the earlier one is in force, and a rollout of the
/// same once more would be in vain.
pub fn is_surplus(newest: &Revision, ours: &Revision) -> bool {
    let content = |revision: &Revision| revision.tags.get(CONTENT_TAG).cloned();
    let owner = |revision: &Revision| revision.tags.get(INCARNATION_TAG).cloned();
    content(ours).is_some() && content(newest) == content(ours) && owner(newest) == owner(ours)
}

/// The revision that stands for the family now: the newest of ours, but for a surplus one.
pub fn current<'a>(desired: &Desired, seen: &'a Seen) -> Option<&'a Revision> {
    let is_ours = |revision: &&Revision| {
        matches!(
            desired.owner.verdict(&revision.tags),
            Ownership::Ours | Ownership::OursOldIncarnation
        )
    };
    let surplus = |newest: &&Revision| seen.ours.as_ref().is_some_and(|ours| is_surplus(newest, ours));
    let newest = seen
        .newest
        .as_ref()
        .filter(is_ours)
        .filter(|newest| !surplus(newest));
    newest
        .into_iter()
        .chain(&seen.ours)
        .max_by_key(|revision| revision.number())
}

/// In what the spec differs from a revision; nothing for the revision that was registered from this very content, whatever
/// ECS made of it: it cannot have been changed since.
pub fn differences(desired: &Desired, revision: &Revision) -> Vec<Change> {
    if revision.tags.get(CONTENT_TAG) == Some(&content_hash(&desired.input)) {
        return Vec::new();
    }
    let Ok(observed) = to_value(&revision.definition) else {
        return Vec::new();
    };
    let reading = read_path::read(TASK_DEFINITION, &observed, None, None);
    drift(
        &desired.input,
        &without_tags(reading.value),
        &rules::task_definition(),
    )
}

fn without_tags(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.remove("tags");
    }
    value
}

/// Our own revisions beyond the history that is kept.
fn prune(desired: &Desired, spare: &[Revision]) -> Vec<Step> {
    let ours = spare
        .iter()
        .filter(|revision| desired.owner.verdict(&revision.tags) == Ownership::Ours);
    go(desired, ours)
}

fn go<'a>(desired: &Desired, revisions: impl Iterator<Item = &'a Revision>) -> Vec<Step> {
    let revisions: Vec<&Revision> = revisions.take(AT_ONCE).collect();
    let active = revisions.iter().filter(|revision| revision.is_active());
    let deregister = active.map(|revision| Step::Deregister {
        arn: revision.arn().to_owned(),
    });
    let arns: Vec<String> = revisions
        .iter()
        .map(|revision| revision.arn().to_owned())
        .collect();
    let delete = (desired.delete_revisions && !arns.is_empty()).then_some(Step::Delete { arns });
    deregister.chain(delete).collect()
}

/// How the family goes. It is held while objects use it; then our own revisions go, or only our tags.
fn deletion(desired: &Desired, seen: &Seen, policy: Option<DeletionPolicy>) -> Plan<Step> {
    let ours: Vec<&Revision> = seen
        .spare
        .iter()
        .filter(|revision| desired.owner.verdict(&revision.tags) == Ownership::Ours)
        .collect();
    if ours.is_empty() {
        return Plan::gone();
    }
    let adopted = ours
        .iter()
        .any(|revision| revision.tags.contains_key(ADOPTED_TAG));
    let going = Verdict::working(Reason::Deleting, "its revisions are being deregistered");
    if DeletionPolicy::of(policy, adopted) == DeletionPolicy::Retain {
        let some = ours.get(..AT_ONCE).unwrap_or(&ours);
        return Plan::retain(
            some.iter().map(|revision| revision.arn().to_owned()).collect(),
            some.iter().map(|revision| release(desired, revision)).collect(),
            going,
        );
    }
    if !desired.use_.users.is_empty() {
        let users: Vec<String> = desired.use_.users.iter().map(shown).collect();
        return Plan::wait(
            Verdict::working(Reason::InUse, format!("still used by {}", users.join(", "))),
            HELD,
        );
    }
    Plan::of(go(desired, ours.into_iter()), going)
}

fn release(desired: &Desired, revision: &Revision) -> Step {
    let (arn, tags) = (revision.arn(), &revision.tags);
    Step::Tags(Tagging::release(arn, tags, &desired.owner, &[CONTENT_TAG]))
}

fn shown(user: &User) -> String {
    match &user.namespace {
        Some(namespace) => format!("{} {namespace}/{}", user.kind, user.name),
        None => format!("{} {}", user.kind, user.name),
    }
}

#[cfg(test)]
mod tests;
