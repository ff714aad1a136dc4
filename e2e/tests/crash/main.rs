//! The real binary killed by SIGKILL at every effect of a whole life, before and after it, against the real API server (the
//! issue's point 9): created, adopted, rolled, scaled, rolled back, deleted.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is wrong"
)]

mod life;

use std::time::{Duration, Instant};

use ecs_e2e::effects::{Effects, Moment};
use ecs_e2e::free_ports::free_ports;
use ecs_e2e::process::Process;
use ecs_e2e::questions::PATIENCE;
use ecs_e2e::scene;
use ecs_e2e::stack::Stack;
use ecs_e2e::steps::Steps;
use ecs_e2e::{backend, poll};
use serde_json::{Value, json};

use life::{Life, Phase};

/// A stack whose operator reaches both worlds through the counting proxy.
struct World {
    stack: Stack,
    effects: Effects,
    endpoint: String,
    /// The API server without the counting.
    api: String,
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
        let endpoint = format!("http://127.0.0.1:{}", effects.forward(backend_port).unwrap());
        stack.start_operator().unwrap();
        life::prepare(stack.backend());
        Self {
            stack,
            effects,
            endpoint,
            api: format!("http://127.0.0.1:{port}"),
            _proxy: proxy,
        }
    }

    fn life<'a>(&'a self, name: &'a str) -> Life<'a> {
        Life {
            name,
            kubectl: self.stack.plane().kubectl(),
            ecs: self.stack.backend(),
            endpoint: &self.endpoint,
            api: &self.api,
        }
    }

    /// Waits until Kubernetes shows the end of the phase.
    fn until_done(&self, name: &str, phase: Phase) {
        poll::until(
            &format!("{phase:?} of {name} does not end"),
            PATIENCE,
            Duration::from_millis(100),
            || self.life(name).is_done(phase),
        )
        .unwrap();
    }

    /// Waits until Kubernetes shows the end of the phase and ECS is as after the clean one. Not one after the other: a service
    /// whose definition changed in the same apply may be Ready for a moment before the operator has seen that change.
    fn until_as_the_clean_one(
        &self,
        name: &str,
        phase: Phase,
        expected: &Value,
    ) -> Result<(), ecs_e2e::Error> {
        poll::until(
            &format!("{phase:?} of {name} does not end as the clean one"),
            PATIENCE,
            Duration::from_millis(100),
            || {
                self.life(name).is_done(phase)?;
                let outcome = self.life(name).outcome();
                if &outcome == expected {
                    Ok(())
                } else {
                    Err(format!("{outcome} instead of {expected}"))
                }
            },
        )
    }

    /// A life without a crash: of each phase its effects, and what ECS shows after it.
    fn clean_life(&self) -> Vec<(Vec<String>, Value)> {
        let of_phase = |phase: Phase| {
            self.effects.only_count();
            self.life("clean").begin(phase);
            self.until_done("clean", phase);
            (self.effects.seen(), self.life("clean").outcome())
        };
        Phase::ALL.map(of_phase).into()
    }

    /// The operator dies at the effect of this number, if the phase has so many, and is started again.
    fn survive(&mut self, name: &str, phase: Phase, at: usize, moment: Moment) {
        let victim = self.stack.operator().unwrap().id();
        self.effects.trap(at, moment, victim);
        self.life(name).begin(phase);
        let deadline = Instant::now() + PATIENCE;
        while !self.effects.sprung() && self.life(name).is_done(phase).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        if self.effects.sprung() {
            self.await_death();
            self.effects.only_count();
            self.stack.start_operator().unwrap();
        }
        self.effects.only_count();
    }

    /// The trap closes a moment before the operator is dead.
    fn await_death(&mut self) {
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
    }
}

/// Leads a clean life, and then one for each effect of its longest phase: every phase is hit at every effect that it has.
fn every_life_ends_as_the_clean_one(moment: Moment) {
    let mut world = World::start();
    let clean = world.clean_life();
    let has = |number: usize, effect: &str| clean[number].0.iter().any(|seen| seen == effect);
    assert!(has(0, "CreateService") && has(0, "TagResource"), "{:?}", clean[0]);
    assert!(has(1, "UpdateService") && has(2, "UpdateService"), "{clean:?}");
    assert!(
        has(3, "DeleteService") && has(3, "UntagResource"),
        "{:?}",
        clean[3]
    );
    let longest = clean.iter().map(|(effects, _)| effects.len()).max().unwrap();

    for at in 1..=longest {
        let name = format!("life-{at}");
        for (phase, (_, expected)) in Phase::ALL.into_iter().zip(&clean) {
            world.survive(&name, phase, at, moment);
            let what = format!("killed {moment:?} effect {at} of {phase:?}");
            world
                .until_as_the_clean_one(&name, phase, expected)
                .unwrap_or_else(|why| panic!("{what}: {why}"));
            // Three images, and at most one surplus revision for each of the three crashes.
            let revisions = world.life(&name).revisions();
            assert!(revisions <= 6, "{what}: {revisions} revisions");
        }
    }
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn killed_before_every_effect_it_ends_as_if_nothing_had_happened() {
    every_life_ends_as_the_clean_one(Moment::Before);
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn killed_after_every_effect_it_ends_as_if_nothing_had_happened() {
    every_life_ends_as_the_clean_one(Moment::After);
}
