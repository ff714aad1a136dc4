//! The process's own endpoints: `/livez`, `/readyz` and `/metrics`.
//!
//! Ready means that the CRDs are there and, on the leader, that everything has been listed once. It does not mean leading:
//! a standby that is ready is what makes a takeover fast.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics::Metrics;

/// How far the process has come; [`Readiness::Ready`] answers 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// The CRDs are not all there yet.
    WaitingForCrds,
    /// Leading, but not everything has been listed yet.
    Listing,
    /// At work, or ready to take over.
    Ready,
    /// On the way down.
    Stopping,
}

impl Readiness {
    const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingForCrds => "waiting for the CRDs",
            Self::Listing => "listing objects",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        }
    }
}

#[derive(Clone)]
struct Admin {
    metrics: Arc<Metrics>,
    readiness: watch::Receiver<Readiness>,
}

/// Serves until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: watch::Receiver<Readiness>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .with_state(Admin { metrics, readiness });
    axum::serve(listener, routes)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let readiness = *admin.readiness.borrow();
    let status = if readiness == Readiness::Ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, format!("{}\n", readiness.as_str())).into_response()
}

async fn metrics_text(State(admin): State<Admin>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], admin.metrics.text()).into_response()
}
