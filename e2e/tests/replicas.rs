//! Two replicas: the leader killed and the leader frozen (the point 11).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::time::{Duration, Instant};

use ecs_e2e::free_ports::free_ports;
use ecs_e2e::operator::{self, Operator};
use ecs_e2e::questions::PATIENCE;
use ecs_e2e::scene;
use ecs_e2e::stack::Stack;
use ecs_e2e::steps::Steps;
use ecs_e2e::{poll, samples};
use serde_json::{Value, json};

const NAMESPACE: &str = "ecs-operator-system";

struct Replicas {
    stack: Stack,
    template: operator::Options,
    running: Vec<(String, Operator)>,
}

impl Replicas {
    fn start() -> Self {
        let mut stack = Stack::without_operator(&scene::options().unwrap(), Steps::quiet()).unwrap();
        let kubectl = stack.plane().kubectl().clone();
        kubectl.run(&["create", "namespace", NAMESPACE]).unwrap();
        let template = stack.operator_options().clone();
        let mut replicas = Self {
            stack,
            template,
            running: Vec::new(),
        };
        replicas.add("one");
        replicas.add("two");
        let folder = samples::render(replicas.stack.run(), replicas.stack.backend().url()).unwrap();
        for sample in ["00-account.yaml", "01-cluster.yaml", "02-sample-fargate.yaml"] {
            kubectl
                .run(&[
                    "apply",
                    "--server-side",
                    "-f",
                    folder.join(sample).to_str().unwrap(),
                ])
                .unwrap();
        }
        kubectl
            .run(&[
                "wait",
                "--for=condition=Ready",
                "ecssvc/sample-fargate",
                "--timeout=90s",
            ])
            .unwrap();
        replicas
    }

    fn add(&mut self, name: &str) {
        let [admin_port] = free_ports().unwrap();
        let mut options = operator::Options {
            admin_port,
            name: format!("ecs-operator-{name}"),
            ..self.template.clone()
        };
        options.flags.extend(
            [
                "--leader-elect",
                "--lease-namespace",
                NAMESPACE,
                "--identity",
                name,
            ]
            .map(str::to_owned),
        );
        self.running.push((
            name.to_owned(),
            Operator::start(&options, self.stack.run()).unwrap(),
        ));
    }

    fn leader(&self) -> String {
        let leases = self
            .stack
            .plane()
            .kubectl()
            .json(&["get", "leases", "-n", NAMESPACE])
            .unwrap();
        leases
            .pointer("/items/0/spec/holderIdentity")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    fn operator(&mut self, name: &str) -> &mut Operator {
        &mut self.running.iter_mut().find(|(each, _)| each == name).unwrap().1
    }

    /// Scales, and waits until ECS has the count.
    fn scale(&self, count: u32) -> Duration {
        let start = Instant::now();
        self.stack
            .plane()
            .kubectl()
            .run(&["scale", "ecssvc/sample-fargate", &format!("--replicas={count}")])
            .unwrap();
        poll::until(
            &format!("nobody scales to {count}"),
            PATIENCE,
            Duration::from_millis(100),
            || {
                let seen = self.desired();
                if seen == json!(count) {
                    Ok(())
                } else {
                    Err(seen.to_string())
                }
            },
        )
        .unwrap();
        start.elapsed()
    }

    fn desired(&self) -> Value {
        let seen = self
            .stack
            .backend()
            .ecs(
                "DescribeServices",
                &json!({"cluster": "demo", "services": ["sample-fargate"]}),
            )
            .unwrap();
        seen["services"][0]["desiredCount"].clone()
    }

    fn updates(&self) -> u64 {
        self.stack
            .backend()
            .calls()
            .unwrap()
            .get("UpdateService")
            .copied()
            .unwrap_or(0)
    }
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn a_standby_takes_over_from_a_killed_and_from_a_frozen_leader() {
    let mut replicas = Replicas::start();
    let first = replicas.leader();
    assert!(
        first.contains("one") || first.contains("two"),
        "the leader is {first:?}"
    );
    let first = if first.contains("one") { "one" } else { "two" };
    let second = if first == "one" { "two" } else { "one" };

    replicas.operator(first).kill();
    println!(
        "killed: the standby scaled {:?} after the request",
        replicas.scale(5)
    );
    assert!(replicas.leader().contains(second));

    let third = format!("{first}-again");
    replicas.add(&third);
    replicas.operator(second).freeze();
    println!(
        "frozen: the standby scaled {:?} after the request",
        replicas.scale(2)
    );
    let updates = replicas.updates();
    replicas.operator(second).thaw();
    println!(
        "thawed: the leader scaled {:?} after the request",
        replicas.scale(4)
    );
    assert!(
        replicas.leader().contains(&third),
        "the leader is {}",
        replicas.leader()
    );
    assert_eq!(replicas.updates(), updates + 1, "two replicas acted");
    assert_eq!(replicas.desired(), json!(4));
}
