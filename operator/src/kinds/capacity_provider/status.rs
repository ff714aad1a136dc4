//! What the status of a capacity provider shows. Pure.

use ecs_crds::CapacityProviderStatus;
use ecs_crds::status::{CommonStatus, LISTED};

use super::desired::{Desired, Seen};
use crate::kinds::keeps::StatusOf;

impl StatusOf for CapacityProviderStatus {
    fn common(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
}

/// Puts what was seen into the status.
pub fn show(status: &mut CapacityProviderStatus, desired: &Desired, seen: &Seen) {
    status.used_by = desired.users.iter().take(LISTED).cloned().collect();
    status.clusters.clone_from(&desired.clusters);
    status.instances = seen.instances.or(status.instances);
    let Some(provider) = &seen.provider else {
        // The ARN stays: that it was there once is what makes its absence news.
        status.type_ = None;
        status.status = None;
        status.update_status = None;
        status.update_status_reason = None;
        status.instances = None;
        return;
    };
    status.common.arn = provider.capacity_provider_arn().map(str::to_owned);
    status.type_ = provider
        .r#type()
        .map(|type_| type_.as_str().to_owned())
        .or_else(|| Some(kind(desired)));
    status.status = provider.status().map(|status| status.as_str().to_owned());
    status.update_status = provider.update_status().map(|status| status.as_str().to_owned());
    status.update_status_reason = provider.update_status_reason().map(str::to_owned);
    status.cluster_arn = provider.cluster().map(str::to_owned);
}

/// For an ECS that does not say it.
fn kind(desired: &Desired) -> String {
    if desired.is_managed() {
        "MANAGED_INSTANCES"
    } else {
        "EC2_AUTOSCALING"
    }
    .to_owned()
}
