//! Both charts in a cluster of one node: the operator, and the backend beside it, in pods of our image.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Error;
use crate::backend;
use crate::charts::{NAMESPACE, RELEASE};
use crate::helm::Helm;
use crate::node::Node;
use crate::run_dir::RunDir;
use crate::steps::Steps;

/// The chart of the CRDs, and its release.
pub const CRDS: &str = "ecs-operator-crds";
/// The backend's Deployment, Service and claim.
pub const BACKEND: &str = "ecs-operator-backend";
/// A demonstration whose state outlives its pods, looked at oftener than by default.
const VALUES: [&str; 6] = [
    "--set",
    "backend.enabled=true",
    "--set",
    "backend.persistence.enabled=true",
    "--set",
    "freshness.steadySeconds=10",
];
/// Helm waits until pods are ready, accounts included.
const WAIT: &str = "--wait";
/// For so long.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is installed.
#[derive(Debug)]
pub struct Release {
    helm: Helm,
    backend: backend::Client,
}

impl Release {
    /// Makes a namespace that enforces the restricted Pod Security Standard and installs both charts of a folder in it. The node has to
    /// have the image; [`crate::image::built`] is one.
    ///
    /// # Errors
    /// As [`Self::upgrade_operator`].
    pub fn install(node: &Node, run: &RunDir, charts: &Path, steps: Steps) -> Result<Self, Error> {
        let helm = Helm::find_or_build(run, steps)?.for_cluster(&node.plane().kubeconfig());
        make_place(node, run)?;
        let mut release = Self {
            helm,
            backend: backend::Client::new(String::new()),
        };
        steps.run("chart ecs-operator-crds installed", |_| {
            release.upgrade_crds(charts)
        })?;
        steps.run("chart ecs-operator installed, its pods ready", |_| {
            release.upgrade_operator(node, charts)
        })?;
        Ok(release)
    }

    /// Installs or upgrades the CRDs' chart of a folder.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words.
    pub fn upgrade_crds(&self, charts: &Path) -> Result<(), Error> {
        self.upgrade(&charts.join(CRDS), CRDS, PATIENCE, &[])
    }

    /// Installs or upgrades the operator's chart of a folder, and waits until everything of it is ready.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words, and how the pods are.
    pub fn upgrade_operator(&mut self, node: &Node, charts: &Path) -> Result<(), Error> {
        self.upgrade_operator_within(PATIENCE, charts)
            .map_err(|why| with_pods(node, why))?;
        // A Service that is made again has another address.
        self.backend = backend(node)?;
        Ok(())
    }

    /// Upgrades the operator's chart to that of a folder, and waits for so long until everything of it is ready.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words.
    pub fn upgrade_operator_within(&self, patience: Duration, charts: &Path) -> Result<(), Error> {
        self.upgrade(&charts.join(RELEASE), RELEASE, patience, &VALUES)
    }

    /// Takes a release back to its first revision.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words.
    pub fn roll_back(&self, release: &str) -> Result<(), Error> {
        self.waiting(&["rollback", release, "1"], PATIENCE)
    }

    /// Uninstalls the operator's chart.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words.
    pub fn uninstall(&self) -> Result<(), Error> {
        self.waiting(&["uninstall", RELEASE], PATIENCE)
    }

    /// What `helm test` and the pod of it say.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words where it fails.
    pub fn test(&self) -> Result<String, Error> {
        self.in_namespace(&["test", RELEASE, "--logs"])
    }

    fn upgrade(&self, chart: &Path, release: &str, patience: Duration, values: &[&str]) -> Result<(), Error> {
        let chart = chart.to_string_lossy();
        let upgrade = ["upgrade", "--install", release, &chart];
        self.waiting(&[&upgrade, values].concat(), patience)
    }

    fn waiting(&self, arguments: &[&str], patience: Duration) -> Result<(), Error> {
        let timeout = format!("--timeout={}s", patience.as_secs());
        self.in_namespace(&[arguments, &[WAIT, &timeout]].concat())
            .map(drop)
    }

    fn in_namespace(&self, arguments: &[&str]) -> Result<String, Error> {
        self.helm.run(&[arguments, &["--namespace", NAMESPACE]].concat())
    }

    /// Helm for this cluster.
    pub fn helm(&self) -> &Helm {
        &self.helm
    }

    /// The backend, over its Service.
    pub fn backend(&self) -> &backend::Client {
        &self.backend
    }
}

/// The namespace, and a volume for the backend's claim, since nothing on the node makes one.
fn make_place(node: &Node, run: &RunDir) -> Result<(), Error> {
    let folder = run.folder("volume")?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))
        .map_err(Error::file("cannot open to everybody", &folder))?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": BACKEND}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": folder},
        "claimRef": {"namespace": NAMESPACE, "name": BACKEND}}});
    for object in [namespace, volume] {
        node.kubectl().apply(&object.to_string())?;
    }
    Ok(())
}

fn backend(node: &Node) -> Result<backend::Client, Error> {
    let service = node
        .kubectl()
        .json(&["get", "service", BACKEND, "--namespace", NAMESPACE])?;
    let address = service
        .pointer("/spec/clusterIP")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(backend::Client::new(format!("http://{address}:4510")))
}

/// What helm says of a release that does not come up, and what there is to see of its pods.
fn with_pods(node: &Node, why: Error) -> Error {
    let Error::Command {
        command,
        status,
        output,
    } = why
    else {
        return why;
    };
    let tell = |arguments: &[&str]| {
        let all = [&["--namespace", NAMESPACE], arguments].concat();
        node.kubectl().run(&all).unwrap_or_else(|why| why.to_string())
    };
    let pods = tell(&["get", "pods,persistentvolumeclaims", "--output=wide"]);
    let events = tell(&["get", "events", "--sort-by=.lastTimestamp"]);
    let selected = "--selector=app.kubernetes.io/name=ecs-operator";
    let logs = tell(&["logs", selected, "--tail=10", "--prefix"]);
    Error::Command {
        command,
        status,
        output: format!("{output}\n{pods}\n{events}\n{logs}"),
    }
}
