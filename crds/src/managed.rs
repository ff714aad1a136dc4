//! What the kinds that stand for a resource in ECS have in common.

use k8s_openapi::NamespaceResourceScope;
use kube::Resource;

use crate::policy::Management;
use crate::status::CommonStatus;

/// A namespaced kind whose objects stand for a resource in ECS.
pub trait Managed: Resource<DynamicType = (), Scope = NamespaceResourceScope> {
    /// How the object is to be handled: `spec.management`.
    fn management(&self) -> &Management;

    /// The part of the status that all kinds have; none before the API server has defaulted it.
    fn common_status(&self) -> Option<&CommonStatus>;

    /// The resource's name in ECS: the one in the spec, else `metadata.name`.
    fn ecs_name(&self) -> String;
}
