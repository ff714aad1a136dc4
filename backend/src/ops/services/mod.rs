//! Services (ecs-semantics.md §1.4, §3).

mod create;
mod delete;
mod describe;
mod list;
pub mod rules;
mod update;

use aws_sdk_ecs::types::error::{ServiceNotActiveException, ServiceNotFoundException};
use aws_sdk_ecs::types::{LaunchType, Service};

use crate::engine::records::ServiceRecord;
use crate::engine::revision::Extras;
use crate::engine::starting::launch_type;
use crate::engine::{view, volumes};
use crate::fault::Fault;
use crate::world::{Realm, ServiceKey};

/// The service as an operation answers with it: tags only where they are asked for.
fn shown(realm: &Realm, record: &ServiceRecord, tags: bool) -> Service {
    let mut service = view::service(realm, record);
    if !tags {
        service.tags = None;
    }
    service
}

/// What only the revision keeps fits the service's definition.
///
/// # Errors
/// `InvalidParameterException`.
fn check_extras(realm: &Realm, service: &Service, extras: &Extras) -> Result<(), Fault> {
    let reference = service.task_definition().unwrap_or_default();
    let Some(record) = realm.find_definition(reference)? else {
        return Ok(());
    };
    rules::connect::check(&record.definition, extras.service_connect.as_ref())?;
    let volumes = volumes::of_service(extras.volumes.as_deref().unwrap_or_default());
    let fargate = launch_type(service) == LaunchType::Fargate;
    rules::volumes::check(&record.definition, &volumes, fargate)
}

/// `ServiceNotFoundException`, in ECS's words.
pub fn not_found() -> Fault {
    Fault::of(
        &ServiceNotFoundException::builder()
            .message("Service not found.")
            .build(),
    )
}

/// `ServiceNotActiveException`, in ECS's words: the service is DRAINING or INACTIVE (ecs-semantics.md §1.16).
fn not_active() -> Fault {
    Fault::of(
        &ServiceNotActiveException::builder()
            .message("Service was not ACTIVE.")
            .build(),
    )
}

/// The service that a call means, if it is still known: it may be INACTIVE.
///
/// # Errors
/// `ClusterNotFoundException`, `ServiceNotFoundException`.
fn require(realm: &Realm, cluster: Option<&str>, service: Option<&str>) -> Result<ServiceKey, Fault> {
    let cluster = realm.require_cluster(cluster)?;
    let key = realm.service_key(service.unwrap_or_default(), &cluster)?;
    realm.services.get(&key).map(|_| key).ok_or_else(not_found)
}
