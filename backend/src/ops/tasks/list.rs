//! `ListTasks`.

use aws_sdk_ecs::operation::list_tasks::{ListTasksInput, ListTasksOutput};

use crate::engine::records::TaskRecord;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::container_instances;
use crate::ops::page::page;
use crate::ops::services::not_found;
use crate::world::Realm;

impl Operation for ListTasksInput {
    type Output = ListTasksOutput;

    /// Tasks whose `desiredStatus` is RUNNING unless STOPPED is asked for; PENDING finds none (ecs-semantics.md §4.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        exclusive(&self)?;
        let instance = match self.container_instance() {
            None => None,
            Some(reference) => match container_instances::find(realm, reference, &cluster)? {
                Some(id) => Some(id),
                None => return Err(Fault::invalid("The referenced container instance was not found.")),
            },
        };
        let status = self.desired_status().map_or("RUNNING", |status| status.as_str());
        let wanted = |record: &TaskRecord| {
            record.cluster == cluster
                && record.task.desired_status() == Some(status)
                && self.family().is_none_or(|family| family_of(record) == Some(family))
                && self.started_by().is_none_or(|started_by| record.task.started_by() == Some(started_by))
                && self.launch_type().is_none_or(|launch_type| record.task.launch_type() == Some(launch_type))
                && instance.as_ref().is_none_or(|instance| record.instance.as_ref() == Some(instance))
                // Daemons of managed instances are not there, so none of their tasks is.
                && self.daemon_name().is_none()
        };
        let arn = |record: &TaskRecord| record.task.task_arn.clone();
        let arns: Vec<String> = match self.service_name() {
            None => realm
                .tasks
                .values()
                .filter(|record| wanted(record))
                .filter_map(arn)
                .collect(),
            Some(service) => {
                let key = realm.service_key(service, &cluster)?;
                let record = realm.services.get(&key).ok_or_else(not_found)?;
                let tasks = record
                    .tasks
                    .iter()
                    .chain(&record.stopped)
                    .filter_map(|id| realm.tasks.get(id));
                tasks.filter(|record| wanted(record)).filter_map(arn).collect()
            }
        };
        let (arns, next) = page(arns, self.next_token(), self.max_results, 100)?;
        Ok(ListTasksOutput::builder()
            .set_task_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}

/// `startedBy` excludes all other filters (ecs-semantics.md §1.6) but `desiredStatus`: `ecs-cli` lists so (amazon-ecs-cli#97). `serviceName` excludes
/// `family` (ecsta#119) and `containerInstance` (boto3#874).
fn exclusive(input: &ListTasksInput) -> Result<(), Fault> {
    let by_service = input.service_name().is_some();
    let others = input.family().is_some() || input.container_instance().is_some();
    let more = by_service || input.launch_type().is_some() || input.daemon_name().is_some();
    if input.started_by().is_some() && (others || more) {
        return Err(Fault::invalid("cannot specify startedBy with other arguments"));
    }
    if by_service && others {
        return Err(Fault::invalid("cannot specify serviceName with other arguments"));
    }
    Ok(())
}

fn family_of(record: &TaskRecord) -> Option<&str> {
    let tail = record.task.task_definition_arn()?.rsplit('/').next()?;
    tail.split(':').next()
}
