//! The gate that every attempt of every AWS call passes: budget, then fence, then the wire under a time limit.
//!
//! The SDK's own attempt timeout would count the time spent queueing; so the limit is set here, around the wire alone,
//! and covers the answer's body too.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::aws::budget::Budget;
use crate::aws::ecs_clock::EcsClock;
use crate::aws::fence::Fence;
use crate::aws::operation::{Family, mutates};

/// The longest that one attempt may take on the wire; shorter than the lease (15 s).
pub const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

/// An HTTP client whose connectors ask for permission first.
#[derive(Debug, Clone)]
pub struct Gate {
    inner: SharedHttpClient,
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    budget: Arc<Budget>,
    fence: Fence,
    clock: Arc<EcsClock>,
}

impl Gate {
    /// Puts `budget` and `fence` before `inner`, and notes in `clock` what time the answers show.
    pub fn new(inner: SharedHttpClient, budget: Arc<Budget>, fence: Fence, clock: Arc<EcsClock>) -> Self {
        Self {
            inner,
            rules: Arc::new(Rules { budget, fence, clock }),
        }
    }
}

impl HttpClient for Gate {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Passage {
            inner,
            rules: self.rules.clone(),
        })
    }
}

#[derive(Debug)]
struct Passage {
    inner: SharedHttpConnector,
    rules: Arc<Rules>,
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, rules) = (self.inner.clone(), self.rules.clone());
        HttpConnectorFuture::new(async move { rules.pass(&inner, request).await })
    }
}

impl Rules {
    async fn pass(
        &self,
        inner: &SharedHttpConnector,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let operation = operation_of(&request);
        let family = Family::of(&operation);
        self.budget
            .take(family)
            .await
            .map_err(|exhausted| ConnectorError::user(exhausted.into()))?;
        let limit = if mutates(&operation) {
            let lead = self
                .fence
                .remaining()
                .map_err(|fenced| ConnectorError::user(fenced.into()))?;
            lead.min(ATTEMPT_LIMIT)
        } else {
            ATTEMPT_LIMIT
        };
        let answer = tokio::time::timeout(limit, whole(inner, request))
            .await
            .map_err(|_| {
                ConnectorError::timeout(
                    format!("no answer to {operation} within {} s", limit.as_secs()).into(),
                )
            })??;
        if let Some(date) = answer.headers().get("date") {
            self.clock.note(date);
        }
        if throttled(&answer) {
            self.budget.throttled(family);
        }
        Ok(answer)
    }
}

/// The answer with its body read: the time limit covers all of it, and we may look at an error's code.
async fn whole(inner: &SharedHttpConnector, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let mut answer = inner.call(request).await?;
    let body = ByteStream::new(std::mem::replace(answer.body_mut(), SdkBody::taken()));
    let bytes = body
        .collect()
        .await
        .map_err(|error| ConnectorError::io(error.into()))?
        .into_bytes();
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

/// The operation that a request asks for: AWS JSON says it in a header, the query protocol (STS) in the body.
fn operation_of(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    let body = request
        .body()
        .bytes()
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or("Unknown").to_owned()
}

fn throttled(answer: &HttpResponse) -> bool {
    if answer.status().as_u16() == 429 {
        return true;
    }
    answer.status().as_u16() == 400
        && answer
            .body()
            .bytes()
            .is_some_and(|body| contains(body, b"ThrottlingException"))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_operation_from_header_or_body() {
        let cases = [
            (
                Some("AmazonEC2ContainerServiceV20141113.CreateService"),
                "{}",
                "CreateService",
            ),
            (None, "Action=AssumeRole&Version=2011-06-15", "AssumeRole"),
            (None, "", "Unknown"),
        ];
        for (target, body, operation) in cases {
            let mut request = HttpRequest::new(SdkBody::from(body));
            if let Some(target) = target {
                request.headers_mut().insert("x-amz-target", target);
            }
            assert_eq!(operation_of(&request), operation);
        }
    }
}
