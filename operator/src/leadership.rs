//! Leader election over a Lease, so that one replica acts and another takes over within seconds.
//!
//! The rules that make it safe (engineering.md §1.9): every write carries the resource version that was read, so of two
//! candidates one loses; a lease has expired when *we* have seen it unchanged for its duration, whatever its holder's
//! clock says; the holder renews after a third of the duration and gives up after two thirds, counted from before the
//! renewal was sent. What is published is not "leading" but "leading until", so that a process that froze stops by itself.
//! And should all fail, tokens and owner tags make a second leader harmless.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use crate::aws::fence::Lead;
use crate::clock::SharedClock;

/// How the election is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the Lease is.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How long a lead lasts without renewal. An AWS call that is under way is given up when the lead ends (`aws/connector.rs`).
    pub duration: Duration,
}

impl Settings {
    /// The Lease `ecs-operator` in `namespace`, for 15 s.
    pub fn in_namespace(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: "ecs-operator".to_owned(),
            duration: Duration::from_secs(15),
        }
    }

    fn renew_every(&self) -> Duration {
        self.duration / 3
    }

    fn give_up_after(&self) -> Duration {
        self.duration * 2 / 3
    }

    fn retry_every(&self) -> Duration {
        (self.duration / 8).max(Duration::from_millis(200))
    }
}

/// One candidate.
pub struct Candidate {
    leases: Api<Lease>,
    settings: Settings,
    identity: String,
    clock: SharedClock,
    lead: watch::Sender<Lead>,
    /// The lease as last seen to change, and when we saw that.
    seen: Option<(Record, Instant)>,
    /// The lease as our last write left it, so that a renewal is one request.
    held: Option<Lease>,
}

/// What distinguishes one renewal from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    holder: Option<String>,
    renewed: Option<MicroTime>,
    transitions: Option<i32>,
}

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// The lease is ours, as of when the request was sent.
    Ours(Instant),
    /// Somebody else holds it, or was faster.
    Theirs,
}

impl Candidate {
    /// A candidate and what it publishes. `identity` must differ between processes, also between restarts of one pod.
    pub fn new(
        client: Client,
        settings: Settings,
        identity: String,
        clock: SharedClock,
    ) -> (Self, watch::Receiver<Lead>) {
        let (lead, published) = watch::channel(None);
        let leases = Api::namespaced(client, &settings.namespace);
        (
            Self {
                leases,
                settings,
                identity,
                clock,
                lead,
                seen: None,
                held: None,
            },
            published,
        )
    }

    /// Stands for election until `stop`; then gives the lease back, if it is ours, so that another need not wait.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let pause = self.round().await;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.step_down().await;
    }

    /// One attempt and its consequences; says when the next is due.
    async fn round(&mut self) -> Duration {
        let patience = self.settings.renew_every();
        let outcome = tokio::time::timeout(patience, self.attempt()).await;
        match outcome {
            Ok(Ok(Attempt::Ours(since))) => {
                if self.lead.borrow().is_none() {
                    tracing::info!(identity = self.identity, "this replica leads");
                }
                self.lead
                    .send_replace(Some(since + self.settings.give_up_after()));
                return self.settings.renew_every().saturating_sub(since.elapsed());
            }
            Ok(Ok(Attempt::Theirs)) => self.lose("another replica holds the lease"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease could not be read or written");
                self.lose_if_over();
            }
            Err(_) => {
                tracing::warn!("the API server did not answer about the lease in time");
                self.lose_if_over();
            }
        }
        self.settings.retry_every()
    }

    async fn attempt(&mut self) -> Result<Attempt, kube::Error> {
        // Taken, not borrowed: if this attempt is dropped half-way, the next one has to read again.
        if let Some(held) = self.held.take()
            && let Attempt::Ours(since) = self.claim(&held).await?
        {
            return Ok(Attempt::Ours(since));
        }
        let Some(lease) = self.leases.get_opt(&self.settings.name).await? else {
            let since = Instant::now();
            let metadata = ObjectMeta {
                name: Some(self.settings.name.clone()),
                ..ObjectMeta::default()
            };
            let created = self
                .leases
                .create(&PostParams::default(), &self.claimed(metadata, None))
                .await;
            return self.outcome(created, since);
        };
        if self.may_take(&lease) {
            self.claim(&lease).await
        } else {
            Ok(Attempt::Theirs)
        }
    }

    /// Writes ourselves as holder. The resource version in the metadata makes this fail if anybody was faster.
    async fn claim(&mut self, lease: &Lease) -> Result<Attempt, kube::Error> {
        let since = Instant::now();
        let ours = self.claimed(lease.metadata.clone(), lease.spec.as_ref());
        let replaced = self
            .leases
            .replace(&self.settings.name, &PostParams::default(), &ours)
            .await;
        self.outcome(replaced, since)
    }

    /// A conflict means that somebody was faster, which is no error.
    fn outcome(
        &mut self,
        written: Result<Lease, kube::Error>,
        since: Instant,
    ) -> Result<Attempt, kube::Error> {
        match written {
            Ok(lease) => {
                self.held = Some(lease);
                Ok(Attempt::Ours(since))
            }
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                Ok(Attempt::Theirs)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the lease is ours, free, or has been seen unchanged for its duration.
    fn may_take(&mut self, lease: &Lease) -> bool {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty());
        if holder.is_none() || holder.as_deref() == Some(&self.identity) {
            return true;
        }
        let record = Record {
            holder,
            renewed: spec.renew_time,
            transitions: spec.lease_transitions,
        };
        match &self.seen {
            Some((known, since)) if *known == record => {
                let seconds = spec
                    .lease_duration_seconds
                    .and_then(|seconds| u64::try_from(seconds).ok());
                let duration = seconds.map_or(self.settings.duration, Duration::from_secs);
                since.elapsed() >= duration
            }
            _ => {
                self.seen = Some((record, Instant::now()));
                false
            }
        }
    }

    /// The lease as it is when we hold it.
    fn claimed(&self, metadata: ObjectMeta, before: Option<&LeaseSpec>) -> Lease {
        let now = MicroTime(self.clock.now());
        let before = before.cloned().unwrap_or_default();
        let renewal = before.holder_identity.as_deref() == Some(&self.identity);
        let transitions = before.lease_transitions.unwrap_or(0);
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.settings.duration.as_secs()).ok(),
            acquire_time: if renewal {
                before.acquire_time.clone()
            } else {
                Some(now.clone())
            },
            renew_time: Some(now),
            lease_transitions: Some(if renewal {
                transitions
            } else {
                transitions.saturating_add(1)
            }),
            ..before
        };
        Lease {
            metadata,
            spec: Some(spec),
        }
    }

    fn lose_if_over(&self) {
        let over = self.lead.borrow().is_some_and(|until| until <= Instant::now());
        if over {
            self.lose("the lease could not be renewed in time");
        }
    }

    fn lose(&self, why: &str) {
        if self.lead.borrow().is_some() {
            tracing::warn!(identity = self.identity, "this replica no longer leads: {why}");
            self.lead.send_replace(None);
        }
    }

    async fn step_down(&self) {
        if self.lead.send_replace(None).is_none() {
            return;
        }
        let released = tokio::time::timeout(self.settings.renew_every(), self.release()).await;
        match released {
            Ok(Ok(())) => tracing::info!(identity = self.identity, "this replica gave the lease back"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease could not be given back; it expires by itself");
            }
            Err(_) => tracing::warn!("the lease could not be given back in time; it expires by itself"),
        }
    }

    async fn release(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.leases.get_opt(&self.settings.name).await? else {
            return Ok(());
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            return Ok(());
        }
        spec.holder_identity = None;
        spec.renew_time = Some(MicroTime(self.clock.now()));
        self.leases
            .replace(&self.settings.name, &PostParams::default(), &lease)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
