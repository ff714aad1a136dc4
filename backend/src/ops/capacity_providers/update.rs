//! `UpdateCapacityProvider`.

use aws_sdk_ecs::operation::update_capacity_provider::{
    UpdateCapacityProviderInput, UpdateCapacityProviderOutput,
};
use aws_sdk_ecs::types::{
    AutoScalingGroupProvider, AutoScalingGroupProviderUpdate, CapacityProvider, CapacityProviderUpdateStatus,
    ManagedInstancesProvider, ManagedScaling, UpdateManagedInstancesProviderConfiguration,
};
use ecs_model::shape;
use serde_json::Value;

use super::{busy, is_present, rules, settle, tagged, unknown};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for UpdateCapacityProviderInput {
    type Output = UpdateCapacityProviderOutput;

    /// Scaling, protection and draining change; the group does not. Members that are left out stay (ecs-semantics.md §6.3).
    /// One change at a time (ecs-semantics.md §6.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm
            .id
            .tail(self.name().unwrap_or_default(), "capacity-provider")?
            .to_owned();
        if rules::FARGATE.contains(&name.as_str()) {
            return Err(Fault::invalid(
                "The specified capacity provider is reserved and cannot be updated.",
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
                CapacityProviderUpdateStatus::CreateInProgress
                    | CapacityProviderUpdateStatus::UpdateInProgress
                    | CapacityProviderUpdateStatus::DeleteInProgress
            )
        ) {
            return Err(busy());
        }
        let mut provider = record.provider.clone();
        match (
            &mut provider,
            &self.auto_scaling_group_provider,
            &self.managed_instances_provider,
        ) {
            (
                CapacityProvider {
                    auto_scaling_group_provider: Some(group),
                    ..
                },
                Some(update),
                None,
            ) => {
                *group = changed_group(group.clone(), update.clone());
                rules::scaling(group)?;
            }
            (
                CapacityProvider {
                    managed_instances_provider: Some(managed),
                    ..
                },
                None,
                Some(update),
            ) => {
                *managed = changed_managed(managed, update)?;
            }
            _ => {
                return Err(Fault::invalid(
                    "Specify exactly the one of autoScalingGroupProvider and managedInstancesProvider that the capacity provider has.",
                ));
            }
        }
        provider.update_status = Some(CapacityProviderUpdateStatus::UpdateInProgress);
        settle(realm, &name);
        let tags = match realm.capacity_providers.get_mut(&name) {
            Some(record) => {
                record.provider = provider.clone();
                record.tags.clone()
            }
            None => vec![],
        };
        hooks::provider_changed(realm, &name);
        let answer = tagged(&provider, &tags);
        Ok(UpdateCapacityProviderOutput::builder()
            .capacity_provider(answer)
            .build())
    }
}

fn changed_group(
    mut group: AutoScalingGroupProvider,
    update: AutoScalingGroupProviderUpdate,
) -> AutoScalingGroupProvider {
    if let Some(update) = update.managed_scaling {
        let scaling = group
            .managed_scaling
            .get_or_insert_with(|| ManagedScaling::builder().build());
        scaling.status = update.status.or(scaling.status.take());
        scaling.target_capacity = update.target_capacity.or(scaling.target_capacity);
        scaling.minimum_scaling_step_size = update
            .minimum_scaling_step_size
            .or(scaling.minimum_scaling_step_size);
        scaling.maximum_scaling_step_size = update
            .maximum_scaling_step_size
            .or(scaling.maximum_scaling_step_size);
        scaling.instance_warmup_period = update.instance_warmup_period.or(scaling.instance_warmup_period);
    }
    group.managed_termination_protection = update
        .managed_termination_protection
        .or(group.managed_termination_protection.take());
    group.managed_draining = update.managed_draining.or(group.managed_draining.take());
    rules::with_defaults(group)
}

/// The members that the update has take the place of those that are there, at the top and in the launch template.
fn changed_managed(
    current: &ManagedInstancesProvider,
    update: &UpdateManagedInstancesProviderConfiguration,
) -> Result<ManagedInstancesProvider, Fault> {
    let refused = |error: shape::ShapeError| Fault::invalid(format!("managedInstancesProvider: {error}"));
    let mut merged = shape::to_value(current).map_err(refused)?;
    let update = shape::to_value(update).map_err(refused)?;
    if let (Value::Object(merged), Value::Object(update)) = (&mut merged, update) {
        for (name, value) in update {
            match (merged.get_mut(&name), value) {
                (Some(Value::Object(template)), Value::Object(changes))
                    if name == "instanceLaunchTemplate" =>
                {
                    template.extend(changes);
                }
                (_, value) => {
                    merged.insert(name, value);
                }
            }
        }
    }
    shape::from_value(&merged).map_err(refused)
}
