//! What a request calls a task definition: `family`, `family:revision` or an ARN.

use std::fmt;
use std::str::FromStr;

use super::{Arn, ArnError, Resource, is_name};

/// A task definition: a family and, but where the newest ACTIVE revision is meant, a revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskDefinitionId {
    /// The family.
    pub family: String,
    /// The revision, from 1; `None` means the newest ACTIVE one.
    pub revision: Option<u32>,
}

impl fmt::Display for TaskDefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            Some(revision) => write!(f, "{}:{revision}", self.family),
            None => f.write_str(&self.family),
        }
    }
}

impl FromStr for TaskDefinitionId {
    type Err = ArnError;

    /// Reads `family`, `family:revision` or an ARN of either.
    fn from_str(text: &str) -> Result<Self, ArnError> {
        let refuse = || ArnError::new(text, "a task definition (family, family:revision or its ARN)");
        if text.starts_with("arn:") {
            return match text.parse::<Arn>()?.resource {
                Resource::TaskDefinition(id) => Ok(id),
                _ => Err(refuse()),
            };
        }
        let (family, revision) = match text.split_once(':') {
            Some((family, digits)) if digits.starts_with(|first: char| matches!(first, '1'..='9')) => {
                (family, Some(digits.parse().map_err(|_| refuse())?))
            }
            Some(_) => return Err(refuse()),
            None => (text, None),
        };
        if !is_name(family) {
            return Err(refuse());
        }
        Ok(Self {
            family: family.to_owned(),
            revision,
        })
    }
}
