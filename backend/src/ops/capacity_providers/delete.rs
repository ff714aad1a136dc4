//! `DeleteCapacityProvider`.

use aws_sdk_ecs::operation::delete_capacity_provider::{
    DeleteCapacityProviderInput, DeleteCapacityProviderOutput,
};
use aws_sdk_ecs::types::{CapacityProviderStatus, CapacityProviderUpdateStatus};

use super::{busy, is_present, rules, settle, tagged, unknown};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for DeleteCapacityProviderInput {
    type Output = DeleteCapacityProviderOutput;

    /// First out of all strategies and clusters; then the status goes to INACTIVE (ecs-semantics.md §1.8, §6.3).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm
            .id
            .tail(self.capacity_provider().unwrap_or_default(), "capacity-provider")?
            .to_owned();
        if rules::FARGATE.contains(&name.as_str()) {
            return Err(Fault::invalid(
                "The specified capacity provider is reserved and cannot be deleted. To remove it from a cluster, use PutClusterCapacityProviders.",
            ));
        }
        let record = realm
            .capacity_providers
            .get(&name)
            .filter(|record| is_present(record))
            .ok_or_else(unknown)?;
        if matches!(
            record.provider.update_status(),
            Some(
                CapacityProviderUpdateStatus::DeleteInProgress
                    | CapacityProviderUpdateStatus::UpdateInProgress
            )
        ) {
            return Err(busy());
        }
        let managed = record.provider.managed_instances_provider().is_some();
        require_unused(realm, &name, managed)?;
        let Some(record) = realm.capacity_providers.get_mut(&name) else {
            return Err(unknown());
        };
        record.provider.update_status = Some(CapacityProviderUpdateStatus::DeleteInProgress);
        if managed {
            record.provider.status = Some(CapacityProviderStatus::Deprovisioning);
        }
        let answer = tagged(&record.provider, &record.tags);
        settle(realm, &name);
        hooks::provider_changed(realm, &name);
        Ok(DeleteCapacityProviderOutput::builder()
            .capacity_provider(answer)
            .build())
    }
}

fn require_unused(realm: &Realm, name: &str, managed: bool) -> Result<(), Fault> {
    let clusters = realm.clusters.iter().filter(|(_, record)| record.is_present());
    for (cluster, record) in clusters {
        let associated = record
            .cluster
            .capacity_providers()
            .iter()
            .any(|known| known == name);
        let strategy = record.cluster.default_capacity_provider_strategy();
        let chosen = strategy.iter().any(|item| item.capacity_provider() == name);
        if associated && (!managed || chosen || hooks::provider_in_use(realm, cluster, name)) {
            return Err(Fault::client(format!(
                "The specified capacity provider cannot be deleted because it is associated with cluster: {cluster}. Remove the capacity provider from the cluster and try again."
            )));
        }
    }
    Ok(())
}
