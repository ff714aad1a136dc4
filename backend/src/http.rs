//! HTTP in front of a [`Server`]: sockets, the snapshot's rhythm, a graceful end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::response::Response as HttpResponse;
use tokio::net::TcpListener;

use crate::server::{Request, Response, Server};

/// The largest body that is read. ECS's own limit is far below: a definition has 64 KiB at most.
const BODY_LIMIT: usize = 4 << 20;

/// How long a change waits at least until it is written to the data directory.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// How many times as long as writing takes the next writing waits: calls wait while the state is put into JSON.
const SAVE_SHARE: u32 = 20;

/// Serves until `stop` is done, lets the requests that have begun end, and writes the state.
///
/// # Errors
/// The listener fails, or the state cannot be written at the end.
pub async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let rhythm = tokio::spawn(save_again_and_again(Arc::clone(&server)));
    let outcome = axum::serve(listener, router(Arc::clone(&server)))
        .with_graceful_shutdown(stop)
        .await;
    rhythm.abort();
    server.save().map_err(io::Error::other)?;
    outcome
}

/// The whole of HTTP: every path and method goes to [`Server::handle`].
pub fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(answer).with_state(server)
}

async fn save_again_and_again(server: Arc<Server>) {
    let mut wait = SAVE_INTERVAL;
    loop {
        tokio::time::sleep(wait).await;
        let begun = Instant::now();
        let server = Arc::clone(&server);
        let saved = tokio::task::spawn_blocking(move || {
            server.tick();
            server.save()
        });
        if let Ok(Err(error)) = saved.await {
            tracing::error!(%error, "the state could not be written");
        }
        wait = begun.elapsed().saturating_mul(SAVE_SHARE).max(SAVE_INTERVAL);
    }
}

async fn answer(State(server): State<Arc<Server>>, request: HttpRequest) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return plain(413, "the body is too large, or was cut off");
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    // A call may wait for another, or for the state that is being written: it must not do so on a thread of the runtime.
    let handled = tokio::task::spawn_blocking(move || {
        let response = server.handle(&request);
        (request, response)
    });
    let Ok((request, response)) = handled.await else {
        return plain(500, "the call was not carried out to its end");
    };
    tracing::debug!(
        method = request.method,
        path = request.path,
        target = request.header("x-amz-target"),
        status = response.status,
        "answered"
    );
    sent(response)
}

fn sent(response: Response) -> HttpResponse {
    if response.status == 0 {
        return cut();
    }
    let mut builder = HttpResponse::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Body::from(response.body))
        .unwrap_or_else(|_| plain(500, "the answer has an invalid header"))
}

/// An answer whose body fails: the connection is closed before the client has all of it.
fn cut() -> HttpResponse {
    let lost = futures::stream::once(async {
        Err::<Bytes, _>(io::Error::other("the answer was dropped on request"))
    });
    HttpResponse::new(Body::from_stream(lost))
}

fn plain(status: u16, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text));
    if let Ok(status) = axum::http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}
