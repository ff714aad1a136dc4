//! What a service's tasks tell: which ones to list, which failed, and why.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{Container, HealthStatus, Task, TaskStopCode};
use ecs_crds::status::LISTED;
use ecs_crds::{ContainerStatus, ServiceTask};
use ecs_model::arn::name_of;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// How many tasks are in each lastStatus; stopped ones are no part of the service any more.
pub fn states(tasks: &[Task]) -> BTreeMap<String, i32> {
    let mut states = BTreeMap::new();
    for status in tasks
        .iter()
        .filter_map(Task::last_status)
        .filter(|status| *status != "STOPPED")
    {
        *states.entry(status.to_owned()).or_default() += 1;
    }
    states
}

/// The most telling tasks, failing and newest first, and how many more there are. Tasks that stopped because they were
/// told to are not shown.
///
/// `remembered` are failed tasks that a status showed before: ECS forgets a stopped task after an hour.
pub fn listed(tasks: &[Task], remembered: &[ServiceTask]) -> (Vec<ServiceTask>, Option<i32>) {
    let shown = tasks.iter().filter(|task| !has_stopped(task) || has_failed(task));
    let mut all: Vec<_> = shown
        .map(|task| (rank(task), Reverse(moment(task)), told(task)))
        .collect();
    let forgotten = remembered
        .iter()
        .filter(|task| !tasks.iter().any(|known| id(known) == task.id));
    all.extend(forgotten.map(|task| (0, Reverse(task.stopped_at.as_ref().map(|at| at.0)), task.clone())));
    all.sort_by(|one, other| (one.0, one.1, &one.2.id).cmp(&(other.0, other.1, &other.2.id)));
    let omitted = i32::try_from(all.len().saturating_sub(LISTED))
        .ok()
        .filter(|omitted| *omitted > 0);
    (
        all.into_iter().take(LISTED).map(|(_, _, task)| task).collect(),
        omitted,
    )
}

/// Whether the task stopped on its own account, not because it was told to.
pub fn has_failed(task: &Task) -> bool {
    has_stopped(task)
        && match task.stop_code() {
            Some(TaskStopCode::ServiceSchedulerInitiated) => task
                .stopped_reason()
                .is_some_and(|reason| reason.to_lowercase().contains("health checks")),
            Some(TaskStopCode::UserInitiated) | None => false,
            Some(_) => true,
        }
}

/// The newest task that failed.
pub fn newest_failure(tasks: &[Task]) -> Option<&Task> {
    tasks
        .iter()
        .filter(|task| has_failed(task))
        .max_by_key(|task| (moment(task), Reverse(id(task))))
}

/// Why a task stopped, with the containers' exit codes and reasons, in one line.
pub fn stop_of(task: &Task) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(
        task.stopped_reason()
            .map(|reason| reason.trim_end_matches('.').to_owned()),
    );
    if words.is_empty() {
        words.extend(task.stop_code().map(|code| code.as_str().to_owned()));
    }
    for container in task.containers() {
        let name = container.name().unwrap_or_default();
        let reason = container
            .reason()
            .filter(|reason| !words.iter().any(|word| word.contains(*reason)));
        match (container.exit_code(), reason) {
            (Some(code), Some(reason)) => words.push(format!("container {name} exit code {code}, {reason}")),
            (Some(code), None) => words.push(format!("container {name} exit code {code}")),
            (None, Some(reason)) => words.push(format!("container {name}: {reason}")),
            (None, None) => {}
        }
    }
    words.join("; ")
}

fn has_stopped(task: &Task) -> bool {
    task.last_status() == Some("STOPPED")
}

fn rank(task: &Task) -> u8 {
    let telling = has_failed(task) || task.health_status() == Some(&HealthStatus::Unhealthy);
    u8::from(!telling)
}

/// When the task last did something worth telling.
fn moment(task: &Task) -> Option<Timestamp> {
    task.stopped_at()
        .or(task.started_at())
        .or(task.created_at())
        .and_then(timestamp)
}

fn id(task: &Task) -> String {
    name_of(task.task_arn().unwrap_or_default()).to_owned()
}

/// The same moment as Kubernetes writes it.
pub fn time(moment: Option<&DateTime>) -> Option<Time> {
    moment.and_then(timestamp).map(Time)
}

/// Whole seconds, as Kubernetes keeps times in status.
fn timestamp(moment: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(moment.secs()).ok()
}

fn told(task: &Task) -> ServiceTask {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let revision = task
        .task_definition_arn()
        .and_then(|arn| arn.rsplit(':').next())
        .and_then(|number| number.parse().ok());
    ServiceTask {
        id: id(task),
        revision,
        last_status: owned(task.last_status()),
        desired_status: owned(task.desired_status()),
        health_status: task
            .health_status()
            .filter(|health| **health != HealthStatus::UnknownValue)
            .map(|health| health.as_str().to_owned()),
        capacity_provider: owned(task.capacity_provider_name()),
        launch_type: task
            .launch_type()
            .filter(|_| task.capacity_provider_name().is_none())
            .map(|launch_type| launch_type.as_str().to_owned()),
        zone: owned(task.availability_zone()),
        instance: task.container_instance_arn().map(|arn| name_of(arn).to_owned()),
        ip: address(task),
        started_at: time(task.started_at()),
        stopped_at: time(task.stopped_at()),
        stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: owned(task.stopped_reason()),
        containers: task.containers().iter().map(container).collect(),
    }
}

fn address(task: &Task) -> Option<String> {
    let details = task
        .attachments()
        .iter()
        .flat_map(aws_sdk_ecs::types::Attachment::details);
    let address = details
        .filter(|detail| detail.name() == Some("privateIPv4Address"))
        .find_map(|detail| detail.value());
    address.map(str::to_owned)
}

fn container(container: &Container) -> ContainerStatus {
    ContainerStatus {
        name: container.name().unwrap_or_default().to_owned(),
        last_status: container.last_status().map(str::to_owned),
        exit_code: container.exit_code(),
        reason: container.reason().map(str::to_owned),
        health_status: container
            .health_status()
            .filter(|health| **health != HealthStatus::UnknownValue)
            .map(|health| health.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::shape;
    use serde_json::{Value, json};

    pub(super) fn task(id: &str, more: &Value) -> Task {
        let mut task = json!({"taskArn": format!("arn:aws:ecs:r:1:task/shop/{id}"), "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
            "taskDefinitionArn": "arn:aws:ecs:r:1:task-definition/web:7", "startedAt": "2026-01-01T00:00:00Z"});
        for (name, value) in more.as_object().unwrap() {
            task[name] = value.clone();
        }
        shape::from_value(&task).unwrap()
    }

    fn failed(id: &str, second: u8) -> Task {
        task(
            id,
            &json!({"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedAt": format!("2026-01-01T00:01:{second:02}Z"),
            "stoppedReason": "CannotPullContainerError: pull image manifest has been retried 7 time(s)",
            "containers": [{"name": "app", "exitCode": 1, "reason": "CannotPullContainerError"}, {"name": "side"}]}),
        )
    }

    #[test]
    fn failing_and_newest_come_first_and_orderly_stops_not_at_all() {
        let scaled_in = task(
            "in",
            &json!({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated",
            "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)"}),
        );
        let sick = task("sick", &json!({"healthStatus": "UNHEALTHY"}));
        let younger = task("young", &json!({"startedAt": "2026-01-01T00:00:30Z"}));
        let tasks = [
            task("old", &json!({})),
            younger,
            scaled_in,
            failed("f1", 1),
            failed("f2", 2),
            sick,
        ];
        let (listed, omitted) = listed(&tasks, &[]);
        let ids: Vec<_> = listed.iter().map(|task| task.id.as_str()).collect();
        assert_eq!((ids, omitted), (vec!["f2", "f1", "sick", "young", "old"], None));
        assert_eq!(states(&tasks), BTreeMap::from([("RUNNING".to_owned(), 3)]));
        assert_eq!(
            newest_failure(&tasks).and_then(Task::task_arn),
            Some("arn:aws:ecs:r:1:task/shop/f2")
        );
    }

    #[test]
    fn twenty_are_listed_and_the_rest_is_a_number() {
        let tasks: Vec<_> = (0..25)
            .map(|number| task(&format!("t{number:02}"), &json!({})))
            .collect();
        let (listed, omitted) = listed(&tasks, &[]);
        assert_eq!((listed.len(), omitted), (20, Some(5)));
    }

    #[test]
    fn failures_that_ecs_forgot_are_remembered() {
        let (before, _) = listed(&[failed("f1", 1)], &[]);
        let (after, _) = listed(&[task("t", &json!({}))], &before);
        let ids: Vec<_> = after.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(ids, ["f1", "t"]);
        let (still, _) = listed(&[failed("f1", 1)], &before);
        assert_eq!(still.len(), 1, "not twice");
    }

    #[test]
    fn a_stop_is_told_with_reason_and_exit_code() {
        assert_eq!(
            stop_of(&failed("f", 1)),
            "CannotPullContainerError: pull image manifest has been retried 7 time(s); container app exit code 1"
        );
        let killed = task(
            "k",
            &json!({"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited.",
            "containers": [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}]}),
        );
        assert_eq!(
            stop_of(&killed),
            "Essential container in task exited; container app exit code 137, OutOfMemoryError: Container killed due to memory usage"
        );
    }

    #[test]
    fn only_what_failed_by_itself_is_a_failure() {
        let stopped = |code: &str, reason: &str| {
            task(
                "t",
                &json!({"lastStatus": "STOPPED", "stopCode": code, "stoppedReason": reason}),
            )
        };
        let cases = [
            (stopped("TaskFailedToStart", "x"), true),
            (stopped("EssentialContainerExited", "x"), true),
            (stopped("SpotInterruption", "x"), true),
            (stopped("UserInitiated", "Task stopped by user"), false),
            (
                stopped(
                    "ServiceSchedulerInitiated",
                    "Scaling activity initiated by (deployment ecs-svc/1)",
                ),
                false,
            ),
            (
                stopped(
                    "ServiceSchedulerInitiated",
                    "Task failed ELB health checks in (target-group x)",
                ),
                true,
            ),
            (task("t", &json!({})), false),
        ];
        for (task, expected) in cases {
            assert_eq!(has_failed(&task), expected, "{task:?}");
        }
    }
}
