//! From the spec to what is wanted: the reference becomes a name. Pure; a missing reference is a value, not an error.

use std::collections::BTreeSet;
use std::sync::Arc;

use ecs_crds::conditions::Reason;
use ecs_crds::policy::{AdoptionPolicy, DriftPolicy};
use ecs_crds::status::User;
use ecs_crds::{CapacityProvider, EcsCluster, Managed};
use ecs_model::arn::name_of;
use kube::ResourceExt;

use super::desired::Desired;
use crate::authorize::ClusterUse;
use crate::diff::identity::ResourceKind;
use crate::k8s::object::{Kind, ObjectKey};
use crate::kinds::access::owner_of;
use crate::kinds::held::Held;
use crate::kinds::moved;
use crate::kinds::send::spec_of;
use crate::kinds::verdict::Verdict;

/// What surrounds a provider, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The cluster that a managed instances provider belongs to.
    pub cluster: Option<Arc<EcsCluster>>,
    /// The `EcsCluster`s that refer to the provider, or name it.
    pub clusters: Vec<Arc<EcsCluster>>,
    /// The objects that refer to the provider, clusters included.
    pub users: Vec<ObjectKey>,
    /// The status names a provider.
    pub known: bool,
    /// The account's own region.
    pub home: Option<String>,
}

/// The objects that a provider refers to, whether they exist or not.
pub fn references(provider: &CapacityProvider) -> BTreeSet<ObjectKey> {
    let namespace = provider.namespace().unwrap_or_default();
    let cluster = cluster_name(provider).map(|name| ObjectKey::namespaced(Kind::EcsCluster, namespace, name));
    cluster
        .into_iter()
        .chain([ObjectKey::account(provider.management().account())])
        .collect()
}

/// The name of the `EcsCluster` object that is or may be meant.
pub fn cluster_name(provider: &CapacityProvider) -> Option<String> {
    let named = provider
        .spec
        .ecs
        .0
        .cluster()
        .filter(|name| !name.is_empty())
        .map(name_of);
    provider
        .spec
        .cluster_ref
        .as_ref()
        .map(|reference| reference.name.as_str())
        .or(named)
        .map(str::to_owned)
}

/// The cluster that a provider uses, for authorisation.
pub fn cluster_use(
    provider: &CapacityProvider,
    found: Option<&EcsCluster>,
    home: Option<&str>,
) -> Option<ClusterUse> {
    cluster(provider, found, home).map(|(name, own, _)| ClusterUse { name, own })
}

/// The name in ECS of the cluster that the provider was seen in last.
fn remembered(provider: &CapacityProvider) -> Option<&str> {
    let status = provider.status.as_ref()?;
    status.cluster_arn.as_deref().map(name_of)
}

/// That the cluster's object stands for another cluster than the one that the provider was made for.
fn moved(provider: &CapacityProvider, found: Option<&EcsCluster>) -> Option<Verdict> {
    provider.spec.cluster_ref.as_ref()?;
    let stays = provider.metadata.deletion_timestamp.is_none();
    let message = moved::moved("provider", remembered(provider)?, found?).filter(|_| stays)?;
    Some(Verdict::stalled(Reason::InvalidSpec, message))
}

/// The cluster's name in ECS, whether an object of the namespace stands for it, and why nothing can be created in it yet.
fn cluster(
    provider: &CapacityProvider,
    found: Option<&EcsCluster>,
    home: Option<&str>,
) -> Option<(String, bool, Option<Held>)> {
    let named = provider
        .spec
        .ecs
        .0
        .cluster()
        .filter(|name| !name.is_empty())
        .map(name_of);
    let reference = provider.spec.cluster_ref.as_ref();
    let is_named = |found: &EcsCluster| {
        Some(found.ecs_name().as_str()) == named && found.management().is_where(provider.management(), home)
    };
    match (
        found.filter(|found| reference.is_some() || is_named(found)),
        reference,
    ) {
        (Some(cluster), reference) => {
            // A provider stays where it is, whatever its cluster's object stands for now.
            let stays = remembered(provider).filter(|_| reference.is_some());
            let name = stays.map_or_else(|| cluster.ecs_name(), str::to_owned);
            Some((name, true, not_ready(cluster, provider, home)))
        }
        (None, Some(reference)) => {
            // What it was called is remembered; else it is called as its object was.
            Some((
                remembered(provider).unwrap_or(&reference.name).to_owned(),
                true,
                Some(Held::by_absence::<EcsCluster>(&reference.name)),
            ))
        }
        (None, None) => named.map(|name| (name.to_owned(), false, None)),
    }
}

fn not_ready(cluster: &EcsCluster, provider: &CapacityProvider, home: Option<&str>) -> Option<Held> {
    let status = cluster.status.as_ref();
    let status = status.and_then(|status| status.status.as_deref());
    Held::unless_active(cluster, status, provider.management(), home)
}

/// What is wanted of the provider.
///
/// # Errors
/// A spec that cannot be sent.
pub fn resolve(
    provider: &CapacityProvider,
    installation: &str,
    around: &Surroundings,
) -> Result<Desired, Verdict> {
    if let Some(moved) = moved(provider, around.cluster.as_deref()) {
        return Err(moved);
    }
    let name = provider.ecs_name();
    let (mut input, tags) = spec_of(&provider.spec.ecs.0, "name", &name)?;
    let (cluster, held) = match cluster(provider, around.cluster.as_deref(), around.home.as_deref()) {
        Some((cluster, _, held)) => (Some(cluster), held),
        None => (None, None),
    };
    if let (Some(members), Some(cluster)) = (input.as_object_mut(), &cluster) {
        members.insert("cluster".to_owned(), cluster.clone().into());
    }
    let mut clusters: BTreeSet<String> = around.clusters.iter().map(|cluster| cluster.ecs_name()).collect();
    clusters.extend(cluster.clone());
    let management = provider.management();
    let going = provider.metadata.deletion_timestamp.is_some();
    Ok(Desired {
        holders: holders(around, cluster.is_some()),
        users: around.users.iter().map(|key| user(key, provider)).collect(),
        clusters: clusters.into_iter().collect(),
        owner: owner_of(provider, ResourceKind::CapacityProvider, installation),
        adopt: management.adoption() == AdoptionPolicy::Adopt,
        report_drift: management.drift() == DriftPolicy::Report,
        known: around.known,
        deletion: going.then_some(management.deletion_policy),
        name,
        cluster,
        input,
        tags,
        held,
    })
}

/// The objects that keep the provider from being deleted. A cluster that is going lets go of its own providers, and waits
/// for them in turn.
fn holders(around: &Surroundings, managed: bool) -> Vec<String> {
    let going: BTreeSet<ObjectKey> = around
        .clusters
        .iter()
        .filter(|cluster| cluster.metadata.deletion_timestamp.is_some())
        .map(|cluster| ObjectKey::of(&**cluster))
        .collect();
    around
        .users
        .iter()
        .filter(|user| !(managed && going.contains(user)))
        .map(ToString::to_string)
        .collect()
}

fn user(key: &ObjectKey, provider: &CapacityProvider) -> User {
    let namespace = key
        .namespace
        .clone()
        .filter(|namespace| Some(namespace) != provider.namespace().as_ref());
    User {
        kind: key.kind.as_str().to_owned(),
        namespace,
        name: key.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn provider(spec: &Value, status: &Value) -> CapacityProvider {
        serde_json::from_value(json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "CapacityProvider",
            "metadata": {"name": "p", "namespace": "shop", "uid": "u1", "generation": 1}, "spec": spec, "status": status}))
        .unwrap()
    }

    fn managed(cluster: &Value) -> Value {
        let mut spec = json!({"managedInstancesProvider": {"infrastructureRoleArn": "r",
            "instanceLaunchTemplate": {"ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["s"]}}}});
        json_patch::merge(&mut spec, cluster);
        spec
    }

    fn cluster(name: &str, ecs_name: &str, status: &str, going: bool) -> Arc<EcsCluster> {
        let mut object = json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
            "metadata": {"name": name, "namespace": "shop"}, "spec": {"clusterName": ecs_name}, "status": {"status": status}});
        if going {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        Arc::new(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn the_cluster_is_named_and_waited_for() {
        let by_ref = managed(&json!({"clusterRef": {"name": "main"}}));
        let by_name = managed(&json!({"cluster": "Main"}));
        let remembered = json!({"clusterArn": "arn:aws:ecs:r:1:cluster/Old"});
        let cases = [
            (
                provider(&by_ref, &json!({})),
                Some(cluster("main", "Main", "ACTIVE", false)),
                "Main",
                true,
                None,
            ),
            (
                provider(&by_ref, &json!({})),
                Some(cluster("main", "Main", "PROVISIONING", false)),
                "Main",
                true,
                Some("EcsCluster main is not ACTIVE in ECS yet"),
            ),
            (
                provider(&by_ref, &json!({})),
                Some(cluster("main", "Main", "ACTIVE", true)),
                "Main",
                true,
                Some("EcsCluster main is being deleted"),
            ),
            (
                provider(&by_ref, &json!({})),
                None,
                "main",
                true,
                Some("there is no EcsCluster main"),
            ),
            (
                provider(&by_ref, &remembered),
                None,
                "Old",
                true,
                Some("there is no EcsCluster main"),
            ),
            (provider(&by_name, &json!({})), None, "Main", false, None),
            (
                provider(&by_name, &json!({})),
                Some(cluster("Main", "Other", "ACTIVE", false)),
                "Main",
                false,
                None,
            ),
        ];
        for (provider, found, name, own, held) in cases {
            let asked = cluster_use(&provider, found.as_deref(), None).unwrap();
            assert_eq!((asked.name.as_str(), asked.own), (name, own));
            let desired = resolve(
                &provider,
                "prod",
                &Surroundings {
                    cluster: found,
                    ..Surroundings::default()
                },
            )
            .unwrap();
            assert_eq!(desired.cluster.as_deref(), Some(name));
            assert_eq!(desired.input["cluster"], name);
            assert_eq!(desired.held.as_ref().map(|held| held.message.as_str()), held);
        }
    }

    #[test]
    fn a_group_belongs_to_no_cluster() {
        let group = provider(
            &json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "g"}}),
            &json!({}),
        );
        assert_eq!(cluster_use(&group, None, None), None);
        let desired = resolve(&group, "prod", &Surroundings::default()).unwrap();
        assert_eq!(
            (
                desired.cluster.clone(),
                desired.held.clone(),
                desired.is_managed()
            ),
            (None, None, false)
        );
        assert_eq!(desired.input["name"], "p");
        assert_eq!(
            references(&group),
            BTreeSet::from([ObjectKey::account("default")])
        );
    }

    #[test]
    fn a_cluster_that_is_going_holds_a_group_but_not_its_own_provider() {
        let around = Surroundings {
            clusters: vec![cluster("main", "Main", "ACTIVE", true)],
            users: vec![
                ObjectKey::namespaced(Kind::EcsCluster, "shop", "main"),
                ObjectKey::namespaced(Kind::EcsService, "shop", "web"),
            ],
            ..Surroundings::default()
        };
        let own = resolve(
            &provider(&managed(&json!({"clusterRef": {"name": "main"}})), &json!({})),
            "x",
            &around,
        )
        .unwrap();
        assert_eq!(own.holders, ["EcsService shop/web"]);
        let group = provider(
            &json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "g"}}),
            &json!({}),
        );
        let group = resolve(&group, "x", &around).unwrap();
        assert_eq!(group.holders, ["EcsCluster shop/main", "EcsService shop/web"]);
        assert_eq!((group.clusters, group.users.len()), (vec!["Main".to_owned()], 2));
    }
}
