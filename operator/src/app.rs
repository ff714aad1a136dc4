//! The wiring: from what is given from outside ([`Deps`]) to controllers that run while this replica leads.
//!
//! Nothing here touches the process: no environment, no signals, no log writer, no wall clock. So the simulation runs
//! exactly this, and dropping the future is a crash.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Readiness};
use crate::aws::account::{Accounts, AwsBase};
use crate::aws::fence::Fence;
use crate::clock::SharedClock;
use crate::context::{Ctx, Limits};
use crate::k8s::backoff::Backoff;
use crate::k8s::events::{Delivery, Events};
use crate::k8s::status::StatusWriter;
use crate::k8s::stores::{Stores, Writers};
use crate::k8s::wakes::Wakes;
use crate::k8s::{controller, crds, namespaces};
use crate::kinds;
use crate::leadership::{self, Candidate, Lead};
use crate::observer::{Freshness, Observers, Surroundings};
use crate::telemetry::metrics::Metrics;

/// The pause before a read of Kubernetes that failed at the start is repeated.
const START_RETRY: Duration = Duration::from_secs(2);
/// How long passes under way may take to end when the process is asked to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Everything that comes from outside.
pub struct Deps {
    /// The Kubernetes API.
    pub kube: Client,
    /// The HTTP client and the credentials for AWS.
    pub aws: AwsBase,
    /// The time of day.
    pub clock: SharedClock,
    /// Decides all randomness.
    pub seed: u64,
    /// Who this process is: another for each process, also for each restart of a pod.
    pub identity: String,
    /// Where `/livez`, `/readyz` and `/metrics` are served; none for no such server.
    pub admin: Option<TcpListener>,
    /// What people chose.
    pub settings: Settings,
}

/// What people choose.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The installation's name; by default the UID of namespace kube-system.
    pub installation: Option<String>,
    /// The namespaces to watch; all where none is named.
    pub watch_namespaces: Vec<String>,
    /// How leaders are elected; none means that this process is the only one.
    pub election: Option<leadership::Settings>,
    /// How fresh ECS is seen.
    pub freshness: Freshness,
    /// Bounds on what happens at once.
    pub limits: Limits,
}

/// Why the operator ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The admin server failed.
    #[error("the admin server ended: {0}")]
    Admin(#[source] std::io::Error),
    /// A part that runs for ever ended: a bug.
    #[error("{0} ended although it should run for ever")]
    Ended(&'static str),
}

/// Runs the operator until `stop`, and then ends in order: passes, controllers, lease, admin server.
///
/// # Errors
/// When a part that should run for ever ends.
pub async fn run(deps: Deps, stop: CancellationToken) -> Result<(), AppError> {
    let metrics = Arc::new(Metrics::new());
    let (readiness, readiness_seen) = watch::channel(Readiness::WaitingForCrds);
    let admin_stop = CancellationToken::new();
    let admin = serve_admin(deps.admin, metrics.clone(), readiness_seen, admin_stop.clone());
    let work = Operator {
        kube: deps.kube,
        aws: deps.aws,
        clock: deps.clock,
        seed: deps.seed,
        identity: deps.identity,
        settings: deps.settings,
        metrics,
        readiness,
    };
    let work = async {
        let outcome = work.run(&stop).await;
        admin_stop.cancel();
        outcome
    };
    tokio::pin!(work, admin);
    let outcome = tokio::select! {
        biased;
        outcome = &mut work => outcome,
        ended = &mut admin => return ended.and(Err(AppError::Ended("the admin server"))),
    };
    outcome.and(admin.await)
}

async fn serve_admin(
    listener: Option<TcpListener>,
    metrics: Arc<Metrics>,
    readiness: watch::Receiver<Readiness>,
    stop: CancellationToken,
) -> Result<(), AppError> {
    let Some(listener) = listener else {
        stop.cancelled().await;
        return Ok(());
    };
    admin::serve(listener, metrics, readiness, stop)
        .await
        .map_err(AppError::Admin)
}

struct Operator {
    kube: Client,
    aws: AwsBase,
    clock: SharedClock,
    seed: u64,
    identity: String,
    settings: Settings,
    metrics: Arc<Metrics>,
    readiness: watch::Sender<Readiness>,
}

impl Operator {
    async fn run(&self, stop: &CancellationToken) -> Result<(), AppError> {
        let prepared = async {
            crds::awaited(&self.kube, &self.settings.watch_namespaces).await;
            self.installation().await
        };
        let installation = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            installation = prepared => installation,
        };
        self.readiness.send_replace(Readiness::Ready);
        let outcome = match &self.settings.election {
            None => {
                self.metrics.leading(true);
                self.lead(&installation, Fence::open(), stop).await
            }
            Some(election) => self.stand(election, &installation, stop).await,
        };
        self.readiness.send_replace(Readiness::Stopping);
        outcome
    }

    /// The name that tells this installation's resources in ECS from another's.
    async fn installation(&self) -> String {
        if let Some(name) = &self.settings.installation {
            return name.clone();
        }
        let namespaces: Api<Namespace> = Api::all(self.kube.clone());
        loop {
            match crds::in_time(namespaces.get_metadata("kube-system")).await {
                Ok(namespace) => return namespace.metadata.uid.unwrap_or_default(),
                Err(error) => {
                    tracing::warn!(%error, "namespace kube-system cannot be read; its UID names this installation");
                }
            }
            tokio::time::sleep(START_RETRY).await;
        }
    }

    /// Stands for election, and leads whenever elected.
    async fn stand(
        &self,
        election: &leadership::Settings,
        installation: &str,
        stop: &CancellationToken,
    ) -> Result<(), AppError> {
        let (candidate, lead) = Candidate::new(
            self.kube.clone(),
            election.clone(),
            self.identity.clone(),
            self.clock.clone(),
        );
        let candidacy_over = CancellationToken::new();
        let candidacy = candidate.run(candidacy_over.clone());
        let leading = async {
            let mut lead = lead;
            let mut outcome = Ok(());
            while outcome.is_ok() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    () = until_leading(&mut lead) => {}
                }
                self.metrics.leading(true);
                let fence = Fence::following(lead.clone());
                let mut watched = lead.clone();
                tokio::select! {
                    biased;
                    // Whatever is under way is dropped: another may be leading by now.
                    () = until_lost(&mut watched) => {}
                    ended = self.lead(installation, fence, stop) => outcome = ended,
                }
                self.metrics.leading(false);
                self.readiness.send_replace(Readiness::Ready);
            }
            // Only now, when nothing is under way any more, may another take over.
            candidacy_over.cancel();
            outcome
        };
        let ((), outcome) = tokio::join!(candidacy, leading);
        outcome
    }

    /// Runs all controllers until `stop`, and then until what is under way has ended.
    async fn lead(&self, installation: &str, fence: Fence, stop: &CancellationToken) -> Result<(), AppError> {
        self.readiness.send_replace(Readiness::Listing);
        let (ctx, writers, delivery) = self.context(installation, fence);
        let mut parts = JoinSet::new();
        parts.spawn(delivery.run());
        let mut controllers = JoinSet::new();
        start_controllers(&ctx, writers, stop, &mut controllers);
        let listed = async {
            ctx.stores.ready().await;
            self.readiness.send_replace(Readiness::Ready);
            std::future::pending::<()>().await;
        };
        let stopping = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            ended = until_ended(&mut controllers, stop) => ended?,
            () = stopping => tracing::warn!("some passes did not end within {} s and are dropped", GRACE.as_secs()),
            () = listed => {}
        }
        Ok(())
    }

    fn context(&self, installation: &str, fence: Fence) -> (Arc<Ctx>, Writers, Delivery) {
        let (stores, writers) = Stores::new();
        let (events, delivery) = Events::new(self.kube.clone(), &self.identity);
        let wakes = Arc::new(Wakes::default());
        let surroundings = Surroundings {
            wakes: wakes.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            freshness: self.settings.freshness,
        };
        let ctx = Ctx {
            client: self.kube.clone(),
            accounts: Accounts::new(self.aws.clone(), fence, self.clock.clone(), self.metrics.clone()),
            observers: Observers::new(surroundings),
            stores,
            clock: self.clock.clone(),
            installation: installation.to_owned(),
            events,
            metrics: self.metrics.clone(),
            limits: self.settings.limits,
            status: StatusWriter::new(self.kube.clone(), self.metrics.clone()),
            backoff: Backoff::seeded(self.seed),
            quiet: kinds::service::quiet::Quiet::default(),
            unanswered: kinds::unanswered::Unanswered::default(),
            wakes,
            watch_namespaces: self.settings.watch_namespaces.clone(),
            references: std::sync::Mutex::default(),
        };
        (Arc::new(ctx), writers, delivery)
    }
}

/// Every kind, a line each.
fn start_controllers(ctx: &Arc<Ctx>, writers: Writers, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    tasks.spawn(namespaces::run(ctx.clone(), writers.namespaces, stop.clone()));
    macro_rules! control {
        ($kind:ident keeps $writer:ident) => {
            tasks.spawn(controller::run(
                ctx.clone(),
                writers.$writer,
                kinds::$kind::reconcile,
                kinds::$kind::references,
                stop.clone(),
            ))
        };
    }
    control!(account keeps accounts);
    control!(cluster keeps clusters);
    control!(task_definition keeps definitions);
    control!(service keeps services);
    control!(capacity_provider keeps providers);
}

/// Ends with the last of the controllers, or with the first that was not asked to end: that nobody looks after a kind would not
/// be noticed otherwise, and only a new process starts its controller again.
async fn until_ended(controllers: &mut JoinSet<()>, stop: &CancellationToken) -> Result<(), AppError> {
    while let Some(ended) = controllers.join_next().await {
        if !stop.is_cancelled() {
            if let Err(error) = ended {
                tracing::error!(%error, "a controller failed");
            }
            return Err(AppError::Ended("a controller"));
        }
    }
    Ok(())
}

/// Ends once elected for a time that is not over: one that ran out stays in the channel until the candidate says otherwise, and
/// to lead by it would be to start and to lose again, as fast as the processor allows.
async fn until_leading(lead: &mut watch::Receiver<Lead>) {
    let holds = |lead: &Lead| lead.is_some_and(|until| until > Instant::now());
    if lead.wait_for(holds).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ends when the lead is lost: said so, or run out without anybody saying so.
async fn until_lost(lead: &mut watch::Receiver<Lead>) {
    loop {
        let Some(until) = *lead.borrow_and_update() else {
            return;
        };
        tokio::select! {
            biased;
            changed = lead.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(until) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_controller_that_ends_or_panics_before_the_stop_is_noticed() {
        for panics in [false, true] {
            let stop = CancellationToken::new();
            let mut controllers = JoinSet::new();
            controllers.spawn(std::future::pending());
            controllers.spawn(async move { assert!(!panics, "a bug") });
            let ended = until_ended(&mut controllers, &stop).await;
            assert!(matches!(ended, Err(AppError::Ended("a controller"))), "{panics}");
        }
        let stop = CancellationToken::new();
        let mut controllers = JoinSet::new();
        controllers.spawn(stop.clone().cancelled_owned());
        stop.cancel();
        assert!(until_ended(&mut controllers, &stop).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lead_that_ran_out_is_none_until_it_is_renewed() {
        let term = Duration::from_secs(10);
        let (said, mut lead) = watch::channel(None);
        assert!(until_leading(&mut lead).now_or_never().is_none());
        said.send_replace(Some(Instant::now() + term));
        assert!(until_leading(&mut lead).now_or_never().is_some());
        until_lost(&mut lead).await;
        assert!(
            until_leading(&mut lead).now_or_never().is_none(),
            "the channel still holds the old term"
        );
        said.send_replace(Some(Instant::now() + term));
        assert!(until_leading(&mut lead).now_or_never().is_some());
    }
}
