//! The second seed's own pair, which ECS refuses: it is said plainly, and it heals when the definition is corrected.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use ecs_e2e::questions::Questions;
use ecs_e2e::samples;
use ecs_e2e::scene::Scene;
use serde_json::json;

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn the_refused_pair_says_why_and_heals() {
    let scene = Scene::start().unwrap();
    for sample in [
        "00-account.yaml",
        "01-cluster.yaml",
        "refused/1-service-and-definition.yaml",
    ] {
        scene.apply_sample(sample).unwrap();
    }
    let read = scene
        .until_ready(
            "ecssvc/my-app-service",
            "False",
            &["Refused", "InvalidSpec", "Retrying"],
        )
        .unwrap();
    let message = samples::condition(&read, "Ready").unwrap()["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("Task definition does not support launch_type FARGATE."),
        "{message}"
    );

    scene.apply_sample("refused/2-corrected-definition.yaml").unwrap();
    let healed = scene.until_ready("ecssvc/my-app-service", "True", &[]).unwrap();
    assert_eq!(
        healed.pointer("/status/runningCount"),
        Some(&json!(3)),
        "{}",
        healed["status"]
    );
}
