//! Container instances and the tasks on them: how many have room, and what happens when an instance goes (ecs-semantics.md
//! §4.8, §5.1, §8).

use serde_json::{Value, json};

use crate::kit::{Kit, distinct, text};
use crate::placement::{service, spread};

#[test]
fn tasks_show_whether_their_agent_is_connected() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let definition = kit.bridge(json!({}));
    let task = kit.ok("RunTask", json!({"taskDefinition": definition}))["tasks"][0]["taskArn"].clone();
    kit.statuses(&task, "RUNNING");
    let connectivity = |kit: &Kit| {
        let shown = kit.task(&task);
        assert_eq!(shown["lastStatus"], "RUNNING");
        (
            text(&shown["connectivity"]).to_owned(),
            shown["connectivityAt"].as_f64().unwrap(),
        )
    };
    let (connected, at) = connectivity(&kit);
    assert_eq!(connected, "CONNECTED");
    for (call, expected) in [("disconnect", "DISCONNECTED"), ("connect", "CONNECTED")] {
        kit.pass(1_000);
        kit.control("POST", &format!("instances/{instance}/{call}"), Value::Null);
        let (shown, since) = connectivity(&kit);
        assert_eq!(shown, expected);
        assert!(since > at);
    }
}

#[test]
fn what_happens_to_an_instance_is_told() {
    let kit = Kit::new();
    let instance = kit.instances(1, json!({})).remove(0);
    let definition = kit.bridge(json!({}));
    let told = |kit: &Kit| -> Vec<Value> {
        let events = kit.control("GET", "events", Value::Null)["events"].clone();
        let events = events.as_array().unwrap().iter();
        events
            .filter(|event| event["detail-type"] == "ECS Container Instance State Change")
            .map(|event| event["detail"].clone())
            .collect()
    };
    let task = kit.ok("RunTask", json!({"taskDefinition": definition}))["tasks"][0]["taskArn"].clone();
    kit.statuses(&task, "RUNNING");
    kit.ok("StopTask", json!({"task": task}));
    kit.statuses(&task, "STOPPED");
    kit.control("POST", &format!("instances/{instance}/disconnect"), Value::Null);
    kit.ok(
        "DeregisterContainerInstance",
        json!({"containerInstance": instance}),
    );
    let told = told(&kit);
    let cpu = |detail: &Value| {
        let left = detail["remainingResources"].as_array().unwrap();
        left.iter().find(|left| left["name"] == "CPU").unwrap()["integerValue"].clone()
    };
    let mut course: Vec<String> = told
        .iter()
        .map(|detail| {
            format!(
                "{} {} {} {}",
                text(&detail["status"]),
                detail["agentConnected"],
                detail["runningTasksCount"],
                cpu(detail)
            )
        })
        .collect();
    course.dedup();
    assert_eq!(
        course,
        [
            "ACTIVE true 0 2048",
            "ACTIVE true 0 1920",
            "ACTIVE true 1 1920",
            "ACTIVE true 0 1920",
            "ACTIVE true 0 2048",
            "ACTIVE false 0 2048",
            "INACTIVE false 0 2048",
        ]
    );
    let versions: Vec<i64> = told
        .iter()
        .map(|detail| detail["version"].as_i64().unwrap())
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
}

#[test]
fn an_instance_has_so_many_network_interfaces() {
    for (trunking, instance_type, expected) in [
        ("disabled", "t3.medium", 2),
        ("disabled", "m5.large", 2),
        ("enabled", "t3.medium", 2),
        ("enabled", "m5.large", 10),
    ] {
        let kit = Kit::new();
        kit.ok(
            "PutAccountSettingDefault",
            json!({"name": "awsvpcTrunking", "value": trunking}),
        );
        kit.instances(
            1,
            json!({"instanceType": instance_type, "memory": 8192, "cpu": 8192}),
        );
        let definition = kit.definition(json!({
            "family": "batch", "networkMode": "awsvpc", "requiresCompatibilities": ["EC2"],
            "containerDefinitions": [{"name": "app", "image": "httpd", "memory": 16}],
        }));
        let run = || {
            let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-a"]}});
            let body = json!({"taskDefinition": definition, "count": 10, "networkConfiguration": network});
            kit.ok("RunTask", body)
        };
        let answer = run();
        assert_eq!(
            answer["tasks"].as_array().unwrap().len(),
            expected,
            "{instance_type}"
        );
        let full = run();
        assert_eq!(full["failures"][0]["reason"], "RESOURCE:ENI", "{instance_type}");
        kit.ok("StopTask", json!({"task": answer["tasks"][0]["taskArn"]}));
        kit.statuses(&answer["tasks"][0]["taskArn"], "STOPPED");
        assert_eq!(run()["tasks"].as_array().unwrap().len(), 1, "{instance_type}");
    }
}

#[test]
fn tasks_of_a_lost_instance_are_replaced() {
    let kit = Kit::new();
    let instances = kit.instances(2, json!({}));
    let definition = kit.bridge(json!({}));
    service(&kit, &definition, 2, json!({}));
    kit.until_stable();
    let refused = kit.refused(
        "DeregisterContainerInstance",
        json!({"containerInstance": instances[0]}),
    );
    assert!(
        refused.1.contains("Found running tasks on the instance."),
        "{refused:?}"
    );
    kit.ok(
        "DeregisterContainerInstance",
        json!({"containerInstance": instances[0], "force": true}),
    );
    let stopped = kit.tasks("STOPPED");
    assert_eq!(stopped.len(), 1);
    assert_eq!(
        stopped[0]["stoppedReason"],
        "Container instance deregistration forced by user"
    );
    kit.pass(10_000);
    assert_eq!(kit.service()["runningCount"], 2);
    assert_eq!(spread(&kit), [2]);
}

#[test]
fn a_draining_instance_is_left_by_its_service() {
    let kit = Kit::new();
    let instances = kit.instances(2, json!({}));
    let definition = kit.bridge(json!({}));
    service(&kit, &definition, 4, json!({}));
    kit.until_stable();
    let standalone = kit.ok(
        "StartTask",
        json!({"taskDefinition": definition, "containerInstances": [instances[0]]}),
    )["tasks"][0]["taskArn"]
        .clone();
    kit.pass(5_000);
    kit.ok(
        "UpdateContainerInstancesState",
        json!({"containerInstances": [instances[0]], "status": "DRAINING"}),
    );
    let mut least = 4;
    for _ in 0..500 {
        kit.pass(20);
        least = least.min(kit.service()["runningCount"].as_i64().unwrap());
    }
    assert_eq!(least, 4, "replacements run before the old tasks are stopped");
    let tasks = kit.ok("ListTasks", json!({"serviceName": "web"}))["taskArns"].clone();
    let tasks = kit.ok("DescribeTasks", json!({"tasks": tasks}))["tasks"].clone();
    let on = distinct(
        tasks
            .as_array()
            .unwrap()
            .iter()
            .map(|task| &task["containerInstanceArn"]),
    );
    assert_eq!(on.len(), 1);
    assert!(on.iter().all(|arn| arn.ends_with(&instances[1])));
    assert_eq!(
        kit.task(&standalone)["lastStatus"],
        "RUNNING",
        "it is nobody's to stop"
    );
    assert_eq!(kit.instance(&instances[0])["runningTasksCount"], 1);
}

/// The zones of the tasks, each of them that of its network interface's subnet too.
fn zones_of_interfaces(kit: &Kit) -> Vec<String> {
    let mut zones = Vec::new();
    for task in kit.tasks("RUNNING") {
        let zone = text(&task["availabilityZone"]).to_owned();
        let details = task["attachments"][0]["details"].as_array().unwrap();
        let subnet = details
            .iter()
            .find(|detail| detail["name"] == "subnetId")
            .unwrap();
        let letter = zone.chars().last().unwrap();
        assert_eq!(text(&subnet["value"]), format!("subnet-{letter}"), "{task:#}");
        zones.push(zone);
    }
    zones.sort();
    zones
}

#[test]
fn an_interface_is_in_a_subnet_of_its_instance_s_zone() {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b", "subnet-c"]}});
    let definition = |kit: &Kit| {
        kit.definition(json!({
            "family": "batch", "networkMode": "awsvpc", "requiresCompatibilities": ["EC2"],
            "containerDefinitions": [{"name": "app", "image": "httpd", "cpu": 2048, "memory": 128}],
        }))
    };
    let all = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];

    let kit = Kit::new();
    kit.instances(3, json!({}));
    let run = json!({"taskDefinition": definition(&kit), "count": 3, "networkConfiguration": network});
    kit.ok("RunTask", run);
    assert_eq!(zones_of_interfaces(&kit), all);

    let kit = Kit::new();
    crate::capacity::with_group(&kit, json!({"status": "ENABLED"}));
    let strategy = json!([{"capacityProvider": "group", "weight": 1}]);
    let run = json!({"taskDefinition": definition(&kit), "count": 6, "networkConfiguration": network,
        "capacityProviderStrategy": strategy});
    kit.ok("RunTask", run);
    kit.until("all run", |kit| {
        let tasks = kit.tasks("RUNNING");
        tasks.iter().all(|task| task["lastStatus"] == "RUNNING")
    });
    let zones = zones_of_interfaces(&kit);
    assert_eq!(zones.len(), 6);
    assert!(
        all.iter().all(|zone| zones.iter().any(|found| found == zone)),
        "{zones:?}"
    );
}
