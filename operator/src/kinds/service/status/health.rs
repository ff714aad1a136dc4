//! Whether a service is available, and what troubles it. Pure.

use aws_sdk_ecs::types::{DeploymentConfiguration, SchedulingStrategy, Service, ServiceEvent, Task};

use crate::diff::rollout::primary;
use crate::kinds::service::status::tasks;

/// Events that say that ECS cannot do what it wants (ecs-semantics.md §3.14).
const TROUBLE: &[&str] = &[
    "was unable to place a task",
    "was unable to place tasks",
    "is unable to consistently start tasks successfully",
    "was unable to stop or start tasks during a deployment",
    "was unable to reach steady state",
    "operations are being throttled",
    "Timed out waiting for Amazon ECS Agent to start",
];

/// The event that says that all is well again.
const STEADY: &str = "has reached a steady state";

/// The number of tasks that have to run: the healthy minimum of the desired count, rounded up.
pub fn healthy_minimum(service: &Service) -> i32 {
    let daemon = service.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let percent = service
        .deployment_configuration()
        .and_then(DeploymentConfiguration::minimum_healthy_percent);
    let percent = i64::from(percent.unwrap_or(if daemon { 0 } else { 100 }).clamp(0, 100));
    let minimum = (i64::from(service.desired_count().max(0)) * percent + 99) / 100;
    i32::try_from(minimum).unwrap_or(i32::MAX)
}

/// Whether the service is available.
///
/// It is as soon as the healthy minimum runs. Once it is, a step of scaling or a task that is being replaced does not
/// end that: only that nothing runs, or fewer than the minimum while ECS has trouble.
pub fn is_available(service: &Service, tasks: &[Task], was_available: bool) -> bool {
    let (running, minimum) = (service.running_count(), healthy_minimum(service));
    running >= minimum
        || (was_available
            && trouble(service, tasks).is_none()
            && (running > 0 || service.pending_count() > 0))
}

/// What keeps the service from running all its tasks: the newest failed task of the PRIMARY deployment, or what ECS says.
pub fn trouble(service: &Service, tasks: &[Task]) -> Option<String> {
    if service.running_count() >= service.desired_count() && service.pending_count() == 0 {
        return None;
    }
    failing(service, tasks).or_else(|| told(service.events()))
}

/// Why the PRIMARY deployment's tasks fail, if they do repeatedly: ECS counts the failures in a row.
fn failing(service: &Service, tasks: &[Task]) -> Option<String> {
    let primary = primary(service)?;
    (primary.failed_tasks() > 0).then(|| {
        let of_primary: Vec<_> = tasks
            .iter()
            .filter(|task| task.task_definition_arn() == primary.task_definition())
            .cloned()
            .collect();
        tasks::newest_failure(&of_primary).map_or_else(|| "ECS gives no reason".to_owned(), tasks::stop_of)
    })
}

/// The newest trouble that ECS told of, unless the service was steady since.
fn told(events: &[ServiceEvent]) -> Option<String> {
    let mut newest_first: Vec<_> = events.iter().collect();
    newest_first.sort_by_key(|event| {
        std::cmp::Reverse(
            event
                .created_at()
                .map(aws_sdk_ecs::primitives::DateTime::as_nanos),
        )
    });
    let messages = newest_first.into_iter().filter_map(ServiceEvent::message);
    let telling = messages
        .take_while(|message| !message.contains(STEADY) && !message.contains("deployment completed"))
        .find(|message| TROUBLE.iter().any(|words| message.contains(words)))?;
    Some(
        telling
            .split_once(") ")
            .map_or(telling, |(_, words)| words)
            .trim_end_matches('.')
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::shape;
    use serde_json::{Value, json};

    fn service(desired: i32, running: i32, pending: i32, more: &Value) -> Service {
        let mut service = json!({"desiredCount": desired, "runningCount": running, "pendingCount": pending,
            "deployments": [{"status": "PRIMARY", "failedTasks": 0, "taskDefinition": "web:1"}]});
        for (name, value) in more.as_object().unwrap() {
            service[name] = value.clone();
        }
        shape::from_value(&service).unwrap()
    }

    fn events(messages: &[&str]) -> Value {
        let events = messages.iter().enumerate().map(|(age, message)| {
            json!({"id": age.to_string(), "createdAt": format!("2026-01-01T00:00:{:02}Z", 59 - age), "message": format!("(service web) {message}.")})
        });
        json!({"events": events.collect::<Vec<_>>()})
    }

    #[test]
    fn the_minimum_is_rounded_up() {
        let of = |desired, percent: Value| {
            healthy_minimum(&service(
                desired,
                0,
                0,
                &json!({"deploymentConfiguration": {"minimumHealthyPercent": percent}}),
            ))
        };
        let cases = [
            (3, json!(100), 3),
            (3, json!(50), 2),
            (3, json!(0), 0),
            (0, json!(100), 0),
            (3, Value::Null, 3),
            (5000, json!(33), 1650),
        ];
        for (desired, percent, expected) in cases {
            assert_eq!(of(desired, percent.clone()), expected, "{desired} at {percent}");
        }
        assert_eq!(
            healthy_minimum(&service(3, 0, 0, &json!({"schedulingStrategy": "DAEMON"}))),
            0
        );
    }

    #[test]
    fn scaling_and_one_replaced_task_do_not_end_availability() {
        let placing =
            events(&["was unable to place a task because no container instance met all of its requirements"]);
        let failing =
            json!({"deployments": [{"status": "PRIMARY", "failedTasks": 2, "taskDefinition": "web:1"}]});
        let cases = [
            ("at first", service(3, 2, 1, &json!({})), false, false),
            ("the minimum runs", service(3, 3, 0, &json!({})), false, true),
            ("scaling up", service(10, 3, 7, &json!({})), true, true),
            (
                "one of three is replaced",
                service(3, 2, 1, &json!({})),
                true,
                true,
            ),
            (
                "the only one is replaced",
                service(1, 0, 1, &json!({})),
                true,
                true,
            ),
            (
                "nothing runs and nothing comes",
                service(3, 0, 0, &json!({})),
                true,
                false,
            ),
            ("tasks fail", service(3, 2, 1, &failing), true, false),
            ("nowhere to place", service(10, 3, 0, &placing), true, false),
            ("scaled to nothing", service(0, 0, 0, &json!({})), false, true),
        ];
        for (what, service, before, expected) in cases {
            assert_eq!(is_available(&service, &[], before), expected, "{what}");
        }
    }

    #[test]
    fn trouble_is_over_once_the_service_was_steady() {
        let unable = "was unable to place a task because no container instance met all of its requirements";
        let cases = [
            (vec![unable, "has reached a steady state"], Some(unable)),
            (vec!["has reached a steady state", unable], None),
            (vec!["has started 1 tasks: (task x)", unable], Some(unable)),
            (vec!["has started 1 tasks: (task x)"], None),
        ];
        for (messages, expected) in cases {
            assert_eq!(
                trouble(&service(3, 1, 0, &events(&messages)), &[]).as_deref(),
                expected,
                "{messages:?}"
            );
        }
        assert_eq!(
            trouble(&service(3, 3, 0, &events(&[unable])), &[]),
            None,
            "all run"
        );
    }
}
