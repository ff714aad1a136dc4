//! A stack, and helm that installs into it.

use std::collections::{BTreeMap, BTreeSet};

use ecs_e2e::audit::{self, Request};
use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::helm::{self, Helm};
use ecs_e2e::questions::Questions;
use ecs_e2e::scene::{self, Scene};
use ecs_e2e::stack::{self, Options, Stack};
use ecs_e2e::steps::Steps;
use serde_json::json;

/// The user that the API server takes the operator for.
const USER: &str = "system:serviceaccount:ecs-operator-system:ecs-operator";

/// A stack in which nothing of ours is installed yet, and helm for it.
pub struct Installation {
    /// The stack, with the questions that tests ask of it.
    pub scene: Scene,
    /// Helm for its cluster.
    pub helm: Helm,
}

impl Installation {
    /// Starts the stack, and makes the operator's namespace, which enforces the restricted Pod Security Standard.
    pub fn new() -> Self {
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

    /// Installs or upgrades the CRDs' chart.
    pub fn install_crds(&self, flags: &[&str]) {
        self.upgrade("ecs-operator-crds", flags);
        let wait = [
            "wait",
            "--for=condition=Established",
            "crd",
            "--all",
            "--timeout=60s",
        ];
        self.kubectl(&wait);
        stack::until_served(self.scene.kubectl()).unwrap();
    }

    /// Installs or upgrades the operator's chart with an account at this stack's backend.
    pub fn install(&self, values: &[&str]) {
        let account = json!([{"name": "default", "spec": {"accountId": "123456789012", "region": "us-east-1",
            "endpoint": self.scene.backend().url(), "namespaces": {"selector": {}},
            "allow": {"resourceNames": ["*"], "taskRoles": ["*"], "executionRoles": ["*"]}}}]);
        let account = format!("accounts={account}");
        let fixed = ["--set", "freshness.steadySeconds=10", "--set-json", &account];
        self.upgrade("ecs-operator", &[&fixed, values].concat());
    }

    /// The release has the chart's name.
    fn upgrade(&self, chart: &str, flags: &[&str]) {
        let path = helm::charts().join(chart);
        let upgrade = [
            "upgrade",
            "--install",
            chart,
            path.to_str().unwrap(),
            "--namespace",
            NAMESPACE,
        ];
        self.helm.run(&[&upgrade, flags].concat()).unwrap();
    }

    /// What the Deployment's container is started with.
    pub fn arguments(&self) -> Vec<String> {
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
    pub fn start_operator(&mut self) {
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

    /// What the operator asked the API server for so far.
    pub fn requests(&self) -> BTreeSet<Request> {
        audit::requests(self.scene.run(), USER).unwrap()
    }

    /// The calls that changed something in ECS so far.
    pub fn mutations(&self) -> BTreeMap<String, u64> {
        self.scene.backend().mutations().unwrap()
    }

    /// What kubectl answers the administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.scene.kubectl().run(arguments).unwrap()
    }
}
