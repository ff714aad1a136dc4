//! The cluster that a service is in: by its object, by what is remembered of it, or by its name. Pure.

use ecs_crds::{EcsCluster, EcsService, Managed};
use ecs_model::arn::name_of;

use super::DEFAULT_CLUSTER;
use crate::authorize::ClusterUse;
use crate::kinds::held::Held;
use crate::kinds::moved;

/// The object that is meant: referred to, or of the same place and named in ECS as it names its cluster.
pub fn cluster_meant<'a>(
    service: &EcsService,
    found: Option<&'a EcsCluster>,
    home: Option<&str>,
) -> Option<&'a EcsCluster> {
    let is_named = |found: &EcsCluster| {
        found.ecs_name() == cluster_named(service) && found.management().is_where(service.management(), home)
    };
    found.filter(|found| service.spec.cluster_ref.is_some() || is_named(found))
}

/// The name in ECS of the cluster that a service without a reference names.
pub fn cluster_named(service: &EcsService) -> &str {
    let named = service.spec.ecs.0.cluster().filter(|name| !name.is_empty());
    named.map_or(DEFAULT_CLUSTER, name_of)
}

/// The name in ECS of the cluster that the service was seen in last.
pub fn remembered(service: &EcsService) -> Option<&str> {
    let status = service.status.as_ref()?;
    status.cluster_arn.as_deref().map(name_of)
}

/// The cluster's name in ECS, and why nothing can be created in it yet.
pub fn cluster(
    service: &EcsService,
    found: Option<&EcsCluster>,
    home: Option<&str>,
) -> (ClusterUse, Option<Held>) {
    match (cluster_meant(service, found, home), &service.spec.cluster_ref) {
        (Some(cluster), _) => {
            let own = ClusterUse {
                // A service stays where it is, whatever its cluster's object stands for now.
                name: remembered(service).map_or_else(|| cluster.ecs_name(), str::to_owned),
                own: true,
            };
            let status = cluster.status.as_ref();
            let status = status.and_then(|status| status.status.as_deref());
            let held = Held::unless_active(cluster, status, service.management(), home);
            (own, held)
        }
        (None, Some(reference)) => {
            // What it was called is remembered; else it is called as its object was.
            let name = remembered(service).unwrap_or(&reference.name).to_owned();
            let held = Held::by_absence::<EcsCluster>(&reference.name);
            (ClusterUse { name, own: true }, Some(held))
        }
        (None, None) => (
            ClusterUse {
                name: cluster_named(service).to_owned(),
                own: false,
            },
            None,
        ),
    }
}

/// That the cluster's object stands for another cluster than the one that the service is in.
pub fn moved(service: &EcsService, found: Option<&EcsCluster>) -> Option<String> {
    service.spec.cluster_ref.as_ref()?;
    moved::moved("service", remembered(service)?, found?)
}
