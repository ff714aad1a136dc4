//! `spec.management`: how an object is handled. What ECS has no member for, so that no future name of ECS can collide.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::ObjectRef;

/// The account that objects use when they name none.
pub const DEFAULT_ACCOUNT: &str = "default";

/// What happens to the resource in ECS when its object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// It is deleted, and the object stays until it is gone.
    Delete,
    /// It stays as it is; only our tags are taken off.
    Retain,
}

impl DeletionPolicy {
    /// What holds where the spec may say nothing: what was there before us stays (design.md §2.1).
    #[must_use]
    pub fn of(said: Option<Self>, adopted: bool) -> Self {
        said.unwrap_or(if adopted { Self::Retain } else { Self::Delete })
    }
}

/// What happens when a resource of the name is in ECS already, and nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    /// It is left alone, and the object reports a conflict.
    #[default]
    Never,
    /// It is tagged as this object's and brought to its spec.
    Adopt,
}

/// What happens when somebody changed the resource past its object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriftPolicy {
    /// It is changed back.
    #[default]
    Correct,
    /// The difference is shown in the Synced condition, and nothing is done.
    Report,
}

/// How an object is handled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Management {
    /// The AwsAccount to use, immutable; left out, the one called default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_ref: Option<ObjectRef>,
    /// The AWS region, as eu-west-1, immutable; left out, the account's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$"), length(max = 32))]
    pub region: Option<String>,
    /// Whether deleting this object deletes the resource in ECS. Left out, it does, unless the resource was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether a resource that is in ECS already, and nobody's, may be taken over; left out, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
    /// Whether changes that somebody made past this object are changed back or only reported; left out, changed back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
    /// Read and plan, show the plan in status, and change nothing in ECS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// How a service is handled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceManagement {
    /// What all kinds have.
    #[serde(flatten)]
    pub common: Management,
    /// Starts a new deployment once when this time has come and the running deployment is older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<Time>,
}

/// How a family of task definitions is handled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinitionManagement {
    /// What all kinds have.
    #[serde(flatten)]
    pub common: Management,
    /// How many unused revisions before the newest stay registered; left out, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub revision_history_limit: Option<i32>,
    /// Whether revisions beyond the limit are deleted, not only deregistered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_revisions: Option<bool>,
}

impl Management {
    /// The name of the `AwsAccount` in charge.
    pub fn account(&self) -> &str {
        self.account_ref
            .as_ref()
            .map_or(DEFAULT_ACCOUNT, |account| &account.name)
    }

    /// Whether another object is in the same account and region; `home` is the account's own region.
    pub fn is_where(&self, other: &Self, home: Option<&str>) -> bool {
        let (region, theirs) = (self.region.as_deref(), other.region.as_deref());
        self.account() == other.account() && region.or(home) == theirs.or(home)
    }

    /// What deletion means; a resource that was adopted stays unless the spec says otherwise (design.md §2.1).
    pub fn deletion(&self, adopted: bool) -> DeletionPolicy {
        DeletionPolicy::of(self.deletion_policy, adopted)
    }

    /// Whether an existing resource that is nobody's may be taken over.
    pub fn adoption(&self) -> AdoptionPolicy {
        self.adoption_policy.unwrap_or_default()
    }

    /// What happens to changes made past the object.
    pub fn drift(&self) -> DriftPolicy {
        self.drift_policy.unwrap_or_default()
    }

    /// Whether nothing may be changed in ECS.
    pub fn suspended(&self) -> bool {
        self.suspend.unwrap_or_default()
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl ServiceManagement {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl TaskDefinitionManagement {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_are_those_of_the_design() {
        let management = Management::default();
        assert_eq!(management.account(), "default");
        assert_eq!(management.deletion(false), DeletionPolicy::Delete);
        assert_eq!(management.deletion(true), DeletionPolicy::Retain);
        assert_eq!(management.adoption(), AdoptionPolicy::Never);
        assert_eq!(management.drift(), DriftPolicy::Correct);
        assert!(!management.suspended());
        let said = Management {
            deletion_policy: Some(DeletionPolicy::Delete),
            ..management
        };
        assert_eq!(said.deletion(true), DeletionPolicy::Delete);
    }

    #[test]
    fn own_members_stand_beside_the_common_ones() {
        let given =
            json!({"accountRef": {"name": "prod"}, "suspend": true, "restartAt": "2026-11-22T03:00:00Z"});
        let read: ServiceManagement = serde_json::from_value(given.clone()).unwrap();
        assert_eq!((read.common.account(), read.common.suspended()), ("prod", true));
        assert_eq!(serde_json::to_value(&read).unwrap(), given);
    }
}
