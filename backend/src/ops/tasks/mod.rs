//! Tasks (ecs-semantics.md §1.6, §4.6, §4.7).

mod describe;
mod list;
mod protect;
mod rules;
mod run;
mod start;
mod stop;

use aws_sdk_ecs::types::{Failure, Task};

use crate::engine::records::TaskRecord;
use crate::fault::Fault;
use crate::world::Realm;

/// The id of the task that a reference means, if it is visible in the cluster.
///
/// # Errors
/// `InvalidParameterException` for a malformed ARN or one of another cluster.
fn find(realm: &Realm, reference: &str, cluster: &str) -> Result<Option<String>, Fault> {
    let id = realm.id_in_cluster(reference, "task", cluster)?;
    Ok(realm
        .tasks
        .get(id)
        .filter(|record| record.cluster == cluster)
        .map(|_| id.to_owned()))
}

/// The failure of a reference to a task that is not there.
fn missing(realm: &Realm, reference: &str, cluster: &str) -> Failure {
    let id = reference.rsplit('/').next().unwrap_or(reference);
    Failure::builder()
        .arn(realm.arn(&format!("task/{cluster}/{id}")))
        .reason("MISSING")
        .build()
}

/// The task as an operation answers with it: tags only where they are asked for, and no containers while it waits for its
/// capacity provider to have room.
fn shown(record: &TaskRecord, tags: bool) -> Task {
    let mut task = record.task.clone();
    if !tags {
        task.tags = Some(Vec::new());
    }
    if record.waiting.is_some() {
        task.containers = Some(Vec::new());
    }
    task
}
