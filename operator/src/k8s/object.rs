//! Names for objects and kinds, and what generic code has to know of a kind.

use std::fmt::{self, Debug};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::k8s::stores::Stores;

/// The kinds that this operator keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An account, region and role, and who may use them.
    AwsAccount,
    /// A capacity provider.
    CapacityProvider,
    /// A cluster.
    EcsCluster,
    /// A service.
    EcsService,
    /// A family of task definitions.
    EcsTaskDefinition,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AwsAccount,
        Self::CapacityProvider,
        Self::EcsCluster,
        Self::EcsService,
        Self::EcsTaskDefinition,
    ];

    /// The kind's name as in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsAccount => "AwsAccount",
            Self::CapacityProvider => "CapacityProvider",
            Self::EcsCluster => "EcsCluster",
            Self::EcsService => "EcsService",
            Self::EcsTaskDefinition => "EcsTaskDefinition",
        }
    }

    /// The resource's name in URLs and in the CRD's name.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::AwsAccount => "awsaccounts",
            Self::CapacityProvider => "capacityproviders",
            Self::EcsCluster => "ecsclusters",
            Self::EcsService => "ecsservices",
            Self::EcsTaskDefinition => "ecstaskdefinitions",
        }
    }
}

/// An object of one of our kinds, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// The key of a namespaced object.
    pub fn namespaced(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind,
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    /// The key of an [`Kind::AwsAccount`].
    pub fn account(name: impl Into<String>) -> Self {
        Self {
            kind: Kind::AwsAccount,
            namespace: None,
            name: name.into(),
        }
    }

    /// The key of an object.
    pub fn of<K: Kept>(object: &K) -> Self {
        Self {
            kind: K::KIND,
            namespace: object.namespace(),
            name: object.name_any(),
        }
    }

    /// The same as kube's reference.
    pub fn to_ref<K: Kept>(&self) -> ObjectRef<K> {
        let reference = ObjectRef::new(&self.name);
        match &self.namespace {
            Some(namespace) => reference.within(namespace),
            None => reference,
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind.as_str(), self.name),
            None => write!(f, "{} {}", self.kind.as_str(), self.name),
        }
    }
}

/// A kind for which a controller can be run.
pub trait Kept:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static
{
    /// Which one.
    const KIND: Kind;

    /// The API of the namespace that `object` is in.
    fn api_of(client: Client, object: &Self) -> Api<Self>;

    /// The APIs that together watch these namespaces, each with its namespace's name; of an empty list, and of a kind that is
    /// in no namespace, one that watches everything. They survive objects that do not decode.
    fn watched(client: &Client, namespaces: &[String]) -> Vec<(String, Api<DeserializeGuard<Self>>)>;

    /// Where the controller keeps what it watches.
    fn store(stores: &Stores) -> &Store<Self>;

    /// What holds of the object, as its status says.
    fn conditions(&self) -> &[Condition];
}

/// Declares a namespaced kind and its store.
macro_rules! kept_in_namespace {
    ($($kind:ident in $store:ident),* $(,)?) => {$(
        impl Kept for ecs_crds::$kind {
            const KIND: Kind = Kind::$kind;

            fn api_of(client: Client, object: &Self) -> Api<Self> {
                match object.namespace() {
                    Some(namespace) => Api::namespaced(client, &namespace),
                    None => Api::all(client),
                }
            }

            fn watched(client: &Client, namespaces: &[String]) -> Vec<(String, Api<DeserializeGuard<Self>>)> {
                if namespaces.is_empty() {
                    return vec![(String::new(), Api::all(client.clone()))];
                }
                let of = |name: &String| (name.clone(), Api::namespaced(client.clone(), name));
                namespaces.iter().map(of).collect()
            }

            fn store(stores: &Stores) -> &Store<Self> {
                &stores.$store
            }

            fn conditions(&self) -> &[Condition] {
                self.status
                    .as_ref()
                    .map_or(&[], |status| &status.common.conditions)
            }
        }
    )*};
}

kept_in_namespace! {
    CapacityProvider in providers,
    EcsCluster in clusters,
    EcsService in services,
    EcsTaskDefinition in definitions,
}

impl Kept for ecs_crds::AwsAccount {
    const KIND: Kind = Kind::AwsAccount;

    fn api_of(client: Client, _: &Self) -> Api<Self> {
        Api::all(client)
    }

    fn watched(client: &Client, _: &[String]) -> Vec<(String, Api<DeserializeGuard<Self>>)> {
        vec![(String::new(), Api::all(client.clone()))]
    }

    fn store(stores: &Stores) -> &Store<Self> {
        &stores.accounts
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_like_kubectl() {
        let service = ObjectKey::namespaced(Kind::EcsService, "shop", "web");
        assert_eq!(service.to_string(), "EcsService shop/web");
        assert_eq!(ObjectKey::account("default").to_string(), "AwsAccount default");
    }
}
