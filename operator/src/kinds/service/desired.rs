//! What a service is to be: the spec with its references replaced. Pure data.

use std::collections::BTreeMap;

use aws_sdk_ecs::primitives::DateTime;
use serde_json::Value;

use crate::diff::identity::{APPLIED_TAG, Owner};
use crate::kinds::held::Held;
use crate::kinds::service::recorded;

/// What a service is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// `CreateService`'s members as the spec wants them, with names and ARNs in the place of references; without
    /// `clientToken`, `tags` and `desiredCount`.
    pub input: Value,
    /// The spec's tags.
    pub tags: BTreeMap<String, String>,
    /// How many tasks are wanted.
    pub count: Count,
    /// On whose behalf the service exists.
    pub owner: Owner,
    /// Whether a service that is nobody's may be taken over.
    pub adopt: bool,
    /// Whether what others changed is only reported.
    pub report_drift: bool,
    /// When a new deployment is to be started once.
    pub restart_at: Option<DateTime>,
    /// Why the service cannot be created yet: its cluster is not there.
    pub creation_held: Option<Held>,
    /// Why nothing can be rolled out (nor created) yet: its definition is not registered.
    pub rollout_held: Option<Held>,
}

/// How many tasks are wanted (design.md §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// A DAEMON's count is never sent.
    Daemon,
    /// The spec says it, and it is enforced.
    Enforced(i32),
    /// This many at creation; afterwards whatever ECS has.
    AtCreation(i32),
}

impl Desired {
    /// What is put on record once it is applied, where drift is only reported.
    pub fn record(&self) -> Option<String> {
        self.report_drift.then(|| recorded::applied(self))
    }

    /// The tags that are ours: the owner's, and the record of what was applied where that matters.
    pub fn own_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.owner.tags();
        tags.extend(self.record().map(|record| (APPLIED_TAG.to_owned(), record)));
        tags
    }

    /// Whether it is not known yet which revision is wanted: the definition has a spec that is not registered.
    pub fn definition_unknown(&self) -> bool {
        self.rollout_held.is_some() && self.text("taskDefinition").is_none()
    }

    /// A member's text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }
}
