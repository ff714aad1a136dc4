//! From the spec to what is wanted: references become names and ARNs. Pure; a missing reference is a value, not an error.

mod cluster;
mod registered;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecs::primitives::DateTime;
use ecs_crds::policy::{AdoptionPolicy, DriftPolicy};
use ecs_crds::{CapacityProvider, EcsCluster, EcsClusterStatus, EcsService, EcsTaskDefinition, Managed};
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use crate::authorize::{ClusterUse, Uses};
use crate::diff::identity::{ResourceKind, content_hash};
use crate::diff::read_path::pick;
use crate::diff::rollout::ROLLOUT_MEMBERS;
use crate::k8s::object::{Kind, ObjectKey};
use crate::kinds::access::owner_of;
use crate::kinds::held::Held;
use crate::kinds::send::checked;
use crate::kinds::service::desired::{Count, Desired};
use crate::kinds::strategy::named_in;
use cluster::{cluster_meant, cluster_named, moved, remembered};
use registered::is_registered;

pub use cluster::cluster;

/// The cluster that ECS means when none is named.
const DEFAULT_CLUSTER: &str = "default";

/// The objects that a service refers to, as far as they exist.
#[derive(Debug, Clone, Default)]
pub struct Referred {
    /// The cluster.
    pub cluster: Option<Arc<EcsCluster>>,
    /// The definition.
    pub definition: Option<Arc<EcsTaskDefinition>>,
    /// Capacity providers by the objects' names.
    pub providers: BTreeMap<String, Arc<CapacityProvider>>,
    /// The account's own region, which is that of all objects that name none.
    pub home: Option<String>,
}

/// What a service is to be, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// What it is to be.
    pub desired: Desired,
    /// The cluster, for authorisation.
    pub cluster: ClusterUse,
    /// The family that it runs and the capacity providers that it runs on, for authorisation.
    pub uses: Uses,
    /// Whether the cluster's name is known: an `EcsCluster` that was never seen may be called anything.
    pub cluster_known: bool,
    /// Another text whenever somebody changes what would be rolled out, or what it refers to.
    pub print: String,
}

/// The objects that a service refers to, whether they exist or not: by reference, or by naming in ECS what an object of the
/// same name stands for.
pub fn references(service: &EcsService) -> BTreeSet<ObjectKey> {
    let namespace = service.namespace().unwrap_or_default();
    let key = |kind, name: &str| ObjectKey::namespaced(kind, &namespace, name);
    let mut all = BTreeSet::from([ObjectKey::account(service.management().account())]);
    all.extend(cluster_name(service).map(|name| key(Kind::EcsCluster, name)));
    all.extend(definition_name(service).map(|name| key(Kind::EcsTaskDefinition, name)));
    all.extend(
        provider_names(service)
            .into_iter()
            .map(|name| key(Kind::CapacityProvider, name)),
    );
    all
}

/// The name of the `EcsCluster` that is or may be meant.
pub fn cluster_name(service: &EcsService) -> Option<&str> {
    match &service.spec.cluster_ref {
        Some(reference) => Some(&reference.name),
        None => Some(cluster_named(service)),
    }
}

/// The name of the `EcsTaskDefinition` that is or may be meant. A family with a revision, or an ARN, is no reference: it
/// pins what it names.
pub fn definition_name(service: &EcsService) -> Option<&str> {
    match &service.spec.task_definition_ref {
        Some(reference) => Some(&reference.name),
        None => service
            .spec
            .ecs
            .0
            .task_definition()
            .filter(|name| !name.contains(':') && !name.is_empty()),
    }
}

/// The names of the `CapacityProvider`s that are meant.
pub fn provider_names(service: &EcsService) -> Vec<&str> {
    let items = service.spec.capacity_provider_strategy.iter();
    items
        .filter_map(|item| item.capacity_provider_ref.as_ref())
        .map(|reference| reference.name.as_str())
        .collect()
}

/// Replaces the references by what they stand for.
///
/// # Errors
/// What ECS's own model says is wrong with the spec, with the members' paths, as one sentence.
pub fn resolve(service: &EcsService, referred: &Referred, installation: &str) -> Result<Resolved, String> {
    let mut spec = serde_json::to_value(&service.spec.ecs).map_err(|error| format!("spec: {error}"))?;
    let members = spec.as_object_mut().ok_or("spec: expected an object")?;
    members.remove("clientToken");
    let count = members
        .remove("desiredCount")
        .as_ref()
        .and_then(Value::as_i64)
        .and_then(|count| i32::try_from(count).ok());
    members.insert("serviceName".into(), service.ecs_name().into());

    let home = referred.home.as_deref();
    if let Some(moved) = moved(service, referred.cluster.as_deref()) {
        return Err(moved);
    }
    let (cluster, no_cluster) = cluster(service, referred.cluster.as_deref(), home);
    members.insert("cluster".into(), cluster.name.clone().into());
    let no_provider = strategy(service, referred, members);
    let no_definition = definition(service, referred, members);
    let (input, tags) = checked("CreateServiceRequest", spec)?;

    let daemon = input.get("schedulingStrategy").and_then(Value::as_str) == Some("DAEMON");
    let management = service.management();
    let desired = Desired {
        tags,
        count: if daemon {
            Count::Daemon
        } else {
            count.map_or(Count::AtCreation(1), Count::Enforced)
        },
        owner: owner_of(service, ResourceKind::Service, installation),
        adopt: management.adoption() == AdoptionPolicy::Adopt,
        report_drift: management.drift() == DriftPolicy::Report,
        restart_at: service
            .spec
            .management
            .restart_at
            .as_ref()
            .map(|at| DateTime::from_nanos(at.0.as_nanosecond()))
            .transpose()
            .unwrap_or_default(),
        creation_held: no_cluster,
        rollout_held: no_definition.or(no_provider),
        input,
    };
    let print = print(service, referred, &desired);
    let cluster_known =
        service.spec.cluster_ref.is_none() || referred.cluster.is_some() || remembered(service).is_some();
    Ok(Resolved {
        uses: uses(service, referred, &desired.input),
        desired,
        cluster,
        cluster_known,
        print,
    })
}

/// The generations of what people wrote, not what ECS made of it: a revision that was just registered needs no new quiet.
fn print(service: &EcsService, referred: &Referred, desired: &Desired) -> String {
    let definition = referred
        .definition
        .as_ref()
        .map(|definition| (definition.uid(), definition.metadata.generation));
    let written = ROLLOUT_MEMBERS
        .iter()
        .copied()
        .filter(|member| definition.is_none() || *member != "taskDefinition");
    content_hash(&json!([
        pick(&desired.input, written),
        service.spec.task_definition_ref,
        definition
    ]))
}

/// What the service uses by its name in ECS: what is in the input, and what will be once the objects are ready.
fn uses(service: &EcsService, referred: &Referred, input: &Value) -> Uses {
    let sent = input.get("taskDefinition").and_then(Value::as_str);
    let meant = definition_meant(service, referred).map(Managed::ecs_name);
    let providers = named_in(&service.spec.capacity_provider_strategy, &referred.providers);
    Uses::of(sent.map(str::to_owned).into_iter().chain(meant), providers)
}

/// Puts the definition's name or ARN in its place; why there is none yet.
fn definition(service: &EcsService, referred: &Referred, members: &mut Map<String, Value>) -> Option<Held> {
    let reference = service.spec.task_definition_ref.as_ref();
    let Some(definition) = definition_meant(service, referred) else {
        return Some(Held::by_absence::<EcsTaskDefinition>(&reference?.name));
    };
    members.remove("taskDefinition");
    if let Some(held) = Held::by_place(definition, service.management(), referred.home.as_deref()) {
        return Some(held);
    }
    if let Some(revision) = reference.and_then(|reference| reference.revision) {
        members.insert(
            "taskDefinition".into(),
            format!("{}:{revision}", definition.ecs_name()).into(),
        );
        return None;
    }
    let status = definition.common_status();
    let generation = definition.metadata.generation;
    let current =
        status.filter(|status| generation.is_some_and(|generation| is_registered(status, generation)));
    match current.and_then(|status| status.arn.as_ref()) {
        Some(arn) => {
            members.insert("taskDefinition".into(), arn.clone().into());
            None
        }
        None => Some(Held::by_state(definition, "not registered yet")),
    }
}

/// The object that is meant: referred to, or of the same place and named in ECS as it names its family.
fn definition_meant<'a>(service: &EcsService, referred: &'a Referred) -> Option<&'a EcsTaskDefinition> {
    let (named, home) = (service.spec.ecs.0.task_definition(), referred.home.as_deref());
    let is_named = |found: &EcsTaskDefinition| {
        Some(found.ecs_name().as_str()) == named && found.management().is_where(service.management(), home)
    };
    let found = referred.definition.as_deref();
    found.filter(|found| service.spec.task_definition_ref.is_some() || is_named(found))
}

/// Puts the strategy in its place; why it cannot be used yet.
fn strategy(service: &EcsService, referred: &Referred, members: &mut Map<String, Value>) -> Option<Held> {
    let mut held = None;
    let mut items = Vec::new();
    for item in &service.spec.capacity_provider_strategy {
        let name = match (&item.capacity_provider, &item.capacity_provider_ref) {
            (Some(name), _) => name.clone(),
            (None, Some(reference)) => {
                let (name, not_ready) = provider(service, &reference.name, referred);
                let cluster = cluster_meant(service, referred.cluster.as_deref(), referred.home.as_deref());
                held = held.or(not_ready).or_else(|| unassociated(&name, cluster?));
                name
            }
            (None, None) => continue,
        };
        let (base, weight) = (item.base.unwrap_or_default(), item.weight.unwrap_or_default());
        items.push(json!({"capacityProvider": name, "base": base, "weight": weight}));
    }
    if !items.is_empty() {
        members.insert("capacityProviderStrategy".into(), items.into());
    }
    held
}

/// ECS runs services only on providers that the cluster has.
fn unassociated(provider: &str, cluster: &EcsCluster) -> Option<Held> {
    let has = |status: &EcsClusterStatus| status.capacity_providers.iter().any(|name| name == provider);
    let object = cluster.name_any();
    (!cluster.status.as_ref().is_some_and(has)).then(|| {
        Held::for_now(format!(
            "EcsCluster {object} does not have the capacity provider {provider} in ECS yet"
        ))
    })
}

/// A referred provider's name in ECS, and why it cannot be used yet.
fn provider(service: &EcsService, name: &str, referred: &Referred) -> (String, Option<Held>) {
    let Some(provider) = referred.providers.get(name) else {
        return (name.to_owned(), Some(Held::by_absence::<CapacityProvider>(name)));
    };
    let absent = provider.common_status().is_none_or(|status| status.arn.is_none());
    let elsewhere = Held::by_place(&**provider, service.management(), referred.home.as_deref());
    let held = elsewhere.or_else(|| absent.then(|| Held::by_state(&**provider, "not in ECS yet")));
    (provider.ecs_name(), held)
}

#[cfg(test)]
mod tests;
