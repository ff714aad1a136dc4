//! One release after another: older CRDs, removal and a new installation, other values.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use ecs_e2e::audit::Request;
use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::{operator, poll};
use serde_json::{Value, json};

use crate::installation::Installation;

/// How often is looked.
const OFTEN: Duration = Duration::from_millis(200);

/// CRDs of an older release: the operator does not become ready and says why, until they are upgraded; ECS is not touched.
pub fn old_crds_are_refused_and_upgraded(at: &mut Installation, folder: &str) {
    at.scene.stack().stop_operator();
    let before = at.mutations();
    let remove = json!([{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/taskStates"}]);
    let crd = "ecsservices.ecs-operator.dev";
    // The objects that stand in the way of nothing: a schema that loses a member keeps what is stored.
    at.kubectl(&["patch", "crd", crd, "--type=json", "-p", &remove.to_string()]);
    let arguments = at.arguments();
    let stack = at.scene.stack();
    let mut options = stack.operator_options().clone();
    "old-crds".clone_into(&mut options.name);
    options.flags = arguments;
    let run = stack.run().clone();
    let waiting = operator::Operator::start_unready(&options, &run).unwrap();
    let log = waiting.log().to_owned();
    let reason = "EcsService.status.taskStates is missing";
    poll::until(
        "the operator does not say what is missing",
        PATIENCE,
        OFTEN,
        || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.contains(reason) && said.contains("older than") {
                Ok(())
            } else {
                Err(said)
            }
        },
    )
    .unwrap();
    assert!(!waiting.is_ready(), "ready with CRDs that are too old");
    // Over what was changed by hand.
    at.install_crds(&["--force-conflicts"]);
    poll::until("the operator does not become ready", PATIENCE, OFTEN, || {
        if waiting.is_ready() {
            Ok(())
        } else {
            Err("not ready".to_owned())
        }
    })
    .unwrap();
    drop(waiting);
    at.start_operator();
    is_taken_up(at, folder, before, 2);
}

/// Uninstalled: CRDs, accounts and objects stay, ECS is as it was. Installed again: everything is taken up.
pub fn removed_and_installed_again(at: &mut Installation, folder: &str) {
    let before = at.mutations();
    at.scene.stack().stop_operator();
    at.helm
        .run(&["uninstall", RELEASE, "--namespace", NAMESPACE])
        .unwrap();
    let left = at.kubectl(&[
        "get",
        "deployments,serviceaccounts,roles,rolebindings",
        "-n",
        NAMESPACE,
        "-o",
        "name",
    ]);
    assert!(!left.contains(&format!("/{RELEASE}\n")), "{left}");
    assert!(
        at.kubectl(&["get", "awsaccounts", "-o", "name"])
            .contains("/default")
    );
    at.scene.until_samples_are_as_expected(folder).unwrap();
    at.install(&[]);
    at.start_operator();
    is_taken_up(at, folder, before, 4);
}

/// Somebody acts again: the service gets another count, and that is all that is changed in ECS.
fn is_taken_up(at: &Installation, folder: &str, mut before: BTreeMap<String, u64>, count: u64) {
    let replicas = format!("--replicas={count}");
    at.kubectl(&["scale", "ecssvc/sample-fargate", &replicas]);
    let runs = |read: &Value| match read["status"]["runningCount"].as_u64() {
        Some(running) if running == count => Ok(()),
        _ => Err(read["status"].to_string()),
    };
    at.scene.until("ecssvc/sample-fargate", runs).unwrap();
    at.scene.until_samples_are_as_expected(folder).unwrap();
    *before.entry("UpdateService".to_owned()).or_default() += 1;
    assert_eq!(at.mutations(), before, "more than the scaling was changed in ECS");
}

/// With `watchNamespaces`, Roles in those namespaces do, and what is elsewhere is left alone.
pub fn in_namespaces_only(at: &mut Installation) {
    at.scene.stack().stop_operator();
    at.install(&["--set", "watchNamespaces={default,shop}"]);
    at.start_operator();
    let cluster = |namespace: &str| {
        json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
            "metadata": {"name": format!("of-{namespace}"), "namespace": namespace}, "spec": {}})
        .to_string()
    };
    for namespace in ["shop", "billing"] {
        at.scene.kubectl().apply(&cluster(namespace)).unwrap();
    }
    at.scene.kubectl().wait_ready("shop", "ecscl/of-shop").unwrap();
    at.scene
        .until_ready("ecssvc/sample-fargate", "True", &[])
        .unwrap();
    let ignored = at
        .scene
        .kubectl()
        .json(&["get", "ecscl/of-billing", "-n", "billing"])
        .unwrap();
    assert!(ignored["status"]["conditions"].is_null(), "{}", ignored["status"]);
    let forbidden: Vec<Request> = at
        .requests()
        .into_iter()
        .filter(|request| request.forbidden)
        .collect();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
}
