//! The real binary killed by SIGKILL at every effect, before and after it, against the real API server (the point 9).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::fs;
use std::time::{Duration, Instant};

use ecs_e2e::effects::{Effects, Moment};
use ecs_e2e::free_ports::free_ports;
use ecs_e2e::process::Process;
use ecs_e2e::scene::{self, PATIENCE};
use ecs_e2e::stack::Stack;
use ecs_e2e::steps::Steps;
use ecs_e2e::{backend, poll, samples};
use serde_json::{Value, json};

/// A stack whose operator reaches both worlds through the counting proxy.
struct World {
    stack: Stack,
    effects: Effects,
    ecs_endpoint: String,
    _proxy: Process,
}

impl World {
    fn start() -> Self {
        let mut stack = Stack::without_operator(&scene::options().unwrap(), Steps::quiet()).unwrap();
        let effects = Effects::default();
        let [port] = free_ports().unwrap();
        let kubectl = stack.plane().kubectl().clone();
        let command = kubectl.command(&["proxy", "--port", &port.to_string(), "--reject-methods=^$"]);
        let proxy = Process::start("kubectl-proxy", command, stack.run(), Duration::from_secs(1)).unwrap();
        poll::until(
            "kubectl proxy does not answer",
            PATIENCE,
            Duration::from_millis(50),
            || {
                backend::get(&format!("http://127.0.0.1:{port}/readyz"))
                    .map(drop)
                    .map_err(|why| why.to_string())
            },
        )
        .unwrap();
        let through = effects.forward(port).unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": format!("http://127.0.0.1:{through}")}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": ""}}],
        });
        let path = stack
            .run()
            .write("proxy-kubeconfig", &kubeconfig.to_string())
            .unwrap();
        stack.operator_options().kubeconfig = path;
        let backend_port = stack.backend().url().rsplit(':').next().unwrap().parse().unwrap();
        let ecs_endpoint = format!("http://127.0.0.1:{}", effects.forward(backend_port).unwrap());
        stack.start_operator().unwrap();
        Self {
            stack,
            effects,
            ecs_endpoint,
            _proxy: proxy,
        }
    }

    /// An account, a cluster, a definition and a service of this name.
    fn apply(&self, name: &str) {
        let account = fs::read_to_string(samples::folder().join("00-account.yaml"))
            .unwrap()
            .replace(samples::DEFAULT_ENDPOINT, &self.ecs_endpoint);
        let manifest = format!(
            "{account}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsCluster, metadata: {{name: {name}}}, spec: {{}}}}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsTaskDefinition, metadata: {{name: {name}}}, spec: {{requiresCompatibilities: [FARGATE], networkMode: awsvpc, cpu: 256, memory: 512, containerDefinitions: [{{name: app, image: app}}]}}}}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {{name: {name}}}, spec: {{clusterRef: {{name: {name}}}, taskDefinitionRef: {{name: {name}}}, desiredCount: 2, launchType: FARGATE, networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-abc123]}}}}}}}}
"
        );
        self.stack.plane().kubectl().apply(&manifest).unwrap();
    }

    fn until_ready(&self, name: &str) {
        let kubectl = self.stack.plane().kubectl();
        poll::until(
            &format!("{name} does not converge"),
            PATIENCE,
            Duration::from_millis(100),
            || {
                let list = kubectl
                    .json(&[
                        "get",
                        &format!("ecscl/{name}"),
                        &format!("ecstd/{name}"),
                        &format!("ecssvc/{name}"),
                    ])
                    .map_err(|why| why.to_string())?;
                let left: Vec<String> = samples::progress(&list)
                    .into_iter()
                    .filter(|one| !one.done)
                    .map(|one| format!("{} {:?}", one.object, one.conditions))
                    .collect();
                if left.is_empty() {
                    Ok(())
                } else {
                    Err(left.join("; "))
                }
            },
        )
        .unwrap();
    }

    /// What is in ECS, without what differs from run to run: the same for every crash.
    fn ecs(&self, name: &str) -> Value {
        let ask = |operation: &str, input: Value| self.stack.backend().ecs(operation, &input).unwrap();
        let services = ask("ListServices", json!({"cluster": name}));
        let service =
            ask("DescribeServices", json!({"cluster": name, "services": [name]}))["services"][0].clone();
        let deployments = ask(
            "ListServiceDeployments",
            json!({"cluster": name, "service": name}),
        );
        json!({
            "services": services["serviceArns"].as_array().map(Vec::len),
            "status": service["status"], "desired": service["desiredCount"], "running": service["runningCount"],
            "deployments": deployments["serviceDeployments"].as_array().map(Vec::len),
        })
    }

    fn revisions(&self, name: &str) -> usize {
        let listed = self
            .stack
            .backend()
            .ecs("ListTaskDefinitions", &json!({"familyPrefix": name}))
            .unwrap();
        listed["taskDefinitionArns"].as_array().map_or(0, Vec::len)
    }

    fn delete(&self, name: &str) {
        let objects = [
            format!("ecssvc/{name}"),
            format!("ecstd/{name}"),
            format!("ecscl/{name}"),
        ];
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        self.stack
            .plane()
            .kubectl()
            .run(&[&["delete", "--wait=false"], objects.as_slice()].concat())
            .unwrap();
    }

    fn until_gone(&self, name: &str) {
        poll::until(
            &format!("{name} is not deleted"),
            PATIENCE,
            Duration::from_millis(100),
            || {
                let left = self
                    .stack
                    .plane()
                    .kubectl()
                    .run(&[
                        "get",
                        "ecscl,ecstd,ecssvc",
                        "--field-selector",
                        &format!("metadata.name={name}"),
                        "-o",
                        "name",
                    ])
                    .map_err(|why| why.to_string())?;
                if left.trim().is_empty() { Ok(()) } else { Err(left) }
            },
        )
        .unwrap();
        let clusters = self
            .stack
            .backend()
            .ecs("DescribeClusters", &json!({"clusters": [name]}))
            .unwrap();
        let status = clusters
            .pointer("/clusters/0/status")
            .and_then(Value::as_str)
            .unwrap_or("MISSING");
        assert_ne!(status, "ACTIVE", "the cluster {name} is left in ECS");
    }

    /// Waits until the trap has closed, or the work is done without it, and starts the operator again where it died.
    fn survive(&mut self, done: impl Fn(&Self) -> bool) {
        let effects = self.effects.clone();
        let deadline = Instant::now() + PATIENCE;
        while !effects.sprung() && !done(self) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        if effects.sprung() {
            // The trap closes a moment before the operator is dead.
            poll::until(
                "the operator lives",
                PATIENCE,
                Duration::from_millis(10),
                || match self.stack.check_running() {
                    Ok(()) => Err("it runs".to_owned()),
                    Err(_) => Ok(()),
                },
            )
            .unwrap();
            self.effects.only_count();
            self.stack.start_operator().unwrap();
        }
        self.effects.only_count();
    }

    fn is_ready(&self, name: &str) -> bool {
        let read = self
            .stack
            .plane()
            .kubectl()
            .json(&["get", &format!("ecssvc/{name}")]);
        read.is_ok_and(|read| {
            samples::condition(&read, "Ready").is_some_and(|ready| ready["status"] == "True")
        })
    }

    fn is_gone(&self, name: &str) -> bool {
        let left = self.stack.plane().kubectl().run(&[
            "get",
            "ecscl,ecstd,ecssvc",
            "--field-selector",
            &format!("metadata.name={name}"),
            "-o",
            "name",
        ]);
        left.is_ok_and(|left| left.trim().is_empty())
    }

    fn operator_id(&mut self) -> u32 {
        self.stack.operator().unwrap().id()
    }
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn killed_at_every_effect_it_ends_as_if_nothing_had_happened() {
    let mut world = World::start();
    world.apply("clean");
    world.until_ready("clean");
    let expected = world.ecs("clean");
    let creating = world.effects.seen();
    assert!(
        creating.iter().any(|effect| effect == "CreateService"),
        "{creating:?}"
    );
    world.effects.only_count();
    world.delete("clean");
    world.until_gone("clean");
    let deleting = world.effects.seen();
    assert!(
        deleting.iter().any(|effect| effect == "DeleteService"),
        "{deleting:?}"
    );

    for moment in [Moment::Before, Moment::After] {
        for at in 1..=creating.len().max(deleting.len()) {
            let name = format!("{}-{at}", format!("{moment:?}").to_lowercase());
            let victim = world.operator_id();
            world.effects.trap(at, moment, victim);
            world.apply(&name);
            world.survive(|world| world.is_ready(&name));
            world.until_ready(&name);
            assert_eq!(
                world.ecs(&name),
                expected,
                "killed {moment:?} effect {at} of the creation"
            );
            assert!(
                world.revisions(&name) <= 2,
                "killed {moment:?} effect {at}: {} revisions",
                world.revisions(&name)
            );

            let victim = world.operator_id();
            world.effects.trap(at, moment, victim);
            world.delete(&name);
            world.survive(|world| world.is_gone(&name));
            world.until_gone(&name);
        }
    }
}
