//! `DeleteTaskDefinitions`.

use aws_sdk_ecs::operation::delete_task_definitions::{
    DeleteTaskDefinitionsInput, DeleteTaskDefinitionsOutput,
};
use aws_sdk_ecs::types::{Failure, TaskDefinition, TaskDefinitionStatus};

use crate::engine::hooks::definition_in_use;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;
use crate::world::clock::stamp;
use crate::world::schedule::Event;

/// The most revisions in a call.
const BATCH: usize = 10;

impl Operation for DeleteTaskDefinitionsInput {
    type Output = DeleteTaskDefinitionsOutput;

    /// Only INACTIVE revisions; each one that cannot be deleted is a failure of its own (ecs-semantics.md §2.13).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let references = self.task_definitions();
        if references.is_empty() {
            return Err(Fault::invalid("TaskDefinitions cannot be empty."));
        }
        if references.len() > BATCH {
            return Err(Fault::invalid(
                "Size of TaskDefinition references list cannot exceed 10",
            ));
        }
        let mut answer = DeleteTaskDefinitionsOutput::builder()
            .set_task_definitions(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in references {
            answer = match delete(realm, reference) {
                Ok(definition) => answer.task_definitions(definition),
                Err(detail) => answer.failures(
                    Failure::builder()
                        .arn(reference)
                        .reason("INVALID")
                        .detail(detail)
                        .build(),
                ),
            };
        }
        Ok(answer.build())
    }
}

fn delete(realm: &mut Realm, reference: &str) -> Result<TaskDefinition, String> {
    let invalid =
        "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.";
    let unknown = "The specified task definition does not exist. Specify a valid account, family, revision and try again.";
    let active = "The specified task definition is still in ACTIVE status. Please deregister the target and try again.";
    let tail = realm.id.tail(reference, "task-definition").map_err(|_| invalid)?;
    let (family, revision) = tail.split_once(':').ok_or(invalid)?;
    let revision: i32 = revision.parse().map_err(|_| invalid)?;
    let (now, wait) = (realm.now, realm.timing.definition_deletion);
    let record = realm
        .families
        .get_mut(family)
        .and_then(|family| family.revisions.get_mut(&revision));
    let definition = &mut record.ok_or(unknown)?.definition;
    match definition.status {
        Some(TaskDefinitionStatus::Active) => return Err(active.to_owned()),
        Some(TaskDefinitionStatus::DeleteInProgress) => return Ok(definition.clone()),
        _ => {}
    }
    definition.status = Some(TaskDefinitionStatus::DeleteInProgress);
    definition.delete_requested_at = Some(stamp(now));
    let deleted = definition.clone();
    realm.after(
        wait,
        Event::DefinitionDeletable {
            family: family.to_owned(),
            revision,
        },
    );
    Ok(deleted)
}

/// Removes a revision that was asked to be deleted, or looks again later if tasks or services still use it.
pub fn deletable(realm: &mut Realm, family: &str, revision: i32) {
    let arn = realm.arn(&format!("task-definition/{family}:{revision}"));
    if definition_in_use(realm, &arn) {
        let wait = realm.timing.definition_deletion;
        realm.after(
            wait,
            Event::DefinitionDeletable {
                family: family.to_owned(),
                revision,
            },
        );
    } else if let Some(family) = realm.families.get_mut(family) {
        family.revisions.remove(&revision);
    }
}
