//! The items of a capacity provider strategy, which may name a `CapacityProvider` object.

use aws_sdk_ecs::types::CapacityProviderStrategyItem;
use serde::{Deserialize, Serialize};

use crate::reference::ObjectRef;

/// An item of a capacity provider strategy: exactly one of `capacityProvider` and `capacityProviderRef` is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyItem {
    /// The provider's name in ECS, as FARGATE or FARGATE_SPOT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider: Option<String>,
    /// The CapacityProvider object in the same namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_provider_ref: Option<ObjectRef>,
    /// How many tasks at least run on this provider (0 to 100000); absent is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<i32>,
    /// This provider's share of the tasks above all bases (0 to 1000); absent is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
}

impl StrategyItem {
    /// The item as ECS takes it, with the name of the provider that it means.
    ///
    /// # Errors
    /// The SDK refuses an item without a provider; `provider` is always one.
    pub fn named(
        &self,
        provider: &str,
    ) -> Result<CapacityProviderStrategyItem, aws_sdk_ecs::error::BuildError> {
        CapacityProviderStrategyItem::builder()
            .capacity_provider(provider)
            .base(self.base.unwrap_or_default())
            .weight(self.weight.unwrap_or_default())
            .build()
    }
}
