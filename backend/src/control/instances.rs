//! Machines: made, disconnected, terminated.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Refused, refused};
use crate::ops::container_instances::{self, Machine};
use crate::world::names::DEFAULT_CLUSTER;

/// The most instances that one call makes.
const COUNT: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Wanted {
    cluster: String,
    count: usize,
    machine: Machine,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            cluster: DEFAULT_CLUSTER.to_owned(),
            count: 1,
            machine: Machine::default(),
        }
    }
}

/// `POST instances`
pub(super) fn register(call: &mut Call<'_>) -> Result<Value, Refused> {
    let wanted: Wanted = call.body()?;
    if !(1..=COUNT).contains(&wanted.count) {
        return Err((400, format!("count: a number from 1 to {COUNT} is expected")));
    }
    wanted.machine.check().map_err(|text| (400, text))?;
    let realm = call.realm();
    let cluster = realm.cluster_name(Some(&wanted.cluster)).map_err(refused)?;
    let mut arns = Vec::new();
    for _ in 0..wanted.count {
        let id =
            container_instances::register_simulated(realm, &cluster, &wanted.machine).map_err(refused)?;
        arns.push(realm.arn(&format!("container-instance/{cluster}/{id}")));
    }
    Ok(json!({ "containerInstanceArns": arns }))
}

/// `POST instances/{id}/connect` and `POST instances/{id}/disconnect`
pub(super) fn connect(call: &mut Call<'_>, id: &str, connected: bool) -> Result<Value, Refused> {
    container_instances::connect(call.realm(), id, connected).map_err(refused)?;
    Ok(json!({ "agentConnected": connected }))
}

/// `POST instances/{id}/terminate`: the machine is gone, and with it its tasks.
pub(super) fn terminate(call: &mut Call<'_>, id: &str) -> Result<Value, Refused> {
    let realm = call.realm();
    if !realm.container_instances.contains_key(id) {
        return Err((400, format!("no container instance has the id {id}")));
    }
    container_instances::removed(realm, id);
    Ok(json!({ "status": "INACTIVE" }))
}
