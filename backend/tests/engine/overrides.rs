//! What a call overrides of a task's definition (ecs-semantics.md §4.5).

use serde_json::{Value, json};

use crate::kit::{Kit, network, text};

fn run(kit: &Kit, definition: &str, overrides: &Value) -> Result<Value, (String, String)> {
    let body = json!({"taskDefinition": definition, "launchType": "FARGATE", "networkConfiguration": network(),
        "overrides": overrides});
    kit.try_call("RunTask", body)
        .map(|answer| answer["tasks"][0].clone())
}

#[test]
fn a_command_can_be_overridden() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let overrides = json!({"containerOverrides": [{"name": "app", "command": ["exit", "4"]}]});
    let task = run(&kit, &definition, &overrides).unwrap()["taskArn"].clone();
    kit.statuses(&task, "STOPPED");
    let over = kit.task(&task);
    assert_eq!(over["containers"][0]["exitCode"], 4);
    assert_eq!(
        over["overrides"]["containerOverrides"][0]["command"],
        json!(["exit", "4"])
    );
}

#[test]
fn an_overridden_size_is_one_that_fargate_has() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"cpu": 10, "memory": 20}));
    for (overrides, size) in [
        (json!({}), ("256", "512")),
        (json!({"memory": "1024"}), ("256", "1024")),
        (json!({"cpu": "1 vCPU", "memory": "2 GB"}), ("1024", "2048")),
        (json!({"ephemeralStorage": {"sizeInGiB": 21}}), ("256", "512")),
    ] {
        let task = run(&kit, &definition, &overrides).unwrap();
        assert_eq!((text(&task["cpu"]), text(&task["memory"])), size, "{overrides}");
    }
    let none = "No Fargate configuration exists for given values";
    for (overrides, words) in [
        (json!({"cpu": "300", "memory": "400"}), none),
        (json!({"cpu": "4096"}), none),
        (json!({"memory": "much"}), "Invalid 'memory' setting for task."),
        (
            json!({"ephemeralStorage": {"sizeInGiB": 20}}),
            "EphemeralStorage size should be at least 21",
        ),
        (
            json!({"ephemeralStorage": {"sizeInGiB": 201}}),
            "EphemeralStorage size should be at most 200",
        ),
    ] {
        let (code, message) = run(&kit, &definition, &overrides).unwrap_err();
        assert_eq!(code, "InvalidParameterException", "{overrides}");
        assert!(message.contains(words), "{overrides}: {message}");
    }
    assert_eq!(kit.tasks("RUNNING").len(), 4);
}

#[test]
fn on_an_instance_an_overridden_size_is_any_that_can_be_read() {
    let kit = Kit::new();
    kit.instances(1, json!({}));
    let definition = kit.bridge(json!({}));
    let run = |overrides: Value| {
        let body = json!({"taskDefinition": definition, "overrides": overrides});
        kit.try_call("RunTask", body)
            .map(|answer| answer["tasks"][0].clone())
    };
    let task = run(json!({"cpu": ".25 vCPU", "memory": "300"})).unwrap();
    assert_eq!((text(&task["cpu"]), text(&task["memory"])), ("256", "300"));
    for overrides in [
        json!({"cpu": "1"}),
        json!({"ephemeralStorage": {"sizeInGiB": 30}}),
    ] {
        assert_eq!(run(overrides).unwrap_err().0, "InvalidParameterException");
    }
}
