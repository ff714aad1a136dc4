//! A whole cluster of one node: it becomes ready, pods run, services lead to them by address and by name, logs can be read, namespaces end,
//! Kubernetes' own roles take in the chart's, and nothing of it is left.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ecs_e2e::audit;
use ecs_e2e::charts;
use ecs_e2e::node::{self, Node, Options, PAUSE};
use ecs_e2e::poll;
use ecs_e2e::process::Process;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::{Steps, timed};

const SOON: Duration = Duration::from_mins(1);
const OFTEN: Duration = Duration::from_millis(100);

/// Set to a file's name, it makes the test that is killed the one that starts a node, says so in the file, and waits.
const VICTIM: &str = "ECS_E2E_NODE_VICTIM";

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn a_cluster_of_one_node_works_and_leaves_nothing_behind() {
    if node::unwanted() {
        return;
    }
    let run = RunDir::temporary().unwrap();
    let options = Options { audit: true };
    let start = Instant::now();
    let mut node = Node::start(&run, &options, Steps::shown()).unwrap_or_else(|why| panic!("{why}"));
    println!("ready after {:?}", start.elapsed());
    let traces = Traces::of(&node, &run);
    traces.require_all();

    timed("a pod runs, and its log can be read", || pods_run(&node));
    timed("a service leads to the API server", || services_lead(&node));
    timed("a service has a name", || services_have_names(&node));
    timed("a namespace ends", || namespaces_end(&node));
    timed("Pod Security is enforced", || pods_are_admitted(&node));
    timed("roles are aggregated", || roles_take_in_the_charts(&node));
    api_servers_can_join(&node);
    // Nodes have only the rights of nodes.
    let asked = audit::requests(&run, "system:node:node").unwrap();
    assert!(
        asked.iter().any(|request| request.resource == "pods/status"),
        "{asked:?}"
    );
    node.check_running().unwrap();

    timed("everything ends", || drop(node));
    assert_eq!(traces.processes(), Vec::<String>::new(), "processes are left");
    assert_eq!(traces.mounts(), Vec::<String>::new(), "mounts are left");
    assert!(!traces.link.exists(), "the link is left");
    drop(run);
    assert_eq!(traces.left(), Vec::<String>::new());
}

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn a_node_ends_with_a_test_that_is_killed() {
    if node::unwanted() {
        return;
    }
    if let Some(file) = std::env::var_os(VICTIM) {
        return be_killed(Path::new(&file));
    }
    let run = RunDir::temporary().unwrap();
    let file = run.path().join("traces");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "a_node_ends_with_a_test_that_is_killed"])
        .env(VICTIM, &file);
    let mut victim = Process::start("victim", command, &run, Duration::ZERO).unwrap();
    let traces = poll::until("the victim has no node", 10 * SOON, OFTEN, || {
        victim.check_running().unwrap_or_else(|why| panic!("{why}"));
        let text = fs::read_to_string(&file).map_err(|why| why.to_string())?;
        Traces::read(&text).ok_or(text)
    })
    .unwrap();
    traces.require_all();
    victim.kill();
    let start = Instant::now();
    poll::until("traces are left", SOON, OFTEN, || {
        let left = traces.left();
        if left.is_empty() {
            Ok(())
        } else {
            Err(left.join(", "))
        }
    })
    .unwrap();
    println!("everything ended: {:?}", start.elapsed());
}

fn be_killed(file: &Path) {
    let run = RunDir::temporary().unwrap();
    let node = Node::start(&run, &Options::default(), Steps::shown()).unwrap_or_else(|why| panic!("{why}"));
    node.kubectl().apply(&pod("default", "sleeper", 1000)).unwrap();
    node.kubectl().wait_ready("default", "pod/sleeper").unwrap();
    fs::write(file, Traces::of(&node, &run).write()).unwrap();
    std::thread::sleep(10 * SOON);
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
    kubectl.wait_ready("default", "pod/sleeper").unwrap();
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

/// The controller-manager adds the chart's cluster roles to `view`, `edit` and `admin`: whoever has one of these in a namespace may use the
/// kinds there, may not write their status, and sees no `AwsAccount`.
fn roles_take_in_the_charts(node: &Node) {
    const ROLES: [&str; 3] = ["view", "edit", "admin"];
    let kubectl = node.kubectl();
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/manifests");
    kubectl.apply_folder(&manifests).unwrap();
    let established = "--for=condition=Established";
    kubectl.run(&["wait", established, "crd", "--all"]).unwrap();
    let sets = charts::sets().unwrap();
    let default = sets.iter().find(|set| set.name == "default").unwrap();
    let golden = fs::read_to_string(default.golden()).unwrap();
    let roles: Vec<&str> = golden
        .split("\n---")
        .filter(|document| document.contains("/aggregate-to-"))
        .collect();
    kubectl.apply(&roles.join("\n---")).unwrap();
    kubectl.run(&["create", "namespace", "team"]).unwrap();
    for role in ROLES {
        let (of, to) = (format!("--clusterrole={role}"), format!("--user=with-{role}"));
        kubectl
            .run(&["create", "rolebinding", role, "--namespace=team", &of, &to])
            .unwrap();
    }
    let services = "ecsservices.ecs-operator.dev";
    let questions: [(&[&str], [&str; 3]); 5] = [
        (&["get", services], ["yes", "yes", "yes"]),
        (&["create", services], ["no", "yes", "yes"]),
        (&["patch", services, "--subresource=scale"], ["no", "yes", "yes"]),
        (&["patch", services, "--subresource=status"], ["no", "no", "no"]),
        (&["get", "awsaccounts.ecs-operator.dev"], ["no", "no", "no"]),
    ];
    for (question, answers) in questions {
        for (role, answer) in ROLES.into_iter().zip(answers) {
            let user = kubectl.impersonating(&format!("with-{role}"));
            let asked = [&["auth", "can-i", "--namespace=team"], question].concat();
            let what = format!("{role} has another right than it should: {question:?}");
            poll::until(&what, SOON, OFTEN, || {
                // It fails where the answer is no.
                let told = user.command(&asked).output().map_err(|why| why.to_string())?;
                let said = String::from_utf8_lossy(&told.stdout).into_owned();
                let word = said.split_whitespace().next();
                (word == Some(answer)).then_some(()).ok_or(said)
            })
            .unwrap();
        }
    }
}

/// What an API server behind this one reads, to know whose requests it forwards.
fn api_servers_can_join(node: &Node) {
    let map = node
        .kubectl()
        .json(&[
            "get",
            "configmap",
            "extension-apiserver-authentication",
            "--namespace=kube-system",
        ])
        .unwrap();
    let text = |name: &str| map["data"][name].as_str().unwrap_or_default().to_owned();
    assert!(text("requestheader-client-ca-file").starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(text("requestheader-allowed-names"), r#"["front-proxy-client"]"#);
}

/// What shows that a node runs.
#[derive(Debug)]
struct Traces {
    link: PathBuf,
    cgroup: String,
    folder: PathBuf,
    network_namespace: PathBuf,
}

impl Traces {
    fn of(node: &Node, run: &RunDir) -> Self {
        let number = node.address().octets()[1];
        Self {
            link: format!("/sys/class/net/ecs-node-{number}").into(),
            cgroup: format!("ecs-e2e-{}-{number}", std::process::id()),
            folder: run.path().to_owned(),
            network_namespace: fs::read_link(format!("/proc/{}/ns/net", node.process())).unwrap(),
        }
    }

    fn write(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n.",
            self.link.display(),
            self.cgroup,
            self.folder.display(),
            self.network_namespace.display()
        )
    }

    /// None where the text is not whole.
    fn read(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let [link, cgroup, folder, network_namespace, "."] = lines[..] else {
            return None;
        };
        Some(Self {
            link: link.into(),
            cgroup: cgroup.to_owned(),
            folder: folder.into(),
            network_namespace: network_namespace.into(),
        })
    }

    /// The node runs, and it can be seen by what is looked for after its end.
    fn require_all(&self) {
        assert!(self.link.exists() && self.folder.exists(), "{self:?}");
        assert!(!self.cgroups().is_empty(), "{self:?}");
        assert!(self.processes().len() > 4, "{:?}", self.processes());
        assert_eq!(self.mounts(), Vec::<String>::new());
    }

    fn left(&self) -> Vec<String> {
        let paths = [&self.link, &self.folder]
            .into_iter()
            .filter(|path| path.exists());
        let keep = std::env::var_os("ECS_E2E_KEEP").is_some();
        paths
            .filter(|path| !keep || *path != &self.folder)
            .map(|path| path.display().to_string())
            .chain(self.cgroups())
            .chain(self.processes())
            .chain(self.mounts())
            .collect()
    }

    fn cgroups(&self) -> Vec<String> {
        let hierarchies = fs::read_dir("/sys/fs/cgroup").unwrap().filter_map(Result::ok);
        hierarchies
            .map(|entry| entry.path())
            .chain(["/sys/fs/cgroup".into()])
            .map(|hierarchy| hierarchy.join(&self.cgroup))
            .filter(|path| path.exists())
            .map(|path| path.display().to_string())
            .collect()
    }

    /// The mounts that this machine's own processes see of it: there are none at any time.
    fn mounts(&self) -> Vec<String> {
        let folder = self.folder.to_string_lossy();
        fs::read_to_string("/proc/self/mounts")
            .unwrap()
            .lines()
            .filter(|line| {
                line.starts_with("node ") || line.contains(folder.as_ref()) || line.contains("containerd")
            })
            .map(str::to_owned)
            .collect()
    }

    /// The command lines of the processes in its network namespace: all but those in pods, without which no cgroup could be gone.
    fn processes(&self) -> Vec<String> {
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(Result::ok)
            .filter(|entry| {
                fs::read_link(entry.path().join("ns/net")).is_ok_and(|other| other == self.network_namespace)
            })
            .map(|entry| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
            .collect()
    }
}
