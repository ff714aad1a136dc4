//! `DescribeTasks`.

use aws_sdk_ecs::operation::describe_tasks::{DescribeTasksInput, DescribeTasksOutput};
use aws_sdk_ecs::types::TaskField;

use super::{find, missing, shown};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

/// The most tasks of one call.
const LIMIT: usize = 100;

impl Operation for DescribeTasksInput {
    type Output = DescribeTasksOutput;

    /// STOPPED tasks are shown for an hour; what does not exist is a failure, not an error.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        if self.tasks().is_empty() {
            return Err(Fault::invalid("Tasks cannot be empty."));
        }
        if self.tasks().len() > LIMIT {
            return Err(Fault::invalid(format!("taskIds can have at most {LIMIT} items.")));
        }
        realm.check_ids(self.tasks(), "task", &cluster, "taskId")?;
        let tags = self.include().contains(&TaskField::Tags);
        let mut answer = DescribeTasksOutput::builder()
            .set_tasks(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in self.tasks() {
            let found = find(realm, reference, &cluster)?.and_then(|id| realm.tasks.get(&id));
            answer = match found {
                Some(record) => answer.tasks(shown(record, tags)),
                None => answer.failures(missing(realm, reference, &cluster)),
            };
        }
        Ok(answer.build())
    }
}
