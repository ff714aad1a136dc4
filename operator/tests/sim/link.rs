//! The wire between one operator process and the world. It numbers effects, carries out faults, and can be cut or frozen.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::watch;

use super::clock::VirtualClock;
use super::fault::{Effects, Fault, Side};

/// The state of a process as the world sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// Requests wait: the process is stopped, but not dead.
    Frozen,
    /// Nothing leaves the process any more: it is dead, whatever its tasks still do.
    Severed,
}

/// How a request ended for its sender.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// With an answer.
    Answered(T),
    /// With a broken connection.
    Lost,
    /// With an injected refusal.
    Refused(Fault),
}

/// One process's connection to everything outside.
pub(crate) struct Link {
    effects: Arc<Effects>,
    clock: VirtualClock,
    gate: watch::Sender<Gate>,
}

impl Link {
    /// An open link.
    pub(crate) fn open(effects: Arc<Effects>, clock: VirtualClock) -> Arc<Self> {
        Arc::new(Self {
            effects,
            clock,
            gate: watch::Sender::new(Gate::Open),
        })
    }

    /// Kills the process: nothing it sends arrives, nothing it waits for comes.
    pub(crate) fn sever(&self) {
        self.gate.send_replace(Gate::Severed);
    }

    /// Stops the process's requests until [`Link::thaw`].
    pub(crate) fn freeze(&self) {
        self.change(Gate::Open, Gate::Frozen);
    }

    /// Lets the process go on.
    pub(crate) fn thaw(&self) {
        self.change(Gate::Frozen, Gate::Open);
    }

    fn change(&self, from: Gate, to: Gate) {
        self.gate.send_if_modified(|gate| {
            let changes = *gate == from;
            if changes {
                *gate = to;
            }
            changes
        });
    }

    /// Resolves when the process is dead.
    pub(crate) async fn severed(&self) {
        self.reaches(Gate::Severed).await;
    }

    async fn reaches(&self, wanted: Gate) {
        let mut gate = self.gate.subscribe();
        if gate.wait_for(|gate| *gate == wanted).await.is_err() {
            never().await;
        }
    }

    /// Passes when the process runs, waits while it is frozen, never returns once it is dead.
    pub(crate) async fn pass(&self) {
        let mut gate = self.gate.subscribe();
        match gate
            .wait_for(|gate| *gate != Gate::Frozen)
            .await
            .map(|gate| *gate)
        {
            Ok(Gate::Open) => {}
            _ => {
                never().await;
            }
        }
    }

    /// A request that changes nothing, or whose loss is not a scenario's subject (lease renewals).
    pub(crate) async fn plain<T>(&self, answer: impl FnOnce() -> T) -> T {
        self.pass().await;
        let answer = answer();
        self.pass().await;
        answer
    }

    /// A request that changes the world: numbered, and subject to the fault plan.
    pub(crate) async fn effect<T: Send + 'static>(
        self: &Arc<Self>,
        side: Side,
        label: &str,
        carry_out: impl FnOnce() -> T + Send + 'static,
    ) -> Outcome<T> {
        self.pass().await;
        let fault = self.effects.next(self.clock.elapsed(), side, label);
        let outcome = match fault {
            None => Outcome::Answered(carry_out()),
            Some(Fault::RequestLost) => Outcome::Lost,
            Some(Fault::AnswerLost) => {
                drop(carry_out());
                Outcome::Lost
            }
            Some(Fault::CrashBefore) => {
                self.sever();
                Outcome::Lost
            }
            Some(Fault::CrashAfter) => {
                drop(carry_out());
                self.sever();
                Outcome::Lost
            }
            Some(Fault::Late(by)) => {
                // In a task of its own: a sender who gives up does not call the request back.
                let late = tokio::spawn(async move {
                    tokio::time::sleep(by).await;
                    carry_out()
                });
                late.await.map_or(Outcome::Lost, Outcome::Answered)
            }
            Some(Fault::Freeze) => {
                self.freeze();
                let link = self.clone();
                let late = tokio::spawn(async move {
                    link.pass().await;
                    carry_out()
                });
                late.await.map_or(Outcome::Lost, Outcome::Answered)
            }
            Some(refused) => Outcome::Refused(refused),
        };
        self.pass().await;
        outcome
    }
}

async fn never() -> Infallible {
    std::future::pending().await
}
