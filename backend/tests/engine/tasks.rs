//! Single tasks: their life by launch type and network mode, what their containers do, `RunTask`,
//! `StartTask`, `StopTask` (ecs-semantics.md §4, §13.1 item 11).

use serde_json::{Value, json};

use crate::kit::{Kit, id, merge, network, text};

fn run(kit: &Kit, definition: &str, more: Value) -> Value {
    let mut body = json!({"taskDefinition": definition});
    merge(&mut body, more);
    kit.ok("RunTask", body)
}

fn run_fargate(kit: &Kit, definition: &str) -> Value {
    let more = json!({"launchType": "FARGATE", "networkConfiguration": network()});
    run(kit, definition, more)["tasks"][0]["taskArn"].clone()
}

#[test]
fn a_fargate_task_goes_through_all_states() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"command": ["sleep", "2"]}));
    let task = run_fargate(&kit, &definition);
    let fresh = kit.task(&task);
    assert_eq!(
        (&fresh["lastStatus"], &fresh["desiredStatus"]),
        (&json!("PROVISIONING"), &json!("RUNNING"))
    );
    assert_eq!(fresh["attachments"][0]["status"], "PRECREATED");
    assert_eq!(fresh["group"], "family:web");
    let statuses = kit.statuses(&task, "STOPPED");
    let expected = [
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    ];
    // The container has ended by itself: STOPPING is too short to be seen.
    let seen: Vec<&str> = expected
        .into_iter()
        .filter(|status| *status != "STOPPING")
        .collect();
    assert_eq!(statuses, seen);
    let over = kit.task(&task);
    assert_eq!(over["stopCode"], "EssentialContainerExited");
    assert_eq!(over["containers"][0]["exitCode"], 0);
    assert_eq!(over["containers"][0]["lastStatus"], "STOPPED");
    assert_eq!(over["attachments"][0]["status"], "DELETED");
    let times = [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "executionStoppedAt",
        "stoppedAt",
    ];
    let times: Vec<f64> = times.iter().map(|name| over[*name].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(over["version"].as_i64().unwrap() > fresh["version"].as_i64().unwrap());
}

#[test]
fn a_running_fargate_task_has_an_address() {
    let kit = Kit::new();
    let task = run_fargate(&kit, &kit.fargate(json!({})));
    kit.statuses(&task, "RUNNING");
    let shown = kit.task(&task);
    let details = shown["attachments"][0]["details"].as_array().unwrap().clone();
    let detail = |name: &str| details.iter().find(|detail| detail["name"] == name).unwrap()["value"].clone();
    assert_eq!(
        shown["containers"][0]["networkInterfaces"][0]["privateIpv4Address"],
        detail("privateIPv4Address")
    );
    assert!(text(&detail("networkInterfaceId")).starts_with("eni-"));
    assert!(["subnet-a", "subnet-b"].contains(&text(&detail("subnetId"))));
    assert!(text(&shown["availabilityZone"]).starts_with("eu-central-1"));
    assert_eq!(
        (&shown["launchType"], &shown["platformVersion"]),
        (&json!("FARGATE"), &json!("1.4.0"))
    );
    assert_eq!((&shown["cpu"], &shown["memory"]), (&json!("256"), &json!("512")));
}

#[test]
fn a_task_on_an_instance_skips_what_it_does_not_need() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let definition = kit.bridge(json!({"portMappings": [{"containerPort": 80}]}));
    let task = run(&kit, &definition, json!({}))["tasks"][0]["taskArn"].clone();
    assert_eq!(kit.statuses(&task, "RUNNING"), ["PENDING", "RUNNING"]);
    let shown = kit.task(&task);
    assert_eq!(id(&shown["containerInstanceArn"]), instance);
    let binding = &shown["containers"][0]["networkBindings"][0];
    assert_eq!(
        (&binding["bindIP"], &binding["containerPort"]),
        (&json!("0.0.0.0"), &json!(80))
    );
    assert!(binding["hostPort"].as_i64().unwrap() >= 32_768);
    assert_eq!(shown["attachments"], json!([]));
    let remaining = |kit: &Kit| {
        let instance = kit.instance(&instance);
        let resources = instance["remainingResources"].as_array().unwrap().clone();
        let cpu = resources
            .iter()
            .find(|resource| resource["name"] == "CPU")
            .unwrap()["integerValue"]
            .clone();
        (cpu, instance["runningTasksCount"].clone())
    };
    assert_eq!(remaining(&kit), (json!(2048 - 128), json!(1)));
    kit.ok("StopTask", json!({"task": task, "reason": "enough"}));
    assert_eq!(kit.statuses(&task, "STOPPED"), ["STOPPING", "STOPPED"]);
    assert_eq!(remaining(&kit), (json!(2048), json!(0)));
    let over = kit.task(&task);
    assert_eq!(
        (&over["stopCode"], &over["stoppedReason"]),
        (&json!("UserInitiated"), &json!("enough"))
    );
    assert_eq!(over["containers"][0]["exitCode"], 143);
}

#[test]
fn containers_do_what_their_label_says() {
    let cases = [
        (
            r#"{"exit": 0.5, "exitCode": 9}"#,
            "EssentialContainerExited",
            json!(9),
            Value::Null,
        ),
        (
            r#"{"exit": 0.5, "outOfMemory": true}"#,
            "EssentialContainerExited",
            json!(137),
            json!("OutOfMemoryError: Container killed due to memory usage"),
        ),
        (
            r#"{"ignoresSigterm": true}"#,
            "UserInitiated",
            json!(137),
            Value::Null,
        ),
        (r#"{"exitCode": 5}"#, "UserInitiated", json!(5), Value::Null),
    ];
    for (label, code, exit, reason) in cases {
        let kit = Kit::new();
        let definition = kit.fargate(json!({"dockerLabels": {"ecs-backend.simulate": label}}));
        let task = run_fargate(&kit, &definition);
        kit.statuses(&task, "RUNNING");
        if code == "UserInitiated" {
            kit.ok("StopTask", json!({"task": task}));
        }
        kit.statuses(&task, "STOPPED");
        let over = kit.task(&task);
        let container = &over["containers"][0];
        assert_eq!(
            (
                text(&over["stopCode"]),
                &container["exitCode"],
                &container["reason"]
            ),
            (code, &exit, &reason),
            "{label}"
        );
    }
}

#[test]
fn only_an_essential_container_ends_the_task() {
    let kit = Kit::new();
    let definition = kit.definition(json!({
        "family": "two", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [
            {"name": "init", "image": "busybox", "essential": false, "command": ["exit", "1"]},
            {"name": "app", "image": "httpd", "command": ["sleep", "3"]},
        ],
    }));
    let task = run_fargate(&kit, &definition);
    kit.statuses(&task, "RUNNING");
    kit.pass(500);
    let shown = kit.task(&task);
    assert_eq!(shown["lastStatus"], "RUNNING");
    assert_eq!(
        (
            &shown["containers"][0]["lastStatus"],
            &shown["containers"][0]["exitCode"]
        ),
        (&json!("STOPPED"), &json!(1))
    );
    kit.statuses(&task, "STOPPED");
    assert_eq!(kit.task(&task)["containers"][1]["exitCode"], 0);
}

#[test]
fn a_stopped_task_is_visible_for_an_hour() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"command": ["true"]}));
    let task = run_fargate(&kit, &definition);
    kit.statuses(&task, "STOPPED");
    kit.pass(3_590_000);
    assert_eq!(kit.task(&task)["lastStatus"], "STOPPED");
    assert_eq!(
        kit.ok("StopTask", json!({"task": task}))["task"]["stopCode"],
        "EssentialContainerExited"
    );
    kit.pass(20_000);
    let described = kit.ok("DescribeTasks", json!({"tasks": [task]}));
    assert_eq!(described["failures"], json!([{"arn": task, "reason": "MISSING"}]));
    let refused = kit.refused("StopTask", json!({"task": task}));
    assert_eq!(
        refused,
        (
            "InvalidParameterException".to_owned(),
            "The referenced task was not found.".to_owned()
        )
    );
}

#[test]
fn eleven_tasks_are_too_many() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let body = |count| json!({"taskDefinition": definition, "count": count, "launchType": "FARGATE", "networkConfiguration": network()});
    assert_eq!(kit.refused("RunTask", body(11)).0, "InvalidParameterException");
    assert_eq!(kit.refused("RunTask", body(0)).0, "InvalidParameterException");
    assert_eq!(kit.ok("RunTask", body(10))["tasks"].as_array().unwrap().len(), 10);
}

#[test]
fn ten_tasks_where_four_have_room() {
    let kit = Kit::new();
    let definition = kit.bridge(json!({"cpu": 1024}));
    let none = kit.refused("RunTask", json!({"taskDefinition": definition}));
    assert_eq!(none.1, "No Container Instances were found in your cluster.");
    kit.instances(2, json!({}));
    let answer = run(&kit, &definition, json!({"count": 10}));
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 4);
    let reasons: Vec<&str> = answer["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| text(&failure["reason"]))
        .collect();
    assert_eq!(reasons, ["RESOURCE:CPU", "RESOURCE:CPU"]);
}

#[test]
fn tasks_are_listed_by_what_they_are() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let (fargate, bridge) = (kit.fargate(json!({})), kit.bridge(json!({})));
    kit.create(&fargate, 2, json!({}));
    run(&kit, &bridge, json!({"startedBy": "me"}));
    kit.pass(3_000);
    let count = |filter: Value| kit.ok("ListTasks", filter)["taskArns"].as_array().unwrap().len();
    let cases = [
        (json!({}), 3),
        (json!({"family": "batch"}), 1),
        (json!({"serviceName": "web"}), 2),
        (json!({"launchType": "EC2"}), 1),
        (json!({"startedBy": "me"}), 1),
        (json!({"startedBy": "you"}), 0),
        (json!({"containerInstance": instance}), 1),
        (json!({"desiredStatus": "STOPPED"}), 0),
        (json!({"desiredStatus": "PENDING"}), 0),
    ];
    for (filter, expected) in cases {
        assert_eq!(count(filter.clone()), expected, "{filter}");
    }
    assert_eq!(count(json!({"startedBy": "me", "desiredStatus": "RUNNING"})), 1);
    for (filter, value) in [
        ("family", json!("batch")),
        ("serviceName", json!("web")),
        ("launchType", json!("EC2")),
        ("containerInstance", json!(instance)),
    ] {
        let refused = kit.refused("ListTasks", json!({"startedBy": "me", filter: value}));
        assert_eq!(refused.0, "InvalidParameterException", "{filter}");
        assert_eq!(refused.1, "cannot specify startedBy with other arguments");
    }
    for (filter, value) in [("family", json!("web")), ("containerInstance", json!(instance))] {
        let refused = kit.refused("ListTasks", json!({"serviceName": "web", filter: value}));
        assert_eq!(refused.1, "cannot specify serviceName with other arguments");
    }
    assert_eq!(
        count(json!({"serviceName": "web", "launchType": "FARGATE", "desiredStatus": "RUNNING"})),
        2
    );
    assert_eq!(
        kit.refused("ListTasks", json!({"serviceName": "other"})).0,
        "ServiceNotFoundException"
    );
    let (mut seen, mut token) = (0, Value::Null);
    loop {
        let page = kit.ok("ListTasks", json!({"maxResults": 2, "nextToken": token}));
        seen += page["taskArns"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn a_task_is_started_on_the_instances_that_are_named() {
    let kit = Kit::new();
    let instances = kit.instances(2, json!({}));
    let definition = kit.bridge(json!({"portMappings": [{"containerPort": 80, "hostPort": 80}]}));
    let start = |ids: Value| {
        kit.ok(
            "StartTask",
            json!({"taskDefinition": definition, "containerInstances": ids}),
        )
    };
    let answer = start(json!([instances[0], "0123456789abcdef0123456789abcdef"]));
    assert_eq!(id(&answer["tasks"][0]["containerInstanceArn"]), instances[0]);
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let answer = start(json!(instances));
    assert_eq!(id(&answer["tasks"][0]["containerInstanceArn"]), instances[1]);
    assert_eq!(answer["failures"][0]["reason"], "RESOURCE:PORTS");
    kit.control(
        "POST",
        &format!("instances/{}/disconnect", instances[0]),
        Value::Null,
    );
    assert_eq!(start(json!([instances[0]]))["failures"][0]["reason"], "AGENT");
    kit.ok(
        "DeregisterContainerInstance",
        json!({"containerInstance": instances[0], "force": true}),
    );
    assert_eq!(start(json!([instances[0]]))["failures"][0]["reason"], "INACTIVE");
}

#[test]
fn a_call_with_a_wrong_reference_starts_nothing() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let definition = kit.bridge(json!({}));
    let wrong = "arn:aws:ecs:eu-central-1:123456789012:task/default/0123456789abcdef0123456789abcdef";
    kit.refused(
        "StartTask",
        json!({"taskDefinition": definition, "containerInstances": [instance, wrong]}),
    );
    assert_eq!(kit.tasks("RUNNING"), Vec::<Value>::new());
}

#[test]
fn a_task_that_is_stopped_by_a_call_loses_its_tags() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"command": ["sleep", "2"]}));
    let more = json!({
        "launchType": "FARGATE", "networkConfiguration": network(), "count": 2,
        "tags": [{"key": "team", "value": "a"}], "enableECSManagedTags": true,
    });
    let tasks = run(&kit, &definition, more)["tasks"].clone();
    let (stopped, ended) = (&tasks[0]["taskArn"], &tasks[1]["taskArn"]);
    let tags = |task: &Value| {
        kit.ok("DescribeTasks", json!({"tasks": [task], "include": ["TAGS"]}))["tasks"][0]["tags"].clone()
    };
    assert_eq!(tags(stopped).as_array().unwrap().len(), 2);
    let answer = kit.ok("StopTask", json!({"task": stopped}));
    assert_eq!(answer["task"]["tags"], json!([]));
    assert_eq!(tags(stopped), json!([]));
    kit.statuses(ended, "STOPPED");
    let kept = tags(ended);
    kit.ok("StopTask", json!({"task": ended}));
    assert_eq!(tags(ended), kept, "there was nothing to stop");
    assert_eq!(kept.as_array().unwrap().len(), 2);
}
