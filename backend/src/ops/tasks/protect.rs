//! `GetTaskProtection` and `UpdateTaskProtection` (ecs-semantics.md §4.6).

use aws_sdk_ecs::operation::get_task_protection::{GetTaskProtectionInput, GetTaskProtectionOutput};
use aws_sdk_ecs::operation::update_task_protection::{UpdateTaskProtectionInput, UpdateTaskProtectionOutput};
use aws_sdk_ecs::types::{Failure, ProtectedTask};
use jiff::{SignedDuration, Timestamp};

use super::{find, missing};
use crate::engine::records::TaskRecord;
use crate::engine::scheduler;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;
use crate::world::clock::stamp;

/// The most tasks whose protection a call sets.
const SET_LIMIT: usize = 10;

/// The most tasks whose protection a call reads. The list of batch sizes in ecs-semantics.md §0.3 has 10 for both; the service
/// model says "up to 100" of `GetTaskProtection`.
const READ_LIMIT: usize = 100;

/// How long a task is protected unless the call says otherwise, in minutes.
const DEFAULT_MINUTES: i32 = 120;

/// The longest protection, in minutes.
const MAX_MINUTES: i32 = 2880;

fn protection_of(record: &TaskRecord, now: Timestamp) -> ProtectedTask {
    let until = record.protected_until.filter(|until| *until > now);
    ProtectedTask::builder()
        .set_task_arn(record.task.task_arn.clone())
        .protection_enabled(until.is_some())
        .set_expiration_date(until.map(stamp))
        .build()
}

fn check_count(count: usize, limit: usize) -> Result<(), Fault> {
    if count > limit {
        return Err(Fault::invalid(format!(
            "Tasks cannot have more than {limit} elements."
        )));
    }
    Ok(())
}

/// The service's task that a reference means.
fn task(realm: &Realm, reference: &str, cluster: &str) -> Result<Result<String, Failure>, Fault> {
    let Some(id) = find(realm, reference, cluster)? else {
        return Ok(Err(missing(realm, reference, cluster)));
    };
    let valid = realm
        .tasks
        .get(&id)
        .is_some_and(|record| record.service.is_some() && record.wanted());
    if valid {
        return Ok(Ok(id));
    }
    let arn = realm.arn(&format!("task/{cluster}/{id}"));
    Ok(Err(Failure::builder().arn(arn).reason("TASK_NOT_VALID").build()))
}

impl Operation for GetTaskProtectionInput {
    type Output = GetTaskProtectionOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        check_count(self.tasks().len(), READ_LIMIT)?;
        let mut answer = GetTaskProtectionOutput::builder()
            .set_protected_tasks(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in self.tasks() {
            answer = match task(realm, reference, &cluster)? {
                Ok(id) => match realm.tasks.get(&id) {
                    Some(record) => answer.protected_tasks(protection_of(record, realm.now)),
                    None => answer,
                },
                Err(failure) => answer.failures(failure),
            };
        }
        Ok(answer.build())
    }
}

impl Operation for UpdateTaskProtectionInput {
    type Output = UpdateTaskProtectionOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        check_count(self.tasks().len(), SET_LIMIT)?;
        let minutes = self.expires_in_minutes.unwrap_or(DEFAULT_MINUTES);
        if !(1..=MAX_MINUTES).contains(&minutes) {
            return Err(Fault::invalid(format!(
                "expiresInMinutes must be between 1 and {MAX_MINUTES}"
            )));
        }
        let until = realm
            .now
            .checked_add(SignedDuration::from_mins(minutes.into()))
            .ok();
        let until = until.filter(|_| self.protection_enabled == Some(true));
        let mut answer = UpdateTaskProtectionOutput::builder()
            .set_protected_tasks(Some(vec![]))
            .set_failures(Some(vec![]));
        let references = self.tasks().iter();
        let found: Vec<Result<String, Failure>> = references
            .map(|reference| task(realm, reference, &cluster))
            .collect::<Result<_, _>>()?;
        for found in found {
            match found {
                Ok(id) => {
                    let now = realm.now;
                    if let Some(record) = realm.tasks.get_mut(&id) {
                        record.protected_until = until;
                        answer = answer.protected_tasks(protection_of(record, now));
                    }
                    scheduler::task_changed(realm, &id);
                }
                Err(failure) => answer = answer.failures(failure),
            }
        }
        Ok(answer.build())
    }
}
