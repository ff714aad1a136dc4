//! The container instances that the samples for the EC2 launch type run on.

use std::time::Duration;

use ecs_e2e::backend::Client;
use ecs_e2e::{Error, poll};
use serde_json::{Value, json};

/// The samples' cluster.
const CLUSTER: &str = "demo";
/// One instance in each zone.
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
/// The operator makes the cluster within a second or two.
const CLUSTER_WITHIN: Duration = Duration::from_mins(1);

/// Waits for the cluster and registers what is missing of the instances.
pub fn register(backend: &Client) -> Result<(), Error> {
    poll::until(
        "the samples' cluster is not in ECS",
        CLUSTER_WITHIN,
        Duration::from_millis(200),
        || {
            let answer = backend
                .ecs("DescribeClusters", &json!({"clusters": [CLUSTER]}))
                .map_err(|why| why.to_string())?;
            let status = answer
                .pointer("/clusters/0/status")
                .and_then(Value::as_str)
                .unwrap_or("MISSING");
            if status == "ACTIVE" {
                Ok(())
            } else {
                Err(format!("cluster {CLUSTER} is {status}"))
            }
        },
    )?;
    let listed = backend.ecs("ListContainerInstances", &json!({"cluster": CLUSTER}))?;
    let there = listed
        .pointer("/containerInstanceArns")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    for (number, zone) in (1..).zip(ZONES).skip(there) {
        backend.register_instance(CLUSTER, number, zone)?;
    }
    Ok(())
}
