//! What a service is to be: the spec with its references replaced. Pure data.

use std::collections::BTreeMap;

use aws_sdk_ecs::primitives::DateTime;
use serde_json::Value;

use crate::diff::identity::Owner;

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

/// A reference that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What is missing or not ready, as a sentence: `EcsTaskDefinition web is not registered yet`.
    pub message: String,
    /// Whether the referred object itself says that it needs a person.
    pub stalled: bool,
}

impl Desired {
    /// Whether it is not known yet which revision is wanted: the definition has a spec that is not registered.
    pub fn definition_unknown(&self) -> bool {
        self.rollout_held.is_some() && self.text("taskDefinition").is_none()
    }

    /// A member's text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }
}
