//! etcd and kube-apiserver as child processes: no kubelet, no controllers, so no garbage collection and no namespace deletion, unless
//! [`crate::node`] joins them.

mod keys;
mod member;

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::Error;
use crate::audit;
use crate::free_ports::free_ports;
use crate::kubectl::Kubectl;
use crate::poll;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::tools::Tools;
pub use member::{Member, Members};

/// How long each of the two may take until it is ready; they take 0.5 and 4 s on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How often readiness is asked for.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// etcd closes its database in a moment.
const ETCD_GRACE: Duration = Duration::from_secs(5);
/// kube-apiserver takes 2.7 s to end its watches.
const APISERVER_GRACE: Duration = Duration::from_secs(8);
/// A port that was free may be taken when it is used: so often we try others.
const ATTEMPTS: u32 = 3;

/// A running control plane. Dropping it stops it: kube-apiserver first, since it hangs for minutes where etcd is gone.
#[derive(Debug)]
pub struct ControlPlane {
    // Fields are dropped in this order.
    apiserver: Process,
    etcd: Process,
    kubectl: Kubectl,
    url: String,
}

/// What may be chosen about a control plane.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// kube-apiserver's port; a free one where absent.
    pub port: Option<u16>,
    /// Whether stored data survives a crash of the machine (slower).
    pub durable: bool,
    /// Whether every request is written to an audit log ([`crate::audit`]).
    pub audit: bool,
    /// Where a node joins: what the API server has to know about it. Without, it serves this machine alone, without `ServiceAccount`s.
    pub members: Option<Members>,
}

impl Options {
    fn address(&self) -> Ipv4Addr {
        self.members
            .as_ref()
            .map_or(Ipv4Addr::LOCALHOST, |members| members.address)
    }
}

impl ControlPlane {
    /// Starts both and waits until the API answers.
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Timeout`] where one of them does not become ready.
    pub fn start(tools: &Tools, run: &RunDir, options: &Options) -> Result<Self, Error> {
        let (etcd, etcd_url) = again(|| start_etcd(tools, run, options.durable))?;
        let (apiserver, port) = again(|| start_apiserver(tools, run, &etcd_url, options))?;
        let kubectl = Kubectl::new(&tools.kubectl, &run.path().join("kubeconfig"), run)?;
        let mut plane = Self {
            apiserver,
            etcd,
            kubectl,
            url: format!("https://{}:{port}", options.address()),
        };
        plane.wait()?;
        Ok(plane)
    }

    /// Ends kube-apiserver, starts it again and waits until the API answers.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart_apiserver(&mut self) -> Result<(), Error> {
        self.apiserver.restart()?;
        self.wait()
    }

    /// The same for etcd, below a kube-apiserver that goes on.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart_etcd(&mut self) -> Result<(), Error> {
        self.etcd.restart()?;
        self.wait()
    }

    /// Where the API answers, `https://<address>:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// A kubeconfig of another bearer of a token, in the run's folder under the name `kubeconfig-<name>`.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read or written.
    pub fn kubeconfig_with(&self, run: &RunDir, name: &str, token: &str) -> Result<PathBuf, Error> {
        let path = self.kubeconfig();
        let text = fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
        let mut config: serde_json::Value = serde_json::from_str(&text).map_err(|why| Error::Json {
            what: path.display().to_string(),
            problem: why.to_string(),
        })?;
        if let Some(given) = config.pointer_mut("/users/0/user/token") {
            *given = json!(token);
        }
        run.write(&format!("kubeconfig-{name}"), &config.to_string())
    }

    /// A kubeconfig of a `ServiceAccount`, with a token such as its pods get.
    ///
    /// # Errors
    /// [`Error::Command`] where there is no such account, [`Error::File`] where the file cannot be read or written.
    pub fn kubeconfig_of(&self, run: &RunDir, namespace: &str, account: &str) -> Result<PathBuf, Error> {
        let token = self
            .kubectl
            .run(&["create", "token", account, "--namespace", namespace])?;
        self.kubeconfig_with(run, &format!("{namespace}-{account}"), token.trim())
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubectl.kubeconfig().to_owned()
    }

    /// Fails where one of the two has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.etcd.check_running()?;
        self.apiserver.check_running()
    }

    fn wait(&mut self) -> Result<(), Error> {
        poll::until("kube-apiserver is not ready", READY_WITHIN, ASK_EVERY, || {
            self.ready()
        })?;
        self.check_running()
    }

    /// The namespace `default` is made after `/readyz` says ok, and whoever applies before that is refused.
    fn ready(&mut self) -> Result<(), String> {
        if self.check_running().is_err() {
            return Ok(());
        }
        self.kubectl
            .run(&["get", "--raw=/readyz"])
            .map_err(|why| why.to_string())?;
        self.kubectl
            .run(&["get", "namespace", "default"])
            .map(drop)
            .map_err(|why| why.to_string())
    }
}

/// The certificate that who speaks to the API server has to trust.
pub(crate) fn authority(run: &RunDir) -> PathBuf {
    run.path().join("certificates").join("apiserver.crt")
}

/// The key that signs the tokens of `ServiceAccount`s.
pub(crate) fn signing_key(run: &RunDir) -> PathBuf {
    run.path().join("service-account.key")
}

/// Tries again with other ports where a child ends at once.
fn again<T>(mut start: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match start() {
            Err(Error::Ended { .. }) => {}
            outcome => return outcome,
        }
    }
    start()
}

fn start_etcd(tools: &Tools, run: &RunDir, durable: bool) -> Result<(Process, String), Error> {
    let [client, peer] = free_ports()?;
    let (client_url, peer_url) = (
        format!("http://127.0.0.1:{client}"),
        format!("http://127.0.0.1:{peer}"),
    );
    let mut command = Command::new(&tools.etcd);
    command
        .args(["--name=default", "--log-level=warn"])
        .arg(format!("--data-dir={}", run.folder("etcd")?.display()))
        .arg(format!("--listen-client-urls={client_url}"))
        .arg(format!("--advertise-client-urls={client_url}"))
        .arg(format!("--listen-peer-urls={peer_url}"))
        .arg(format!("--initial-advertise-peer-urls={peer_url}"))
        .arg(format!("--initial-cluster=default={peer_url}"));
    if !durable {
        command.arg("--unsafe-no-fsync");
    }
    let mut process = Process::start("etcd", command, run, ETCD_GRACE)?;
    poll::until("etcd is not ready", READY_WITHIN, ASK_EVERY, || {
        match process.check_running() {
            Err(_) => Ok(()),
            Ok(()) => crate::backend::get(&format!("{client_url}/health"))
                .map(drop)
                .map_err(|why| why.to_string()),
        }
    })?;
    process.check_running()?;
    Ok((process, client_url))
}

fn start_apiserver(
    tools: &Tools,
    run: &RunDir,
    etcd_url: &str,
    options: &Options,
) -> Result<(Process, u16), Error> {
    let [free] = free_ports()?;
    let port = options.port.unwrap_or(free);
    let certificates = run.folder("certificates")?;
    let pair = keys::signing_pair()?;
    let private = run.write("service-account.key", &pair.private)?;
    let public = run.write("service-account.pub", &pair.public)?;
    let token = keys::token()?;
    let members = options.members.iter().flat_map(|members| &members.members);
    let lines: Vec<String> = members.map(Member::line).collect();
    let tokens = run.write(
        "tokens.csv",
        &format!("{token},admin,admin,\"system:masters\"\n{}", lines.concat()),
    )?;
    let mut command = Command::new(&tools.kube_apiserver);
    command
        .env("NO_PROXY", "*")
        .args(member::flags(options.members.as_ref()))
        .args([
            "--service-account-issuer=https://kubernetes.default.svc",
            "--allow-privileged=true",
        ])
        .arg(format!("--secure-port={port}"))
        .arg(format!("--etcd-servers={etcd_url}"))
        .arg(format!("--cert-dir={}", certificates.display()))
        .arg(format!("--service-account-key-file={}", public.display()))
        .arg(format!(
            "--service-account-signing-key-file={}",
            private.display()
        ))
        .arg(format!("--token-auth-file={}", tokens.display()));
    if options.audit {
        command.args(audit::flags(run)?);
    }
    // Where a node was, it would wait for connections whose other ends are gone; nothing of such a cluster is kept.
    let grace = options
        .members
        .as_ref()
        .map_or(APISERVER_GRACE, |_| Duration::ZERO);
    let mut process = Process::start("kube-apiserver", command, run, grace)?;
    // It signs its own certificate before it listens.
    let certificate = authority(run);
    let authority = poll::until(
        "kube-apiserver made no certificate",
        READY_WITHIN,
        ASK_EVERY,
        || match process.check_running() {
            Err(_) => Ok(Vec::new()),
            Ok(()) => fs::read(&certificate).map_err(|why| why.to_string()),
        },
    )?;
    process.check_running()?;
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ecs-operator",
        "clusters": [{"name": "ecs-operator", "cluster": {
            "server": format!("https://{}:{port}", options.address()), "certificate-authority-data": STANDARD.encode(authority),
        }}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "ecs-operator", "context": {"cluster": "ecs-operator", "user": "admin", "namespace": "default"}}],
    });
    run.write("kubeconfig", &format!("{kubeconfig:#}\n"))?;
    Ok((process, port))
}
