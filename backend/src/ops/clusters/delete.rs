//! `DeleteCluster`.

use aws_sdk_ecs::operation::delete_cluster::{DeleteClusterInput, DeleteClusterOutput};
use aws_sdk_ecs::types::error::{
    ClusterContainsCapacityProviderException, ClusterContainsContainerInstancesException,
    ClusterContainsServicesException, ClusterContainsTasksException,
};
use aws_sdk_ecs::types::{CapacityProvider, CapacityProviderStatus, ClusterField};

use super::describe::shown;
use super::{require_idle, require_present};
use crate::engine::hooks::counts;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;
use crate::world::schedule::Event;

impl Operation for DeleteClusterInput {
    type Output = DeleteClusterOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm.cluster_name(self.cluster())?;
        require_present(realm, &name)?;
        require_empty(realm, &name)?;
        require_idle(realm, &name)?;
        let (now, visible) = (realm.now, realm.timing.inactive_visible);
        let record = realm
            .clusters
            .get_mut(&name)
            .ok_or_else(Fault::cluster_not_found)?;
        let deleted = &mut record.cluster;
        deleted.status = Some("INACTIVE".to_owned());
        deleted.capacity_providers = Some(vec![]);
        deleted.default_capacity_provider_strategy = Some(vec![]);
        deleted.attachments = None;
        deleted.attachments_status = None;
        record.inactive_since = Some(now);
        let record = record.clone();
        realm.after(
            visible,
            Event::ClusterForgotten {
                cluster: name.clone(),
            },
        );
        let include = [ClusterField::Settings, ClusterField::Tags];
        Ok(DeleteClusterOutput::builder()
            .cluster(shown(realm, &name, &record, &include))
            .build())
    }
}

/// What must be gone before, in the order of ecs-semantics.md §4.8: services, container instances, tasks, and the providers
/// that belong to the cluster.
fn require_empty(realm: &Realm, name: &str) -> Result<(), Fault> {
    let counts = counts(realm, name);
    let services = counts.active_ec2_services
        + counts.active_fargate_services
        + counts.draining_ec2_services
        + counts.draining_fargate_services;
    if services > 0 {
        let text = "The Cluster cannot be deleted while Services are active.";
        return Err(Fault::of(
            &ClusterContainsServicesException::builder().message(text).build(),
        ));
    }
    if realm
        .container_instances
        .values()
        .any(|instance| instance.cluster == name)
    {
        let text = "The Cluster cannot be deleted while Container Instances are active.";
        return Err(Fault::of(
            &ClusterContainsContainerInstancesException::builder()
                .message(text)
                .build(),
        ));
    }
    if counts.unstopped_tasks > 0 {
        let text = "The Cluster cannot be deleted while Tasks are active.";
        return Err(Fault::of(
            &ClusterContainsTasksException::builder().message(text).build(),
        ));
    }
    let arn = realm.arn(&format!("cluster/{name}"));
    let own = |provider: &CapacityProvider| {
        provider.managed_instances_provider().is_some()
            && provider.cluster() == Some(&arn)
            && provider.status() != Some(&CapacityProviderStatus::Inactive)
    };
    if realm
        .capacity_providers
        .values()
        .any(|record| own(&record.provider))
    {
        let text = "The Cluster cannot be deleted while Capacity Providers are associated with it.";
        return Err(Fault::of(
            &ClusterContainsCapacityProviderException::builder()
                .message(text)
                .build(),
        ));
    }
    Ok(())
}
