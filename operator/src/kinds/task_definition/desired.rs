//! What a family of task definitions is to be. Pure data.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{TaskDefinition, TaskDefinitionStatus};
use ecs_crds::policy::DeletionPolicy;
use ecs_crds::status::User;
use serde_json::{Value, json};

use crate::diff::identity::{Owner, content_hash};

/// The tag with the hash of what a revision was registered from. It finds what we registered although ECS writes its own
/// defaults into it; what is equal is decided by comparison as well (engineering.md §5.2).
pub const CONTENT_TAG: &str = "ecs-operator.dev/definition-content";

/// What a family is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The family.
    pub family: String,
    /// `RegisterTaskDefinition`'s members as the spec wants them, the family included, without tags.
    pub input: Value,
    /// The spec's tags.
    pub tags: BTreeMap<String, String>,
    /// On whose behalf the family exists.
    pub owner: Owner,
    /// Whether a family that is nobody's may be taken over.
    pub adopt: bool,
    /// Whether tags that others changed are only reported.
    pub report_drift: bool,
    /// The revision that the status names: found even where ECS does not show it as the newest yet, or no more.
    pub hint: Option<String>,
    /// How many unused revisions before the newest stay; `None` keeps all.
    pub history: Option<usize>,
    /// Whether revisions that go are deleted, not only deregistered.
    pub delete_revisions: bool,
    /// Who uses the family.
    pub use_: Use,
    /// The object is being deleted, and this is to become of the revisions, if that is said.
    pub deletion: Option<Option<DeletionPolicy>>,
}

/// Who uses a family, as far as objects tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// The objects that name it, in order.
    pub users: Vec<User>,
    /// The revisions that deployments, rollback targets or tasks of those use.
    pub revisions: BTreeSet<i32>,
    /// Some of them are rolling out, or have not told yet what they use: nothing is to be pruned now.
    pub in_motion: bool,
    /// Some of them follow the newest revision and have not reached it, or have tasks of an earlier one that are leaving: what
    /// they use now will be free later, and nothing tells when.
    pub behind: bool,
    /// Those that are Ready and follow the newest revision of the object, with the ARN that they took for it last.
    pub content_with: BTreeMap<String, String>,
}

/// A revision as ECS has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// The definition.
    pub definition: TaskDefinition,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What ECS has of a family.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The newest ACTIVE revision.
    pub newest: Option<Revision>,
    /// The newest ACTIVE revision of ours, where that is another one.
    pub ours: Option<Revision>,
    /// Of a family that is being deleted, its revisions; else those beyond the history that is to be kept. Where the newest
    /// one is an earlier object's of our name, the others of that object.
    pub spare: Vec<Revision>,
}

impl Desired {
    /// What is put on record once it is applied, where changes of others are only reported: the hash of the tags, since the
    /// rest of a revision cannot change.
    pub fn record(&self) -> Option<String> {
        self.report_drift.then(|| content_hash(&json!(self.tags)))
    }
}

impl Revision {
    /// Its ARN.
    pub fn arn(&self) -> &str {
        self.definition.task_definition_arn().unwrap_or_default()
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.definition.revision()
    }

    /// Family and number, as `web:7`.
    pub fn name(&self) -> String {
        format!(
            "{}:{}",
            self.definition.family().unwrap_or_default(),
            self.number()
        )
    }

    /// Whether services and tasks can be started with it.
    pub fn is_active(&self) -> bool {
        self.definition.status() == Some(&TaskDefinitionStatus::Active)
    }
}
