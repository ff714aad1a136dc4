//! The whole: control plane, CRDs, backend, operator. One place for `cargo xtask up` and for the tests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::controlplane::{self, ControlPlane};
use crate::free_ports::free_ports;
use crate::kubectl::Kubectl;
use crate::run_dir::RunDir;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::{Error, backend, operator, poll};
use backend::Backend;
use operator::Operator;

/// A CRD is Established half a second after it was applied.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

/// A running stack. Dropping it stops it in this order: operator, backend, kube-apiserver, etcd.
#[derive(Debug)]
pub struct Stack {
    // Fields are dropped in this order.
    operator: Option<Operator>,
    backend: Backend,
    plane: ControlPlane,
    operator_options: operator::Options,
    run: RunDir,
}

/// What may be chosen about a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds the binaries `ecs-backend` and `ecs-operator`.
    pub binaries: PathBuf,
    /// Keeps the state of etcd and the backend here; a temporary folder where absent.
    pub keep_data: Option<PathBuf>,
    /// The backend's timing, `fast` or `aws`.
    pub timing: String,
    /// kube-apiserver's port; a free one where absent.
    pub apiserver_port: Option<u16>,
    /// The backend's port; a free one where absent.
    pub backend_port: Option<u16>,
    /// The operator's port for `/readyz` and `/metrics`; a free one where absent.
    pub operator_port: Option<u16>,
    /// Further flags of `ecs-operator run`.
    pub operator_flags: Vec<String>,
    /// Whether the CRDs are installed; a test of installing them does it itself.
    pub with_crds: bool,
    /// Whether the API server writes an audit log.
    pub audit: bool,
}

impl Options {
    /// Free ports, fast timing, nothing kept.
    pub fn ephemeral(binaries: PathBuf) -> Self {
        Self {
            binaries,
            keep_data: None,
            timing: "fast".to_owned(),
            apiserver_port: None,
            backend_port: None,
            operator_port: None,
            operator_flags: Vec::new(),
            with_crds: true,
            audit: false,
        }
    }
}

impl Stack {
    /// Starts everything and waits until everything is ready.
    ///
    /// # Errors
    /// Whichever part does not come up, with the end of its log.
    pub fn start(options: &Options, steps: Steps) -> Result<Self, Error> {
        let mut stack = Self::without_operator(options, steps)?;
        steps.run("operator ready", |_| stack.start_operator())?;
        Ok(stack)
    }

    /// Everything but the operator, which [`Self::start_operator`] starts.
    ///
    /// # Errors
    /// Whichever part does not come up, with the end of its log.
    pub fn without_operator(options: &Options, steps: Steps) -> Result<Self, Error> {
        let backend_binary = binary(&options.binaries, "ecs-backend")?;
        let operator_binary = binary(&options.binaries, "ecs-operator")?;
        let run = match &options.keep_data {
            Some(folder) => RunDir::at(folder)?,
            None => RunDir::temporary()?,
        };
        let [free_backend, free_operator] = free_ports()?;
        let (backend_port, admin_port) = (
            options.backend_port.unwrap_or(free_backend),
            options.operator_port.unwrap_or(free_operator),
        );
        let tools = Tools::find_or_build(steps)?;
        let plane_options = controlplane::Options {
            port: options.apiserver_port,
            durable: options.keep_data.is_some(),
            audit: options.audit,
            members: None,
        };
        let plane = steps.run("etcd and kube-apiserver ready", |_| {
            ControlPlane::start(&tools, &run, &plane_options)
        })?;
        if options.with_crds {
            steps.run("CRDs established", |_| establish_crds(&plane))?;
        }
        let backend_options = backend::Options {
            binary: backend_binary,
            port: backend_port,
            timing: options.timing.clone(),
            data: options
                .keep_data
                .as_ref()
                .map(|_| run.folder("backend"))
                .transpose()?,
        };
        let backend = steps.run("backend ready", |_| Backend::start(&backend_options, &run))?;
        let operator_options = operator::Options {
            binary: operator_binary,
            kubeconfig: plane.kubeconfig(),
            admin_port,
            name: "ecs-operator".to_owned(),
            flags: options.operator_flags.clone(),
        };
        Ok(Self {
            operator: None,
            backend,
            plane,
            operator_options,
            run,
        })
    }

    /// Starts the operator, or starts it again after [`Operator::kill`].
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Timeout`] where it does not become ready.
    pub fn start_operator(&mut self) -> Result<(), Error> {
        self.operator = None;
        self.operator = Some(Operator::start(&self.operator_options, &self.run)?);
        Ok(())
    }

    /// What the operator is started with; a change counts from its next start.
    pub fn operator_options(&mut self) -> &mut operator::Options {
        &mut self.operator_options
    }

    /// Stops the operator as its shutdown does, where it runs.
    pub fn stop_operator(&mut self) {
        self.operator = None;
    }

    /// The API server and its kubectl.
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// The backend.
    pub fn backend(&self) -> &backend::Client {
        self.backend.client()
    }

    /// The operator, where it was started.
    pub fn operator(&mut self) -> Option<&mut Operator> {
        self.operator.as_mut()
    }

    /// Logs, kubeconfig, data.
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// Fails where a child has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.plane.check_running()?;
        self.backend.check_running()?;
        self.operator.as_mut().map_or(Ok(()), Operator::check_running)
    }
}

/// Where the checkout keeps its CRDs.
pub fn crds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/manifests")
}

/// Applies the CRDs server-side and waits until objects of their kinds can be stored.
///
/// # Errors
/// [`Error::Command`] with the API server's words where it refuses one.
pub fn establish_crds(plane: &ControlPlane) -> Result<(), Error> {
    let folder = crds();
    let kubectl = plane.kubectl();
    kubectl.apply_folder(&folder)?;
    let folder = folder.to_string_lossy();
    kubectl.run(&[
        "wait",
        "--for=condition=Established",
        &format!("--timeout={}s", ESTABLISHED_WITHIN.as_secs()),
        "-f",
        &folder,
    ])?;
    until_served(kubectl)
}

/// Waits until the kinds are served. Established says that the API server will serve one; discovery, which kubectl reads, follows
/// a moment later.
///
/// # Errors
/// [`Error::Timeout`] with kubectl's words.
pub fn until_served(kubectl: &Kubectl) -> Result<(), Error> {
    poll::until(
        "the kinds are not served",
        ESTABLISHED_WITHIN,
        Duration::from_millis(100),
        || {
            kubectl
                .run(&["get", "ecs", "--all-namespaces"])
                .map(drop)
                .map_err(|why| why.to_string())
        },
    )
}

fn binary(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = folder.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::Missing(format!(
            "{} is not built: `cargo build -p {name}`",
            path.display()
        )))
    }
}
