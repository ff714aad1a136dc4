//! The samples, through real kubectl, API server, operator and backend: they become what they are there to show, and applying them
//! again changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use ecs_e2e::poll;
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::scene::Scene;
use serde_json::{Value, json};

/// How long nothing may happen after the tenth apply.
const QUIET: Duration = Duration::from_mins(2);

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn samples_become_ready_and_applying_them_again_changes_nothing() {
    let scene = Scene::start().unwrap();
    let folder = scene.samples().unwrap();
    let folder = folder.to_str().unwrap();
    scene
        .kubectl()
        .run(&["apply", "--server-side", "-f", folder])
        .unwrap();
    scene.register_instances().unwrap();
    scene.until_samples_are_as_expected(folder).unwrap();
    tasks_tell_where_they_run(&scene);
    failure_tells_why(&scene);
    sample_of_the_first_seed_is_in_ecs_as_it_stands(&scene);

    let (mutations, versions) = quiet(&scene, folder);
    for _ in 0..10 {
        scene
            .kubectl()
            .run(&["apply", "--server-side", "-f", folder])
            .unwrap();
    }
    let until = Instant::now() + QUIET;
    poll::until(
        "two minutes have not passed",
        QUIET * 2,
        Duration::from_secs(1),
        || {
            if Instant::now() >= until {
                Ok(())
            } else {
                Err(String::new())
            }
        },
    )
    .unwrap();
    assert_eq!(
        scene.backend().mutations().unwrap(),
        mutations,
        "applying again made AWS calls that change something"
    );
    assert_eq!(
        resource_versions(&scene, folder),
        versions,
        "applying again wrote to Kubernetes"
    );

    a_broken_change_is_rolled_back(&scene);
}

/// Two looks, with a steady sweep (10 s in tests) between them, that see the same: what follows is compared with them. A cluster's
/// counts, say, are read again that late.
fn quiet(scene: &Scene, folder: &str) -> (BTreeMap<String, u64>, BTreeMap<String, String>) {
    let mut before = None;
    poll::until(
        "the samples do not come to rest",
        PATIENCE,
        Duration::from_secs(12),
        || {
            let now = (
                scene.backend().mutations().unwrap(),
                resource_versions(scene, folder),
            );
            if before.as_ref() == Some(&now) {
                Ok(now)
            } else {
                Err(format!("{:?}", before.replace(now)))
            }
        },
    )
    .unwrap()
}

fn resource_versions(scene: &Scene, folder: &str) -> BTreeMap<String, String> {
    let list = scene.kubectl().json(&["get", "-f", folder]).unwrap();
    let text = |object: &Value, pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| {
            (
                format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name")),
                text(object, "/metadata/resourceVersion"),
            )
        })
        .collect()
}

fn tasks_tell_where_they_run(scene: &Scene) {
    for (service, running) in [("sample-fargate", 3), ("my-app", 2), ("two-containers", 4)] {
        let read = scene.kubectl().json(&["get", "ecssvc", service]).unwrap();
        assert_eq!(
            read.pointer("/status/runningCount"),
            Some(&json!(running)),
            "{service}: {}",
            read["status"]
        );
        let tasks = read
            .pointer("/status/tasks")
            .and_then(Value::as_array)
            .unwrap_or_else(|| panic!("{service} shows no tasks: {}", read["status"]));
        let shown = tasks
            .iter()
            .filter(|task| task["lastStatus"] == "RUNNING")
            .count();
        assert_eq!(shown, running, "{service}: {tasks:?}");
    }
    let table = scene
        .kubectl()
        .run(&["get", "ecs", "--all-namespaces", "-o", "wide"])
        .unwrap();
    assert!(table.contains("sample-fargate"), "{table}");
}

fn failure_tells_why(scene: &Scene) {
    let read = scene.kubectl().json(&["get", "ecssvc/unpullable"]).unwrap();
    let status = read["status"].to_string();
    assert!(status.contains("CannotPullContainerError"), "{status}");
    assert!(status.contains("TaskFailedToStart"), "{status}");
    let described = scene.kubectl().run(&["describe", "ecssvc/unpullable"]).unwrap();
    assert!(described.contains("CannotPullContainerError"), "{described}");
}

fn sample_of_the_first_seed_is_in_ecs_as_it_stands(scene: &Scene) {
    let read = scene
        .backend()
        .ecs(
            "DescribeTaskDefinition",
            &json!({"taskDefinition": "sample-fargate"}),
        )
        .unwrap();
    let definition = &read["taskDefinition"];
    assert_eq!(definition["revision"], 1, "{definition}");
    assert_eq!(
        (
            &definition["cpu"],
            &definition["memory"],
            &definition["networkMode"]
        ),
        (&json!("256"), &json!("512"), &json!("awsvpc"))
    );
    let command = definition
        .pointer("/containerDefinitions/0/command/0")
        .and_then(Value::as_str)
        .unwrap();
    assert!(
        command.starts_with("/bin/sh -c \"echo '<html> <head> <title>Amazon ECS Sample App</title>")
            && command.ends_with("&& httpd-foreground\""),
        "{command}"
    );
}

/// The point 6: rolled back, with the reason, and the two tasks of the good revision still there; scaling still goes through.
fn a_broken_change_is_rolled_back(scene: &Scene) {
    scene.apply_sample("changes/07-rolled-back.yaml").unwrap();
    let read = scene
        .until_ready("ecssvc/rolled-back", "False", &["RolledBack"])
        .unwrap();
    assert_eq!(
        read.pointer("/status/runningCount"),
        Some(&json!(2)),
        "{}",
        read["status"]
    );
    scene
        .kubectl()
        .run(&["scale", "ecssvc/rolled-back", "--replicas=3"])
        .unwrap();
    scene
        .until("ecssvc/rolled-back", |read| {
            if read.pointer("/status/runningCount") == Some(&json!(3)) {
                Ok(())
            } else {
                Err(read["status"].to_string())
            }
        })
        .unwrap();
    let still = scene
        .until_ready("ecssvc/rolled-back", "False", &["RolledBack"])
        .unwrap();
    let deployments = scene
        .backend()
        .ecs(
            "ListServiceDeployments",
            &json!({"cluster": "demo", "service": "rolled-back"}),
        )
        .unwrap();
    assert_eq!(
        deployments["serviceDeployments"].as_array().map(Vec::len),
        Some(2),
        "rolled out again: {deployments}\n{}",
        still["status"]
    );
    let log = fs::read_to_string(scene.operator_log()).unwrap();
    assert!(
        !log.contains("panicked"),
        "the operator panicked, see {}",
        scene.operator_log().display()
    );
}
