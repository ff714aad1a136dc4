//! Looks at a provider, and counts its instances where its clusters are known.

use super::desired::{Desired, Seen};
use crate::aws::error::AwsError;
use crate::k8s::object::ObjectKey;
use crate::kinds::access::Access;
use crate::kinds::keeps::Look;
use crate::observer::{ClusterKey, ProviderKey};

/// The key under which the observer keeps a provider.
pub fn key(desired: &Desired) -> ProviderKey {
    ProviderKey {
        cluster: desired.cluster.clone(),
        name: desired.name.clone(),
    }
}

/// Looks at ECS.
pub async fn observe(
    desired: &Desired,
    access: &Access,
    me: &ObjectKey,
    look: Look,
) -> Result<Seen, AwsError> {
    let view = access.look(&key(desired), me, look).await?;
    Ok(Seen {
        provider: view.provider.clone(),
        instances: instances(desired, access),
    })
}

/// How many instances are its own, in those of its clusters that have been looked at; each cluster's own passes see to it that
/// the provider hears of changes.
fn instances(desired: &Desired, access: &Access) -> Option<i32> {
    let clusters = desired.clusters.iter().map(|name| ClusterKey {
        cluster: name.clone(),
    });
    let known: Vec<_> = clusters
        .filter_map(|key| access.observer.view(&key))
        .filter(|view| view.instances_known)
        .collect();
    let all = known.iter().flat_map(|view| &view.instances);
    let mine = all
        .filter(|instance| instance.capacity_provider_name() == Some(&desired.name))
        .count();
    if known.is_empty() {
        None
    } else {
        i32::try_from(mine).ok()
    }
}
