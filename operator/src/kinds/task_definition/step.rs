//! What is done to ECS for a family, one call each, by name.

use std::collections::BTreeMap;
use std::fmt;

use ecs_model::arn::name_of;
use serde_json::Value;

use crate::diff::identity::shown_keys;
use crate::kinds::keeps::Call;

/// One call. Each is safe to repeat, because the plan looks before it repeats.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `RegisterTaskDefinition`.
    Register {
        /// The whole input, tags included.
        input: Value,
        /// What differs from the revision before, for people; empty for a family's first one.
        changes: Vec<String>,
    },
    /// `TagResource`.
    Tag {
        /// The revision's ARN.
        arn: String,
        /// The tags to set.
        tags: BTreeMap<String, String>,
    },
    /// `UntagResource`.
    Untag {
        /// The revision's ARN.
        arn: String,
        /// The keys to remove.
        keys: Vec<String>,
    },
    /// `DeregisterTaskDefinition`.
    Deregister {
        /// The revision's ARN.
        arn: String,
    },
    /// `DeleteTaskDefinitions`.
    Delete {
        /// The revisions' ARNs, ten at most.
        arns: Vec<String>,
    },
}

impl Call for Step {
    fn operation(&self) -> &'static str {
        match self {
            Self::Register { .. } => "RegisterTaskDefinition",
            Self::Tag { .. } => "TagResource",
            Self::Untag { .. } => "UntagResource",
            Self::Deregister { .. } => "DeregisterTaskDefinition",
            Self::Delete { .. } => "DeleteTaskDefinitions",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Register { changes, .. } if changes.is_empty() => Ok(()),
            Self::Register { changes, .. } => write!(f, ": {}", changes.join(", ")),
            Self::Tag { arn, tags } => write!(f, ": {} {}", name_of(arn), shown_keys(tags)),
            Self::Untag { arn, keys } => write!(f, ": {} {}", name_of(arn), keys.join(", ")),
            Self::Deregister { arn } => write!(f, ": {}", name_of(arn)),
            Self::Delete { arns } => {
                let names: Vec<_> = arns.iter().map(|arn| name_of(arn)).collect();
                write!(f, ": {}", names.join(", "))
            }
        }
    }
}
