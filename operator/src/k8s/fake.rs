//! A Kubernetes client for tests whose server is a function.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

/// What the server does with it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The time that passes before the answer.
    pub(crate) after: Duration,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body,
            after: Duration::ZERO,
        }
    }

    pub(crate) fn refusal(status: u16, reason: &str) -> Self {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "reason": reason, "message": reason, "code": status,
        });
        Self {
            status,
            body,
            after: Duration::ZERO,
        }
    }

    /// An answer that never comes.
    pub(crate) fn lost() -> Self {
        Self {
            after: Duration::from_hours(1000),
            ..Self::ok(Value::Null)
        }
    }
}

/// The methods of the requests that were made.
pub(crate) fn methods(log: &Mutex<Vec<Request>>) -> Vec<String> {
    let log = log.lock().unwrap();
    log.iter().map(|request| request.method.clone()).collect()
}

/// A client of the server `serve`, and the requests that it makes.
pub(crate) fn client(
    serve: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Client, Arc<Mutex<Vec<Request>>>) {
    let log: Arc<Mutex<Vec<Request>>> = Arc::default();
    let (seen, serve) = (log.clone(), Arc::new(serve));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (seen, serve) = (seen.clone(), serve.clone());
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let content_type = parts
                .headers
                .get("content-type")
                .map(|value| value.to_str().unwrap().to_owned());
            let request = Request {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                content_type: content_type.unwrap_or_default(),
                body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            };
            seen.lock().unwrap().push(request.clone());
            let answer = serve(&request);
            tokio::time::sleep(answer.after).await;
            let body = Full::new(bytes::Bytes::from(answer.body.to_string()));
            Ok::<_, Infallible>(
                http::Response::builder()
                    .status(answer.status)
                    .body(body)
                    .unwrap(),
            )
        }
    });
    (Client::new(service, "default"), log)
}
