//! The containers of a task: the order in which they start and end, and their restarts (ecs-semantics.md §2.7).

use serde_json::{Value, json};

use crate::kit::{Kit, merge, network, text};

/// Runs a Fargate task of these containers; an image and the rest are filled in.
fn run(kit: &Kit, containers: Vec<Value>) -> Value {
    let filled: Vec<Value> = containers
        .into_iter()
        .map(|container| {
            let mut whole = json!({"image": "httpd"});
            merge(&mut whole, container);
            whole
        })
        .collect();
    let definition = kit.definition(json!({
        "family": "ordered", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "containerDefinitions": filled,
    }));
    let body =
        json!({"taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network()});
    kit.ok("RunTask", body)["tasks"][0]["taskArn"].clone()
}

fn simulated(label: &Value) -> Value {
    json!({"ecs-backend.simulate": label.to_string()})
}

/// A container `init` that is not essential and ends with this code two seconds after its start.
fn init(code: i32) -> Value {
    json!({
        "name": "init", "essential": false, "dockerLabels": simulated(&json!({"exit": 2, "exitCode": code})),
    })
}

/// A container `app` that waits for `init` to come to this.
fn app(condition: &str) -> Value {
    json!({"name": "app", "dependsOn": [{"containerName": "init", "condition": condition}]})
}

/// The `lastStatus` of the task and of each container, each time one of them changes, until the task shows `last`.
fn course(kit: &Kit, task: &Value, last: &str) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..10_000 {
        let shown = kit.task(task);
        let status = |of: &Value| text(&of["lastStatus"]).to_owned();
        let mut line = vec![status(&shown)];
        line.extend(shown["containers"].as_array().unwrap().iter().map(status));
        let line = line.join(" ");
        if seen.last() != Some(&line) {
            seen.push(line);
        }
        if status(&shown) == last {
            return seen;
        }
        kit.pass(10);
    }
    panic!("{task} never was {last}: {seen:#?}");
}

fn reason(kit: &Kit, task: &Value, container: usize) -> String {
    text(&kit.task(task)["containers"][container]["reason"]).to_owned()
}

#[test]
fn a_container_waits_for_what_it_depends_on() {
    for (condition, code) in [("SUCCESS", 0), ("COMPLETE", 0), ("COMPLETE", 7)] {
        let kit = Kit::new();
        let task = run(&kit, vec![app(condition), init(code)]);
        assert_eq!(
            course(&kit, &task, "RUNNING"),
            [
                "PROVISIONING PENDING PENDING",
                "PENDING PENDING PENDING",
                "ACTIVATING PENDING PENDING",
                "ACTIVATING PENDING RUNNING",
                "ACTIVATING PENDING STOPPED",
                "RUNNING RUNNING STOPPED",
            ],
            "{condition} {code}"
        );
        let shown = kit.task(&task);
        assert_eq!(shown["containers"][1]["exitCode"], code);
        assert_eq!(shown["desiredStatus"], "RUNNING");
    }
}

#[test]
fn start_waits_for_the_start_only() {
    let kit = Kit::new();
    let slow = json!({"name": "init", "essential": false, "dockerLabels": simulated(&json!({"start": 3}))});
    let task = run(&kit, vec![app("START"), slow]);
    let seen = course(&kit, &task, "RUNNING");
    assert_eq!(
        seen[3..],
        ["ACTIVATING PENDING RUNNING", "RUNNING RUNNING RUNNING"],
        "{seen:#?}"
    );
}

#[test]
fn healthy_waits_for_the_health_check() {
    let kit = Kit::new();
    let checked = json!({
        "name": "init", "healthCheck": {"command": ["CMD", "true"]},
        "dockerLabels": simulated(&json!({"health": [{"after": 1, "healthy": false}, {"after": 4, "healthy": true}]})),
    });
    let task = run(&kit, vec![app("HEALTHY"), checked]);
    kit.pass(4_000);
    let waits = kit.task(&task);
    assert_eq!(
        (&waits["healthStatus"], &waits["containers"][0]["lastStatus"]),
        (&json!("UNHEALTHY"), &json!("PENDING")),
    );
    course(&kit, &task, "RUNNING");
    assert_eq!(kit.task(&task)["healthStatus"], "HEALTHY");
}

#[test]
fn a_dependency_that_failed_ends_the_task_and_says_why() {
    let kit = Kit::new();
    let last = json!({"name": "last", "essential": false, "dependsOn": [{"containerName": "app", "condition": "START"}]});
    let task = run(&kit, vec![last, app("SUCCESS"), init(1)]);
    let seen = course(&kit, &task, "STOPPED");
    assert!(!seen.iter().any(|line| line.starts_with("RUNNING")), "{seen:#?}");
    let over = kit.task(&task);
    assert_eq!(
        (text(&over["stopCode"]), text(&over["stoppedReason"])),
        ("EssentialContainerExited", "Essential container in task exited")
    );
    assert_eq!(over["containers"][1]["exitCode"], 143);
    assert_eq!(
        reason(&kit, &task, 1),
        "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency \
         [init(httpd) (STOPPED->RUNNING) - Exit: 1] for target [app(httpd) (NONE->RUNNING)] as dependency did not exit \
         successfully."
    );
    assert!(over["startedAt"].is_null(), "it never ran");
}

#[test]
fn what_need_not_start_is_given_up_and_the_task_runs() {
    let kit = Kit::new();
    let mut extra = app("SUCCESS");
    merge(&mut extra, json!({"name": "extra", "essential": false}));
    let more = json!({"name": "more", "essential": false, "dependsOn": [{"containerName": "extra", "condition": "COMPLETE"}]});
    let task = run(&kit, vec![more, extra, init(1), json!({"name": "main"})]);
    let seen = course(&kit, &task, "RUNNING");
    assert_eq!(seen.last().unwrap(), "RUNNING STOPPED STOPPED STOPPED RUNNING");
    let why = reason(&kit, &task, 0);
    assert!(
        why.ends_with("for target [more(httpd) (NONE->RUNNING)] because dependency will never start"),
        "{why}"
    );
}

#[test]
fn a_start_timeout_ends_the_waiting() {
    let kit = Kit::new();
    let mut slow = init(0);
    merge(
        &mut slow,
        json!({"startTimeout": 2, "dockerLabels": simulated(&json!({"exit": 60}))}),
    );
    let task = run(&kit, vec![app("COMPLETE"), slow]);
    let seen = course(&kit, &task, "STOPPED");
    assert!(
        seen.contains(&"STOPPING STOPPED RUNNING".to_owned()),
        "what had started is stopped: {seen:#?}"
    );
    assert_eq!(
        reason(&kit, &task, 0),
        "CannotStartContainerError: dependency graph: container ordering dependency [init(httpd) (RUNNING->RUNNING)] for \
         target [app(httpd) (NONE->RUNNING)] has timed out."
    );
    assert_eq!(kit.task(&task)["containers"][1]["exitCode"], 143);
}

#[test]
fn containers_end_in_the_reverse_order() {
    let kit = Kit::new();
    let base = json!({"name": "init", "dockerLabels": simulated(&json!({"exitCode": 5}))});
    let mut top = app("START");
    merge(
        &mut top,
        json!({"dockerLabels": simulated(&json!({"ignoresSigterm": true}))}),
    );
    let task = run(&kit, vec![top, base]);
    course(&kit, &task, "RUNNING");
    kit.ok("StopTask", json!({"task": task}));
    let seen = course(&kit, &task, "STOPPED");
    assert_eq!(
        seen,
        [
            "STOPPING RUNNING RUNNING",
            "STOPPING STOPPED RUNNING",
            "DEPROVISIONING STOPPED STOPPED",
            "STOPPED STOPPED STOPPED",
        ]
    );
    let over = kit.task(&task);
    assert_eq!(
        (
            &over["containers"][0]["exitCode"],
            &over["containers"][1]["exitCode"]
        ),
        (&json!(137), &json!(5))
    );
}

#[test]
fn a_task_that_is_stopped_while_it_starts_ends_what_runs() {
    let kit = Kit::new();
    let task = run(&kit, vec![app("COMPLETE"), init(9)]);
    kit.until("init runs", |kit| {
        kit.task(&task)["containers"][1]["lastStatus"] == "RUNNING"
    });
    kit.ok("StopTask", json!({"task": task}));
    let seen = course(&kit, &task, "STOPPED");
    assert_eq!(seen[0], "STOPPING PENDING RUNNING");
    let over = kit.task(&task);
    assert_eq!(over["containers"][1]["exitCode"], 9);
    assert!(over["containers"][0]["exitCode"].is_null(), "app never ran");
}

/// A service of one task whose only container ends with code 1 each time it has run for this many seconds.
fn restarting(kit: &Kit, seconds: f64, policy: Value) {
    let definition = kit.fargate(json!({
        "restartPolicy": policy, "dockerLabels": simulated(&json!({"exit": seconds, "exitCode": 1})),
    }));
    kit.create(&definition, 1, json!({}));
    kit.until("it runs", |kit| kit.service()["runningCount"] == 1);
}

#[test]
fn a_container_with_a_restart_policy_starts_again_within_its_task() {
    let kit = Kit::new();
    restarting(&kit, 2.0, json!({"enabled": true}));
    let first = kit.tasks("RUNNING").remove(0);
    kit.pass(60_000);
    let running = kit.tasks("RUNNING");
    assert_eq!(running[0]["taskArn"], first["taskArn"]);
    assert_eq!(
        running[0]["containers"][0]["runtimeId"],
        first["containers"][0]["runtimeId"]
    );
    assert!(running[0]["containers"][0]["exitCode"].is_null());
    assert_eq!(kit.tasks("STOPPED").len(), 0);
}

#[test]
fn a_restart_policy_has_its_limits() {
    let cases = [
        ("it is not enabled", 2.0, json!({"enabled": false})),
        (
            "the code is ignored",
            2.0,
            json!({"enabled": true, "ignoredExitCodes": [1]}),
        ),
        ("it did not run long enough", 0.5, json!({"enabled": true})),
    ];
    for (why, seconds, policy) in cases {
        let kit = Kit::new();
        restarting(&kit, seconds, policy);
        kit.pass(4_000);
        let over = kit.tasks("STOPPED");
        assert_eq!(
            over.first().map(|task| text(&task["stopCode"])),
            Some("EssentialContainerExited"),
            "{why}"
        );
    }
}

#[test]
fn the_health_check_of_a_restarted_container_begins_anew() {
    let kit = Kit::new();
    let label = json!({"exit": 3, "health": [{"after": 1, "healthy": true}]});
    let definition = kit.fargate(json!({
        "restartPolicy": {"enabled": true}, "healthCheck": {"command": ["CMD", "true"]}, "dockerLabels": simulated(&label),
    }));
    kit.create(&definition, 1, json!({}));
    let health = |kit: &Kit| {
        kit.tasks("RUNNING")
            .first()
            .map(|task| task["healthStatus"].clone())
    };
    kit.until("it is healthy", |kit| health(kit) == Some(json!("HEALTHY")));
    kit.until("it starts again", |kit| health(kit) == Some(json!("UNKNOWN")));
    kit.until("it is healthy again", |kit| health(kit) == Some(json!("HEALTHY")));
    assert_eq!(kit.tasks("STOPPED").len(), 0);
}

#[test]
fn the_agent_that_executes_commands_lives_with_its_container() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let body = json!({
        "taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network(),
        "enableExecuteCommand": true,
    });
    let task = kit.ok("RunTask", body.clone())["tasks"][0]["taskArn"].clone();
    let agent = |kit: &Kit| kit.task(&task)["containers"][0]["managedAgents"].clone();
    assert_eq!(
        agent(&kit),
        json!([{"name": "ExecuteCommandAgent", "lastStatus": "PENDING"}])
    );
    kit.statuses(&task, "RUNNING");
    assert_eq!(agent(&kit)[0]["lastStatus"], "RUNNING");
    let started = agent(&kit)[0]["lastStartedAt"].clone();
    assert!(started.is_f64(), "{started}");
    kit.ok("StopTask", json!({"task": task}));
    kit.statuses(&task, "STOPPED");
    assert_eq!(
        (&agent(&kit)[0]["lastStatus"], &agent(&kit)[0]["lastStartedAt"]),
        (&json!("STOPPED"), &started)
    );
    let mut without = body;
    without["enableExecuteCommand"] = json!(false);
    let plain = kit.ok("RunTask", without)["tasks"][0].clone();
    assert_eq!(plain["containers"][0]["managedAgents"], Value::Null);
}
