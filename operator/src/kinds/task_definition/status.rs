//! What the status of a family shows. Pure.

use ecs_crds::EcsTaskDefinitionStatus;
use ecs_crds::status::{CommonStatus, LISTED};

use super::desired::{Desired, Seen};
use super::plan::current;
use crate::kinds::keeps::StatusOf;
use crate::kinds::send::time_of;

impl StatusOf for EcsTaskDefinitionStatus {
    /// A service takes the ARN of a status for its spec's once the generations agree, or `Synced` is true of the newest.
    const GENERATION_MEANS_DONE: bool = true;

    fn common(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
}

/// Puts what was seen into the status. Of a family that is being deleted the last revision stays shown.
pub fn show(status: &mut EcsTaskDefinitionStatus, desired: &Desired, seen: &Seen) {
    status.used_by = desired.use_.users.iter().take(LISTED).cloned().collect();
    if desired.deletion.is_some() {
        return;
    }
    let Some(current) = current(desired, seen) else {
        // The ARN stays: that it was there once is what makes its absence news.
        status.task_definition = None;
        status.revision = None;
        status.status = None;
        status.registered_at = None;
        status.compatibilities = Vec::new();
        return;
    };
    let definition = &current.definition;
    status.common.arn = Some(current.arn().to_owned());
    status.task_definition = Some(current.name());
    status.revision = Some(current.number());
    status.status = definition.status().map(|status| status.as_str().to_owned());
    status.registered_at = definition.registered_at().and_then(time_of);
    status.compatibilities = definition
        .compatibilities()
        .iter()
        .map(|one| one.as_str().to_owned())
        .collect();
}
