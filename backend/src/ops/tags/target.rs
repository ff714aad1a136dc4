//! What an ARN names, where it can have tags.

use aws_sdk_ecs::types::Tag;
use aws_sdk_ecs::types::error::ResourceNotFoundException;

use crate::fault::Fault;
use crate::world::{Realm, ServiceKey};

/// A resource that exists and can have tags.
pub(super) enum Target {
    Cluster(String),
    Service(ServiceKey),
    Task(String),
    Definition(String, i32),
    Instance(String),
    Provider(String),
}

/// The resource that an ARN names.
///
/// # Errors
/// `InvalidParameterException` for what is no ARN of this realm, for the short form of old, and for what does not exist, but
/// `ClusterNotFoundException` for a cluster (ecs-semantics.md §0.2, §1.9); one that was deleted and is still visible is an
/// invalid parameter.
pub(super) fn find(realm: &Realm, arn: &str) -> Result<Target, Fault> {
    let kind = arn
        .splitn(6, ':')
        .nth(5)
        .and_then(|tail| tail.split_once('/'))
        .map(|(kind, _)| kind);
    let (Some(kind), true) = (kind, arn.starts_with("arn:")) else {
        return Err(Fault::invalid(format!("Invalid resource ARN '{arn}'.")));
    };
    let tail = realm.id.tail(arn, kind)?;
    let found = match kind {
        "cluster" => {
            return match realm.clusters.get(tail) {
                Some(record) if record.is_present() => Ok(Target::Cluster(tail.to_owned())),
                Some(_) => Err(Fault::invalid(
                    "The specified cluster is inactive. Specify an active cluster and try again.",
                )),
                None => Err(Fault::cluster_not_found()),
            };
        }
        "service" => in_cluster(arn, tail)?.and_then(|(cluster, service)| {
            let key = ServiceKey {
                cluster: cluster.to_owned(),
                service: service.to_owned(),
            };
            let record = realm.services.get(&key)?;
            (record.service.status() != Some("INACTIVE")).then_some(Target::Service(key))
        }),
        "task" => in_cluster(arn, tail)?.and_then(|(cluster, task)| {
            let here = realm
                .tasks
                .get(task)
                .is_some_and(|record| record.cluster == cluster);
            here.then(|| Target::Task(task.to_owned()))
        }),
        "container-instance" => in_cluster(arn, tail)?.and_then(|(cluster, id)| {
            let here = realm
                .container_instances
                .get(id)
                .is_some_and(|record| record.cluster == cluster);
            here.then(|| Target::Instance(id.to_owned()))
        }),
        "task-definition" => tail.split_once(':').and_then(|(family, revision)| {
            let revision = revision.parse().ok()?;
            realm.families.get(family)?.revisions.get(&revision)?;
            Some(Target::Definition(family.to_owned(), revision))
        }),
        "capacity-provider" => realm
            .capacity_providers
            .get(tail)
            .map(|_| Target::Provider(tail.to_owned())),
        _ => {
            return Err(Fault::invalid(format!(
                "Invalid resource ARN '{arn}': a {kind} cannot be tagged."
            )));
        }
    };
    found.ok_or_else(|| {
        let text = format!("The specified resource {arn} was not found.");
        Fault::of(&ResourceNotFoundException::builder().message(text).build())
    })
}

/// Cluster and name of a long ARN.
fn in_cluster<'a>(arn: &str, tail: &'a str) -> Result<Option<(&'a str, &'a str)>, Fault> {
    match tail.split_once('/') {
        Some(parts) => Ok(Some(parts)),
        None => Err(Fault::invalid(format!(
            "Long arn format must be used for tagging operations: {arn} is of the short format. Migrate the resource to the long format."
        ))),
    }
}

/// The tags of the resource.
pub(super) fn tags<'a>(realm: &'a Realm, target: &Target) -> &'a [Tag] {
    let tags = match target {
        Target::Cluster(name) => realm.clusters.get(name).map(|record| record.tags.as_slice()),
        Target::Service(key) => realm.services.get(key).map(|record| record.service.tags()),
        Target::Task(id) => realm.tasks.get(id).map(|record| record.task.tags()),
        Target::Definition(family, revision) => {
            let family = realm.families.get(family);
            family
                .and_then(|family| family.revisions.get(revision))
                .map(|record| record.tags.as_slice())
        }
        Target::Instance(id) => realm
            .container_instances
            .get(id)
            .map(|record| record.tags.as_slice()),
        Target::Provider(name) => realm
            .capacity_providers
            .get(name)
            .map(|record| record.tags.as_slice()),
    };
    tags.unwrap_or_default()
}

/// Gives the resource these tags and no others.
pub(super) fn put(realm: &mut Realm, target: &Target, tags: Vec<Tag>) {
    match target {
        Target::Cluster(name) => {
            if let Some(record) = realm.clusters.get_mut(name) {
                record.tags = tags;
            }
        }
        Target::Service(key) => {
            if let Some(record) = realm.services.get_mut(key) {
                record.service.tags = Some(tags);
            }
        }
        Target::Task(id) => {
            if let Some(record) = realm.tasks.get_mut(id) {
                record.task.tags = Some(tags);
            }
        }
        Target::Definition(family, revision) => {
            let family = realm.families.get_mut(family);
            if let Some(record) = family.and_then(|family| family.revisions.get_mut(revision)) {
                record.tags = tags;
            }
        }
        Target::Instance(id) => {
            if let Some(record) = realm.container_instances.get_mut(id) {
                record.tags = tags;
            }
        }
        Target::Provider(name) => {
            if let Some(record) = realm.capacity_providers.get_mut(name) {
                record.tags = tags;
            }
        }
    }
}
