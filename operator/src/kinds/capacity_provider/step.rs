//! What is done to ECS for a capacity provider, one call each, by name.

use std::fmt;

use serde_json::Value;

use crate::kinds::keeps::Call;
use crate::kinds::tagging::Tagging;

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
    /// `TagResource` and `UntagResource`.
    Tags(Tagging),
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
            Self::Tags(tagging) => tagging.operation(),
            Self::Delete { .. } => "DeleteCapacityProvider",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Update { changes, .. } => write!(f, ": {}", changes.join(", ")),
            Self::Tags(tagging) => write!(f, ": {tagging}"),
            Self::Create { .. } | Self::Delete { .. } => Ok(()),
        }
    }
}
