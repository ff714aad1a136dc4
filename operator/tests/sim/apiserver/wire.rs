//! HTTP for the apiserver: the service that `kube::Client` is built on.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

use super::{Answer, ApiServer, Call, Refusal, watch_lines};
use crate::fault::{Fault, Side};
use crate::link::{Link, Outcome};

/// A connection of one process to the apiserver.
#[derive(Clone)]
pub(crate) struct Connection {
    server: ApiServer,
    link: Arc<Link>,
}

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by peer (injected)")]
pub(crate) struct ConnectionReset;

type Reply = Response<UnsyncBoxBody<Bytes, ConnectionReset>>;

impl Connection {
    /// A client over this connection. Call it inside the runtime of the world.
    pub(crate) fn client(server: ApiServer, link: Arc<Link>) -> kube::Client {
        kube::Client::new(Self { server, link }, "default")
    }

    async fn answer(self, request: Request<Body>) -> Result<Reply, ConnectionReset> {
        let call = match read(&self.server, request).await {
            Ok(call) => call,
            Err(special) => return Ok(special),
        };
        let server = self.server.clone();
        // Lease renewals come every few seconds for ever; numbering them would hide what a scenario is about.
        if !call.is_mutating() || call.target.resource.kind == "Lease" {
            let answer = self.link.plain(|| server.handle(&call)).await;
            return Ok(self.reply(answer));
        }
        let label = call.label();
        match self
            .link
            .effect(Side::Kubernetes, &label, move || server.handle(&call))
            .await
        {
            Outcome::Answered(answer) => Ok(self.reply(answer)),
            Outcome::Lost => Err(ConnectionReset),
            Outcome::Refused(fault) => Ok(refusal(&injected(fault, &label))),
        }
    }

    fn reply(self, answer: Result<Answer, Refusal>) -> Reply {
        match answer {
            Ok(Answer::Object(code, value)) => json_reply(code, &value),
            Ok(Answer::Watch(watch)) => {
                let link = self.link.clone();
                let lines = watch_lines(self.server, watch).then(move |line| {
                    let link = link.clone();
                    async move {
                        link.pass().await;
                        Ok(Frame::data(line))
                    }
                });
                Response::new(BodyExt::boxed_unsync(StreamBody::new(lines)))
            }
            Err(refused) => refusal(&refused),
        }
    }
}

impl tower::Service<Request<Body>> for Connection {
    type Response = Reply;
    type Error = ConnectionReset;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, ConnectionReset>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionReset>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

fn injected(fault: Fault, label: &str) -> Refusal {
    match fault {
        Fault::Conflict => Refusal::stale(label, "injected"),
        Fault::TooManyRequests => Refusal::too_many_requests(),
        _ => Refusal::server_error(),
    }
}

fn refusal(refused: &Refusal) -> Reply {
    json_reply(refused.code, &refused.body())
}

fn json_reply(code: u16, value: &Value) -> Reply {
    let body = Full::new(Bytes::from(value.to_string()));
    let reply = Response::builder()
        .status(code)
        .header("content-type", "application/json");
    let reply = reply.body(BodyExt::boxed_unsync(body.map_err(|never| match never {})));
    reply.expect("a response")
}

/// Reads a request; what is no resource (`/version`, `/readyz`) is answered at once.
async fn read(server: &ApiServer, request: Request<Body>) -> Result<Call, Reply> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    match path {
        "/version" => return Err(json_reply(200, &version())),
        "/readyz" | "/livez" | "/healthz" => return Err(json_reply(200, &json!("ok"))),
        _ => {}
    }
    let target = server.kinds().route(path).map_err(|refused| refusal(&refused))?;
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let bad =
        |error: serde_json::Error| refusal(&Refusal::bad_request(format!("the body is no JSON: {error}")));
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).map_err(bad)?
    };
    let content_type = parts
        .headers
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    Ok(Call {
        method: parts.method,
        target,
        query: query(parts.uri.query().unwrap_or_default()),
        content_type: content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        body,
    })
}

fn version() -> Value {
    json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0-sim", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "sim"})
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&hex).unwrap_or_default();
                bytes.push(u8::from_str_radix(hex, 16).unwrap_or(b'%'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let read = query("fieldSelector=metadata.name%3Dweb&watch=true&labelSelector=a+in+%28b%29");
        let expected = [
            ("fieldSelector", "metadata.name=web"),
            ("labelSelector", "a in (b)"),
            ("watch", "true"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, BTreeMap::from(expected));
    }
}
