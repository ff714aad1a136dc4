//! `UpdateContainerInstancesState`.

use aws_sdk_ecs::operation::update_container_instances_state::{
    UpdateContainerInstancesStateInput, UpdateContainerInstancesStateOutput,
};
use aws_sdk_ecs::types::ContainerInstanceStatus;

use super::describe::missing;
use super::{find, shown};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

/// The most instances in a call.
const BATCH: usize = 10;

impl Operation for UpdateContainerInstancesStateInput {
    type Output = UpdateContainerInstancesStateOutput;

    /// ACTIVE and DRAINING are the only states that can be asked for (ecs-semantics.md §4.8).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let status = match self.status() {
            Some(status @ (ContainerInstanceStatus::Active | ContainerInstanceStatus::Draining)) => {
                status.as_str()
            }
            _ => {
                return Err(Fault::invalid(
                    "Container instance status should be one of [ACTIVE, DRAINING]",
                ));
            }
        };
        let references = self.container_instances();
        if references.is_empty() {
            return Err(Fault::invalid("Container Instances cannot be empty."));
        }
        if references.len() > BATCH {
            return Err(Fault::invalid(
                "Container Instances cannot have more than 10 elements.",
            ));
        }
        let found: Vec<Option<String>> = references
            .iter()
            .map(|reference| find(realm, reference, &cluster))
            .collect::<Result<_, _>>()?;
        let mut answer = UpdateContainerInstancesStateOutput::builder()
            .set_container_instances(Some(vec![]))
            .set_failures(Some(vec![]));
        for (reference, id) in references.iter().zip(found) {
            let Some(id) = id else {
                answer = answer.failures(missing(realm, reference, &cluster));
                continue;
            };
            set(realm, &id, status);
            if let Some(record) = realm.container_instances.get(&id) {
                answer = answer.container_instances(shown(realm, &id, record));
            }
        }
        Ok(answer.build())
    }
}

fn set(realm: &mut Realm, id: &str, status: &str) {
    let Some(record) = realm.container_instances.get_mut(id) else {
        return;
    };
    if record.instance.status() == Some(status) {
        return;
    }
    record.instance.status = Some(status.to_owned());
    record.instance.version += 1;
    hooks::instance_changed(realm, id);
}
