//! What is done to ECS for a capacity provider, one call each, by name.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::diff::identity::shown_keys;
use crate::kinds::keeps::Call;

/// One call. Each is safe to repeat, because the plan looks before it repeats.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `CreateCapacityProvider`.
    Create {
        /// The whole input, tags included.
        input: Value,
    },
    /// `UpdateCapacityProvider`.
    Update {
        /// The whole input.
        input: Value,
        /// What differs, for people.
        changes: Vec<String>,
    },
    /// `TagResource`.
    Tag {
        /// The provider's ARN.
        arn: String,
        /// The tags to set.
        tags: BTreeMap<String, String>,
    },
    /// `UntagResource`.
    Untag {
        /// The provider's ARN.
        arn: String,
        /// The keys to remove.
        keys: Vec<String>,
    },
    /// `DeleteCapacityProvider`.
    Delete {
        /// The provider's name.
        name: String,
        /// The cluster that it belongs to, if it does.
        cluster: Option<String>,
    },
}

impl Call for Step {
    fn operation(&self) -> &'static str {
        match self {
            Self::Create { .. } => "CreateCapacityProvider",
            Self::Update { .. } => "UpdateCapacityProvider",
            Self::Tag { .. } => "TagResource",
            Self::Untag { .. } => "UntagResource",
            Self::Delete { .. } => "DeleteCapacityProvider",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Update { changes, .. } => write!(f, ": {}", changes.join(", ")),
            Self::Tag { tags, .. } => write!(f, ": {}", shown_keys(tags)),
            Self::Untag { keys, .. } => write!(f, ": {}", keys.join(", ")),
            Self::Create { .. } | Self::Delete { .. } => Ok(()),
        }
    }
}
