//! A service whose count is in nobody's manifest: Kubernetes' own `HorizontalPodAutoscaler` keeps it, by a metric from outside.

use std::time::Duration;

use ecs_e2e::poll;
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::steps::timed;
use serde_json::{Value, json};

use crate::metrics_api::{METRIC, MetricsApi};
use crate::site::Site;

/// How often the counts are looked at.
const OFTEN: Duration = Duration::from_millis(200);
/// What one task is to have of the metric.
const SHARE: i64 = 30;
/// As whom the autoscaler asks for the metric.
const AUTOSCALER: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

/// Up and down with the metric; neither the manifest, applied again, nor a person beside it moves the count for good.
pub fn by_a_horizontal_pod_autoscaler(site: &Site) {
    let metrics = timed("  a metrics API joins", || MetricsApi::joined(site, 2 * SHARE));
    apply(site, "httpd:1");
    timed("  2 tasks, as is measured", || until_count(site, 2));
    site.until_ready("ecssvc/worker", "True", &["Completed"]).unwrap();
    metrics.set(6 * SHARE);
    timed("  from 2 to 6", || until_count(site, 6));
    timed("  the manifest comes again", || manifests_leave_the_count(site));
    timed("  somebody scales beside it", || a_person_is_overruled(site));
    metrics.set(2 * SHARE);
    timed("  from 6 to 2", || until_count(site, 2));
    assert!(
        metrics.asked_by().contains(AUTOSCALER),
        "{:?}",
        metrics.asked_by()
    );
    site.ask(&[
        "delete",
        "hpa/worker",
        "ecssvc/worker",
        "ecstd/worker",
        "--timeout=90s",
    ]);
    metrics.leave(site);
}

/// As a `GitOps` controller does: whatever the manifest says is its own, and of the rest it knows nothing.
fn apply(site: &Site, image: &str) {
    let gitops = ["apply", "--server-side", "--field-manager=gitops", "-f", "-"];
    site.kubectl().feed(&gitops, &manifest(image)).unwrap();
}

/// The same once more changes nothing; with another image it is a rollout of as many tasks as there are.
fn manifests_leave_the_count(site: &Site) {
    let (generation, calls) = (generation(site), site.mutations());
    apply(site, "httpd:1");
    assert_eq!(self::generation(site), generation, "the spec was changed");
    assert_eq!(site.mutations(), calls);
    apply(site, "httpd:2");
    // The definition's own name in ECS, since the service's object is the same.
    site.until("ecssvc/worker", |read| {
        let status = &read["status"];
        if status["taskDefinition"] == "worker:2" && status["rollout"] == "Completed" {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .unwrap();
    assert_eq!(self::generation(site), generation, "the spec was changed");
    until_count(site, 6);
}

/// The count is the autoscaler's.
fn a_person_is_overruled(site: &Site) {
    let before = generation(site);
    site.ask(&["scale", "ecssvc/worker", "--replicas=3"]);
    until_count(site, 6);
    assert_eq!(
        generation(site),
        before + 2,
        "one changed it, and one changed it back"
    );
}

fn generation(site: &Site) -> i64 {
    let read = site.kubectl().json(&["get", "ecssvc/worker"]).unwrap();
    read["metadata"]["generation"].as_i64().unwrap()
}

/// Waits until so many tasks are wanted and run, wherever one looks, and the autoscaler sees that each has its share.
fn until_count(site: &Site, count: i64) {
    let what = format!("there are not {count} tasks everywhere");
    poll::until(&what, PATIENCE, OFTEN, || {
        let seen = seen(site).map_err(|why| why.to_string())?;
        let wanted = json!({"spec": count, "desired": count, "running": count, "status": count, "share": SHARE.to_string()});
        if seen["counts"] == wanted {
            Ok(())
        } else {
            Err(seen.to_string())
        }
    })
    .unwrap();
}

/// The counts in the object, in ECS, and what the autoscaler makes of them.
fn seen(site: &Site) -> Result<Value, ecs_e2e::Error> {
    let object = site.kubectl().json(&["get", "ecssvc/worker"])?;
    let autoscaler = site.kubectl().json(&["get", "hpa/worker"])?;
    let input = json!({"cluster": "demo", "services": ["worker"]});
    let described = site.backend().ecs("DescribeServices", &input)?;
    let service = &described["services"][0];
    Ok(json!({
        "counts": {
            "spec": object["spec"]["desiredCount"],
            "desired": service["desiredCount"],
            "running": service["runningCount"],
            "status": object["status"]["runningCount"],
            "share": autoscaler.pointer("/status/currentMetrics/0/external/current/averageValue"),
        },
        "autoscaler": autoscaler["status"]["conditions"],
    }))
}

fn manifest(image: &str) -> String {
    format!(
        "apiVersion: ecs-operator.dev/v1alpha1
kind: EcsTaskDefinition
metadata: {{name: worker}}
spec:
  requiresCompatibilities: [FARGATE]
  networkMode: awsvpc
  cpu: 256
  memory: 512
  containerDefinitions: [{{name: app, image: '{image}'}}]
---
apiVersion: ecs-operator.dev/v1alpha1
kind: EcsService
metadata: {{name: worker}}
spec:
  clusterRef: {{name: demo}}
  taskDefinitionRef: {{name: worker}}
  launchType: FARGATE
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-abc123]}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: worker}}
spec:
  scaleTargetRef: {{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, name: worker}}
  minReplicas: 1
  maxReplicas: 10
  metrics:
  - type: External
    external:
      metric: {{name: {METRIC}}}
      target: {{type: AverageValue, averageValue: '{SHARE}'}}
  behavior:
    scaleDown: {{stabilizationWindowSeconds: 0}}
"
    )
}
