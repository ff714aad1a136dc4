//! A server under a clock that moves only when a test says so, and a client for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ecs_backend::{Options, Request, Response, Server};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub struct Backend {
    pub server: Server,
    now: Arc<Mutex<Timestamp>>,
}

/// An error's name and words.
pub type Refusal = (String, String);

impl Backend {
    pub fn new() -> Self {
        Self::with(Options {
            seed: 1,
            ..Options::default()
        })
    }

    pub fn with(options: Options) -> Self {
        let now = Arc::new(Mutex::new("2026-11-22T02:12:00Z".parse::<Timestamp>().unwrap()));
        let clock = Arc::clone(&now);
        let server = Server::new(options, Arc::new(move || *clock.lock().unwrap())).unwrap();
        Self { server, now }
    }

    /// Moves the clock.
    pub fn pass(&self, millis: i64) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::from_millis(millis);
    }

    pub fn send(&self, operation: &str, body: &Value) -> Response {
        self.server
            .handle(&request("eu-west-1", operation, body.to_string().into_bytes()))
    }

    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let response = self.send(operation, body);
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        if response.status == 200 {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Err((text("__type"), text("message")))
    }

    /// A call that succeeds.
    pub fn done(&self, operation: &str, body: &Value) -> Value {
        self.call(operation, body)
            .unwrap_or_else(|refusal| panic!("{operation} {body}: {refusal:?}"))
    }

    /// A call that is refused.
    #[track_caller]
    pub fn refused(&self, operation: &str, body: &Value, code: &str, message: &str) {
        let refusal = self
            .call(operation, body)
            .err()
            .unwrap_or_else(|| panic!("{operation} {body} was carried out"));
        assert_eq!(
            (refusal.0.as_str(), refusal.1.as_str()),
            (code, message),
            "{operation} {body}"
        );
    }

    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, (u16, String)> {
        let response = self.server.handle(&Request {
            method: method.to_owned(),
            path: format!("/_backend/{path}"),
            body: if body.is_null() {
                vec![]
            } else {
                body.to_string().into_bytes()
            },
            ..Request::default()
        });
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        if response.status == 200 {
            Ok(answer)
        } else {
            Err((response.status, answer["message"].as_str().unwrap().to_owned()))
        }
    }
}

/// A signed request of an AWS client.
pub fn request(region: &str, operation: &str, body: Vec<u8>) -> Request {
    let headers = [
        (
            "x-amz-target",
            format!("AmazonEC2ContainerServiceV20141113.{operation}"),
        ),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("authorization", signature(region)),
    ];
    let headers: BTreeMap<String, String> = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers,
        body,
    }
}

pub fn signature(region: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20261122/{region}/ecs/aws4_request, SignedHeaders=host, Signature=0"
    )
}
