//! A whole cluster of one node: it becomes ready, pods run, services lead to them by address and by name, logs can be read, namespaces end,
//! and nothing of it is left.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use ecs_e2e::node::{self, Node, Options, PAUSE};
use ecs_e2e::poll;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;

const SOON: Duration = Duration::from_mins(1);
const OFTEN: Duration = Duration::from_millis(100);

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn a_cluster_of_one_node_works_and_leaves_nothing_behind() {
    if node::unwanted() {
        return;
    }
    let before = Traces::of_nodes();
    let run = RunDir::temporary().unwrap();
    let options = Options {
        audit: true,
        ..Options::default()
    };
    let start = Instant::now();
    let mut node = Node::start(&run, &options, Steps::shown()).unwrap();
    println!("ready after {:?}", start.elapsed());
    assert_ne!(Traces::of_nodes(), before, "a node leaves traces while it runs");

    timed("a pod runs, and its log can be read", || pods_run(&node));
    timed("a service leads to the API server", || services_lead(&node));
    timed("a service has a name", || services_have_names(&node));
    timed("a namespace ends", || namespaces_end(&node));
    timed("Pod Security is enforced", || pods_are_admitted(&node));
    node.check_running().unwrap();

    let space = fs::read_link(format!("/proc/{}/ns/net", node.process())).unwrap();
    let folder = run.path().to_owned();
    timed("everything ends", || drop(node));
    assert_eq!(processes_in(&space), BTreeSet::new(), "processes are left");
    drop(run);
    assert!(!folder.exists(), "{} is left", folder.display());
    poll::until("traces are left", SOON, OFTEN, || {
        let now = Traces::of_nodes();
        if now == before {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    })
    .unwrap();
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = work();
    println!("{what}: {:?}", start.elapsed());
    outcome
}

fn pod(namespace: &str, name: &str, user: u32) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}, spec: {{
            terminationGracePeriodSeconds: 1,
            containers: [{{name: main, image: '{PAUSE}', imagePullPolicy: Never, securityContext: {{
                runAsUser: {user}, runAsNonRoot: {}, allowPrivilegeEscalation: false,
                capabilities: {{drop: [ALL]}}, seccompProfile: {{type: RuntimeDefault}}}}}}]}}}}",
        user != 0
    )
}

fn pods_run(node: &Node) {
    let kubectl = node.kubectl();
    kubectl.apply(&pod("default", "sleeper", 1000)).unwrap();
    kubectl
        .run(&["wait", "--for=condition=Ready", "--timeout=60s", "pod/sleeper"])
        .unwrap();
    let token = "--output=jsonpath={.spec.volumes[*].projected.sources[*].serviceAccountToken.path}";
    assert_eq!(kubectl.run(&["get", "pod", "sleeper", token]).unwrap(), "token");
    // The kubelet trusts the API server's certificate.
    assert_eq!(kubectl.run(&["logs", "sleeper"]).unwrap(), "paused\n");
    let said = kubectl
        .run(&["exec", "sleeper", "--", "/pause", "--version"])
        .unwrap();
    assert_eq!(said, "ecs-e2e-pause 1.0.0\n");
}

/// From this machine by address, and from a pod by name.
fn services_lead(node: &Node) {
    let address = node
        .kubectl()
        .run(&[
            "get",
            "service",
            "kubernetes",
            "--output=jsonpath={.spec.clusterIP}",
        ])
        .unwrap();
    let address = format!("{address}:443");
    poll::until("the service's address leads nowhere", SOON, OFTEN, || {
        let target = address.parse().unwrap();
        TcpStream::connect_timeout(&target, Duration::from_secs(2))
            .map(drop)
            .map_err(|why| why.to_string())
    })
    .unwrap();
    assert_eq!(dials(node, "kubernetes.default:443"), address);
}

/// Without an address of its own, a service's name leads straight to its pods.
fn services_have_names(node: &Node) {
    let server = TcpListener::bind((node.host_address(), 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let outside = format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: outside}}, spec: {{clusterIP: None, ports: [{{port: {port}}}]}}}}
---
{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
  metadata: {{name: outside, labels: {{kubernetes.io/service-name: outside}}}}, ports: [{{port: {port}}}],
  endpoints: [{{addresses: [{}]}}]}}",
        node.host_address()
    );
    node.kubectl().apply(&outside).unwrap();
    assert_eq!(
        dials(node, &format!("outside:{port}")),
        format!("{}:{port}", node.host_address())
    );
}

/// Where a pod's connection to this name and port leads.
fn dials(node: &Node, target: &str) -> String {
    poll::until("a pod cannot connect", SOON, OFTEN, || {
        node.kubectl()
            .run(&["exec", "sleeper", "--", "/pause", "dial", target])
            .map_err(|why| why.to_string())
    })
    .unwrap()
    .trim()
    .to_owned()
}

fn namespaces_end(node: &Node) {
    let kubectl = node.kubectl();
    kubectl.run(&["create", "namespace", "passing"]).unwrap();
    kubectl.apply(&pod("passing", "sleeper", 1000)).unwrap();
    kubectl
        .run(&["delete", "namespace", "passing", "--wait", "--timeout=60s"])
        .unwrap();
    assert!(kubectl.run(&["get", "namespace", "passing"]).is_err());
}

fn pods_are_admitted(node: &Node) {
    let kubectl = node.kubectl();
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}}";
    kubectl.apply(namespace).unwrap();
    let created = |user| {
        poll::until(
            "the namespace has no ServiceAccount",
            SOON,
            OFTEN,
            || match kubectl.apply(&pod("strict", "sleeper", user)) {
                Err(why) if why.to_string().contains("serviceaccount") => Err(why.to_string()),
                other => Ok(other),
            },
        )
        .unwrap()
    };
    let refused = created(0).unwrap_err().to_string();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
    created(1000).unwrap();
}

/// What nodes leave on the machine while they run.
#[derive(Debug, PartialEq, Eq)]
struct Traces {
    links: BTreeSet<String>,
    cgroups: BTreeSet<String>,
    mounts: BTreeSet<String>,
}

impl Traces {
    fn of_nodes() -> Self {
        Self {
            links: names("/sys/class/net", "ecs-node-"),
            cgroups: fs::read_dir("/sys/fs/cgroup")
                .unwrap()
                .filter_map(Result::ok)
                .flat_map(|entry| names(entry.path(), "ecs-e2e-"))
                .chain(names("/sys/fs/cgroup", "ecs-e2e-"))
                .collect(),
            mounts: fs::read_to_string("/proc/self/mounts")
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect(),
        }
    }
}

fn names(folder: impl AsRef<Path>, start: &str) -> BTreeSet<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(start))
        .collect()
}

/// The processes in this network namespace, by their command lines.
fn processes_in(space: &Path) -> BTreeSet<String> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(Result::ok)
        .filter(|entry| fs::read_link(entry.path().join("ns/net")).is_ok_and(|other| other == space))
        .map(|entry| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
        .collect()
}
