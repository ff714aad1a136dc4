//! Helm that waits for a service of ECS: it returns when the rollout is complete, or says why it never will be.

use std::fs;
use std::path::{Path, PathBuf};

use ecs_e2e::questions::Questions;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::samples;
use ecs_e2e::steps::timed;
use serde_json::{Value, json};

use crate::site::Site;

/// Long enough for a rollout that ends either way; helm that gives up after it has not seen how it ended.
const TIMEOUT: &str = "--timeout=90s";

/// Installed, upgraded, upgraded to what cannot be pulled, and mended.
pub fn helm_waits_for_a_rollout(site: &Site) {
    let chart = chart(site.run());
    let upgraded_to = |image: &str| {
        upgrade(site, &chart, image).unwrap();
        assert_rolled_out(site, image);
    };
    timed("  installed", || upgraded_to("httpd:1"));
    timed("  upgraded", || upgraded_to("httpd:2"));
    timed("  upgraded to what cannot be pulled", || {
        fails_with_the_reason(site, &chart);
    });
    timed("  mended", || upgraded_to("httpd:3"));
    site.release
        .helm()
        .run(&["uninstall", "shop", "--wait", TIMEOUT])
        .unwrap();
}

fn upgrade(site: &Site, chart: &Path, image: &str) -> Result<String, ecs_e2e::Error> {
    let (chart, image) = (chart.to_string_lossy(), format!("image={image}"));
    let upgrade = ["upgrade", "--install", "shop", &chart, "--set", &image];
    site.release
        .helm()
        .run(&[&upgrade[..], &["--wait", TIMEOUT]].concat())
}

/// What the circuit breaker ended is no rollout to wait for any longer.
fn fails_with_the_reason(site: &Site, chart: &Path) {
    let said = upgrade(site, chart, "registry.invalid/app:1.0")
        .unwrap_err()
        .to_string();
    for words in [
        "EcsService/default/shop",
        "Failed",
        "rolled",
        "CannotPullContainerError",
    ] {
        assert!(said.contains(words), "{words} is not in what helm said: {said}");
    }
    assert!(!said.contains("deadline"), "helm waited to the end: {said}");
}

/// Looked at once: there is nothing left to wait for.
fn assert_rolled_out(site: &Site, image: &str) {
    let read = site.kubectl().json(&["get", "ecssvc/shop"]).unwrap();
    let status = &read["status"];
    assert_eq!(
        status["observedGeneration"], read["metadata"]["generation"],
        "{status}"
    );
    let ready = samples::condition(&read, "Ready").unwrap();
    assert_eq!(ready["status"], "True", "{status}");
    let ecs = |operation: &str, input: Value| site.backend().ecs(operation, &input).unwrap();
    let described = ecs(
        "DescribeServices",
        json!({"cluster": "demo", "services": ["shop"]}),
    );
    let service = &described["services"][0];
    assert_eq!(service["runningCount"], service["desiredCount"], "{service}");
    let deployments = service["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 1, "{service}");
    assert_eq!(deployments[0]["rolloutState"], "COMPLETED", "{service}");
    let definition = ecs(
        "DescribeTaskDefinition",
        json!({"taskDefinition": deployments[0]["taskDefinition"]}),
    );
    assert_eq!(
        definition["taskDefinition"]["containerDefinitions"][0]["image"],
        image
    );
}

/// A chart as somebody writes it who has a service to deploy.
fn chart(run: &RunDir) -> PathBuf {
    let chart = run.folder("shop").unwrap();
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), CHART).unwrap();
    fs::write(chart.join("templates/shop.yaml"), TEMPLATE).unwrap();
    chart
}

const CHART: &str = "apiVersion: v2
name: shop
version: 1.0.0
";

/// A release that changes the image changes nothing of the service's object.
const TEMPLATE: &str = "apiVersion: ecs-operator.dev/v1alpha1
kind: EcsTaskDefinition
metadata: {name: shop}
spec:
  requiresCompatibilities: [FARGATE]
  networkMode: awsvpc
  cpu: 256
  memory: 512
  containerDefinitions:
  - name: app
    image: {{ .Values.image }}
---
apiVersion: ecs-operator.dev/v1alpha1
kind: EcsService
metadata: {name: shop}
spec:
  clusterRef: {name: demo}
  taskDefinitionRef: {name: shop}
  desiredCount: 3
  launchType: FARGATE
  networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-abc123]}}
  deploymentConfiguration:
    deploymentCircuitBreaker: {enable: true, rollback: true}
";
