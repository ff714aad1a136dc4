//! `CreateCapacityProvider`.

use aws_sdk_ecs::operation::create_capacity_provider::{
    CreateCapacityProviderInput, CreateCapacityProviderOutput,
};
use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderStatus, CapacityProviderType, CapacityProviderUpdateStatus,
    ManagedInstancesProvider,
};
use ecs_model::shape;

use super::{busy, is_present, rules, settle, tagged};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::{Operation, tags};
use crate::world::{ProviderRecord, Realm};

impl Operation for CreateCapacityProviderInput {
    type Output = CreateCapacityProviderOutput;

    /// An Auto Scaling group provider is ACTIVE at once; a managed instances one takes a while and belongs to its cluster
    /// (ecs-semantics.md §6.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = self.name().unwrap_or_default().to_owned();
        rules::name(&name)?;
        tags::rules::check(self.tags())?;
        require_free(realm, &name)?;
        let builder = CapacityProvider::builder()
            .capacity_provider_arn(realm.arn(&format!("capacity-provider/{name}")))
            .name(&name);
        let provider = match (
            &self.auto_scaling_group_provider,
            &self.managed_instances_provider,
        ) {
            (Some(group), None) => {
                if self.cluster().is_some() {
                    return Err(Fault::invalid(
                        "A cluster can only be specified for a managed instances provider.",
                    ));
                }
                let group = rules::with_defaults(group.clone());
                rules::group(realm, &name, group.auto_scaling_group_arn())?;
                rules::scaling(&group)?;
                builder
                    .r#type(CapacityProviderType::Ec2Autoscaling)
                    .auto_scaling_group_provider(group)
                    .status(CapacityProviderStatus::Active)
                    .build()
            }
            (None, Some(managed)) => {
                let cluster = realm.require_cluster(self.cluster())?;
                let managed: ManagedInstancesProvider = shape::convert(managed)
                    .map_err(|error| Fault::invalid(format!("managedInstancesProvider: {error}")))?;
                let arn = realm.arn(&format!("cluster/{cluster}"));
                let joined = realm.active_cluster_mut(&cluster)?;
                joined
                    .cluster
                    .capacity_providers
                    .get_or_insert_default()
                    .push(name.clone());
                builder
                    .r#type(CapacityProviderType::ManagedInstances)
                    .cluster(arn)
                    .managed_instances_provider(managed)
                    .status(CapacityProviderStatus::Provisioning)
                    .update_status(CapacityProviderUpdateStatus::CreateInProgress)
                    .build()
            }
            _ => {
                return Err(Fault::invalid(
                    "Specify exactly one of autoScalingGroupProvider and managedInstancesProvider.",
                ));
            }
        };
        if provider.update_status().is_some() {
            settle(realm, &name);
        }
        let tags = self.tags.unwrap_or_default();
        let answer = tagged(&provider, &tags);
        realm
            .capacity_providers
            .insert(name.clone(), ProviderRecord { provider, tags });
        hooks::provider_changed(realm, &name);
        Ok(CreateCapacityProviderOutput::builder()
            .capacity_provider(answer)
            .build())
    }
}

/// The name of a deleted provider can be used again once the deletion is complete.
fn require_free(realm: &Realm, name: &str) -> Result<(), Fault> {
    match realm
        .capacity_providers
        .get(name)
        .filter(|record| is_present(record))
    {
        None => Ok(()),
        Some(record)
            if record.provider.update_status() == Some(&CapacityProviderUpdateStatus::DeleteInProgress) =>
        {
            Err(busy())
        }
        Some(_) => Err(Fault::client(
            "The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.",
        )),
    }
}
