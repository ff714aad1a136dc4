//! The programs of a whole one-node cluster, beside those of the control plane. Only [`crate::node`] needs them, so only it builds them.
//!
//! Measured on two cores after kube-apiserver was built, while other builds ran: the Kubernetes programs 119 s, containerd 80 s, CoreDNS 101 s
//! (197 s with all its plugins). They take 480 MB of our cache folder.

use std::path::PathBuf;

use super::pins::{CONTAINERD, COREDNS, KUBERNETES_NODE, PAUSE};
use super::{family, locate, programs};
use crate::Error;
use crate::steps::Steps;

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct NodeTools {
    /// Starts the pods.
    pub kubelet: PathBuf,
    /// Replicas, endpoints, garbage collection, the end of namespaces.
    pub kube_controller_manager: PathBuf,
    /// Gives each pod its node.
    pub kube_scheduler: PathBuf,
    /// Makes the addresses of services lead to their pods.
    pub kube_proxy: PathBuf,
    /// Starts the containers. Its shim is in the same folder or on the PATH.
    pub containerd: PathBuf,
    /// What containerd leaves beside each pod.
    pub shim: PathBuf,
    /// containerd's command line client.
    pub ctr: PathBuf,
    /// Answers for the names of services.
    pub coredns: PathBuf,
    /// Ours: does nothing until it is told to end.
    pub pause: PathBuf,
}

impl NodeTools {
    /// Finds the programs, and builds the families of which one is nowhere.
    ///
    /// # Errors
    /// As [`super::Tools::find_or_build`].
    pub fn find_or_build(steps: Steps) -> Result<Self, Error> {
        let cache = locate::cache()?;
        let find = |wanted| family(wanted, &cache, steps);
        let [kubelet, kube_controller_manager, kube_scheduler, kube_proxy] =
            programs(&KUBERNETES_NODE, find(&KUBERNETES_NODE)?)?;
        let [containerd, shim, ctr] = programs(&CONTAINERD, find(&CONTAINERD)?)?;
        let [coredns] = programs(&COREDNS, find(&COREDNS)?)?;
        let [pause] = programs(&PAUSE, find(&PAUSE)?)?;
        Ok(Self {
            kubelet,
            kube_controller_manager,
            kube_scheduler,
            kube_proxy,
            containerd,
            shim,
            ctr,
            coredns,
            pause,
        })
    }
}
