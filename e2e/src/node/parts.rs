//! The programs that make a cluster of the API server and a machine: who runs where, as which user.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::config;
use super::network::Network;
use super::space::Space;
use crate::Error;
use crate::controlplane::{self, ControlPlane, Member};
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::tools::NodeTools;

/// The node's name.
pub const NODE: &str = "node";

/// None of them leaves anything behind that has to be waited for: what they started ends with the node's namespaces.
const GRACE: Duration = Duration::ZERO;
/// CoreDNS's user, and the name of its role.
const COREDNS: &str = "ecs-e2e:coredns";

/// Who speaks to the API server, and how each is known there.
#[derive(Debug)]
pub(super) struct Users {
    kubelet: Member,
    kube_controller_manager: Member,
    kube_scheduler: Member,
    kube_proxy: Member,
    coredns: Member,
}

impl Users {
    /// New tokens for all.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            kubelet: Member::new("system:node:node", Some("system:nodes"))?,
            kube_controller_manager: Member::new("system:kube-controller-manager", None)?,
            kube_scheduler: Member::new("system:kube-scheduler", None)?,
            kube_proxy: Member::new("system:kube-proxy", None)?,
            coredns: Member::new(COREDNS, None)?,
        })
    }

    /// For the API server.
    pub fn members(&self) -> Vec<Member> {
        [
            &self.kubelet,
            &self.kube_controller_manager,
            &self.kube_scheduler,
            &self.kube_proxy,
            &self.coredns,
        ]
        .map(Clone::clone)
        .to_vec()
    }
}

/// Where everything is that the parts need.
pub(super) struct Site<'a> {
    pub run: &'a RunDir,
    pub tools: &'a NodeTools,
    pub space: &'a Space,
    pub network: Network,
    pub cgroup: &'a str,
}

impl Site<'_> {
    /// What runs the containers; it needs no API server.
    pub fn containerd(&self, plugins: &Path) -> Result<Process, Error> {
        let config = config::containerd(self.run, plugins, self.network)?;
        let mut command = self.space.command(&self.tools.containerd);
        command.arg("--config").arg(config);
        self.start("containerd", command)
    }

    /// Everything else.
    pub fn others(&self, plane: &ControlPlane, users: &Users) -> Result<Vec<Process>, Error> {
        plane.kubectl().apply(&config::coredns_role(COREDNS))?;
        let kubeconfig = |name: &str, member: &Member| plane.kubeconfig_with(self.run, name, member.token());
        let manager = kubeconfig("kube-controller-manager", &users.kube_controller_manager)?;
        let scheduler = kubeconfig("kube-scheduler", &users.kube_scheduler)?;
        let kubelet = kubeconfig("kubelet", &users.kubelet)?;
        let proxy = kubeconfig("kube-proxy", &users.kube_proxy)?;
        let coredns = kubeconfig("coredns", &users.coredns)?;
        Ok(vec![
            self.kubelet(&kubelet)?,
            self.kube_controller_manager(&manager)?,
            self.kube_scheduler(&scheduler)?,
            self.kube_proxy(&proxy)?,
            self.coredns(&coredns)?,
        ])
    }

    fn kubelet(&self, kubeconfig: &Path) -> Result<Process, Error> {
        let config = config::kubelet(self.run, self.network, self.cgroup)?;
        let mut command = self.space.command(&self.tools.kubelet);
        command
            .arg(flag("config", &config))
            .arg(flag("kubeconfig", kubeconfig))
            .arg(format!("--hostname-override={NODE}"))
            .arg(format!("--node-ip={}", self.network.node()));
        self.start("kubelet", command)
    }

    /// On the machine, with no port: nobody asks it anything.
    fn kube_controller_manager(&self, kubeconfig: &Path) -> Result<Process, Error> {
        let mut command = Command::new(&self.tools.kube_controller_manager);
        command
            .arg(flag("kubeconfig", kubeconfig))
            .arg(flag("root-ca-file", &controlplane::authority(self.run)))
            .arg(flag(
                "service-account-private-key-file",
                &controlplane::signing_key(self.run),
            ))
            .args([
                "--use-service-account-credentials=true",
                "--leader-elect=false",
                "--secure-port=0",
            ])
            // Tests of autoscaling wait for it.
            .arg("--horizontal-pod-autoscaler-sync-period=2s");
        self.start("kube-controller-manager", command)
    }

    fn kube_scheduler(&self, kubeconfig: &Path) -> Result<Process, Error> {
        let mut command = Command::new(&self.tools.kube_scheduler);
        command
            .arg(flag("kubeconfig", kubeconfig))
            .args(["--leader-elect=false", "--secure-port=0"]);
        self.start("kube-scheduler", command)
    }

    fn kube_proxy(&self, kubeconfig: &Path) -> Result<Process, Error> {
        let config = config::kube_proxy(self.run, self.network, kubeconfig)?;
        let mut command = self.space.command(&self.tools.kube_proxy);
        command
            .arg(flag("config", &config))
            .arg(format!("--hostname-override={NODE}"));
        self.start("kube-proxy", command)
    }

    fn coredns(&self, kubeconfig: &Path) -> Result<Process, Error> {
        let config = config::coredns(self.run, self.network, kubeconfig)?;
        let mut command = self.space.command(&self.tools.coredns);
        command.arg("-conf").arg(config);
        self.start("coredns", command)
    }

    fn start(&self, name: &str, mut command: Command) -> Result<Process, Error> {
        command.env("NO_PROXY", "*");
        Process::start(name, command, self.run, GRACE)
    }
}

fn flag(name: &str, file: &Path) -> String {
    format!("--{name}={}", file.display())
}
