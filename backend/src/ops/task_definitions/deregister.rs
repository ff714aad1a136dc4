//! `DeregisterTaskDefinition`.

use aws_sdk_ecs::operation::deregister_task_definition::{
    DeregisterTaskDefinitionInput, DeregisterTaskDefinitionOutput,
};
use aws_sdk_ecs::types::TaskDefinitionStatus;

use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;
use crate::world::clock::stamp;

impl Operation for DeregisterTaskDefinitionInput {
    type Output = DeregisterTaskDefinitionOutput;

    /// Running tasks and existing services go on; there is no way back (ecs-semantics.md §2.13).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let reference = self.task_definition().unwrap_or_default();
        let tail = realm.id.tail(reference, "task-definition")?;
        let (family, revision) = tail
            .split_once(':')
            .ok_or_else(|| Fault::client("Revision is missing."))?;
        let number: i32 = revision
            .parse()
            .map_err(|_| Fault::invalid(format!("Invalid revision number. Number: {revision}")))?;
        let now = realm.now;
        let record = realm
            .families
            .get_mut(family)
            .and_then(|family| family.revisions.get_mut(&number));
        let definition = &mut record
            .ok_or_else(|| Fault::client("The specified task definition does not exist."))?
            .definition;
        if definition.status == Some(TaskDefinitionStatus::Active) {
            definition.status = Some(TaskDefinitionStatus::Inactive);
            definition.deregistered_at = Some(stamp(now));
        }
        Ok(DeregisterTaskDefinitionOutput::builder()
            .task_definition(definition.clone())
            .build())
    }
}
