//! `PutClusterCapacityProviders`.

use aws_sdk_ecs::operation::put_cluster_capacity_providers::{
    PutClusterCapacityProvidersInput, PutClusterCapacityProvidersOutput,
};
use aws_sdk_ecs::types::ClusterField;

use super::describe::shown;
use super::{require_idle, require_present, rules, settle_attachments};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for PutClusterCapacityProvidersInput {
    type Output = PutClusterCapacityProvidersOutput;

    /// Replaces the whole list and the default strategy; providers that belong to the cluster stay (ecs-semantics.md §6.4).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm.cluster_name(self.cluster())?;
        let current = require_idle(realm, &name)?.cluster.capacity_providers().to_vec();
        let wanted: Vec<String> = self
            .capacity_providers()
            .iter()
            .filter(|wanted| !is_managed(realm, wanted))
            .cloned()
            .collect();
        let mut providers = rules::providers(realm, &wanted)?;
        providers.extend(
            current
                .iter()
                .filter(|provider| is_managed(realm, provider))
                .cloned(),
        );
        let strategy = self.default_capacity_provider_strategy();
        rules::strategy(realm, strategy, &providers)?;
        let removed: Vec<String> = current
            .into_iter()
            .filter(|known| !providers.contains(known))
            .collect();
        rules::removal(realm, &name, &removed)?;

        let mut ids = realm.ids.clone();
        let record = realm
            .clusters
            .get_mut(&name)
            .ok_or_else(Fault::cluster_not_found)?;
        let changed = record.cluster.capacity_providers() != providers.as_slice();
        let attachments = rules::attachments(&mut ids, &providers, record.cluster.attachments());
        record.cluster.attachments = (!attachments.is_empty()).then_some(attachments);
        record.cluster.default_capacity_provider_strategy = Some(strategy.to_vec());
        record.cluster.capacity_providers = Some(providers.clone());
        record.cluster.attachments_status = Some(
            if changed {
                "UPDATE_IN_PROGRESS"
            } else {
                "UPDATE_COMPLETE"
            }
            .to_owned(),
        );
        realm.ids = ids;
        if changed {
            settle_attachments(realm, &name);
            for provider in providers.iter().chain(&removed) {
                crate::engine::hooks::provider_changed(realm, provider);
            }
        }
        let record = require_present(realm, &name)?;
        let include = [
            ClusterField::Attachments,
            ClusterField::Settings,
            ClusterField::Tags,
        ];
        let cluster = shown(realm, &name, record, &include);
        Ok(PutClusterCapacityProvidersOutput::builder()
            .cluster(cluster)
            .build())
    }
}

/// Whether the provider is a managed instances one, which this call neither adds nor removes.
fn is_managed(realm: &Realm, provider: &str) -> bool {
    let record = realm.capacity_providers.get(provider);
    record.is_some_and(|record| record.provider.managed_instances_provider().is_some())
}
