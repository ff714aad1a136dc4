//! `DeregisterContainerInstance`, and the end of a machine.

use aws_sdk_ecs::operation::deregister_container_instance::{
    DeregisterContainerInstanceInput, DeregisterContainerInstanceOutput,
};
use aws_sdk_ecs::types::ContainerInstance;

use super::{find, shown};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;
use crate::world::schedule::Event;

impl Operation for DeregisterContainerInstanceInput {
    type Output = DeregisterContainerInstanceOutput;

    /// Refused while tasks run, unless forced: then they are lost (ecs-semantics.md §4.8).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let id = find(realm, self.container_instance().unwrap_or_default(), &cluster)?
            .ok_or_else(|| Fault::invalid("The referenced container instance was not found."))?;
        let (running, pending) = hooks::tasks_on(realm, &id);
        if running + pending > 0 && self.force() != Some(true) {
            return Err(Fault::invalid("Found running tasks on the instance."));
        }
        let instance = remove(realm, &id, "Container instance deregistration forced by user");
        Ok(DeregisterContainerInstanceOutput::builder()
            .set_container_instance(instance)
            .build())
    }
}

/// Removes an instance; its tasks end with this reason. Returns it as it is shown afterwards, for a while: INACTIVE
/// (ecs-semantics.md §4.8).
pub fn remove(realm: &mut Realm, id: &str, reason: &str) -> Option<ContainerInstance> {
    hooks::instance_gone(realm, id, reason);
    let mut record = realm.container_instances.remove(id)?;
    record.instance.status = Some("INACTIVE".to_owned());
    record.instance.agent_connected = false;
    record.instance.version += 1;
    let instance = shown(realm, id, &record);
    hooks::instance_removed(realm, &record.instance);
    realm.inactive_instances.insert(id.to_owned(), record);
    let instance_id = id.to_owned();
    realm.after(
        realm.timing.inactive_visible,
        Event::InstanceForgotten {
            instance: instance_id,
        },
    );
    Some(instance)
}

/// The machine of an instance is gone: an auto scaling group or a person terminated it.
pub fn removed(realm: &mut Realm, id: &str) {
    let Some(record) = realm.container_instances.get(id) else {
        return;
    };
    let reason = format!("Host EC2 (instance {}) terminated.", record.ec2_instance_id);
    remove(realm, id, &reason);
}
