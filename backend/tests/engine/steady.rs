//! A service comes up, is scaled, and stays (ecs-semantics.md §13.1, item 4).

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, is_stable, text};

#[test]
fn a_new_service_reaches_the_steady_state() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let created = kit.create(&definition, 3, json!({}));
    assert_eq!(created["status"], "ACTIVE");
    assert_eq!(
        (&created["runningCount"], &created["pendingCount"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(created["events"], json!([]));
    assert_eq!(created["deployments"].as_array().unwrap().len(), 1);
    let deployment = &created["deployments"][0];
    assert_eq!(
        (&deployment["status"], &deployment["rolloutState"]),
        (&json!("PRIMARY"), &json!("IN_PROGRESS"))
    );
    let id = text(&deployment["id"]);
    assert_eq!(
        text(&deployment["rolloutStateReason"]),
        format!("ECS deployment {id} in progress.")
    );
    assert_eq!(created["deploymentConfiguration"]["maximumPercent"], 200);
    assert_eq!(created["platformVersion"], "LATEST");
    assert_eq!(created["availabilityZoneRebalancing"], "ENABLED");

    kit.until_stable();
    let service = kit.service();
    assert_eq!(
        (&service["runningCount"], &service["pendingCount"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        text(&service["deployments"][0]["rolloutStateReason"]),
        format!("ECS deployment {id} completed.")
    );
    assert_eq!(
        kit.events(),
        [
            "(service web) has started 3 tasks: (task ID) (task ID) (task ID).",
            "(service web) (deployment ID) deployment completed.",
            "(service web) has reached a steady state.",
        ]
    );
    let tasks = kit.tasks("RUNNING");
    assert_eq!(tasks.len(), 3);
    assert!(
        tasks
            .iter()
            .all(|task| text(&task["startedBy"]) == id && task["group"] == "service:web")
    );
    let deployments = kit.ok("ListServiceDeployments", json!({"service": "web"}));
    assert_eq!(deployments["serviceDeployments"][0]["status"], "SUCCESSFUL");
}

#[test]
fn targets_are_registered_before_the_deployment_completes() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"portMappings": [{"containerPort": 80}]}));
    let group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";
    let balancers = json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]);
    kit.create(&definition, 2, json!({"loadBalancers": balancers}));
    kit.until_stable();
    kit.update(json!({"forceNewDeployment": true}));
    kit.until_stable();
    let expected = [
        "(service web) has started 2 tasks: (task ID) (task ID).".to_owned(),
        format!("(service web) registered 2 targets in (target-group {group})"),
        "(service web) (deployment ID) deployment completed.".to_owned(),
        "(service web) has reached a steady state.".to_owned(),
        "(service web) has started 2 tasks: (task ID) (task ID).".to_owned(),
        format!("(service web) registered 2 targets in (target-group {group})"),
        "(service web) has stopped 2 running tasks: (task ID) (task ID).".to_owned(),
        format!("(service web) deregistered 2 targets in (target-group {group})"),
        "(service web, taskSet ID) has begun draining connections on 2 tasks.".to_owned(),
        "(service web) (deployment ID) deployment completed.".to_owned(),
        "(service web) has reached a steady state.".to_owned(),
    ];
    assert_eq!(kit.events(), expected);
}

#[test]
fn creating_again_is_idempotent_or_refused() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let first = kit.create(&definition, 1, json!({"clientToken": "a"}));
    kit.pass(10_000);
    let again = kit.create(&definition, 1, json!({"clientToken": "b"}));
    assert_eq!(first["createdAt"], again["createdAt"]);
    kit.create(&definition, 9, json!({"clientToken": "a"}));
    assert_eq!(kit.service()["desiredCount"], 1);
    let (code, message) = kit.refused("CreateService", fargate_service(&definition, 2));
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "InvalidParameterException",
            "Creation of service was not idempotent."
        )
    );
}

#[test]
fn scaling_starts_no_deployment_and_is_told() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 3, json!({}));
    kit.until_stable();
    for desired in [10, 2, 0] {
        let updated = kit.update(json!({"desiredCount": desired}));
        assert_eq!(updated["deployments"].as_array().unwrap().len(), 1);
        kit.pass(10_000);
        let service = kit.service();
        assert!(
            is_stable(&service) && service["desiredCount"] == desired,
            "{service:#}"
        );
        assert_eq!(kit.tasks("RUNNING").len(), usize::try_from(desired).unwrap());
    }
    let events = kit.events();
    let steady = events
        .iter()
        .filter(|event| event.ends_with("has reached a steady state."))
        .count();
    assert_eq!(steady, 4);
    assert!(
        events
            .iter()
            .any(|event| event.starts_with("(service web) has stopped 8 running tasks: (task ID)"))
    );
    let deployments = kit.ok("ListServiceDeployments", json!({"service": "web"}));
    assert_eq!(deployments["serviceDeployments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_task_that_goes_is_replaced_and_nothing_else_happens_for_hours() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 2, json!({}));
    kit.until_stable();
    let task = kit.tasks("RUNNING")[0]["taskArn"].clone();
    let stopped = kit.ok("StopTask", json!({"task": task}));
    assert_eq!(stopped["task"]["desiredStatus"], "STOPPED");
    assert_eq!(stopped["task"]["stoppedReason"], "Task stopped by user");
    kit.pass(10_000);
    assert!(is_stable(&kit.service()));
    let events = kit.events();
    kit.pass(20 * 3_600_000);
    assert_eq!(kit.events(), events);
    assert_eq!(kit.tasks("RUNNING").len(), 2);
    assert_eq!(kit.tasks("STOPPED").len(), 0);
}

/// Everything that a client can see of an eventful hour.
fn trace(seed: u64) -> Vec<Value> {
    let kit = Kit::with_seed(seed);
    let first = kit.fargate(json!({}));
    kit.create(&first, 4, json!({}));
    let mut shown = Vec::new();
    for step in 0..40 {
        kit.pass(250);
        if step == 15 {
            kit.update(json!({"forceNewDeployment": true, "desiredCount": 6}));
        }
        if step == 30 {
            kit.update(json!({"desiredCount": 1}));
        }
        shown.push(kit.service());
        shown.extend(kit.tasks("RUNNING"));
    }
    shown
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

#[test]
fn what_happens_is_told_to_the_event_bus() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 1, json!({}));
    kit.until_stable();
    let log = kit.control("GET", "events", Value::Null)["events"]
        .as_array()
        .unwrap()
        .clone();
    let of = |kind: &str| -> Vec<&Value> {
        log.iter()
            .filter(|event| event["detail-type"] == kind)
            .map(|event| &event["detail"])
            .collect()
    };
    let names =
        |kind: &str| -> Vec<&str> { of(kind).iter().map(|detail| text(&detail["eventName"])).collect() };
    assert_eq!(
        names("ECS Deployment State Change"),
        ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    );
    assert_eq!(names("ECS Service Action"), ["SERVICE_STEADY_STATE"]);
    let tasks = of("ECS Task State Change");
    let statuses: Vec<&str> = tasks.iter().map(|detail| text(&detail["lastStatus"])).collect();
    assert_eq!(statuses, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]);
    assert!(
        tasks
            .iter()
            .all(|detail| detail["attachments"][0]["type"] == "eni")
    );
    assert!(
        tasks
            .iter()
            .map(|detail| detail["version"].as_i64().unwrap())
            .is_sorted_by(|a, b| a < b)
    );
}

#[test]
fn a_service_says_who_created_it() {
    let kit = Kit::new();
    let created = kit.create(&kit.fargate(json!({})), 0, json!({}));
    assert_eq!(created["createdBy"], "arn:aws:iam::123456789012:root");
}
