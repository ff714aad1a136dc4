//! What the node's programs are told, as files in the run's folder.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::image::PAUSE;
use super::network::Network;
use crate::Error;
use crate::run_dir::RunDir;

/// Where containerd listens, inside the node.
pub(super) const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";
/// The end of the names of services.
const DOMAIN: &str = "cluster.local";

/// containerd's: snapshots are plain copies, which work on every file system and in every container.
pub(super) fn containerd(run: &RunDir, plugins: &Path, network: Network) -> Result<PathBuf, Error> {
    let cni = run.folder("cni")?;
    cni_network(run, network)?;
    let (plugins, cni) = (plugins.display(), cni.display());
    run.write(
        "containerd.toml",
        &format!(
            r#"version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"

[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{cni}"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
"#
        ),
    )
}

/// Each pod has a link of its own to the node rather than a place on a bridge: what goes from pod to pod then passes the node's
/// iptables, and services work without the kernel's `br_netfilter`.
fn cni_network(run: &RunDir, network: Network) -> Result<PathBuf, Error> {
    let list = json!({
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local", "dataDir": "/run/cni-addresses",
                    "ranges": [[{"subnet": network.pods()}]], "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    });
    run.write("cni/10-pods.conflist", &list.to_string())
}

/// The kubelet's. It works where machines have cgroup v1 still, and never looks at how full the machine's disk is.
pub(super) fn kubelet(run: &RunDir, network: Network, cgroup: &str) -> Result<PathBuf, Error> {
    let resolver = run.write("resolv.conf", &format!("nameserver {}\n", network.names()))?;
    let config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.node(),
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": run.path().join("clients.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup,
        "clusterDNS": [network.names()],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD_SOCKET}"),
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
        "failCgroupV1": false,
        "failSwapOn": false,
        "imageGCHighThresholdPercent": 100,
        "localStorageCapacityIsolation": false,
        "registerNode": true,
        "resolvConf": resolver,
        "serializeImagePulls": false,
        // How soon a changed ConfigMap or Secret is seen in a pod.
        "syncFrequency": "10s",
    });
    write(run, "kubelet.json", &config)
}

/// kube-proxy's. What it could set for the whole machine (conntrack's limits), it leaves alone.
pub(super) fn kube_proxy(run: &RunDir, network: Network, kubeconfig: &Path) -> Result<PathBuf, Error> {
    let config = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": kubeconfig},
        "clusterCIDR": network.pods(),
        "detectLocalMode": "ClusterCIDR",
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "iptables": {"minSyncPeriod": "100ms"},
    });
    write(run, "kube-proxy.json", &config)
}

/// CoreDNS's. Names outside the cluster do not exist, which is said at once.
pub(super) fn coredns(run: &RunDir, network: Network, kubeconfig: &Path) -> Result<PathBuf, Error> {
    let (names, kubeconfig) = (network.names(), kubeconfig.display());
    run.write(
        "Corefile",
        &format!(
            r"{DOMAIN}:53 in-addr.arpa:53 {{
    bind {names}
    errors
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {kubeconfig}
        ttl 1
    }}
}}
.:53 {{
    bind {names}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"
        ),
    )
}

/// What CoreDNS may read; RBAC has no role of Kubernetes' own for it.
pub(super) fn coredns_role(user: &str) -> String {
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["list", "watch"]});
    json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": user},
                "rules": [rule("", &["services", "namespaces", "pods"]), rule("discovery.k8s.io", &["endpointslices"])],
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": user},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
            },
        ],
    })
    .to_string()
}

fn write(run: &RunDir, name: &str, config: &Value) -> Result<PathBuf, Error> {
    run.write(name, &format!("{config:#}\n"))
}
