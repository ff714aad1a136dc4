//! What people do with a running service: scale it, change its image, wait for it, delete it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ecs_e2e::poll;
use ecs_e2e::process::Process;
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::scene::Scene;
use serde_json::{Value, json};

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let scene = Scene::start().unwrap();
    scene.apply_sample("00-account.yaml").unwrap();
    scene.apply_sample("01-cluster.yaml").unwrap();
    scene.until_ready("ecscl/demo", "True", &[]).unwrap();
    scene
});

/// A definition and a service of this name, with three tasks.
fn web(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: ecs-operator.dev/v1alpha1
kind: EcsTaskDefinition
metadata: {{name: {name}}}
spec:
  requiresCompatibilities: [FARGATE]
  networkMode: awsvpc
  cpu: 256
  memory: 512
  containerDefinitions: [{{name: app, image: '{image}'}}]
---
apiVersion: ecs-operator.dev/v1alpha1
kind: EcsService
metadata: {{name: {name}}}
spec:
  clusterRef: {{name: demo}}
  taskDefinitionRef: {{name: {name}}}
  desiredCount: 3
  launchType: FARGATE
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-abc123]{more}}}}}
"
    )
}

fn service(name: &str) -> Value {
    SCENE
        .backend()
        .ecs(
            "DescribeServices",
            &json!({"cluster": "demo", "services": [name]}),
        )
        .unwrap()["services"][0]
        .clone()
}

fn until_running(name: &str, count: u64) {
    SCENE
        .until(&format!("ecssvc/{name}"), |read| {
            let status = &read["status"];
            if status["runningCount"] == json!(count)
                && status["observedGeneration"] == read["metadata"]["generation"]
            {
                Ok(())
            } else {
                Err(status.to_string())
            }
        })
        .unwrap();
}

/// The issue's point 5.
#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn scaling_goes_up_and_down_without_a_deployment() {
    SCENE.kubectl().apply(&web("scaled", "httpd:2", "")).unwrap();
    SCENE.until_ready("ecssvc/scaled", "True", &[]).unwrap();
    let watch = SCENE.watch("ecssvc/scaled").unwrap();
    for count in [10, 2] {
        SCENE
            .kubectl()
            .run(&["scale", "ecssvc/scaled", &format!("--replicas={count}")])
            .unwrap();
        until_running("scaled", count);
        assert_eq!(service("scaled")["desiredCount"], json!(count));
    }
    watch_shows_counts_move(&watch);
    let deployments = SCENE
        .backend()
        .ecs(
            "ListServiceDeployments",
            &json!({"cluster": "demo", "service": "scaled"}),
        )
        .unwrap();
    assert_eq!(
        deployments["serviceDeployments"].as_array().map(Vec::len),
        Some(1),
        "{deployments}"
    );
}

/// `kubectl get -w` prints a line for each step: the columns are NAME DESIRED RUNNING PENDING READY ….
fn watch_shows_counts_move(watch: &Process) {
    let shown = |desired: &str, running: &str| {
        let lines = fs::read_to_string(watch.log()).unwrap();
        let line = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut lines = lines.lines().map(line);
        lines.any(|columns| columns.get(1..3) == Some(&[desired.to_owned(), running.to_owned()]))
    };
    poll::until(
        "kubectl get -w does not show 3, 10 and 2 tasks",
        PATIENCE,
        Duration::from_millis(100),
        || {
            let steps = [("3", "3"), ("10", "10"), ("2", "2")];
            match steps
                .into_iter()
                .find(|(desired, running)| !shown(desired, running))
            {
                None => Ok(()),
                Some((desired, running)) => Err(format!("{running} of {desired} were not shown")),
            }
        },
    )
    .unwrap();
}

/// The issue's points 4 and 5: a change of a definition and its service in one apply is one revision and one deployment, at once; and
/// `kubectl wait` returns only when the new revision runs.
#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn one_apply_is_one_revision_and_one_deployment_and_wait_waits_for_it() {
    SCENE.kubectl().apply(&web("changed", "httpd:2", "")).unwrap();
    SCENE.until_ready("ecssvc/changed", "True", &[]).unwrap();
    let before = service("changed")["taskDefinition"].clone();
    SCENE
        .kubectl()
        .apply(&web("changed", "httpd:3", ", securityGroups: [sg-123abc]"))
        .unwrap();
    let start = Instant::now();
    poll::until(
        "the change is not in ECS",
        PATIENCE,
        Duration::from_millis(20),
        || {
            let now = service("changed")["taskDefinition"].clone();
            if now == before {
                Err(now.to_string())
            } else {
                Ok(())
            }
        },
    )
    .unwrap();
    println!(
        "the changed image reached UpdateService {:?} after the apply returned",
        start.elapsed()
    );
    SCENE
        .kubectl()
        .run(&["wait", "--for=condition=Ready", "ecssvc/changed", "--timeout=90s"])
        .unwrap();

    let after = service("changed");
    assert_eq!(
        after["deployments"].as_array().map(Vec::len),
        Some(1),
        "{}",
        after["deployments"]
    );
    assert_eq!(
        after.pointer("/deployments/0/rolloutState"),
        Some(&json!("COMPLETED"))
    );
    assert_eq!(
        after.pointer("/networkConfiguration/awsvpcConfiguration/securityGroups"),
        Some(&json!(["sg-123abc"]))
    );
    let deployments = SCENE
        .backend()
        .ecs(
            "ListServiceDeployments",
            &json!({"cluster": "demo", "service": "changed"}),
        )
        .unwrap();
    assert_eq!(
        deployments["serviceDeployments"].as_array().map(Vec::len),
        Some(2),
        "{deployments}"
    );
    let revisions = SCENE
        .backend()
        .ecs("ListTaskDefinitions", &json!({"familyPrefix": "changed"}))
        .unwrap();
    assert_eq!(
        revisions["taskDefinitionArns"].as_array().map(Vec::len),
        Some(2),
        "{revisions}"
    );
}

/// The issue's point 7: what somebody does past us is corrected, or only reported.
#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn drift_is_corrected_or_reported() {
    SCENE.kubectl().apply(&web("drifted", "httpd:2", "")).unwrap();
    SCENE.until_ready("ecssvc/drifted", "True", &[]).unwrap();
    SCENE
        .backend()
        .ecs(
            "UpdateService",
            &json!({"cluster": "demo", "service": "drifted", "desiredCount": 1}),
        )
        .unwrap();
    poll::until(
        "the count is not corrected",
        PATIENCE,
        Duration::from_millis(200),
        || {
            let seen = service("drifted")["desiredCount"].clone();
            if seen == json!(3) {
                Ok(())
            } else {
                Err(seen.to_string())
            }
        },
    )
    .unwrap();

    SCENE
        .kubectl()
        .run(&[
            "patch",
            "ecssvc/drifted",
            "--type=merge",
            "-p",
            r#"{"spec":{"management":{"driftPolicy":"Report"}}}"#,
        ])
        .unwrap();
    SCENE.until_ready("ecssvc/drifted", "True", &[]).unwrap();
    SCENE
        .backend()
        .ecs(
            "UpdateService",
            &json!({"cluster": "demo", "service": "drifted", "desiredCount": 2}),
        )
        .unwrap();
    SCENE
        .until("ecssvc/drifted", |read| {
            let synced = ecs_e2e::samples::condition(read, "Synced")
                .cloned()
                .unwrap_or_default();
            if synced["status"] == "False" && synced["reason"] == "Drifted" {
                Ok(())
            } else {
                Err(synced.to_string())
            }
        })
        .unwrap();
    assert_eq!(
        service("drifted")["desiredCount"],
        json!(2),
        "it was only to be reported"
    );
}

/// Deleting ends, and leaves nothing in ECS.
#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn deletion_drains_and_ends() {
    SCENE.kubectl().apply(&web("deleted", "httpd:2", "")).unwrap();
    SCENE.until_ready("ecssvc/deleted", "True", &[]).unwrap();
    SCENE
        .kubectl()
        .run(&["delete", "ecssvc/deleted", "ecstd/deleted", "--timeout=90s"])
        .unwrap();
    assert_eq!(service("deleted")["status"], json!("INACTIVE"));
    let revisions = SCENE
        .backend()
        .ecs(
            "ListTaskDefinitions",
            &json!({"familyPrefix": "deleted", "status": "ACTIVE"}),
        )
        .unwrap();
    assert_eq!(revisions["taskDefinitionArns"], json!([]));
}

/// Nobody reaches what was not granted (the issue's point 10): a refusal makes no AWS call and names the rule.
#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn an_account_that_grants_nothing_is_told() {
    SCENE
        .kubectl()
        .apply(&format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: AwsAccount, metadata: {{name: closed}}, spec: {{accountId: '123456789012', region: us-east-1, endpoint: '{}'}}}}\n---\n{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsCluster, metadata: {{name: not-granted}}, spec: {{management: {{accountRef: {{name: closed}}}}}}}}",
            SCENE.backend().url()
        ))
        .unwrap();
    let read = SCENE
        .until_ready("ecscl/not-granted", "False", &["NotAuthorized"])
        .unwrap();
    let ready = ecs_e2e::samples::condition(&read, "Ready").unwrap();
    assert!(
        ready["message"].as_str().unwrap().contains("namespaces"),
        "{ready}"
    );
    let clusters = SCENE
        .backend()
        .ecs("DescribeClusters", &json!({"clusters": ["not-granted"]}))
        .unwrap();
    assert_eq!(clusters["clusters"], json!([]));
}
