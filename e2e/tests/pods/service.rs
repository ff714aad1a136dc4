//! The sample service, which every part of the test scales to see that somebody acts.

use std::time::{Duration, Instant};

use ecs_e2e::poll;
use ecs_e2e::questions::{PATIENCE, Questions};
use serde_json::Value;

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
    let input = serde_json::json!({"cluster": "demo", "services": [NAME]});
    let seen = site.backend().ecs("DescribeServices", &input)?;
    Ok(seen.pointer("/services/0/desiredCount").and_then(Value::as_i64))
}
