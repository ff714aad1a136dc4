//! What spans several members of a spec, and what ECS cannot change, as CEL that the API server evaluates.
//!
//! The texts follow what a real API server accepts (engineering.md §8.2): rules stand on `spec`, because those at the root
//! show no path; every member that may be absent is guarded with `has()`; immutability compares presence too, because a
//! rule on the member itself is bypassed by removing it first; lists and strings in a rule have caps
//! (`schema/limits.rs`), because the cost is estimated from them. What cannot be told from one object alone is the planner's.

mod account;
mod capacity_provider;
mod cluster;
mod service;
mod task_definition;

use kube::core::{Reason, Rule};

pub(crate) use account::rules as account;
pub(crate) use capacity_provider::rules as capacity_provider;
pub(crate) use cluster::rules as cluster;
pub(crate) use service::rules as service;
pub(crate) use task_definition::rules as task_definition;

/// How many of ECS's 50 tags are the user's; the others say whose the resource is and what it was made from.
const USER_TAGS: usize = 45;

/// The rules of a kind.
pub(crate) struct Rules {
    /// Rules in which `self` is the spec.
    pub(crate) spec: Vec<Rule>,
    /// Rules in which `self` is the whole object.
    pub(crate) object: Vec<Rule>,
}

/// A rule on the spec: what must hold, the member to point at, and what is wrong otherwise.
fn rule(holds: impl Into<String>, at: &str, message: impl Into<String>) -> Rule {
    let rule = Rule::new(holds)
        .message(message.into().as_str())
        .reason(Reason::FieldValueInvalid);
    if at.is_empty() {
        rule
    } else {
        rule.field_path(format!(".{at}"))
    }
}

/// At most one of two members.
fn at_most_one(one: &str, other: &str) -> Rule {
    rule(
        format!("!({} && {})", is_set(one), is_set(other)),
        other,
        format!("set at most one of {one} and {other}"),
    )
    .reason(Reason::FieldValueForbidden)
}

/// A member that cannot change, not even by being removed or added.
fn immutable(path: &str, why: &str) -> Rule {
    let old = |text: &str| text.replace("self.", "oldSelf.");
    let set = is_set(path);
    rule(
        format!(
            "({set}) == ({}) && (!({set}) || self.{path} == oldSelf.{path})",
            old(&set)
        ),
        // A path that is absent cannot be pointed at, so the one above it is.
        path.split('.').next().unwrap_or(path),
        format!("{path} cannot be changed: {why}"),
    )
}

/// A member that cannot change, where being absent means the same as this literal.
fn immutable_with_default(path: &str, default: &str, why: &str) -> Rule {
    let now = or(path, default);
    rule(
        format!("({now}) == ({})", now.replace("self.", "oldSelf.")),
        path.split('.').next().unwrap_or(path),
        format!("{path} cannot be changed: {why}"),
    )
}

/// The rules that `spec.management` has in every kind.
fn management() -> Vec<Rule> {
    vec![
        immutable_with_default(
            "management.accountRef.name",
            "'default'",
            "delete the object (with deletionPolicy Retain) and create it anew",
        ),
        immutable(
            "management.region",
            "ECS resources do not move; delete the object and create it anew",
        ),
    ]
}

/// Tags that are not the user's to set (ecs-semantics.md §0.3), and room for ours: without it, a manifest could forge the
/// tags by which the operator knows what is whose.
fn tags() -> Vec<Rule> {
    vec![
        rule(
            "!has(self.tags) || self.tags.all(t, !t.key.lowerAscii().startsWith('aws:') && \
             !t.key.startsWith('ecs-operator.dev/'))",
            "tags",
            "keys of tags cannot begin with aws: or ecs-operator.dev/, which AWS and the operator keep for themselves",
        )
        .reason(Reason::FieldValueForbidden),
        rule(
            format!("!has(self.tags) || self.tags.size() <= {USER_TAGS}"),
            "tags",
            format!("ECS has room for 50 tags, and the operator needs some: set at most {USER_TAGS}"),
        ),
    ]
}

/// The name in ECS must be spelled out where `metadata.name` cannot be it (ecs-semantics.md §0.3).
fn named_by(member: &str) -> Rule {
    Rule::new(format!(
        "has(self.spec.{member}) || !self.metadata.name.contains('.')"
    ))
    .message(format!("ECS names have no dots: set {member}, or use a metadata.name without dots").as_str())
    .reason(Reason::FieldValueRequired)
    .field_path(format!(".spec.{member}"))
}

/// The rules of a list of strategy items (ecs-semantics.md §3.1).
fn strategy(list: &str) -> Vec<Rule> {
    vec![
        rule(
            format!(
                "!has(self.{list}) || self.{list}.all(i, has(i.capacityProvider) != has(i.capacityProviderRef))"
            ),
            list,
            format!("each item of {list} needs exactly one of capacityProvider and capacityProviderRef"),
        ),
        rule(
            format!("!has(self.{list}) || self.{list}.filter(i, has(i.base) && i.base > 0).size() <= 1"),
            list,
            format!("only one item of {list} can have a base above 0"),
        ),
        rule(
            format!(
                "!has(self.{list}) || !self.{list}.exists(i, has(i.capacityProvider) && i.capacityProvider.startsWith('FARGATE')) \
                 || self.{list}.all(i, has(i.capacityProvider) && i.capacityProvider.startsWith('FARGATE'))"
            ),
            list,
            format!("{list} cannot mix FARGATE and FARGATE_SPOT with other capacity providers"),
        ),
    ]
}

/// Whether the member at this path, and all above it, are there.
fn is_set(path: &str) -> String {
    let ends: Vec<usize> = path
        .match_indices('.')
        .map(|(end, _)| end)
        .chain([path.len()])
        .collect();
    let parts: Vec<String> = ends
        .into_iter()
        .filter_map(|end| path.get(..end))
        .map(|part| format!("has(self.{part})"))
        .collect();
    parts.join(" && ")
}

/// The member at this path, or the literal where it is absent.
fn or(path: &str, default: &str) -> String {
    format!("({}) ? self.{path} : {default}", is_set(path))
}
