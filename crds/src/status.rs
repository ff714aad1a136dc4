//! The parts of a status that several kinds have.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `observedGeneration` is until the operator has looked for the first time; kstatus then says "in progress".
pub const UNOBSERVED: i64 = -1;

/// How many tasks or instances a status lists; the rest is a number.
pub const LISTED: usize = 20;

fn unobserved() -> i64 {
    UNOBSERVED
}

/// What the status of every kind begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommonStatus {
    /// The metadata.generation that this status is about; -1 until the operator has looked.
    #[serde(default = "unobserved")]
    pub observed_generation: i64,
    /// What holds of the object, by type; reasons are a documented, closed list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The ARN of the resource in ECS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The newest action that was asked for by annotation, and what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<LastAction>,
    /// What would be done in ECS, one step each, while management.suspend is set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
}

impl Default for CommonStatus {
    fn default() -> Self {
        Self {
            observed_generation: UNOBSERVED,
            conditions: Vec::new(),
            arn: None,
            last_action: None,
            plan: Vec::new(),
        }
    }
}

/// An action that was asked for by annotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastAction {
    /// The annotation's value: what to do, and to which deployment or hook.
    pub request: String,
    /// When it was carried out or refused.
    pub at: Time,
    /// What became of it, in one sentence.
    pub outcome: String,
}

/// An object that uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its kind.
    pub kind: String,
    /// Its namespace; left out where it is the object's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}
