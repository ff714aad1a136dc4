//! Health checks of containers and targets, protection from scale-in, interruptions (ecs-semantics.md §3.2, §3.12, §4.6).

use serde_json::{Value, json};

use crate::kit::{Kit, text};

const GROUP: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";

fn checked(label: &str) -> Value {
    json!({
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5},
        "dockerLabels": {"ecs-backend.simulate": label},
    })
}

fn balanced(kit: &Kit, desired: i32, more: Value) -> Value {
    let definition = kit.fargate(json!({"portMappings": [{"containerPort": 80}]}));
    let balancers = json!([{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}]);
    let mut body = json!({"loadBalancers": balancers});
    crate::kit::merge(&mut body, more);
    kit.create(&definition, desired, body)
}

/// A stable service of one task, which falls sick after a while; and that task's ARN.
fn falls_sick() -> (Kit, Value) {
    let kit = Kit::new();
    let definition = kit.fargate(checked(
        r#"{"health": [{"after": 0.2, "healthy": true}, {"after": 20, "healthy": false}]}"#,
    ));
    kit.create(&definition, 1, json!({}));
    kit.until_stable();
    let task = kit.tasks("RUNNING")[0]["taskArn"].clone();
    (kit, task)
}

#[test]
fn a_task_is_healthy_when_its_essential_containers_are() {
    let kit = Kit::new();
    let definition = kit.fargate(checked("{}"));
    kit.create(&definition, 1, json!({}));
    kit.until("it runs", |kit| kit.service()["runningCount"] == 1);
    assert_eq!(kit.tasks("RUNNING")[0]["healthStatus"], "UNKNOWN");
    kit.until_stable();
    assert_eq!(kit.tasks("RUNNING")[0]["healthStatus"], "HEALTHY");
}

#[test]
fn a_sick_task_is_replaced_before_it_is_stopped() {
    let (kit, first) = falls_sick();
    let mut least = 1;
    for _ in 0..2_000 {
        kit.pass(20);
        least = least.min(kit.service()["runningCount"].as_i64().unwrap());
        if kit.task(&first)["desiredStatus"] == "STOPPED" {
            break;
        }
    }
    let over = kit.task(&first);
    assert_eq!(over["stopCode"], "ServiceSchedulerInitiated", "{over:#}");
    assert_eq!(over["stoppedReason"], "Task failed container health checks");
    assert_eq!(least, 1, "the service never was without a running task");
    let events = kit.events();
    let replaced = "(service web) has started 1 tasks: (task ID). Amazon ECS replaced 1 tasks due to an unhealthy status.";
    assert!(events.iter().any(|event| event == replaced), "{events:#?}");
    assert!(
        events
            .iter()
            .any(|event| event == "(service web) (task ID) failed container health checks."),
        "{events:#?}"
    );
}

#[test]
fn a_rollout_waits_for_its_targets() {
    let kit = Kit::new();
    kit.control(
        "POST",
        "target-health",
        json!({"targetGroupArn": GROUP, "healthy": false}),
    );
    balanced(&kit, 2, json!({"healthCheckGracePeriodSeconds": 30}));
    kit.pass(20_000);
    let service = kit.service();
    assert_eq!(
        (
            &service["runningCount"],
            &service["deployments"][0]["rolloutState"]
        ),
        (&json!(2), &json!("IN_PROGRESS"))
    );
    assert_eq!(
        kit.tasks("STOPPED").len(),
        0,
        "within the grace period nothing is stopped"
    );
    kit.control(
        "POST",
        "target-health",
        json!({"targetGroupArn": GROUP, "healthy": true}),
    );
    kit.until_stable();
}

#[test]
fn an_unhealthy_target_ends_its_task() {
    let kit = Kit::new();
    balanced(&kit, 2, json!({}));
    kit.until_stable();
    let task = kit.tasks("RUNNING")[0]["taskArn"].clone();
    kit.control(
        "POST",
        "target-health",
        json!({"targetGroupArn": GROUP, "task": task, "healthy": false}),
    );
    kit.until("it is stopped", |kit| {
        kit.task(&task)["desiredStatus"] == "STOPPED"
    });
    assert_eq!(
        text(&kit.task(&task)["stoppedReason"]),
        format!("Task failed ELB health checks in (target-group {GROUP})")
    );
    let statuses = kit.statuses(&task, "STOPPED");
    assert_eq!(
        statuses,
        ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    );
    let told = format!(
        "(service web) (task ID) (port 80) is unhealthy in (target-group {GROUP}) due to (reason Health checks failed)."
    );
    assert!(kit.events().contains(&told), "{:#?}", kit.events());
    kit.pass(10_000);
    assert_eq!(kit.service()["runningCount"], 2);
}

#[test]
fn failed_health_checks_trip_the_breaker() {
    let kit = Kit::new();
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let good = kit.fargate(checked("{}"));
    kit.create(&good, 1, json!({"deploymentConfiguration": breaker}));
    kit.until_stable();
    let sick = kit.fargate(checked(r#"{"health": [{"after": 0.2, "healthy": false}]}"#));
    kit.update(json!({"taskDefinition": sick}));
    kit.until("it is rolled back", |kit| {
        text(&kit.service()["taskDefinition"]) == good
            && kit.service()["deployments"].as_array().unwrap().len() == 1
    });
    let listed = kit.ok("ListServiceDeployments", json!({"service": "web"}));
    assert_eq!(listed["serviceDeployments"][0]["status"], "ROLLBACK_SUCCESSFUL");
}

#[test]
fn protected_tasks_are_not_scaled_in_until_their_time_is_over() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 3, json!({}));
    kit.until_stable();
    let tasks: Vec<Value> = kit
        .tasks("RUNNING")
        .iter()
        .map(|task| task["taskArn"].clone())
        .collect();
    let protect = |tasks: &[Value], on: bool| {
        kit.ok(
            "UpdateTaskProtection",
            json!({"cluster": "default", "tasks": tasks, "protectionEnabled": on, "expiresInMinutes": 10}),
        )
    };
    let answer = protect(&tasks[..2], true);
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], true);
    let got = kit.ok(
        "GetTaskProtection",
        json!({"cluster": "default", "tasks": [tasks[0]]}),
    );
    assert_eq!(got["protectedTasks"][0], answer["protectedTasks"][0]);
    kit.update(json!({"desiredCount": 1}));
    kit.pass(10_000);
    assert_eq!(kit.service()["runningCount"], 2);
    let blocked = "(service web) was unable to reach steady state because task set (ID) was unable to scale in. Reason: The \
                   number of protected tasks are more than the desired count of tasks.";
    assert!(
        kit.events().iter().any(|event| event == blocked),
        "{:#?}",
        kit.events()
    );
    kit.pass(10 * 60_000);
    assert_eq!(kit.service()["runningCount"], 1);
}

#[test]
fn protection_is_for_tasks_of_services() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let body = json!({"taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": crate::kit::network()});
    let task = kit.ok("RunTask", body)["tasks"][0]["taskArn"].clone();
    let call = |minutes: i32| {
        kit.try_call(
            "UpdateTaskProtection",
            json!({"cluster": "default", "tasks": [task, "none"], "protectionEnabled": true, "expiresInMinutes": minutes}),
        )
    };
    let failures = call(5).unwrap()["failures"].clone();
    assert_eq!(
        (&failures[0]["reason"], &failures[1]["reason"]),
        (&json!("TASK_NOT_VALID"), &json!("MISSING"))
    );
    assert_eq!(call(2881).unwrap_err().0, "InvalidParameterException");
}

#[test]
fn a_spot_task_is_interrupted_and_replaced() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let mut body = crate::kit::fargate_service(&definition, 1);
    body.as_object_mut().unwrap().remove("launchType");
    body["capacityProviderStrategy"] = strategy;
    kit.ok("CreateService", body);
    kit.until_stable();
    let task = kit.tasks("RUNNING")[0]["taskArn"].clone();
    kit.control(
        "POST",
        &format!("tasks/{}/stop", crate::kit::id(&task)),
        Value::Null,
    );
    assert_eq!(
        kit.task(&task)["desiredStatus"],
        "RUNNING",
        "there is a warning first"
    );
    kit.statuses(&task, "STOPPED");
    let over = kit.task(&task);
    assert_eq!(
        (text(&over["stopCode"]), text(&over["stoppedReason"])),
        ("SpotInterruption", "Your Spot Task was interrupted.")
    );
    kit.pass(5_000);
    assert_eq!(kit.service()["runningCount"], 1);
}

#[test]
fn protection_does_not_keep_a_sick_task() {
    let (kit, first) = falls_sick();
    kit.ok(
        "UpdateTaskProtection",
        json!({"cluster": "default", "tasks": [first], "protectionEnabled": true}),
    );
    kit.until("the sick task is stopped", |kit| {
        kit.task(&first)["desiredStatus"] == "STOPPED"
    });
}

#[test]
fn a_call_with_a_wrong_reference_protects_nothing() {
    let kit = Kit::new();
    kit.create(&kit.fargate(json!({})), 1, json!({}));
    kit.until_stable();
    let task = kit.tasks("RUNNING")[0]["taskArn"].clone();
    let wrong = text(&task).replace("task/", "service/");
    kit.refused(
        "UpdateTaskProtection",
        json!({"cluster": "default", "tasks": [task, wrong], "protectionEnabled": true}),
    );
    let got = kit.ok(
        "GetTaskProtection",
        json!({"cluster": "default", "tasks": [task]}),
    );
    assert_eq!(got["protectedTasks"][0]["protectionEnabled"], false);
}

#[test]
fn protection_is_read_of_more_tasks_at_once_than_it_is_set_for() {
    let kit = Kit::new();
    let call = |operation: &str, count: usize, more: Value| {
        let mut body = json!({"cluster": "default", "tasks": vec!["0".repeat(32); count]});
        crate::kit::merge(&mut body, more);
        kit.try_call(operation, body)
            .map(|answer| answer["failures"].as_array().unwrap().len())
            .map_err(|(code, _)| code)
    };
    let invalid = Err("InvalidParameterException".to_owned());
    let protect = json!({"protectionEnabled": true});
    assert_eq!(call("UpdateTaskProtection", 10, protect.clone()), Ok(10));
    assert_eq!(call("UpdateTaskProtection", 11, protect), invalid);
    assert_eq!(call("GetTaskProtection", 100, json!({})), Ok(100));
    assert_eq!(call("GetTaskProtection", 101, json!({})), invalid);
}
