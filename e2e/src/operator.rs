//! The `ecs-operator` binary as a child process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Error;
use crate::image::ALLOCATOR;
use crate::poll;
use crate::process::Process;
use crate::run_dir::RunDir;

/// How long it may take until it is ready: it waits for the CRDs, for its first lists and for the lease.
const READY_WITHIN: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// It ends the reconciles that run, then gives up its lease.
const GRACE: Duration = Duration::from_secs(15);

/// A running operator. Dropping it stops it.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    admin: String,
}

/// What may be chosen about an operator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary.
    pub binary: PathBuf,
    /// Whom it watches.
    pub kubeconfig: PathBuf,
    /// Where `/readyz` and `/metrics` are, on 127.0.0.1.
    pub admin_port: u16,
    /// The child's name, which is its log's too; two replicas differ in it.
    pub name: String,
    /// Further flags of `ecs-operator run`.
    pub flags: Vec<String>,
}

impl Operator {
    /// Starts it and waits until `/readyz` says ok.
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Timeout`] where it does not become ready.
    pub fn start(options: &Options, run: &RunDir) -> Result<Self, Error> {
        let mut operator = Self::start_unready(options, run)?;
        let admin = operator.admin.clone();
        poll::until(
            "ecs-operator is not ready",
            READY_WITHIN,
            ASK_EVERY,
            || match operator.process.check_running() {
                Err(_) => Ok(()),
                Ok(()) => crate::backend::get(&format!("{admin}/readyz"))
                    .map(drop)
                    .map_err(|why| why.to_string()),
            },
        )?;
        operator.process.check_running()?;
        Ok(operator)
    }

    /// Starts it and does not wait.
    ///
    /// # Errors
    /// [`Error::Start`] where it cannot be started.
    pub fn start_unready(options: &Options, run: &RunDir) -> Result<Self, Error> {
        let mut command = Command::new(&options.binary);
        command
            .arg("run")
            .arg("--admin-listen")
            .arg(format!("127.0.0.1:{}", options.admin_port))
            .args(&options.flags)
            .env("KUBECONFIG", &options.kubeconfig)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            // As in its image.
            .env(ALLOCATOR.0, ALLOCATOR.1)
            // A laptop's own profile must not be read.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        // All that it talks to is on this machine.
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(proxy).env_remove(proxy.to_lowercase());
        }
        Ok(Self {
            process: Process::start(&options.name, command, run, GRACE)?,
            admin: format!("http://127.0.0.1:{}", options.admin_port),
        })
    }

    /// Whether `/readyz` says ok.
    pub fn is_ready(&self) -> bool {
        crate::backend::get(&format!("{}/readyz", self.admin)).is_ok()
    }

    /// What `/metrics` says.
    ///
    /// # Errors
    /// [`Error::Http`] where it does not answer.
    pub fn metrics(&self) -> Result<String, Error> {
        crate::backend::get(&format!("{}/metrics", self.admin))
            .map(|text| text.as_str().unwrap_or_default().to_owned())
    }

    /// Its process id, for what only the system knows (memory).
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Fails where it has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.process.check_running()
    }

    /// Ends it as a crash does (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Freezes it as a machine that hangs (SIGSTOP).
    pub fn freeze(&mut self) {
        self.process.freeze();
    }

    /// Lets it go on after a freeze.
    pub fn thaw(&mut self) {
        self.process.thaw();
    }
}
