//! Installing, upgrading and removing the charts with real helm, as far as that goes without a node: the operator runs here as a process, with the
//! arguments of the chart's Deployment and the token of the chart's service account.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use ecs_e2e::audit::{self, Request};
use ecs_e2e::charts::{self, NAMESPACE, RELEASE};
use ecs_e2e::helm::{self, Helm};
use ecs_e2e::scene::{self, PATIENCE, Scene};
use ecs_e2e::stack::{Options, Stack};
use ecs_e2e::steps::Steps;
use ecs_e2e::{operator, poll};
use serde_json::{Value, json};

/// The user that the API server takes the operator for.
const USER: &str = "system:serviceaccount:ecs-operator-system:ecs-operator";
const NOWHERE: [&str; 0] = [];

/// A stack in which nothing of ours is installed yet, and helm for it.
struct Installation {
    scene: Scene,
    helm: Helm,
}

impl Installation {
    fn new() -> Self {
        let options = Options {
            with_crds: false,
            audit: true,
            ..scene::options().unwrap()
        };
        let stack = Stack::without_operator(&options, Steps::quiet()).unwrap();
        let helm = Helm::find_or_build(stack.run(), Steps::quiet())
            .unwrap()
            .for_cluster(&stack.plane().kubeconfig());
        let scene = Scene::of(stack);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
        scene.kubectl().apply(&namespace.to_string()).unwrap();
        Self { scene, helm }
    }

    fn install_crds(&self) {
        let chart = helm::charts().join("ecs-operator-crds");
        self.helm
            .run(&[
                "upgrade",
                "--install",
                "ecs-operator-crds",
                chart.to_str().unwrap(),
                "--namespace",
                NAMESPACE,
            ])
            .unwrap();
        self.scene
            .kubectl()
            .run(&[
                "wait",
                "--for=condition=Established",
                "crd",
                "--all",
                "--timeout=60s",
            ])
            .unwrap();
        poll::until(
            "the kinds are not served",
            PATIENCE,
            std::time::Duration::from_millis(200),
            || {
                let get = self.scene.kubectl().run(&["get", "ecs", "--all-namespaces"]);
                get.map(drop).map_err(|why| why.to_string())
            },
        )
        .unwrap();
    }

    /// Installs or upgrades the operator's chart with an account at this stack's backend.
    fn install(&self, values: &[&str]) {
        let chart = helm::charts().join("ecs-operator");
        let account = json!([{"name": "default", "spec": {"accountId": "123456789012", "region": "us-east-1",
            "endpoint": self.scene.backend().url(), "namespaces": {"selector": {}},
            "allow": {"resourceNames": ["*"], "taskRoles": ["*"], "executionRoles": ["*"]}}}]);
        let account = format!("accounts={account}");
        let fixed = [
            "upgrade",
            "--install",
            RELEASE,
            chart.to_str().unwrap(),
            "--namespace",
            NAMESPACE,
            "--set",
            "freshness.steadySeconds=10",
            "--set-json",
            &account,
        ];
        self.helm.run(&[&fixed, values].concat()).unwrap();
    }

    /// What the Deployment's container is started with.
    fn arguments(&self) -> Vec<String> {
        let deployment = ["get", "deployment", RELEASE, "--namespace", NAMESPACE];
        let deployment = self.scene.kubectl().json(&deployment).unwrap();
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let arguments = container["args"].as_array().unwrap().iter();
        arguments
            .map(|argument| argument.as_str().unwrap().replace("$(POD_NAME)", "pod"))
            .filter(|argument| argument != "run" && !argument.starts_with("--admin-listen"))
            .collect()
    }

    /// Runs the operator as the chart's pod would be, as its service account.
    fn start_operator(&mut self) {
        let arguments = self.arguments();
        let stack = self.scene.stack();
        let kubeconfig = stack
            .plane()
            .kubeconfig_of(stack.run(), NAMESPACE, RELEASE)
            .unwrap();
        let options = stack.operator_options();
        options.kubeconfig = kubeconfig;
        options.flags = arguments;
        stack.start_operator().unwrap();
    }

    fn requests(&mut self) -> BTreeSet<Request> {
        audit::requests(self.scene.stack().run(), USER).unwrap()
    }

    fn mutations(&self) -> std::collections::BTreeMap<String, u64> {
        self.scene.backend().mutations().unwrap()
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.scene.kubectl().run(arguments).unwrap()
    }

    /// Every right that the chart gave the operator: `verb group resource name`, with a namespace where it is of a Role.
    fn rights(&self) -> BTreeSet<String> {
        let mut rights = BTreeSet::new();
        for (kind, all) in [("clusterroles", &[][..]), ("roles", &["--all-namespaces"][..])] {
            let roles = self
                .scene
                .kubectl()
                .json(&[&["get", kind, "-l", "app.kubernetes.io/name=ecs-operator"], all].concat());
            for role in roles.unwrap()["items"].as_array().unwrap() {
                let name = role["metadata"]["name"].as_str().unwrap();
                // Those for people, and that of the self-test, are not the operator's.
                if name.contains(':') || name.ends_with("-selftest") {
                    continue;
                }
                for rule in role["rules"].as_array().unwrap() {
                    rights.extend(rights_of(
                        rule,
                        role["metadata"]["namespace"].as_str().unwrap_or_default(),
                    ));
                }
            }
        }
        rights
    }
}

fn rights_of(rule: &Value, namespace: &str) -> Vec<String> {
    let list = |part: &str| -> Vec<String> {
        let words = rule[part].as_array().into_iter().flatten();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut names = list("resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut all = Vec::new();
    for (group, resource) in list("apiGroups").iter().flat_map(|group| {
        list("resources")
            .into_iter()
            .map(move |resource| (group.clone(), resource))
    }) {
        for verb in list("verbs") {
            for name in &names {
                all.push(format!("{namespace}|{verb} {group} {resource}|{name}"));
            }
        }
    }
    all
}

/// Whether a request was made by this right.
fn used(right: &str, requests: &BTreeSet<Request>) -> bool {
    let mut parts = right.split('|');
    let (namespace, what, name) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    requests.iter().any(|request| {
        (namespace.is_empty() || request.namespace == namespace)
            && (name.is_empty() || request.name == name)
            && what == format!("{} {} {}", request.verb, request.group, request.resource)
    })
}

/// A cluster, a provider, a definition and a service whose whole lives need every call that the operator makes.
fn whole_life(phase: u32) -> String {
    let (settings, capacity, image, tags, count) = match phase {
        0 => (
            "disabled",
            100,
            "nginx:1",
            json!([{"key": "team", "value": "a"}]),
            1,
        ),
        1 => ("enabled", 90, "nginx:2", json!([]), 2),
        // Nothing of the cluster but its settings and tags.
        _ => (
            "enhanced",
            90,
            "nginx:2",
            json!([{"key": "team", "value": "b"}]),
            2,
        ),
    };
    let exec = match phase {
        0 => Value::Null,
        _ => json!({"executeCommandConfiguration": {"logging": "NONE"}}),
    };
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec});
    let mut cluster = json!({"settings": [{"name": "containerInsights", "value": settings}], "capacityProviders": ["FARGATE"],
        "capacityProviderRefs": [{"name": "life"}], "tags": tags});
    if !exec.is_null() {
        cluster["configuration"] = exec;
    }
    let group = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:00000000-0000-4000-8000-000000000001:autoScalingGroupName/life";
    let provider = json!({"autoScalingGroupProvider": {"autoScalingGroupArn": group, "managedScaling": {"status": "ENABLED", "targetCapacity": capacity}}});
    let definition = json!({"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": image, "essential": true}],
        "management": {"revisionHistoryLimit": 0, "deleteRevisions": true}});
    let service = json!({"clusterRef": {"name": "life"}, "taskDefinitionRef": {"name": "life"}, "desiredCount": count, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}, "tags": tags});
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [
        object("CapacityProvider", "life", provider), object("EcsCluster", "life", cluster),
        object("EcsTaskDefinition", "life", definition), object("EcsService", "life", service)]});
    all.to_string()
}

#[test]
#[ignore = "needs the tools, helm and the binaries: cargo xtask test"]
fn a_release_needs_just_its_rights_and_survives_upgrade_and_removal() {
    let mut at = Installation::new();
    at.install_crds();
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
    every_call_is_in_the_policy_and_every_action_was_called(&at);
    no_request_is_forbidden_and_no_right_unused(&mut at);

    old_crds_are_refused_and_upgraded(&mut at);
    removed_and_installed_again(&mut at, &folder);
    in_namespaces_only(&mut at);
}

/// Server-side dry run of every committed set; but for the Prometheus operator's kinds, which this API server does not have.
fn every_set_is_accepted(at: &Installation) {
    for set in charts::sets().unwrap() {
        let golden = fs::read_to_string(set.golden()).unwrap();
        let known: Vec<&str> = golden
            .split("\n---")
            .filter(|document| !document.contains("monitoring.coreos.com") && document.contains("kind: "))
            .collect();
        for namespace in ["shop", "billing"] {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            at.scene.kubectl().apply(&object.to_string()).unwrap();
        }
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
            .feed(&dry, &known.join("\n---"))
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
    let template = helm::charts().join("ecs-operator");
    let rendered = at
        .helm
        .run(&["get", "hooks", RELEASE, "--namespace", NAMESPACE])
        .unwrap();
    assert!(
        rendered.contains("selftest"),
        "{}: {rendered}",
        template.display()
    );
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
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("ecs_operator_")) {
            let there = metrics
                .lines()
                .any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
            assert!(there, "{file} names {name}, which is not in /metrics:\n{metrics}");
        }
    }
}

fn every_call_is_in_the_policy_and_every_action_was_called(at: &Installation) {
    let scene = &at.scene;
    for phase in [0, 1, 2] {
        scene.kubectl().apply(&whole_life(phase)).unwrap();
        for object in ["ecscp/life", "ecscl/life", "ecstd/life", "ecssvc/life"] {
            scene.until_ready(object, "True", &[]).unwrap();
        }
    }
    // A count that is scaled twice has an Event that repeats.
    for count in ["3", "2", "1"] {
        scene
            .kubectl()
            .run(&["scale", "ecssvc/life", &format!("--replicas={count}")])
            .unwrap();
        scene.until_ready("ecssvc/life", "True", &["Completed"]).unwrap();
    }
    let delete = [
        "delete",
        "ecssvc/life",
        "ecstd/life",
        "ecscl/life",
        "ecscp/life",
        "--timeout=90s",
    ];
    scene.kubectl().run(&delete).unwrap();
    let operator = scene::built_binaries().unwrap().join("ecs-operator");
    let printed = Command::new(operator).arg("iam-policy").output().unwrap();
    let policy: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let allowed: BTreeSet<String> = statements
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().trim_start_matches("ecs:").to_owned())
        .collect();
    // Not the operator's: the instances are registered by this test, and STS needs no right.
    let made: BTreeSet<String> = scene
        .backend()
        .calls()
        .unwrap()
        .into_keys()
        .filter(|operation| !["RegisterContainerInstance", "GetCallerIdentity"].contains(&operation.as_str()))
        .collect();
    assert_eq!(
        made, allowed,
        "left: calls that were made; right: what the policy allows"
    );
}

fn no_request_is_forbidden_and_no_right_unused(at: &mut Installation) {
    let requests = at.requests();
    let forbidden: Vec<&Request> = requests.iter().filter(|request| request.forbidden).collect();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
    let unused: Vec<String> = at
        .rights()
        .into_iter()
        .filter(|right| !used(right, &requests))
        .collect();
    assert_eq!(unused, NOWHERE, "rights that nothing used");
}

/// CRDs of an older release: the operator does not become ready and says why, until they are upgraded; ECS is not touched.
fn old_crds_are_refused_and_upgraded(at: &mut Installation) {
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
        std::time::Duration::from_millis(200),
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
    at.install_crds_by_force();
    poll::until(
        "the operator does not become ready",
        PATIENCE,
        std::time::Duration::from_millis(200),
        || {
            if waiting.is_ready() {
                Ok(())
            } else {
                Err("not ready".to_owned())
            }
        },
    )
    .unwrap();
    drop(waiting);
    at.start_operator();
    at.scene
        .until_ready("ecssvc/sample-fargate", "True", &[])
        .unwrap();
    assert_eq!(
        at.mutations(),
        before,
        "an upgrade of CRDs changed something in ECS"
    );
}

impl Installation {
    /// The chart's CRDs over what somebody else changed by hand.
    fn install_crds_by_force(&self) {
        let chart = helm::charts().join("ecs-operator-crds");
        self.helm
            .run(&[
                "upgrade",
                "ecs-operator-crds",
                chart.to_str().unwrap(),
                "--namespace",
                NAMESPACE,
                "--force-conflicts",
            ])
            .unwrap();
    }
}

/// Uninstalled: CRDs, accounts and objects stay, ECS is as it was. Installed again: everything is taken up.
fn removed_and_installed_again(at: &mut Installation, folder: &str) {
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
    at.scene.until_samples_are_as_expected(folder).unwrap();
    at.scene
        .kubectl()
        .run(&["scale", "ecssvc/sample-fargate", "--replicas=4"])
        .unwrap();
    at.scene
        .until(
            "ecssvc/sample-fargate",
            |read| match read["status"]["runningCount"].as_i64() {
                Some(4) => Ok(()),
                _ => Err(read["status"].to_string()),
            },
        )
        .unwrap();
    let mut after = at.mutations();
    if let Some(updates) = after.get_mut("UpdateService") {
        // The scaling above.
        *updates -= 1;
    }
    assert_eq!(after, before, "installing again changed something in ECS");
}

/// With `watchNamespaces`, Roles in those namespaces do, and what is elsewhere is left alone.
fn in_namespaces_only(at: &mut Installation) {
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
    let wait = [
        "wait",
        "--for=condition=Ready",
        "ecscl/of-shop",
        "-n",
        "shop",
        "--timeout=60s",
    ];
    at.kubectl(&wait);
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
