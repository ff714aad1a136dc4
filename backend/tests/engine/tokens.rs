//! Client tokens of `RunTask` (ecs-semantics.md §0.3).

use serde_json::{Value, json};

use crate::kit::{Kit, network};

#[test]
fn a_token_is_replayed_or_conflicts() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let body = |count, token: &str| {
        json!({
            "taskDefinition": definition, "count": count, "clientToken": token, "launchType": "FARGATE",
            "networkConfiguration": network(),
        })
    };
    let first = kit.ok("RunTask", body(2, "t"));
    kit.pass(5_000);
    let again = kit.ok("RunTask", body(2, "t"));
    let arns = |answer: &Value| -> Vec<Value> {
        answer["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["taskArn"].clone())
            .collect()
    };
    assert_eq!(arns(&first), arns(&again));
    assert_eq!(again["tasks"][0]["lastStatus"], "RUNNING");
    assert_eq!(kit.refused("RunTask", body(3, "t")).0, "ConflictException");
    assert_ne!(arns(&kit.ok("RunTask", body(2, "u"))), arns(&first));
}

#[test]
fn a_token_is_forgotten_with_its_tasks() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({"command": ["true"]}));
    let body = json!({
        "taskDefinition": definition, "clientToken": "t", "launchType": "FARGATE", "networkConfiguration": network(),
    });
    let first = kit.ok("RunTask", body.clone())["tasks"][0]["taskArn"].clone();
    kit.statuses(&first, "STOPPED");
    kit.pass(3_590_000);
    assert_eq!(kit.ok("RunTask", body.clone())["tasks"][0]["taskArn"], first);
    kit.pass(20_000);
    let next = kit.ok("RunTask", body)["tasks"][0]["taskArn"].clone();
    assert!(next.is_string());
    assert_ne!(next, first);
}

#[test]
fn a_call_that_placed_nothing_is_tried_again_with_its_token() {
    let kit = Kit::new();
    kit.instances(1, json!({}));
    let definition = kit.bridge(json!({"cpu": 4096}));
    let body = json!({"taskDefinition": definition, "clientToken": "t"});
    for _ in 0..2 {
        let answer = kit.ok("RunTask", body.clone());
        assert_eq!(answer["failures"][0]["reason"], "RESOURCE:CPU", "{answer}");
    }
    kit.instances(1, json!({"cpu": 4096}));
    assert_eq!(kit.ok("RunTask", body)["tasks"].as_array().unwrap().len(), 1);
}
