//! Looks at a cluster, and at providers that it has and nobody named.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Cluster;

use super::desired::{Desired, Seen};
use super::plan::unexpected;
use crate::aws::error::AwsError;
use crate::k8s::object::ObjectKey;
use crate::kinds::access::Access;
use crate::kinds::keeps::Look;
use crate::observer::{ClusterKey, ProviderKey};

/// The key under which the observer keeps a cluster.
pub fn key(desired: &Desired) -> ClusterKey {
    ClusterKey {
        cluster: desired.name.clone(),
    }
}

/// Looks at ECS. The providers that count the cluster's instances hear of its changes from now on: instances come and go
/// without any change of the provider itself.
pub async fn observe(
    desired: &Desired,
    access: &Access,
    me: &ObjectKey,
    look: Look,
) -> Result<Seen, AwsError> {
    for provider in &desired.counted_by {
        access.observer.watch(&key(desired), provider);
    }
    let view = access.look(&key(desired), me, in_time(desired, look)).await?;
    let managed = match &view.cluster {
        Some(cluster) => managed(desired, cluster, access).await?,
        None => BTreeSet::new(),
    };
    Ok(Seen {
        cluster: view.cluster.clone(),
        instances: view.instances.clone(),
        instances_known: view.instances_known,
        managed,
    })
}

/// A cluster that is to go is asked for now once no object uses it any more: what was seen of it while its services ran would hold
/// it until the next slow sweep.
fn in_time(desired: &Desired, look: Look) -> Look {
    if desired.deletion.is_some() && desired.users.is_empty() {
        Look::Fresh
    } else {
        look
    }
}

/// Of the providers that nobody named, those that ECS associated itself, since they were made for this cluster: they are
/// neither added nor removed by us, so they must not look like drift.
async fn managed(
    desired: &Desired,
    cluster: &Cluster,
    access: &Access,
) -> Result<BTreeSet<String>, AwsError> {
    let mut managed = BTreeSet::new();
    for name in unexpected(desired, cluster) {
        let key = ProviderKey {
            cluster: Some(desired.name.clone()),
            name: name.clone(),
        };
        let view = access.observer.read_fresh(&key).await?;
        if view
            .provider
            .as_ref()
            .is_some_and(|provider| provider.managed_instances_provider().is_some())
        {
            managed.insert(name);
        }
    }
    Ok(managed)
}
