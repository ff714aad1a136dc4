//! What ECS holds, and the sample service, which every part of the test scales to see that somebody acts.

use std::time::{Duration, Instant};

use ecs_e2e::poll;
use ecs_e2e::questions::{PATIENCE, Questions};
use serde_json::{Value, json};

use crate::site::Site;

/// How often ECS is looked at.
const OFTEN: Duration = Duration::from_millis(100);
/// What it is called in Kubernetes and in ECS.
const NAME: &str = "sample-fargate";

/// Scales it and waits until ECS was told; how long that took.
pub fn scale(site: &Site, count: i64) -> Duration {
    let start = Instant::now();
    site.ask(&["scale", &format!("ecssvc/{NAME}"), &format!("--replicas={count}")]);
    poll::until(&format!("nobody scales to {count}"), PATIENCE, OFTEN, || {
        // The backend's pod may be on its way.
        let seen = desired(site).map_err(|why| why.to_string())?;
        if seen == Some(count) {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    })
    .unwrap();
    start.elapsed()
}

/// Waits until the object says that so many tasks run.
pub fn until_running(site: &Site, count: i64) {
    site.until(
        &format!("ecssvc/{NAME}"),
        |read| match read["status"]["runningCount"].as_i64() {
            Some(running) if running == count => Ok(()),
            _ => Err(read["status"].to_string()),
        },
    )
    .unwrap();
}

fn desired(site: &Site) -> Result<Option<i64>, ecs_e2e::Error> {
    let input = json!({"cluster": "demo", "services": [NAME]});
    let seen = site.backend().ecs("DescribeServices", &input)?;
    Ok(seen.pointer("/services/0/desiredCount").and_then(Value::as_i64))
}

/// Clusters, revisions, services and deployments with what tells them from others made anew in their place.
pub fn identities(site: &Site) -> Value {
    let ask = |operation: &str, input: Value| site.backend().ecs(operation, &input).unwrap();
    let clusters = ask("ListClusters", json!({}));
    let mut services = Vec::new();
    for cluster in clusters["clusterArns"].as_array().unwrap() {
        let listed = ask("ListServices", json!({"cluster": cluster}));
        if listed["serviceArns"] == json!([]) {
            continue;
        }
        let seen = ask(
            "DescribeServices",
            json!({"cluster": cluster, "services": listed["serviceArns"]}),
        );
        for service in seen["services"].as_array().unwrap() {
            let deployments = service["deployments"].as_array().unwrap().iter();
            let deployments: Vec<&Value> = deployments.map(|deployment| &deployment["id"]).collect();
            services.push(json!([service["serviceArn"], service["createdAt"], deployments]));
        }
    }
    let revisions =
        ["ACTIVE", "INACTIVE"].map(|status| ask("ListTaskDefinitions", json!({"status": status})));
    json!({
        "clusters": clusters["clusterArns"],
        "revisions": revisions,
        "services": services,
    })
}
