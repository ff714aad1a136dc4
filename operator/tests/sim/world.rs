//! A world: an apiserver, a clock, effects with their faults, and the processes that live in it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::apiserver::ApiServer;
use super::aws::{Aws, Backend};
use super::clock::VirtualClock;
use super::fault::{Effect, Effects, FaultPlan};
use super::logs::Logs;
use super::panics::Panics;
use super::process::{Program, Replica, Surroundings};

/// Everything outside the operator, and the operator's pods.
pub(crate) struct World {
    /// Kubernetes.
    pub(crate) api: ApiServer,
    /// AWS.
    pub(crate) aws: Aws,
    /// What the operator did, and what went wrong.
    pub(crate) effects: Arc<Effects>,
    /// The true time.
    pub(crate) clock: VirtualClock,
    program: Program,
    replicas: Vec<Replica>,
    panics: Panics,
    logs: Logs,
}

impl World {
    /// A world with these CRDs and this AWS, where `program` will run and meet the faults of `plan`.
    pub(crate) fn new(
        crds: &[Value],
        plan: FaultPlan,
        backend: impl FnOnce(&VirtualClock) -> Backend,
        program: Program,
    ) -> Self {
        let clock = VirtualClock::start();
        let watch = clock.clone();
        Self {
            api: ApiServer::new(crds, move || watch.now()),
            aws: Aws::new(backend(&clock)),
            effects: Arc::new(Effects::with(plan)),
            clock,
            program,
            replicas: Vec::new(),
            panics: Panics::begin(),
            logs: Logs::begin(),
        }
    }

    /// Starts one more pod and returns its index.
    pub(crate) fn start_replica(&mut self) -> usize {
        let name = format!("operator-{}", self.replicas.len());
        let clock = self.clock.on_another_machine();
        let surroundings = Surroundings {
            api: self.api.clone(),
            aws: self.aws.clone(),
            effects: self.effects.clone(),
        };
        self.replicas
            .push(Replica::start(&name, self.program.clone(), surroundings, clock));
        self.replicas.len() - 1
    }

    /// A pod.
    pub(crate) fn replica(&self, index: usize) -> &Replica {
        &self.replicas[index]
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until nothing was written for `quiet`.
    ///
    /// # Errors
    /// When that has not come within `bound`, with the end of the trace.
    pub(crate) async fn settle(&self, quiet: Duration, bound: Duration) -> Result<(), String> {
        let deadline = self.clock.elapsed() + bound;
        loop {
            let before = self.activity();
            self.pass(quiet).await;
            if self.activity() == before {
                break;
            }
            if self.clock.elapsed() > deadline {
                return Err(format!(
                    "not settled after {bound:?}; the last effects:\n{}",
                    self.effects.trace(40)
                ));
            }
        }
        self.check_alive()
    }

    /// No process panicked or gave up.
    ///
    /// # Errors
    /// How it ended.
    pub(crate) fn check_alive(&self) -> Result<(), String> {
        let mut ends: Vec<String> = self.replicas.iter().flat_map(Replica::unexpected_ends).collect();
        ends.extend(self.panics.seen());
        if ends.is_empty() {
            return Ok(());
        }
        Err(format!(
            "processes panicked or ended by themselves: {ends:?}\n{}",
            self.effects.trace(40)
        ))
    }

    /// What the operator logged as errors.
    pub(crate) fn logged_errors(&self) -> Vec<String> {
        self.logs.errors()
    }

    /// What the processes write in `time`, lease renewals left out.
    pub(crate) async fn effects_within(&self, time: Duration) -> Vec<Effect> {
        let before = self.effects.count();
        self.pass(time).await;
        self.effects.since(before)
    }

    fn activity(&self) -> (u64, usize) {
        let writes = self
            .api
            .writes_since(0, |resource| resource != "leases.coordination.k8s.io");
        (self.effects.count(), writes)
    }
}
