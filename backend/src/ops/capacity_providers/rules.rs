//! What ECS demands of a capacity provider's members, and what it fills in (ecs-semantics.md §6.1, §6.3).

use aws_sdk_ecs::types::{
    AutoScalingGroupProvider, ManagedDraining, ManagedScaling, ManagedScalingStatus,
    ManagedTerminationProtection,
};
use ecs_model::arn;

use crate::fault::Fault;
use crate::world::Realm;

/// The two providers that every account has; their names are reserved.
pub(crate) const FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// The name: 255 letters, digits, `-` and `_` at most, with none of the reserved prefixes.
pub(super) fn name(name: &str) -> Result<(), Fault> {
    if arn::is_capacity_provider_name(name) {
        return Ok(());
    }
    Err(Fault::invalid(
        "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and \
         lowercase), numbers, underscores, and hyphens. The name can't be prefixed with \"aws\", \"ecs\", or \"fargate\". \
         Specify a valid name and try again.",
    ))
}

/// The group's ARN, which no other provider may use.
pub(super) fn group(realm: &Realm, own: &str, group: &str) -> Result<(), Fault> {
    if group.is_empty() || (group.starts_with("arn:") && !group.contains(":autoscaling:")) {
        return Err(Fault::invalid(format!(
            "The specified Auto Scaling group ARN '{group}' is invalid. Specify a valid Auto Scaling group ARN and try again."
        )));
    }
    let mut others = realm
        .capacity_providers
        .iter()
        .filter(|(name, record)| *name != own && super::is_present(record));
    let uses = |record: &crate::world::ProviderRecord| {
        let provider = record.provider.auto_scaling_group_provider();
        provider.is_some_and(|provider| provider.auto_scaling_group_arn() == group)
    };
    if others.any(|(_, record)| uses(record)) {
        return Err(Fault::invalid(
            "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again.",
        ));
    }
    Ok(())
}

/// Scaling steps, and termination protection, which needs managed scaling.
pub(super) fn scaling(provider: &AutoScalingGroupProvider) -> Result<(), Fault> {
    let scaling = provider.managed_scaling();
    let least = scaling
        .and_then(ManagedScaling::minimum_scaling_step_size)
        .unwrap_or(1);
    let greatest = scaling
        .and_then(ManagedScaling::maximum_scaling_step_size)
        .unwrap_or(10_000);
    if least > greatest {
        return Err(Fault::invalid(
            "The minimum or maximum scaling step size value is invalid. The minimum must not be greater than the maximum. Specify valid values and try again.",
        ));
    }
    let protects = provider.managed_termination_protection() == Some(&ManagedTerminationProtection::Enabled);
    let scales = scaling.and_then(ManagedScaling::status) == Some(&ManagedScalingStatus::Enabled);
    if protects && !scales {
        return Err(Fault::invalid(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, managed scaling must be enabled.",
        ));
    }
    Ok(())
}

/// The provider with what was left out filled in.
pub(super) fn with_defaults(mut provider: AutoScalingGroupProvider) -> AutoScalingGroupProvider {
    let scaling = provider
        .managed_scaling
        .get_or_insert_with(|| ManagedScaling::builder().build());
    scaling.status.get_or_insert(ManagedScalingStatus::Disabled);
    scaling.target_capacity.get_or_insert(100);
    scaling.minimum_scaling_step_size.get_or_insert(1);
    scaling.maximum_scaling_step_size.get_or_insert(10_000);
    scaling.instance_warmup_period.get_or_insert(300);
    provider
        .managed_termination_protection
        .get_or_insert(ManagedTerminationProtection::Disabled);
    provider.managed_draining.get_or_insert(ManagedDraining::Enabled);
    provider
}
