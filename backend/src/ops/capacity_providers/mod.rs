//! Capacity providers (ecs-semantics.md §1.8, §6).

mod create;
mod delete;
mod describe;
mod rules;
mod update;

use aws_sdk_ecs::types::error::UpdateInProgressException;
use aws_sdk_ecs::types::{CapacityProvider, CapacityProviderStatus, CapacityProviderUpdateStatus, Tag};

use crate::engine::hooks;
use crate::fault::Fault;
use crate::world::schedule::Event;
use crate::world::{ProviderRecord, Realm};

pub(crate) use rules::FARGATE;

/// A provider's creation, update or deletion is done.
pub fn settled(realm: &mut Realm, name: &str) {
    let Some(record) = realm.capacity_providers.get_mut(name) else {
        return;
    };
    let provider = &mut record.provider;
    let status = match provider.update_status {
        Some(CapacityProviderUpdateStatus::CreateInProgress) => CapacityProviderUpdateStatus::CreateComplete,
        Some(CapacityProviderUpdateStatus::UpdateInProgress) => CapacityProviderUpdateStatus::UpdateComplete,
        Some(CapacityProviderUpdateStatus::DeleteInProgress) => CapacityProviderUpdateStatus::DeleteComplete,
        _ => return,
    };
    provider.status = Some(match status {
        CapacityProviderUpdateStatus::DeleteComplete => CapacityProviderStatus::Inactive,
        _ => CapacityProviderStatus::Active,
    });
    provider.update_status = Some(status);
    leave_cluster(realm, name);
    hooks::provider_changed(realm, name);
}

/// A deleted managed instances provider leaves the cluster that it belonged to.
fn leave_cluster(realm: &mut Realm, name: &str) {
    let inactive = realm
        .capacity_providers
        .get(name)
        .is_some_and(|record| !is_present(record));
    for record in realm.clusters.values_mut().filter(|_| inactive) {
        if let Some(providers) = &mut record.cluster.capacity_providers {
            providers.retain(|known| known != name);
        }
    }
}

/// Lets a provider's change settle after a while.
fn settle(realm: &mut Realm, name: &str) {
    let wait = realm.timing.capacity_provider;
    realm.after(
        wait,
        Event::ProviderSettled {
            provider: name.to_owned(),
        },
    );
}

/// The provider as the API shows it, with these tags.
fn tagged(provider: &CapacityProvider, tags: &[Tag]) -> CapacityProvider {
    let mut shown = provider.clone();
    shown.tags = Some(tags.to_vec());
    shown
}

fn is_present(record: &ProviderRecord) -> bool {
    record.provider.status() != Some(&CapacityProviderStatus::Inactive)
}

fn busy() -> Fault {
    let text = "The specified capacity provider is in a busy state. Wait until its update or deletion is complete and try again.";
    Fault::of(&UpdateInProgressException::builder().message(text).build())
}

fn unknown() -> Fault {
    Fault::invalid(
        "The specified capacity provider does not exist. Specify a valid name or ARN and try again.",
    )
}
