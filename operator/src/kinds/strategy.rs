//! The capacity providers of a strategy, of a service or a cluster's default. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecs_crds::strategy::StrategyItem;
use ecs_crds::{CapacityProvider, Managed};

/// The names in ECS of the providers that the items name or refer to; an object that does not exist has none yet.
pub fn named_in(items: &[StrategyItem], objects: &BTreeMap<String, Arc<CapacityProvider>>) -> Vec<String> {
    let referred = |item: &StrategyItem| {
        let reference = item.capacity_provider_ref.as_ref()?;
        objects.get(&reference.name).map(|object| object.ecs_name())
    };
    let name = |item: &StrategyItem| item.capacity_provider.clone().or_else(|| referred(item));
    items.iter().filter_map(name).collect()
}
