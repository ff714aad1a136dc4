//! From the spec to what is wanted: references become names. Pure; a missing reference is a value, not an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecs_crds::policy::{AdoptionPolicy, DriftPolicy};
use ecs_crds::{CapacityProvider, EcsCluster, Managed};
use ecs_model::arn::name_of;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::desired::{Desired, Providers};
use crate::authorize::Uses;
use crate::diff::identity::{ResourceKind, content_hash};
use crate::k8s::object::{Kind, ObjectKey};
use crate::kinds::access::owner_of;
use crate::kinds::held::Held;
use crate::kinds::send::spec_of;
use crate::kinds::strategy::named_in;
use crate::kinds::verdict::Verdict;

/// What surrounds a cluster, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The `CapacityProvider`s that the spec refers to, or names in ECS, by their objects' names.
    pub providers: BTreeMap<String, Arc<CapacityProvider>>,
    /// Names in ECS of managed instances providers that objects of the namespace keep in this cluster.
    pub own: BTreeSet<String>,
    /// The objects that refer to the cluster.
    pub users: Vec<ObjectKey>,
    /// The ARN in the status.
    pub known: bool,
    /// The account's own region.
    pub home: Option<String>,
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

/// The capacity providers that a cluster is given, for authorisation; `objects` by their own names.
pub fn uses(cluster: &EcsCluster, objects: &BTreeMap<String, Arc<CapacityProvider>>) -> Uses {
    let spec = &cluster.spec;
    let referred = spec.capacity_provider_refs.iter();
    let referred =
        referred.filter_map(|reference| objects.get(&reference.name).map(|object| object.ecs_name()));
    let named = spec.ecs.0.capacity_providers().iter().cloned();
    let spread = named_in(&spec.default_capacity_provider_strategy, objects);
    Uses::of([""; 0], named.chain(referred).chain(spread))
}

/// What is wanted of the cluster.
///
/// # Errors
/// A spec that cannot be sent.
pub fn resolve(cluster: &EcsCluster, installation: &str, around: &Surroundings) -> Result<Desired, Verdict> {
    let name = cluster.ecs_name();
    let (mut input, tags) = spec_of(&cluster.spec.ecs.0, "clusterName", &name)?;
    if let Some(members) = input.as_object_mut() {
        members.remove("capacityProviders");
        members.remove("defaultCapacityProviderStrategy");
    }
    let management = cluster.management();
    let going = cluster.metadata.deletion_timestamp.is_some();
    Ok(Desired {
        providers: providers(cluster, around),
        namespace: namespace(&input),
        name,
        input,
        tags,
        owner: owner_of(cluster, ResourceKind::Cluster, installation),
        adopt: management.adoption() == AdoptionPolicy::Adopt,
        report_drift: management.drift() == DriftPolicy::Report,
        known: around.known,
        counted_by: counted_by(around),
        users: around.users.iter().map(ToString::to_string).collect(),
        deletion: going.then_some(management.deletion_policy),
    })
}

/// The providers that the cluster refers to, and those that refer to it.
fn counted_by(around: &Surroundings) -> BTreeSet<ObjectKey> {
    let given = around
        .providers
        .values()
        .map(|provider| ObjectKey::of(&**provider));
    let users = around.users.iter().cloned();
    given
        .chain(users.filter(|key| key.kind == Kind::CapacityProvider))
        .collect()
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
    let Some(object) = meant(cluster, around, name, by_reference) else {
        if by_reference {
            providers.unknown = true;
            providers.held.push(Held::by_absence::<CapacityProvider>(name));
        } else {
            providers.ready.insert(name_of(name).to_owned());
        }
        return;
    };
    let held = not_ready(object, cluster, around);
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

/// The object that is meant: referred to, or of the same place and named in ECS as it names its provider.
fn meant<'a>(
    cluster: &EcsCluster,
    around: &'a Surroundings,
    name: &str,
    by_reference: bool,
) -> Option<&'a CapacityProvider> {
    let found = around.providers.get(name_of(name))?;
    let home = around.home.as_deref();
    let is_named =
        || found.ecs_name() == name_of(name) && found.management().is_where(cluster.management(), home);
    (by_reference || is_named()).then_some(found)
}

fn is_managed(provider: &CapacityProvider) -> bool {
    provider.spec.ecs.0.managed_instances_provider().is_some()
}

/// Why a provider cannot be used yet.
fn not_ready(provider: &CapacityProvider, cluster: &EcsCluster, around: &Surroundings) -> Option<Held> {
    let status = provider.status.as_ref();
    let status = status.and_then(|status| status.status.as_deref());
    Held::unless_active(provider, status, cluster.management(), around.home.as_deref())
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
        let object = meant(cluster, around, name, by_reference);
        let missing = match object {
            Some(object) => not_ready(object, cluster, around),
            None if by_reference => Some(Held::by_absence::<CapacityProvider>(name)),
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
mod tests;
