//! Installing, upgrading and removing the charts with real helm, as far as that goes without a node: the operator runs here as a process, with the
//! arguments of the chart's Deployment and the token of the chart's service account.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod installation;
mod releases;
mod rights;

use std::fs;
use std::process::Command;

use ecs_e2e::charts::{self, NAMESPACE, RELEASE};
use ecs_e2e::questions::Questions;
use ecs_e2e::{helm, scene};
use serde_json::{Value, json};

use installation::Installation;

#[test]
#[ignore = "needs the tools, helm and the binaries: cargo xtask test"]
fn a_release_needs_just_its_rights_and_survives_upgrade_and_removal() {
    let mut at = Installation::new();
    // First, since the wait for ours is for them as well.
    at.kubectl(&["apply", "--server-side", "-f", &prometheus_operators_kinds()]);
    at.install_crds(&[]);
    at.install(&[]);
    every_set_is_accepted(&at);
    the_pod_meets_the_restricted_standard(&at);
    at.start_operator();

    let folder = at.scene.samples().unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    // The account is the release's own.
    fs::remove_file(format!("{folder}/00-account.yaml")).unwrap();
    at.kubectl(&["apply", "--server-side", "-f", &folder]);
    at.scene.register_instances().unwrap();
    at.scene.until_samples_are_as_expected(&folder).unwrap();
    selftest_passes(&at);
    the_metrics_of_alerts_exist(&mut at);
    rights::every_call_is_in_the_policy_and_every_action_was_called(&at);
    rights::no_request_is_forbidden_and_no_right_unused(&at);

    releases::old_crds_are_refused_and_upgraded(&mut at, &folder);
    releases::removed_and_installed_again(&mut at, &folder);
    releases::in_namespaces_only(&mut at);
}

/// The folder of the CRDs that the Prometheus operator's kinds are checked against.
fn prometheus_operators_kinds() -> String {
    format!("{}/charts/monitoring", env!("CARGO_MANIFEST_DIR"))
}

/// Server-side dry run of every committed set, in the namespaces that they name.
fn every_set_is_accepted(at: &Installation) {
    for namespace in ["shop", "billing", "123"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        at.scene.kubectl().apply(&object.to_string()).unwrap();
    }
    for set in charts::sets().unwrap() {
        let golden = fs::read_to_string(set.golden()).unwrap();
        let documents: Vec<&str> = golden
            .split("\n---")
            .filter(|document| document.contains("kind: "))
            .collect();
        let dry = [
            "apply",
            "--server-side",
            "--dry-run=server",
            "--force-conflicts",
            "-f",
            "-",
        ];
        at.scene
            .kubectl()
            .feed(&dry, &documents.join("\n---"))
            .unwrap_or_else(|why| panic!("{}: {why}", set.name));
    }
}

/// The namespace enforces the restricted Pod Security Standard, so the API server says whether the Deployment's pod may run.
fn the_pod_meets_the_restricted_standard(at: &Installation) {
    let deployment = at
        .scene
        .kubectl()
        .json(&["get", "deployment", RELEASE, "--namespace", NAMESPACE]);
    let template = &deployment.unwrap()["spec"]["template"];
    let pod = |spec: &Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try", "namespace": NAMESPACE}, "spec": spec}).to_string()
    };
    let dry = ["create", "--dry-run=server", "-f", "-"];
    at.scene.kubectl().feed(&dry, &pod(&template["spec"])).unwrap();
    let mut privileged = template["spec"].clone();
    privileged["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let told = at
        .scene
        .kubectl()
        .feed(&dry, &pod(&privileged))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("restricted"),
        "the namespace enforces nothing: {told}"
    );
}

/// What the pod of `helm test` does, as its own service account.
fn selftest_passes(at: &Installation) {
    let rendered = at
        .helm
        .run(&["get", "hooks", RELEASE, "--namespace", NAMESPACE])
        .unwrap();
    assert!(rendered.contains("selftest"), "{rendered}");
    at.scene.kubectl().apply(&rendered).unwrap();
    let run = at.scene.run();
    let kubeconfig = at
        .scene
        .plane()
        .kubeconfig_of(run, NAMESPACE, &format!("{RELEASE}-selftest"))
        .unwrap();
    let output = Command::new(scene::built_binaries().unwrap().join("ecs-operator"))
        .args(["selftest", "--namespace", NAMESPACE])
        .env("KUBECONFIG", kubeconfig)
        .output()
        .unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{failed}");
    assert!(said.contains("task-definition/ecs-operator-selftest:1"), "{said}");
}

/// The metrics that alerts and dashboard name are those of a running operator.
fn the_metrics_of_alerts_exist(at: &mut Installation) {
    let metrics = at.scene.stack().operator().unwrap().metrics().unwrap();
    let files = helm::charts().join("ecs-operator/files");
    for file in ["alerts.yaml", "dashboard.json"] {
        let text = fs::read_to_string(files.join(file)).unwrap();
        for name in charts::metrics_in(&text) {
            let there = metrics
                .lines()
                .any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
            assert!(there, "{file} names {name}, which is not in /metrics:\n{metrics}");
        }
    }
}
