//! What is done to ECS for a cluster, one call each, by name.

use std::fmt;

use serde_json::Value;

use crate::kinds::keeps::Call;
use crate::kinds::tagging::Tagging;

/// One call. Each is safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `CreateCluster`: answers an ACTIVE cluster of the name as it is.
    Create {
        /// The whole input, tags included.
        input: Value,
    },
    /// `UpdateCluster`.
    Update {
        /// The whole input.
        input: Value,
        /// What differs, for people.
        changes: Vec<String>,
    },
    /// `UpdateClusterSettings`.
    UpdateSettings {
        /// The whole input.
        input: Value,
        /// What differs, for people.
        changes: Vec<String>,
    },
    /// `PutClusterCapacityProviders`: replaces list and default strategy.
    PutProviders {
        /// The whole input.
        input: Value,
        /// What differs, for people.
        changes: Vec<String>,
    },
    /// `TagResource` and `UntagResource`.
    Tags(Tagging),
    /// `DeleteCluster`.
    Delete {
        /// The cluster's ARN.
        arn: String,
    },
}

impl Call for Step {
    fn operation(&self) -> &'static str {
        match self {
            Self::Create { .. } => "CreateCluster",
            Self::Update { .. } => "UpdateCluster",
            Self::UpdateSettings { .. } => "UpdateClusterSettings",
            Self::PutProviders { .. } => "PutClusterCapacityProviders",
            Self::Tags(tagging) => tagging.operation(),
            Self::Delete { .. } => "DeleteCluster",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::Update { changes, .. }
            | Self::UpdateSettings { changes, .. }
            | Self::PutProviders { changes, .. } => {
                write!(f, ": {}", changes.join(", "))
            }
            Self::Tags(tagging) => write!(f, ": {tagging}"),
            Self::Create { .. } | Self::Delete { .. } => Ok(()),
        }
    }
}
