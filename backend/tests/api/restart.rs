//! The state survives a restart.

use std::path::PathBuf;

use ecs_backend::Options;
use serde_json::{Value, json};

use crate::backend::Backend;

/// A directory of this test's own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecs-backend-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    fn start(&self) -> Backend {
        Backend::with(Options {
            seed: 1,
            data_dir: Some(self.0.clone()),
            ..Options::default()
        })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn everything(ecs: &Backend) -> Value {
    json!([
        ecs.done(
            "DescribeClusters",
            &json!({"clusters": ["web"], "include": ["TAGS", "SETTINGS", "ATTACHMENTS", "STATISTICS"]})
        ),
        ecs.done(
            "DescribeTaskDefinition",
            &json!({"taskDefinition": "f", "include": ["TAGS"]})
        ),
        ecs.done(
            "DescribeServices",
            &json!({"cluster": "web", "services": ["s"], "include": ["TAGS"]})
        ),
        ecs.done(
            "DescribeTasks",
            &json!({"cluster": "web", "tasks": ecs.done("ListTasks", &json!({"cluster": "web"}))["taskArns"]})
        ),
        ecs.done("DescribeCapacityProviders", &json!({})),
    ])
}

#[test]
fn a_restart_changes_nothing_and_what_was_going_on_goes_on() {
    let directory = Directory::new("restart");
    let ecs = directory.start();
    ecs.done("CreateCluster", &json!({"clusterName": "web", "capacityProviders": ["FARGATE"], "tags": [{"key": "a", "value": "b"}]}));
    ecs.pass(1_000);
    ecs.done(
        "RegisterTaskDefinition",
        &json!({"family": "f", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [{"name": "a", "image": "b"}]}),
    );
    ecs.done("CreateService", &json!({"cluster": "web", "serviceName": "s", "taskDefinition": "f", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}));
    ecs.pass(300);
    let before = everything(&ecs);
    ecs.server.save().unwrap();
    let elsewhere = directory.start();
    assert_eq!(everything(&elsewhere), before);
    for server in [&ecs, &elsewhere] {
        server.pass(60_000);
    }
    assert_eq!(everything(&elsewhere), everything(&ecs));
    assert_eq!(everything(&ecs)[2]["services"][0]["runningCount"], 2);
}

#[test]
fn what_cannot_be_read_is_refused_at_the_start() {
    let directory = Directory::new("unreadable");
    std::fs::create_dir_all(&directory.0).unwrap();
    std::fs::write(directory.0.join("world.json"), "{").unwrap();
    let options = Options {
        data_dir: Some(directory.0.clone()),
        ..Options::default()
    };
    let refused =
        ecs_backend::Server::new(options, std::sync::Arc::new(jiff::Timestamp::default)).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("is no snapshot of this version of ecs-backend"),
        "{refused}"
    );
}
