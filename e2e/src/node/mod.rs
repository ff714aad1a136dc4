//! A whole Kubernetes cluster of one node on this machine: kubelet, containerd, kube-controller-manager, kube-scheduler, kube-proxy and
//! CoreDNS beside etcd and kube-apiserver. Pods run, services lead to them, namespaces end, garbage is collected.
//!
//! Laws:
//! - it needs root, and changes nothing of the machine that outlives it: mounts, network and processes are namespaces' own, sysctls are
//!   only shown, cgroups bear a name of their own (`space`, `network`, `cgroups`);
//! - everything of it ends with process 1 of those namespaces, which the guardian ends where we cannot;
//! - it pulls no image: what pods run is imported ([`Node::import_image`]).

mod cgroups;
mod config;
mod image;
mod network;
mod parts;
mod require;
mod space;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::Error;
use crate::controlplane::{self, ControlPlane, Members};
use crate::kubectl::Kubectl;
use crate::poll;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::samples;
use crate::steps::Steps;
use crate::tools::{NodeTools, Tools};
pub use image::PAUSE;
use network::{Link, Network};
pub use parts::NODE;
use parts::{Site, Users};
pub use require::{WITHOUT, unwanted};
use space::Space;

/// How long containerd, and after it the whole node, may take until they are ready.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How often readiness is asked for.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// A running cluster. Dropping it ends everything of it.
#[derive(Debug)]
pub struct Node {
    // Fields are dropped in this order: the API server ends after those who watch it, the link after who uses it.
    others: Vec<Process>,
    containerd: Process,
    space: Space,
    plane: ControlPlane,
    link: Link,
    tools: NodeTools,
}

/// What may be chosen about a cluster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether every request is written to an audit log ([`crate::audit`]).
    pub audit: bool,
}

impl Node {
    /// Starts everything and waits until the node is Ready.
    ///
    /// # Errors
    /// [`Error::Missing`] where the machine lacks something, as root; otherwise whichever part does not come up, with the end of its log.
    pub fn start(run: &RunDir, options: &Options, steps: Steps) -> Result<Self, Error> {
        let plugins = require::everything(run, steps)?;
        let tools = Tools::find_or_build(steps)?;
        let node_tools = NodeTools::find_or_build(steps)?;
        require::programs(&node_tools)?;
        let users = Users::new()?;
        let link = Link::take()?;
        let network = link.network();
        let cgroup = cgroups::make(run, network.number())?;
        let (space, containerd) = steps.run("namespaces made, containerd started", |_| {
            link.raise()?;
            let space = Space::start(run, network, &node_tools.shim)?;
            link.lead_into(space.id())?;
            let site = site(run, &node_tools, &space, network, &cgroup);
            let containerd = site.containerd(&plugins)?;
            Ok::<_, Error>((space, containerd))
        })?;
        let plane_options = controlplane::Options {
            port: None,
            durable: false,
            audit: options.audit,
            members: Some(Members::new(
                run,
                network.host(),
                network.services(),
                users.members(),
            )?),
        };
        let plane = steps.run("etcd and kube-apiserver ready", |_| {
            ControlPlane::start(&tools, run, &plane_options)
        })?;
        let others = site(run, &node_tools, &space, network, &cgroup).others(&plane, &users)?;
        let mut node = Self {
            others,
            containerd,
            space,
            plane,
            link,
            tools: node_tools,
        };
        steps.run("node ready", |_| node.wait(run))?;
        Ok(node)
    }

    /// The API server.
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// The same, for who restarts parts of it.
    pub fn plane_mut(&mut self) -> &mut ControlPlane {
        &mut self.plane
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> &Kubectl {
        self.plane.kubectl()
    }

    /// The node's address, which this machine reaches, as it does those of pods and services.
    pub fn address(&self) -> Ipv4Addr {
        self.link.network().node()
    }

    /// Where pods and the node reach what listens on this machine.
    pub fn host_address(&self) -> Ipv4Addr {
        self.link.network().host()
    }

    /// A command that runs on the node: in its namespaces, as root.
    pub fn command(&self, program: &Path) -> Command {
        self.space.command(program)
    }

    /// A process of this machine whose network namespace is the node's; it ends last of the node's.
    pub fn process(&self) -> u32 {
        self.space.id()
    }

    /// Gives the node every image of an OCI archive, under the names that the archive gives them.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, [`Error::Command`] with containerd's words where it is none.
    pub fn import_image(&self, archive: &Path) -> Result<(), Error> {
        image::import(&self.space, &self.tools, archive)
    }

    /// Fails where a child has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.space.check_running()?;
        self.containerd.check_running()?;
        self.plane.check_running()?;
        self.others.iter_mut().try_for_each(Process::check_running)
    }

    fn wait(&mut self, run: &RunDir) -> Result<(), Error> {
        self.until("containerd is not ready", |node| {
            image::ready(&node.space, &node.tools).map_err(|why| why.to_string())
        })?;
        image::import_pause(&self.space, &self.tools, run)?;
        self.until("the node is not Ready", |node| {
            let seen = node
                .kubectl()
                .json(&["get", "node", NODE])
                .map_err(|why| why.to_string())?;
            ready(&seen)
        })?;
        // Pods are refused before.
        self.until("no ServiceAccount was made", |node| {
            node.kubectl()
                .run(&["get", "serviceaccount", "default"])
                .map(drop)
                .map_err(|why| why.to_string())
        })
    }

    /// Waits for a condition, or for the end of a child, which is told.
    fn until(
        &mut self,
        what: &str,
        mut condition: impl FnMut(&Self) -> Result<(), String>,
    ) -> Result<(), Error> {
        poll::until(what, READY_WITHIN, ASK_EVERY, || {
            if self.check_running().is_err() {
                return Ok(());
            }
            condition(self)
        })?;
        self.check_running()
    }
}

fn site<'a>(
    run: &'a RunDir,
    tools: &'a NodeTools,
    space: &'a Space,
    network: Network,
    cgroup: &'a str,
) -> Site<'a> {
    Site {
        run,
        tools,
        space,
        network,
        cgroup,
    }
}

/// Whether a node's conditions say Ready; what they say instead.
fn ready(node: &Value) -> Result<(), String> {
    let ready = samples::condition(node, "Ready");
    let text = |name| {
        ready
            .and_then(|condition| condition.get(name))
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    };
    if text("status") == "True" {
        Ok(())
    } else {
        Err(format!("Ready is {}: {}", text("status"), text("message")))
    }
}
