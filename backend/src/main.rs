//! `ecs-backend`: the ECS-compatible server as a program.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use ecs_backend::{Clock, Options, Server, TimingMode, http};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// An ECS-compatible server: the API of Amazon ECS over a simulation, without an AWS account.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Where to listen; port 0 takes a free one, which is printed.
    #[arg(long, env = "ECS_BACKEND_LISTEN", default_value = "127.0.0.1:4510")]
    listen: SocketAddr,
    /// Keeps the state here, so that it survives a restart; without it, it lives in memory only.
    #[arg(long, env = "ECS_BACKEND_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How long things take: fractions of a second, or as long as in ECS.
    #[arg(long, env = "ECS_BACKEND_TIMING", value_enum, default_value_t)]
    timing: TimingMode,
    /// Lets the clock run this many times as fast as the wall clock.
    #[arg(long, env = "ECS_BACKEND_SPEED", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
    /// What identifiers are drawn from: the same seed and the same calls give the same identifiers.
    #[arg(long, env = "ECS_BACKEND_SEED", value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Throttles calls at ECS's own rates.
    #[arg(long, env = "ECS_BACKEND_THROTTLE")]
    throttle: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("ECS_BACKEND_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let Arguments {
        listen,
        data_dir,
        timing,
        speed,
        seed,
        throttle,
    } = arguments;
    let server = Arc::new(Server::new(
        Options {
            seed,
            timing,
            throttle,
            data_dir,
        },
        wall_clock(speed),
    )?);
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("cannot listen on {listen}: {error}; choose another address with --listen, port 0 takes a free one"))?;
    writeln!(
        io::stdout(),
        "ecs-backend listens on http://{}",
        listener.local_addr()?
    )?;
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    http::serve(server, listener, stop).await?;
    Ok(())
}

/// The wall clock at the start, and from then on `speed` times the time that has passed: it never goes back.
fn wall_clock(speed: u32) -> Clock {
    let (start, since) = (Timestamp::now(), Instant::now());
    Arc::new(move || {
        let passed = since.elapsed().saturating_mul(speed);
        SignedDuration::try_from(passed)
            .ok()
            .and_then(|passed| start.checked_add(passed).ok())
            .unwrap_or(Timestamp::MAX)
    })
}
