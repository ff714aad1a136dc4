//! Each rule once or more: an input that is right but for one thing, and what ECS says of it.

mod fargate;
mod identity;
mod network;
mod platform;
mod sizes;
mod storage;

use ecs_model::shape;
use serde_json::{Map, Value, json};

use super::{Input, check};

/// A definition for EC2 that is right.
fn bridge() -> Value {
    json!({"family": "web", "containerDefinitions": [
        {"name": "app", "image": "httpd", "memory": 128},
        {"name": "side", "image": "busybox", "memory": 64, "essential": false},
    ]})
}

/// A definition for Fargate that is right.
fn fargate() -> Value {
    json!({"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "httpd"}, {"name": "side", "image": "busybox", "essential": false}]})
}

/// Sets members of the definition; `app` and `side` stand for the members of these containers.
fn changed(mut definition: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let target: &mut Map<String, Value> = match name.as_str() {
            "app" => definition["containerDefinitions"][0].as_object_mut().unwrap(),
            "side" => definition["containerDefinitions"][1].as_object_mut().unwrap(),
            _ => {
                definition[name] = value.clone();
                continue;
            }
        };
        target.extend(value.as_object().unwrap().clone());
    }
    definition
}

fn verdict(definition: &Value) -> String {
    let input: Input = shape::from_wire(definition).unwrap();
    match check(&input) {
        Ok(()) => String::new(),
        Err(fault) => {
            assert_eq!(fault.code, "ClientException", "{definition}");
            fault.message
        }
    }
}

fn all_say(base: fn() -> Value, cases: &[(Value, &str)]) {
    assert_eq!(verdict(&base()), "");
    for (changes, expected) in cases {
        assert_eq!(verdict(&changed(base(), changes)), *expected, "{changes}");
    }
}
