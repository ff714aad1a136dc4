//! Container instances (ecs-semantics.md §1.2, §4.8).
//!
//! No agent is there: an instance that is registered behaves as one whose agent is connected, with the abilities of a
//! recent agent.

mod agent;
mod deregister;
mod describe;
mod list;
mod machine;
mod register;
mod state;

pub use deregister::{remove, removed};
pub use machine::Machine;
pub use register::{connect, register_simulated};

use crate::engine::hooks;
use crate::fault::Fault;
use crate::world::{InstanceRecord, Realm};

/// The id of the instance that a reference within a cluster means, if there is one.
///
/// # Errors
/// A malformed ARN, or one of another cluster.
pub fn find(realm: &Realm, reference: &str, cluster: &str) -> Result<Option<String>, Fault> {
    let id = realm.id_in_cluster(reference, "container-instance", cluster)?;
    let here = realm
        .container_instances
        .get(id)
        .is_some_and(|record| record.cluster == cluster);
    Ok(here.then(|| id.to_owned()))
}

/// The instance that a reference within a cluster means, if it is INACTIVE and still visible.
///
/// # Errors
/// A malformed ARN, or one of another cluster.
pub fn find_inactive<'a>(
    realm: &'a Realm,
    reference: &str,
    cluster: &str,
) -> Result<Option<&'a InstanceRecord>, Fault> {
    let id = realm.id_in_cluster(reference, "container-instance", cluster)?;
    let known = realm.inactive_instances.get(id);
    Ok(known.filter(|record| record.cluster == cluster))
}

/// The instance with its counts, as the API shows it without optional parts.
fn shown(realm: &Realm, id: &str, record: &InstanceRecord) -> aws_sdk_ecs::types::ContainerInstance {
    let mut instance = record.instance.clone();
    (instance.running_tasks_count, instance.pending_tasks_count) = hooks::tasks_on(realm, id);
    instance.health_status = None;
    instance.tags = Some(vec![]);
    instance
}
