//! AWS without a socket: an HTTP client for the SDK that calls the backend directly, counts calls, and lets a scenario
//! step in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use serde_json::{Value, json};

use super::fault::{Fault, Side};
use super::link::{Link, Outcome};

/// A request as the backend gets it.
pub(crate) type Request = http::Request<Bytes>;
/// An answer as the backend gives it.
pub(crate) type Response = http::Response<Bytes>;

/// The backend, whatever it is.
pub(crate) type Backend = Arc<dyn Fn(Request) -> Response + Send + Sync>;

/// A scenario's hand in a call: given operation and input, an answer instead of the backend's.
pub(crate) type Intervention = Arc<dyn Fn(&str, &Value) -> Option<Reply> + Send + Sync>;

/// An answer that is not the backend's own.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An output.
    Output(Value),
    /// An error: HTTP status, code, message.
    Error(u16, &'static str, String),
    /// A body as it is: HTTP status, content type, text.
    Raw(u16, &'static str, String),
    /// The backend's answer to the same request without its `nextToken`.
    WithoutToken,
    /// The backend's answer, changed.
    Changed(fn(Value) -> Value),
}

/// AWS as the world has it. Clones are the same.
#[derive(Clone)]
pub(crate) struct Aws {
    backend: Backend,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: BTreeMap<String, u64>,
    log: Vec<(String, Value)>,
    slow: BTreeMap<String, Duration>,
    interventions: BTreeMap<&'static str, Intervention>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl Aws {
    /// AWS answered by `backend`.
    pub(crate) fn new(backend: Backend) -> Self {
        Self {
            backend,
            state: Arc::default(),
        }
    }

    /// The HTTP client for one process.
    pub(crate) fn client(&self, link: Arc<Link>) -> SharedHttpClient {
        SharedHttpClient::new(Connection {
            aws: self.clone(),
            link,
        })
    }

    /// Steps in, under a name, until [`Aws::withdraw`].
    pub(crate) fn intervene(
        &self,
        name: &'static str,
        how: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static,
    ) {
        self.locked().interventions.insert(name, Arc::new(how));
    }

    /// Ends an intervention.
    pub(crate) fn withdraw(&self, name: &str) {
        self.locked().interventions.remove(name);
    }

    /// From now on the answers to a read are as old as `by` when they arrive.
    pub(crate) fn slow_down(&self, operation: &str, by: Duration) {
        self.locked().slow.insert(operation.to_owned(), by);
    }

    /// How many mutating calls the operator made so far.
    pub(crate) fn mutations(&self) -> usize {
        self.locked().log.len()
    }

    /// The operator's mutating calls after the first `skip`: operation and input.
    pub(crate) fn mutations_since(&self, skip: usize) -> Vec<(String, Value)> {
        self.locked().log.iter().skip(skip).cloned().collect()
    }

    /// Calls by operation, of the operator only.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        self.locked().calls.clone()
    }

    /// Someone else's call, past the operator: the console's, or the auditor's.
    ///
    /// # Errors
    /// The error's code and message.
    pub(crate) fn ask(&self, operation: &str, input: &Value) -> Result<Value, String> {
        self.ask_in(REGION, operation, input)
    }

    /// The same in another region: a world of its own.
    ///
    /// # Errors
    /// The error's code and message.
    pub(crate) fn ask_in(&self, region: &str, operation: &str, input: &Value) -> Result<Value, String> {
        let request = http::Request::post("http://ecs.us-east-1.amazonaws.com/")
            .header(
                "x-amz-target",
                format!("AmazonEC2ContainerServiceV20141113.{operation}"),
            )
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", authorization(region))
            .body(Bytes::from(input.to_string()))
            .expect("a request");
        self.say(request)
    }

    /// A call to the backend's control API.
    ///
    /// # Errors
    /// What it refused.
    pub(crate) fn control(&self, path: &str, input: &Value) -> Result<Value, String> {
        let request = http::Request::post(format!("http://ecs.us-east-1.amazonaws.com/_backend/{path}"))
            .body(Bytes::from(input.to_string()))
            .expect("a request");
        self.say(request)
    }

    fn say(&self, request: Request) -> Result<Value, String> {
        let answer = (self.backend)(request);
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if answer.status().is_success() {
            Ok(body)
        } else {
            Err(body.to_string())
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    fn answer(&self, operation: &str, request: Request) -> Response {
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let interventions: Vec<Intervention> = self.locked().interventions.values().cloned().collect();
        match interventions.iter().find_map(|how| how(operation, &input)) {
            None => (self.backend)(request),
            Some(Reply::Output(output)) => json_response(200, &output),
            Some(Reply::Error(status, code, message)) => error(status, code, &message),
            Some(Reply::Raw(status, content_type, text)) => {
                let response = http::Response::builder()
                    .status(status)
                    .header("content-type", content_type);
                response.body(Bytes::from(text)).expect("a response")
            }
            Some(Reply::WithoutToken) => {
                let mut input = input;
                input.as_object_mut().map(|members| members.remove("nextToken"));
                (self.backend)(request.map(|_| Bytes::from(input.to_string())))
            }
            Some(Reply::Changed(change)) => {
                let answer = (self.backend)(request);
                let status = answer.status().as_u16();
                let output = serde_json::from_slice(answer.body()).unwrap_or_default();
                json_response(status, &change(output))
            }
        }
    }
}

/// Where everything is that a scenario does not put elsewhere.
const REGION: &str = "us-east-1";

fn authorization(region: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/ecs/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// One process's connection to AWS.
#[derive(Clone)]
struct Connection {
    aws: Aws,
    link: Arc<Link>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl HttpClient for Connection {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connection = self.clone();
        HttpConnectorFuture::new(async move { connection.send(request).await })
    }
}

impl Connection {
    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = plain(request)?;
        let operation = operation_of(&request);
        *self.aws.locked().calls.entry(operation.clone()).or_default() += 1;
        let (aws, name) = (self.aws.clone(), operation.clone());
        if reads(&operation) {
            let slow = self.aws.locked().slow.get(&operation).copied();
            let answer = self.link.plain(move || aws.answer(&name, request)).await;
            if let Some(by) = slow {
                tokio::time::sleep(by).await;
            }
            return sdk_response(answer);
        }
        let input = serde_json::from_slice(request.body()).unwrap_or_default();
        self.aws.locked().log.push((operation.clone(), input));
        let label = label(&operation, request.body());
        match self
            .link
            .effect(Side::Aws, &label, move || aws.answer(&name, request))
            .await
        {
            Outcome::Answered(answer) => sdk_response(answer),
            Outcome::Lost => Err(ConnectorError::io("connection reset by peer (injected)".into())),
            Outcome::Refused(fault) => sdk_response(injected(fault)),
        }
    }
}

/// An SDK request with its body in memory.
fn plain(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|e| ConnectorError::user(e.into()))?;
    let bytes = |body: SdkBody| Bytes::copy_from_slice(body.bytes().unwrap_or_default());
    Ok(request.map(bytes))
}

fn sdk_response(response: Response) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|e| ConnectorError::other(e.into(), None))
}

fn operation_of(request: &Request) -> String {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    if let Some((_, operation)) = target.and_then(|target| target.rsplit_once('.')) {
        return operation.to_owned();
    }
    let body = String::from_utf8_lossy(request.body());
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or("Unknown").to_owned()
}

/// Whether an operation changes nothing in AWS.
pub(crate) fn reads(operation: &str) -> bool {
    ["Describe", "List", "Get", "AssumeRole"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// `CreateService web`: the operation and what it is about.
fn label(operation: &str, body: &[u8]) -> String {
    let input: Value = serde_json::from_slice(body).unwrap_or_default();
    let about = [
        "serviceName",
        "service",
        "family",
        "taskDefinition",
        "clusterName",
        "name",
        "cluster",
        "resourceArn",
    ];
    let about = about.iter().find_map(|member| input[member].as_str());
    about.map_or_else(|| operation.to_owned(), |about| format!("{operation} {about}"))
}

fn injected(fault: Fault) -> Response {
    match fault {
        Fault::Conflict => error(
            400,
            "ConflictException",
            "The request conflicts with another one (injected).",
        ),
        Fault::TooManyRequests => error(400, "ThrottlingException", "Rate exceeded"),
        _ => error(
            500,
            "ServerException",
            "Service Unavailable. Please try again later.",
        ),
    }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    json_response(status, &json!({"__type": code, "message": message}))
}

fn json_response(status: u16, body: &Value) -> Response {
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1");
    response.body(Bytes::from(body.to_string())).expect("a response")
}
