//! What is done to ECS for a family, one call each, by name.

use std::fmt;

use ecs_model::arn::name_of;
use serde_json::Value;

use crate::kinds::keeps::Call;
use crate::kinds::tagging::Tagging;

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
    /// `TagResource` and `UntagResource`.
    Tags(Tagging),
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
            Self::Tags(tagging) => tagging.operation(),
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
            Self::Tags(tagging) => write!(f, ": {} {tagging}", name_of(tagging.arn())),
            Self::Deregister { arn } => write!(f, ": {}", name_of(arn)),
            Self::Delete { arns } => {
                let names: Vec<_> = arns.iter().map(|arn| name_of(arn)).collect();
                write!(f, ": {}", names.join(", "))
            }
        }
    }
}
