//! What [`app::run`] is given in production: the cluster's client, AWS's credentials, the system's clock,
//! and the signals that end the process. The one place that reads the environment.

mod proxied;

use std::time::Duration;

use aws_config::BehaviorVersion;
use kube::Client;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{self, Deps};
use crate::args::{Run, Selftest};
use crate::aws::account::AwsBase;
use crate::clock::SharedClock;
use crate::selftest;
use crate::telemetry::logs;

/// Anything that keeps the process from starting, or ends it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The longest that one request to Kubernetes may go without any byte; watches send bookmarks more often.
const KUBE_CONNECT: Duration = Duration::from_secs(5);

/// Runs the operator until SIGTERM or SIGINT.
///
/// # Errors
/// When no cluster or no credentials can be found, when the admin port is taken, or when the app ends unasked.
pub async fn run(args: &Run) -> Result<(), Failure> {
    logs::install(args.log_format, &args.log)?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    let admin = TcpListener::bind(args.admin_listen)
        .await
        .map_err(|error| format!("cannot listen on {} (--admin-listen): {error}", args.admin_listen))?;
    let deps = Deps {
        kube: cluster().await?,
        aws: aws(args).await?,
        clock: SharedClock::system(),
        seed: seed(),
        identity: identity(args),
        admin: Some(admin),
        settings: args.settings(),
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        identity = deps.identity,
        admin = %args.admin_listen,
        "the operator starts"
    );
    app::run(deps, stop).await?;
    tracing::info!("the operator has ended");
    Ok(())
}

/// Runs the self-test in the cluster that KUBECONFIG or the pod's service account names.
///
/// # Errors
/// When no cluster can be found, or the test fails.
pub async fn selftest(args: &Selftest) -> Result<(), Failure> {
    use std::io::Write;
    let settings = args.settings();
    let arn = selftest::run(cluster().await?, &settings).await?;
    writeln!(
        std::io::stdout(),
        "EcsTaskDefinition {}/{} became {arn} in ECS, and is gone again",
        settings.namespace,
        settings.name
    )?;
    Ok(())
}

async fn cluster() -> Result<Client, Failure> {
    let mut config = kube::Config::infer().await.map_err(|error| {
        format!("no Kubernetes cluster: neither KUBECONFIG nor a pod's service account works: {error}")
    })?;
    config.connect_timeout = Some(KUBE_CONNECT);
    // Our own backoff speaks; the client's fifteen silent retries would hide an outage for minutes.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

async fn aws(args: &Run) -> Result<AwsBase, Failure> {
    let http = proxied::http_client();
    let region = aws_config::Region::new(args.aws_region.clone());
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .http_client(http.clone())
        .load()
        .await;
    let credentials = config
        .credentials_provider()
        .ok_or("no AWS credentials can be looked for")?;
    Ok(AwsBase {
        http,
        credentials,
        endpoint: config.endpoint_url().map(str::to_owned),
        budget_share: f64::from(args.request_percent) / 100.0,
    })
}

/// Another for each process: a pod that restarts under its old name must not take itself for its predecessor.
fn identity(args: &Run) -> String {
    let host = || std::fs::read_to_string("/etc/hostname").map(|name| name.trim().to_owned());
    let name = args
        .identity
        .clone()
        .or_else(|| host().ok())
        .filter(|name| !name.is_empty());
    format!(
        "{}_{:08x}",
        name.unwrap_or_else(|| "ecs-operator".to_owned()),
        seed() & 0xffff_ffff
    )
}

/// Differs between processes and moments; spreads retries, guards nothing.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

async fn stop_on_signal(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received; the process ends only by force");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
    }
    stop.cancel();
}
