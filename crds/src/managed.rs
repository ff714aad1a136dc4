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

/// Declares a kind that stands for a resource in ECS: the function that gives its schema, where its spec has
/// [`Management`], and the member of ECS's input that names the resource.
macro_rules! managed {
    ($kind:ident, $schema:path, $($management:ident).+, $name:ident) => {
        impl schemars::JsonSchema for $kind {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($kind).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema()
            }
        }

        impl $crate::Managed for $kind {
            fn management(&self) -> &$crate::policy::Management {
                &self.spec.$($management).+
            }

            fn common_status(&self) -> Option<&$crate::status::CommonStatus> {
                self.status.as_ref().map(|status| &status.common)
            }

            fn ecs_name(&self) -> String {
                $crate::ecs::name_or(self.spec.ecs.0.$name(), self)
            }
        }
    };
}

pub(crate) use managed;
