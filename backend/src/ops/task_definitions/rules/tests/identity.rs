//! Family, containers, and what they demand of each other.

use serde_json::{Value, json};

use super::{all_say, bridge, changed, verdict};

#[test]
fn identity() {
    all_say(
        bridge,
        &[
            (json!({"family": ""}), "Family should not be null or empty."),
            (json!({"family": "a b"}), "Family contains invalid characters."),
            (
                json!({"family": "a".repeat(256)}),
                "Family contains invalid characters.",
            ),
            (
                json!({"containerDefinitions": []}),
                "Container list cannot be empty.",
            ),
            (
                json!({"containerDefinitions": vec![json!({"name": "a", "image": "b"}); 11]}),
                "Container list cannot have more than 10 containers, found 11.",
            ),
            (
                json!({"app": {"name": ""}}),
                "Container.name should not be null or empty.",
            ),
            (
                json!({"app": {"name": "a/b"}}),
                "Container.name contains invalid characters.",
            ),
            (
                json!({"app": {"image": null}}),
                "Container.image should not be null or empty.",
            ),
            (
                json!({"app": {"image": "a b"}}),
                "Container.image contains invalid characters.",
            ),
            (
                json!({"app": {"image": "public.ecr.aws/docker/library/httpd:latest"}}),
                "",
            ),
            (json!({"app": {"image": "httpd@sha256:0123"}}), ""),
            (
                json!({"side": {"name": "app"}}),
                "Container names must be unique within a task definition",
            ),
            (
                json!({"app": {"essential": false}}),
                "Task definition doesn't have any essential container.",
            ),
        ],
    );
    let long = changed(bridge(), &json!({"app": {"command": ["x".repeat(65_536)]}}));
    assert!(
        verdict(&long).ends_with("Max allowed length is '65536' bytes."),
        "{}",
        verdict(&long)
    );
}

#[test]
fn dependencies_timeouts_restarts() {
    let on = |container: &str, condition: &str| json!([{"containerName": container, "condition": condition}]);
    all_say(
        bridge,
        &[
            (
                json!({"app": {"dependsOn": on("nobody", "START")}}),
                "Cannot depend on container + 'nobody' because it does not exist",
            ),
            (
                json!({"side": {"dependsOn": on("app", "SUCCESS")}}),
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
            ),
            (
                json!({"side": {"dependsOn": on("app", "COMPLETE")}}),
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
            ),
            (json!({"app": {"dependsOn": on("side", "SUCCESS")}}), ""),
            (
                json!({"app": {"dependsOn": on("side", "HEALTHY")}}),
                "A dependency container with HEALTHY condition must have health check configured",
            ),
            (
                json!({"app": {"dependsOn": on("side", "HEALTHY")}, "side": {"healthCheck": {"command": ["CMD", "true"]}}}),
                "",
            ),
            (
                json!({"app": {"dependsOn": on("side", "START")}, "side": {"dependsOn": on("app", "START")}}),
                "The container dependency graph contains a cycle",
            ),
            (
                json!({"app": {"dependsOn": on("app", "START")}}),
                "The container dependency graph contains a cycle",
            ),
            (
                json!({"app": {"startTimeout": 1}}),
                "Granular start timeout on container 'app' must be at least 2 seconds.",
            ),
            (
                json!({"app": {"stopTimeout": 1}}),
                "Granular stop timeout on container 'app' must be at least 2 seconds.",
            ),
            (
                json!({"app": {"restartPolicy": {"enabled": true, "restartAttemptPeriod": 59}}}),
                "the 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800",
            ),
            (
                json!({"app": {"restartPolicy": {"enabled": true, "restartAttemptPeriod": 1800}}}),
                "",
            ),
            (
                json!({"app": {"restartPolicy": {"enabled": true, "ignoredExitCodes": vec![1; 51]}}}),
                "the 'ignoredExitCodes' setting for container 'app' must have at most 50 exit codes",
            ),
        ],
    );
}

#[test]
fn health_checks() {
    let check = |check: Value| json!({"app": {"healthCheck": check}});
    all_say(
        bridge,
        &[
            (
                check(json!({"command": ["curl", "x"]})),
                "The health check command of container 'app' must begin with CMD, CMD-SHELL or NONE.",
            ),
            (
                check(json!({"command": ["CMD-SHELL"]})),
                "The health check command of container 'app' has nothing after CMD-SHELL.",
            ),
            (check(json!({"command": ["NONE"]})), ""),
            (
                check(json!({"command": ["CMD", "x"], "interval": 4})),
                "The health check interval of container 'app' must be between 5 and 300.",
            ),
            (
                check(json!({"command": ["CMD", "x"], "timeout": 61})),
                "The health check timeout of container 'app' must be between 2 and 60.",
            ),
            (
                check(json!({"command": ["CMD", "x"], "retries": 0})),
                "The health check retries of container 'app' must be between 1 and 10.",
            ),
            (
                check(json!({"command": ["CMD", "x"], "startPeriod": 301})),
                "The health check startPeriod of container 'app' must be between 0 and 300.",
            ),
            (
                check(
                    json!({"command": ["CMD", "x"], "interval": 5, "timeout": 2, "retries": 10, "startPeriod": 0}),
                ),
                "",
            ),
        ],
    );
}
