//! `StopTask`.

use aws_sdk_ecs::operation::stop_task::{StopTaskInput, StopTaskOutput};
use aws_sdk_ecs::types::TaskStopCode;

use super::{find, shown};
use crate::engine::stop;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for StopTaskInput {
    type Output = StopTaskOutput;

    /// Answers at once with `desiredStatus` STOPPED; a task that is stopping or stopped already stays as it is. One that is
    /// stopped loses its tags (ecs-semantics.md §4.5).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let Some(id) = find(realm, self.task().unwrap_or_default(), &cluster)? else {
            return Err(Fault::invalid("The referenced task was not found."));
        };
        let reason = self
            .reason()
            .filter(|reason| !reason.is_empty())
            .unwrap_or("Task stopped by user");
        if let Some(record) = realm.tasks.get_mut(&id).filter(|record| record.wanted()) {
            record.task.tags = Some(Vec::new());
        }
        stop::stop(realm, &id, TaskStopCode::UserInitiated, reason, None);
        let stopped = realm.tasks.get(&id).map(|record| shown(record, true));
        Ok(StopTaskOutput::builder().set_task(stopped).build())
    }
}
