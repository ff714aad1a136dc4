//! A cluster's object that was deleted, and created anew with another name: what was made in the one must not begin anew in the
//! other and be left behind. Pure.

use ecs_crds::{EcsCluster, Managed};
use kube::ResourceExt;

/// That the object which `spec.clusterRef` names stands for another cluster than the one, `is_in`, that a resource is in; `what`
/// is the resource, as `service`.
pub fn moved(what: &str, is_in: &str, cluster: &EcsCluster) -> Option<String> {
    let stands_for = cluster.ecs_name();
    (stands_for != is_in).then(|| {
        format!(
            "spec.clusterRef: EcsCluster {} stands for cluster {stands_for} now, and the {what} is in {is_in}; ECS does not move it: have \
             an EcsCluster of this name stand for {is_in} again, or delete this object and create it anew",
            cluster.name_any()
        )
    })
}
