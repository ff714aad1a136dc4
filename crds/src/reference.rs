//! References from one object to another, instead of names and ARNs of ECS.
//!
//! Wherever ECS takes the name or ARN of something that one of our kinds stands for, a `…Ref` stands beside it, and at
//! most one of the pair is set. References stay within the namespace; accounts have none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of another object in the same namespace (of an `AwsAccount`: in the cluster).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// The object's metadata.name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// An `EcsTaskDefinition` in the same namespace, and which revision of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinitionRef {
    /// The EcsTaskDefinition's metadata.name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// A revision to stay on; left out, the service follows the definition's newest revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub revision: Option<i32>,
}

impl ObjectRef {
    /// A reference to the object of this name.
    pub fn to(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}
