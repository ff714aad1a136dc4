//! A node, our image on it, and helm that installs our charts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ecs_e2e::audit::{self, Request};
use ecs_e2e::backend;
use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::helm::Helm;
use ecs_e2e::image;
use ecs_e2e::kubectl::Kubectl;
use ecs_e2e::node::{Node, Options};
use ecs_e2e::questions::Questions;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::scene;
use ecs_e2e::steps::Steps;
use serde_json::json;

/// The user that the API server takes the operator's pods for.
const USER: &str = "system:serviceaccount:ecs-operator-system:ecs-operator";
/// A demonstration whose state outlives its pods, looked at oftener than by default.
const VALUES: [&str; 6] = [
    "--set",
    "backend.enabled=true",
    "--set",
    "backend.persistence.enabled=true",
    "--set",
    "freshness.steadySeconds=10",
];

/// A cluster of one node with the release in it.
pub struct Site {
    /// The node and its control plane.
    pub node: Node,
    helm: Helm,
    backend: backend::Client,
    run: RunDir,
}

impl Site {
    /// Starts the node, gives it the image, makes a namespace that enforces the restricted Pod Security Standard, and installs both
    /// charts from a folder.
    pub fn installed_from(charts: impl FnOnce(&RunDir) -> std::path::PathBuf) -> Self {
        let run = RunDir::temporary().unwrap();
        let options = Options { audit: true };
        let node = Node::start(&run, &options, Steps::shown()).unwrap_or_else(|why| panic!("{why}"));
        let image = image::built(&scene::built_binaries().unwrap(), &run).unwrap();
        node.import_image(&image).unwrap();
        let helm = Helm::find_or_build(&run, Steps::shown())
            .unwrap()
            .for_cluster(&node.plane().kubeconfig());
        let mut site = Self {
            node,
            helm,
            backend: backend::Client::new(String::new()),
            run,
        };
        site.make_place();
        let charts = charts(&site.run);
        site.upgrade_crds(&charts);
        site.upgrade_operator(&charts);
        let service = ["get", "service", "ecs-operator-backend", "--namespace", NAMESPACE];
        let service = site.kubectl().json(&service).unwrap();
        let address = service["spec"]["clusterIP"].as_str().unwrap();
        site.backend = backend::Client::new(format!("http://{address}:4510"));
        site
    }

    /// The namespace, and a volume for the claim of the release: nothing on the node makes one.
    fn make_place(&self) {
        let folder = self.run.folder("volume").unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "backend"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": folder},
            "claimRef": {"namespace": NAMESPACE, "name": "ecs-operator-backend"}}});
        for object in [namespace, volume] {
            self.kubectl().apply(&object.to_string()).unwrap();
        }
    }

    /// Installs or upgrades the CRDs' chart.
    pub fn upgrade_crds(&self, charts: &Path) {
        self.upgrade(&charts.join("ecs-operator-crds"), "ecs-operator-crds", &[]);
    }

    /// Installs or upgrades the operator's chart, and waits until helm says that everything of it is ready.
    pub fn upgrade_operator(&self, charts: &Path) {
        self.upgrade(&charts.join("ecs-operator"), RELEASE, &VALUES);
    }

    fn upgrade(&self, chart: &Path, release: &str, values: &[&str]) {
        let chart = chart.to_string_lossy();
        let upgrade = [
            "upgrade",
            "--install",
            release,
            &chart,
            "--wait",
            "--timeout=120s",
        ];
        self.in_namespace(&[&upgrade, values].concat());
    }

    /// Helm, in the release's namespace.
    pub fn in_namespace(&self, arguments: &[&str]) -> String {
        let namespace = ["--namespace", NAMESPACE];
        self.helm
            .run(&[arguments, &namespace].concat())
            .unwrap_or_else(|why| panic!("{why}\n{}", self.pods()))
    }

    /// What there is to see of the pods where something is wrong.
    fn pods(&self) -> String {
        let tell = |arguments: &[&str]| {
            let all = [&["--namespace", NAMESPACE], arguments].concat();
            self.kubectl().run(&all).unwrap_or_else(|why| why.to_string())
        };
        let selected = "--selector=app.kubernetes.io/name=ecs-operator";
        [
            tell(&["get", "pods,pvc", "--output=wide"]),
            tell(&["get", "events"]),
            tell(&["logs", selected, "--tail=20", "--prefix"]),
        ]
        .join("\n")
    }

    /// Helm for this cluster.
    pub fn helm(&self) -> &Helm {
        &self.helm
    }

    /// What the operator's pods asked the API server for so far.
    pub fn requests(&self) -> BTreeSet<Request> {
        audit::requests(&self.run, USER).unwrap()
    }

    /// The calls that changed something in ECS since the backend's pod started.
    pub fn mutations(&self) -> BTreeMap<String, u64> {
        self.backend.mutations().unwrap()
    }

    /// What kubectl answers the administrator.
    pub fn ask(&self, arguments: &[&str]) -> String {
        self.kubectl().run(arguments).unwrap()
    }
}

impl Questions for Site {
    fn kubectl(&self) -> &Kubectl {
        self.node.kubectl()
    }

    fn backend(&self) -> &backend::Client {
        &self.backend
    }

    fn run(&self) -> &RunDir {
        &self.run
    }
}
