//! From the spec to what is wanted: references become names. Pure; a missing reference is a value, not an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecs_crds::conditions::{self, Type};
use ecs_crds::policy::{AdoptionPolicy, DriftPolicy};
use ecs_crds::{CapacityProvider, EcsCluster, Managed};
use ecs_model::arn::name_of;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::desired::{Desired, Held, Providers};
use crate::diff::identity::{ResourceKind, content_hash};
use crate::k8s::object::{Kind, ObjectKey};
use crate::kinds::access::owner_of;
use crate::kinds::send::spec_of;
use crate::kinds::verdict::Verdict;

/// What surrounds a cluster, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The `CapacityProvider`s that the spec refers to, or names in ECS, by their objects' names.
    pub providers: BTreeMap<String, Arc<CapacityProvider>>,
    /// Names in ECS of managed instances providers that objects of the namespace keep in this cluster.
    pub own: BTreeSet<String>,
    /// The objects that refer to the cluster, as people read them.
    pub users: Vec<String>,
    /// The ARN in the status.
    pub known: bool,
}

/// The objects that a cluster refers to, whether they exist or not: by reference, or by naming in ECS what an object of the
/// same name stands for.
pub fn references(cluster: &EcsCluster) -> BTreeSet<ObjectKey> {
    let namespace = cluster.namespace().unwrap_or_default();
    let providers = provider_names(cluster).into_iter();
    let providers = providers.map(|name| ObjectKey::namespaced(Kind::CapacityProvider, &namespace, name));
    providers
        .chain([ObjectKey::account(cluster.management().account())])
        .collect()
}

/// The names of `CapacityProvider` objects that are or may be meant.
pub fn provider_names(cluster: &EcsCluster) -> BTreeSet<String> {
    let spec = &cluster.spec;
    let strategy = spec.default_capacity_provider_strategy.iter();
    let referred = spec.capacity_provider_refs.iter();
    let referred = referred.chain(
        strategy
            .clone()
            .filter_map(|item| item.capacity_provider_ref.as_ref()),
    );
    let named = spec.ecs.0.capacity_providers().iter();
    let named = named
        .chain(strategy.filter_map(|item| item.capacity_provider.as_ref()))
        .map(|name| name_of(name));
    let named = named.filter(|name| !is_fargate(name)).map(str::to_owned);
    referred
        .map(|reference| reference.name.clone())
        .chain(named)
        .collect()
}

fn is_fargate(name: &str) -> bool {
    matches!(name, "FARGATE" | "FARGATE_SPOT")
}

/// What is wanted of the cluster.
///
/// # Errors
/// A spec that cannot be sent.
pub fn resolve(cluster: &EcsCluster, installation: &str, around: Surroundings) -> Result<Desired, Verdict> {
    let name = cluster.ecs_name();
    let (mut input, tags) = spec_of(&cluster.spec.ecs.0, "clusterName", &name)?;
    if let Some(members) = input.as_object_mut() {
        members.remove("capacityProviders");
        members.remove("defaultCapacityProviderStrategy");
    }
    let management = cluster.management();
    let going = cluster.metadata.deletion_timestamp.is_some();
    Ok(Desired {
        providers: providers(cluster, &around),
        namespace: namespace(&input),
        name,
        input,
        tags,
        owner: owner_of(cluster, ResourceKind::Cluster, installation),
        adopt: management.adoption() == AdoptionPolicy::Adopt,
        report_drift: management.drift() == DriftPolicy::Report,
        known: around.known,
        users: around.users,
        deletion: going.then_some(management.deletion_policy),
    })
}

/// The mark of a namespace that ECS shows as an ARN which does not contain its name.
fn namespace(input: &Value) -> Option<String> {
    let named = input
        .pointer("/serviceConnectDefaults/namespace")
        .and_then(Value::as_str)?;
    (!named.starts_with("arn:") && !named.is_empty()).then(|| content_hash(&named.into()))
}

fn providers(cluster: &EcsCluster, around: &Surroundings) -> Providers {
    let mut providers = Providers {
        own: around.own.clone(),
        ..Providers::default()
    };
    for reference in &cluster.spec.capacity_provider_refs {
        add(&mut providers, cluster, around, &reference.name, true);
    }
    for named in cluster.spec.ecs.0.capacity_providers() {
        add(&mut providers, cluster, around, named, false);
    }
    providers.strategy = strategy(&mut providers.held, cluster, around);
    providers
}

/// Puts a provider where it belongs: among those that can be associated, those that cannot yet, or those that ECS
/// associates itself.
fn add(
    providers: &mut Providers,
    cluster: &EcsCluster,
    around: &Surroundings,
    name: &str,
    by_reference: bool,
) {
    let Some(object) = meant(around, name, by_reference) else {
        if by_reference {
            providers.held.push(Held {
                message: format!("there is no CapacityProvider {name}"),
                stalled: false,
            });
        } else {
            providers.ready.insert(name_of(name).to_owned());
        }
        return;
    };
    let held = not_ready(object, cluster);
    let place = if is_managed(object) {
        &mut providers.own
    } else if held.is_some() {
        &mut providers.pending
    } else {
        &mut providers.ready
    };
    place.insert(object.ecs_name());
    providers.held.extend(held);
}

/// The object that is meant: referred to, or named in ECS as it names its provider.
fn meant<'a>(around: &'a Surroundings, name: &str, by_reference: bool) -> Option<&'a CapacityProvider> {
    let found = around.providers.get(name_of(name))?;
    (by_reference || found.ecs_name() == name_of(name)).then_some(found)
}

fn is_managed(provider: &CapacityProvider) -> bool {
    provider.spec.ecs.0.managed_instances_provider().is_some()
}

/// Why a provider cannot be used yet.
fn not_ready(provider: &CapacityProvider, cluster: &EcsCluster) -> Option<Held> {
    let object = format!("CapacityProvider {}", provider.name_any());
    let (theirs, ours) = (provider.management(), cluster.management());
    if theirs.account() != ours.account() || theirs.region != ours.region {
        let message = format!("{object} is in another account or region; both have to be in one place");
        return Some(Held {
            message,
            stalled: true,
        });
    }
    let status = provider.status.as_ref();
    if provider.metadata.deletion_timestamp.is_none()
        && status.is_some_and(|status| status.status.as_deref() == Some("ACTIVE"))
    {
        return None;
    }
    let conditions = status
        .map(|status| status.common.conditions.as_slice())
        .unwrap_or_default();
    let generation = provider.metadata.generation.unwrap_or_default();
    let stalled = conditions::is_true_of(conditions, Type::Stalled, generation);
    let words = conditions::find(conditions, Type::Ready)
        .filter(|_| stalled)
        .map(|ready| format!(": {}", ready.message));
    let what = if provider.metadata.deletion_timestamp.is_some() {
        "is being deleted"
    } else {
        "is not ACTIVE in ECS yet"
    };
    Some(Held {
        message: format!("{object} {what}{}", words.unwrap_or_default()),
        stalled,
    })
}

/// The default strategy by the names of providers; none while one of them cannot be used.
fn strategy(held: &mut Vec<Held>, cluster: &EcsCluster, around: &Surroundings) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    let mut complete = true;
    for item in &cluster.spec.default_capacity_provider_strategy {
        let (name, by_reference) = match (&item.capacity_provider, &item.capacity_provider_ref) {
            (Some(name), _) => (name.as_str(), false),
            (None, Some(reference)) => (reference.name.as_str(), true),
            (None, None) => continue,
        };
        let object = meant(around, name, by_reference);
        let missing = match object {
            Some(object) => not_ready(object, cluster),
            None if by_reference => Some(Held {
                message: format!("there is no CapacityProvider {name}"),
                stalled: false,
            }),
            None => None,
        };
        if let Some(missing) = missing {
            complete = false;
            if !held.contains(&missing) {
                held.push(missing);
            }
        }
        let name = object.map_or_else(|| name_of(name).to_owned(), Managed::ecs_name);
        let (base, weight) = (item.base.unwrap_or_default(), item.weight.unwrap_or_default());
        items.push(json!({"capacityProvider": name, "base": base, "weight": weight}));
    }
    complete.then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(spec: &Value) -> EcsCluster {
        serde_json::from_value(
            json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
            "metadata": {"name": "main", "namespace": "shop", "uid": "u1", "generation": 1}, "spec": spec}),
        )
        .unwrap()
    }

    fn provider(name: &str, spec: &Value, status: &Value) -> (String, Arc<CapacityProvider>) {
        let object = serde_json::from_value(json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "CapacityProvider",
            "metadata": {"name": name, "namespace": "shop", "generation": 1}, "spec": spec, "status": status}))
        .unwrap();
        (name.to_owned(), Arc::new(object))
    }

    fn group() -> Value {
        json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "g"}})
    }

    fn around(providers: Vec<(String, Arc<CapacityProvider>)>) -> Surroundings {
        Surroundings {
            providers: providers.into_iter().collect(),
            ..Surroundings::default()
        }
    }

    fn wanted(spec: &Value, around: Surroundings) -> Desired {
        resolve(&cluster(spec), "prod", around).unwrap()
    }

    fn names(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn references_and_names_become_names() {
        let spec = json!({"capacityProviders": ["FARGATE", "asg"], "capacityProviderRefs": [{"name": "other"}],
            "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "other"}, "weight": 2}],
            "tags": [{"key": "team", "value": "x"}]});
        let mut other = group();
        other["name"] = json!("Other_Name");
        let active = json!({"status": "ACTIVE"});
        let desired = wanted(
            &spec,
            around(vec![
                provider("asg", &group(), &active),
                provider("other", &other, &active),
            ]),
        );
        assert_eq!(names(&desired.providers.ready), ["FARGATE", "Other_Name", "asg"]);
        assert_eq!(
            desired.providers.strategy,
            Some(vec![
                json!({"capacityProvider": "Other_Name", "base": 0, "weight": 2})
            ])
        );
        assert_eq!(desired.providers.held, []);
        assert_eq!(desired.input, json!({"clusterName": "main"}));
        assert_eq!(desired.tags.len(), 1);
        let kinds: Vec<_> = references(&cluster(&spec))
            .into_iter()
            .map(|key| key.to_string())
            .collect();
        assert_eq!(
            kinds,
            [
                "AwsAccount default",
                "CapacityProvider shop/asg",
                "CapacityProvider shop/other"
            ]
        );
    }

    #[test]
    fn what_is_not_ready_is_left_out_and_leaves_the_strategy_alone() {
        let spec = json!({"capacityProviders": ["FARGATE"], "capacityProviderRefs": [{"name": "asg"}],
            "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
        let stalled = json!({"status": "PROVISIONING", "conditions": [
            {"type": "Stalled", "status": "True", "reason": "Refused", "message": "no", "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Ready", "status": "False", "reason": "Refused", "message": "no", "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
        let mut elsewhere = group();
        elsewhere["management"] = json!({"region": "us-east-1"});
        let cases = [
            (vec![], "there is no CapacityProvider asg", false, 0),
            (
                vec![provider("asg", &group(), &json!({}))],
                "CapacityProvider asg is not ACTIVE in ECS yet",
                false,
                1,
            ),
            (
                vec![provider("asg", &group(), &stalled)],
                "CapacityProvider asg is not ACTIVE in ECS yet: no",
                true,
                1,
            ),
            (
                vec![provider("asg", &elsewhere, &json!({"status": "ACTIVE"}))],
                "CapacityProvider asg is in another account or region; both have to be in one place",
                true,
                1,
            ),
        ];
        for (providers, message, stalled, pending) in cases {
            let providers = wanted(&spec, around(providers)).providers;
            assert_eq!(names(&providers.ready), ["FARGATE"]);
            assert_eq!(providers.strategy, None);
            assert_eq!(
                providers.held,
                [Held {
                    message: message.into(),
                    stalled
                }]
            );
            assert_eq!(providers.pending.len(), pending, "{message}");
        }
    }

    #[test]
    fn managed_instances_providers_are_not_ours_to_associate() {
        let managed = json!({"clusterRef": {"name": "main"}, "managedInstancesProvider": {"infrastructureRoleArn": "r",
            "instanceLaunchTemplate": {"ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["s"]}}}});
        let spec = json!({"capacityProviderRefs": [{"name": "mi"}],
            "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "mi"}, "weight": 1}]});
        let ready = wanted(
            &spec,
            around(vec![provider("mi", &managed, &json!({"status": "ACTIVE"}))]),
        )
        .providers;
        assert_eq!((names(&ready.own), names(&ready.ready)), (vec!["mi"], vec![]));
        assert!(ready.strategy.is_some() && ready.held.is_empty());
        let before = wanted(&spec, around(vec![provider("mi", &managed, &json!({}))])).providers;
        assert_eq!((before.strategy, before.held.len()), (None, 1));
    }

    #[test]
    fn a_namespace_is_marked_where_only_its_name_is_known() {
        let with = |namespace| {
            wanted(
                &json!({"serviceConnectDefaults": {"namespace": namespace}}),
                Surroundings::default(),
            )
        };
        assert!(with("internal").namespace.is_some());
        assert_ne!(with("internal").namespace, with("other").namespace);
        assert_eq!(
            with("arn:aws:servicediscovery:r:1:namespace/ns-1").namespace,
            None
        );
        assert_eq!(wanted(&json!({}), Surroundings::default()).namespace, None);
    }
}
