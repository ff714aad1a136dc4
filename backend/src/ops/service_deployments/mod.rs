//! Service deployments and service revisions (ecs-semantics.md §1.5, §3.8).

mod describe;
mod list;
mod stop;

use crate::engine::records::ServiceRecord;
use crate::fault::Fault;
use crate::world::{Realm, ServiceKey};

/// The service that the ARN of a service deployment or revision belongs to, if it is there and not INACTIVE.
///
/// # Errors
/// `InvalidParameterException` for anything but such an ARN of this realm.
fn service_of<'a>(
    realm: &'a Realm,
    arn: &str,
    kind: &str,
) -> Result<Option<(ServiceKey, &'a ServiceRecord)>, Fault> {
    let malformed = || Fault::invalid(format!("Invalid identifier: {arn} is not the ARN of a {kind}."));
    if !arn.starts_with("arn:") {
        return Err(malformed());
    }
    let tail = realm.id.tail(arn, kind)?;
    let mut parts = tail.split('/');
    let (Some(cluster), Some(service), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let key = ServiceKey {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
    };
    let found = realm
        .services
        .get_key_value(&key)
        .filter(|(_, record)| !record.is_inactive());
    Ok(found.map(|(key, record)| (key.clone(), record)))
}
