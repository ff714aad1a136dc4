//! AWS for tests: a function that is asked with operation and input and answers with status and output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::aws::account::{Accounts, AwsBase, TargetKey};
use crate::aws::fence::Fence;
use crate::clock::SharedClock;
use crate::telemetry::metrics::Metrics;

/// One call as AWS saw it. STS's form parameters come as a JSON object too.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) input: Value,
    pub(crate) access_key: String,
}

/// A status and a body.
pub(crate) type Answer = (u16, Value);

/// A refusal with its code and words.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    (status, json!({"__type": code, "message": message}))
}

/// AWS, and what it was asked.
#[derive(Clone)]
pub(crate) struct FakeAws {
    answer: Arc<dyn Fn(&Call) -> Answer + Send + Sync>,
    calls: Arc<Mutex<Vec<Call>>>,
    /// The account that the operator's own credentials belong to.
    account: Arc<Mutex<String>>,
    /// The status and code that STS refuses an operation with.
    refused: Arc<Mutex<BTreeMap<&'static str, (u16, &'static str)>>>,
    latency: Duration,
}

impl std::fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeAws")
    }
}

impl FakeAws {
    /// ECS answers with `answer`; STS says account 123456789012.
    pub(crate) fn new(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let account = Arc::new(Mutex::new("123456789012".to_owned()));
        Self {
            answer: Arc::new(answer),
            calls: Arc::default(),
            account,
            refused: Arc::default(),
            latency: Duration::ZERO,
        }
    }

    /// Answers come later.
    pub(crate) fn slow(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    pub(crate) fn move_credentials_to(&self, account: &str) {
        account.clone_into(&mut self.account.lock().unwrap());
    }

    /// From now on STS answers an operation with this status and code; with none, it does as it is asked.
    pub(crate) fn refuse(&self, operation: &'static str, with: Option<(u16, &'static str)>) {
        let mut refused = self.refused.lock().unwrap();
        refused.remove(operation);
        refused.extend(with.map(|with| (operation, with)));
    }

    /// Accounts that reach this AWS.
    pub(crate) fn accounts(&self, fence: Fence) -> Accounts {
        let connector = SharedHttpConnector::new(self.clone());
        let base = AwsBase {
            http: SharedHttpClient::new(http_client_fn(move |_, _| connector.clone())),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "own", "secret", None, None, "test",
            )),
            endpoint: Some("http://aws.test".to_owned()),
            budget_share: 0.5,
        };
        let clock = SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap());
        Accounts::new(base, fence, clock, Arc::new(Metrics::new()))
    }

    /// The inputs of an operation so far.
    pub(crate) fn inputs(&self, operation: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| call.operation == operation)
            .map(|call| call.input.clone())
            .collect()
    }

    /// How often each operation was asked for.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in &*self.calls.lock().unwrap() {
            *counts.entry(call.operation.clone()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn serve(&self, request: &HttpRequest) -> HttpResponse {
        let body = request.body().bytes().unwrap_or_default();
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let access_key = authorization
            .split("Credential=")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        let mut call = Call {
            operation: String::new(),
            input: Value::Null,
            access_key: access_key.unwrap_or_default().to_owned(),
        };
        if let Some(target) = request.headers().get("x-amz-target") {
            call.operation = target.rsplit('.').next().unwrap().to_owned();
            call.input = serde_json::from_slice(body).unwrap();
            self.calls.lock().unwrap().push(call.clone());
            let (status, body) = (self.answer)(&call);
            return response(status, body.to_string());
        }
        let form: BTreeMap<String, String> = String::from_utf8_lossy(body)
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        call.operation = form["Action"].clone();
        call.input = json!(form);
        self.calls.lock().unwrap().push(call.clone());
        if let Some((status, code)) = self.refused.lock().unwrap().get(call.operation.as_str()) {
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
            return response(*status, format!("<ErrorResponse>{error}</ErrorResponse>"));
        }
        response(200, self.sts(&call.operation))
    }

    fn sts(&self, operation: &str) -> String {
        let account = self.account.lock().unwrap();
        let result = match operation {
            "GetCallerIdentity" => format!(
                "<Arn>arn:aws:iam::{account}:user/own</Arn><UserId>AID</UserId><Account>{account}</Account>"
            ),
            "AssumeRole" => {
                "<Credentials><AccessKeyId>assumed</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>"
                    .to_owned()
            }
            other => panic!("STS was asked for {other}"),
        };
        format!(
            "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{result}\
             </{operation}Result></{operation}Response>"
        )
    }
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (fake, latency) = (self.clone(), self.latency);
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(latency).await;
            Ok(fake.serve(&request))
        })
    }
}

/// The key of a target in account 123456789012.
pub(crate) fn key() -> TargetKey {
    TargetKey {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        role: None,
        external_id: None,
        endpoint: None,
    }
}
