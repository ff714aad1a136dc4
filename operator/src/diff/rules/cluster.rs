//! Clusters (ecs-semantics.md §1.1, §6.4).

use super::Equivalence::{ArnOrName, Unreadable};
use super::Plain::{Number, Text};
use super::Rule::{self, Default, Equivalent, KeyedBy, ServerOwned, Set};
use super::Rules;

const TABLE: &[Rule] = &[
    // An account setting decides about container insights where the manifest does not.
    ServerOwned("settings"),
    ServerOwned("settings[]"),
    KeyedBy("settings", "name"),
    KeyedBy("tags", "key"),
    Set("capacityProviders"),
    KeyedBy("defaultCapacityProviderStrategy", "capacityProvider"),
    Equivalent("capacityProviders[]", ArnOrName),
    Equivalent("defaultCapacityProviderStrategy[].capacityProvider", ArnOrName),
    Default("defaultCapacityProviderStrategy[].base", Number(0)),
    Default("defaultCapacityProviderStrategy[].weight", Number(0)),
    Default(
        "configuration.executeCommandConfiguration.logging",
        Text("DEFAULT"),
    ),
    Equivalent("serviceConnectDefaults.namespace", Unreadable),
];

/// The rules for a cluster.
pub fn cluster() -> Rules {
    Rules::of(TABLE)
}

#[cfg(test)]
mod tests {
    use super::super::super::drift::drift;
    use super::*;
    use serde_json::json;

    #[test]
    fn providers_are_a_set_and_settings_the_accounts() {
        let desired = json!({"clusterName": "c", "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]});
        let observed = json!({"clusterName": "c", "capacityProviders": ["FARGATE_SPOT", "FARGATE"],
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]});
        assert_eq!(drift(&desired, &observed, &cluster()), []);
        let without = json!({"clusterName": "c", "capacityProviders": ["FARGATE"]});
        let paths: Vec<_> = drift(&without, &observed, &cluster())
            .into_iter()
            .map(|change| change.path)
            .collect();
        assert_eq!(paths, ["capacityProviders", "defaultCapacityProviderStrategy"]);
    }
}
