//! Whether the agent of a container instance is connected, as its tasks show it (ecs-semantics.md §4.8).

use aws_sdk_ecs::types::Connectivity;

use super::{event_log, instances};
use crate::world::Realm;
use crate::world::clock::stamp;

/// Shows on the tasks of an instance that its agent has gone, or is back. They run on meanwhile.
pub fn follow(realm: &mut Realm, instance: &str) {
    let now = realm.now;
    let Some(host) = realm.container_instances.get(instance) else {
        return;
    };
    let connected = host.instance.agent_connected;
    let shown = if connected {
        Connectivity::Connected
    } else {
        Connectivity::Disconnected
    };
    for id in instances::ids_on(realm, instance) {
        let Some(record) = realm.tasks.get_mut(&id) else {
            continue;
        };
        let before = record.task.connectivity.as_ref();
        // A task that its agent has not taken yet shows nothing until it does.
        if before == Some(&shown) || (before.is_none() && connected) {
            continue;
        }
        record.task.connectivity = Some(shown.clone());
        record.task.connectivity_at = Some(stamp(now));
        record.task.version += 1;
        event_log::task_changed(realm, &id);
    }
}
