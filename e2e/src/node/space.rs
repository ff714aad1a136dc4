//! The namespaces of one node: mounts, network and processes of its own. Process 1 holds them (`holder.sh`); when it goes, everything in
//! them goes at once, so nothing of a node outlives it even where the test is killed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::network::Network;
use super::require;
use crate::Error;
use crate::poll;
use crate::process::Process;
use crate::run_dir::RunDir;

/// The holder mounts a few folders.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Until the system has ended every process of the node.
const GRACE: Duration = Duration::from_secs(15);

/// Running namespaces. Dropping it ends every process in them.
#[derive(Debug)]
pub(super) struct Space {
    holder: Process,
    path: String,
}

impl Space {
    /// Makes them; `shim` is where containerd's shim is.
    pub fn start(run: &RunDir, network: Network, shim: &Path) -> Result<Self, Error> {
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--net",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
            ])
            .args(["sh", "-c", include_str!("holder.sh"), "holder"])
            .arg(run.path())
            .arg(network.names().to_string())
            .args(require::HIDDEN);
        let path = require::path(shim);
        command.env("PATH", &path);
        let holder = Process::start("node", command, run, GRACE)?;
        let mut space = Self { holder, path };
        let ready = run.path().join("node.ready");
        poll::until(
            "the node's namespaces are not ready",
            READY_WITHIN,
            ASK_EVERY,
            || match space.holder.check_running() {
                Ok(()) if !ready.exists() => Err("its process 1 is at work".to_owned()),
                _ => Ok(()),
            },
        )?;
        space.check_running()?;
        Ok(space)
    }

    /// A command that runs inside.
    pub fn command(&self, program: &Path) -> Command {
        let space = |kind: &str| format!("/proc/{}/ns/{kind}", self.holder.id());
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount={}", space("mnt")))
            .arg(format!("--net={}", space("net")))
            .arg(format!("--pid={}", space("pid_for_children")))
            .arg("--")
            .arg(program)
            .env("PATH", &self.path);
        command
    }

    /// A process whose network namespace is the node's.
    pub fn id(&self) -> u32 {
        self.holder.id()
    }

    /// Fails where they are gone.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.holder.check_running()
    }
}
