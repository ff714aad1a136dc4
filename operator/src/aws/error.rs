//! Errors of AWS, sorted once (design.md §3): what a caller may do about one depends on its [`Class`] only.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::budget::Exhausted;
use crate::aws::fence::Fenced;

/// What an error means for the one who made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// ECS, or our own budget, wants fewer requests.
    Throttled,
    /// Heals by itself: outages, timeouts, roles not yet propagated, target groups not yet attached.
    Transient,
    /// The resource is in another state than assumed; read again and plan again.
    Conflict,
    /// Credentials or policies do not allow it.
    Denied,
    /// ECS refuses the request as it stands.
    Invalid,
    /// What the request names does not exist.
    NotFound,
    /// A quota is full. This is not throttling: asking more slowly does not help.
    Quota,
    /// This process is not the leader, so the request was not sent.
    Standby,
}

impl Class {
    /// The word used in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Quota => "quota",
            Self::Standby => "standby",
        }
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct AwsError {
    /// The operation, as `CreateService`.
    pub operation: &'static str,
    /// What it means.
    pub class: Class,
    /// AWS's code, as `ClusterNotFoundException`. Without one: `Timeout`, `Unreachable`, `Credentials`, `WrongAccount`,
    /// `Budget`, `NotLeading`, `Unsendable` for what was not sent or got no answer; `Unreadable`, `NoAnswer` (nothing is said
    /// about what was asked for), `Failure` (of one item in an answer that went well), `NotOurs` for what was answered;
    /// `Ended` where the observer ended before it asked.
    pub code: String,
    /// AWS's own words.
    pub message: String,
    /// The request's id, for logs only: it changes with every call.
    pub request_id: Option<String>,
}

impl AwsError {
    /// An error that AWS answered with `code` and `message`.
    pub fn new(operation: &'static str, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self {
            operation,
            class: classify(&code, &message),
            code,
            message,
            request_id: None,
        }
    }

    /// An error that arose on this side of the wire.
    pub fn local(operation: &'static str, class: Class, code: &str, message: impl Into<String>) -> Self {
        Self {
            operation,
            class,
            code: code.to_owned(),
            message: message.into(),
            request_id: None,
        }
    }

    /// Whether AWS answered with this code, as `ServiceNotFoundException`.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// Whether AWS knows the caller and a policy forbids what is asked, which may be so for one resource and not for another.
    pub fn denies_access(&self) -> bool {
        let by_code = ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"];
        let by_words = || self.message.contains("is not authorized to perform");
        // A role that may not be assumed is told by AWS's words too.
        self.class == Class::Denied
            && !self.is("Credentials")
            && (by_code.contains(&self.code.as_str()) || by_words())
    }

    /// Sorts an error of the SDK, whatever the operation.
    pub fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let here =
            |class, code: &str, error: &dyn StdError| Self::local(operation, class, code, innermost(error));
        match error {
            SdkError::ServiceError(refusal) => {
                let status = refusal.raw().status().as_u16();
                let code = refusal.err().code().unwrap_or("UnknownError");
                let message = refusal.err().message().unwrap_or_default();
                let mut answer = Self::new(operation, code, message);
                if status >= 500 {
                    answer.class = Class::Transient;
                } else if status == 429 {
                    answer.class = Class::Throttled;
                }
                answer.request_id = refusal.raw().headers().get("x-amzn-requestid").map(str::to_owned);
                answer
            }
            SdkError::TimeoutError(_) => {
                Self::local(operation, Class::Transient, "Timeout", "no answer in time")
            }
            SdkError::ResponseError(answer) => Self::local(
                operation,
                Class::Transient,
                "Unreadable",
                format!("the answer makes no sense: {}", status_of(answer.raw())),
            ),
            other => {
                let error: &dyn StdError = other;
                if let Some(fenced) = find::<Fenced>(error) {
                    here(Class::Standby, "NotLeading", fenced)
                } else if let Some(exhausted) = find::<Exhausted>(error) {
                    here(Class::Throttled, "Budget", exhausted)
                } else if let Some(missing) = find::<CredentialsError>(error) {
                    here(class_of_missing(missing), "Credentials", missing)
                } else if matches!(other, SdkError::DispatchFailure(failure) if failure.is_timeout()) {
                    here(Class::Transient, "Timeout", error)
                } else if matches!(other, SdkError::DispatchFailure(_)) {
                    here(Class::Transient, "Unreachable", error)
                } else {
                    here(Class::Invalid, "Unsendable", error)
                }
            }
        }
    }
}

/// What it means that there are no credentials. Only what AWS refused, or nobody set up, needs a person: a provider that is out
/// of reach, or an STS that is busy, would otherwise hold every object of the account for long after it is back.
fn class_of_missing(missing: &CredentialsError) -> Class {
    let refused = find::<AwsError>(missing).map(|error| error.class);
    let refused = refused.or_else(|| {
        let error = find::<AssumeRoleWithWebIdentityError>(missing)?;
        Some(classify(error.code()?, error.message().unwrap_or_default()))
    });
    match (refused, missing) {
        (Some(class @ (Class::Throttled | Class::Transient | Class::Standby)), _) => class,
        (Some(_), _)
        | (None, CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)) => {
            Class::Denied
        }
        (None, _) => Class::Transient,
    }
}

fn status_of(response: &HttpResponse) -> impl fmt::Display + use<> {
    format!("HTTP status {}", response.status().as_u16())
}

/// The first error of type `T` in the chain of causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The words of the deepest cause: the SDK's own wrappers only say "dispatch failure".
fn innermost(error: &dyn StdError) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Sorts AWS's code and message (ecs-semantics.md §1.16).
pub fn classify(code: &str, message: &str) -> Class {
    match code {
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => Class::Throttled,
        "ServerException"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServerException"
        | "InternalServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "ClusterNotFoundException"
        | "NamespaceNotFoundException" => Class::Transient,
        "UpdateInProgressException"
        | "ConflictException"
        | "ResourceInUseException"
        | "ServiceNotActiveException"
        | "ClusterContainsServicesException"
        | "ClusterContainsContainerInstancesException"
        | "ClusterContainsTasksException"
        | "ClusterContainsCapacityProviderException"
        | "ConcurrentUpdateException" => Class::Conflict,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "BlockedException" => Class::Denied,
        "LimitExceededException" | "AttributeLimitExceededException" => Class::Quota,
        "ServiceNotFoundException"
        | "TaskSetNotFoundException"
        | "ServiceDeploymentNotFoundException"
        | "ResourceNotFoundException"
        | "TargetNotFoundException"
        | "ObjectNotFoundException" => Class::NotFound,
        _ => classify_words(message),
    }
}

/// ECS uses `InvalidParameterException` and `ClientException` for nearly everything; the words tell what heals.
fn classify_words(message: &str) -> Class {
    const WORDS: &[(&str, Class)] = &[
        ("rate exceeded", Class::Throttled),
        // Several registrations of one family at once (ecs-semantics.md §2.1).
        ("too many concurrent attempts", Class::Conflict),
        // The service of that name is not the one we asked for, or not gone yet (ecs-semantics.md §3.1).
        ("creation of service was not idempotent", Class::Conflict),
        ("still draining", Class::Conflict),
        ("cannot be stopped while", Class::Conflict),
        // IAM is eventually consistent: a role created a moment ago cannot be assumed yet.
        ("unable to assume", Class::Transient),
        ("service linked role", Class::Transient),
        ("service-linked role", Class::Transient),
        ("verify that the ecs service role", Class::Transient),
        // The listener is attached after the target group.
        ("does not have an associated load balancer", Class::Transient),
        ("not associated with the cluster", Class::Transient),
        ("cluster not found", Class::Transient),
        ("the referenced cluster was inactive", Class::Transient),
        // A definition that is named: these are ECS's words, without a space (ecs-semantics.md §2.13).
        ("taskdefinition not found", Class::NotFound),
        ("taskdefinition is inactive", Class::NotFound),
        ("unable to describe task definition", Class::NotFound),
        ("service not found", Class::NotFound),
        ("is not authorized to perform", Class::Denied),
    ];
    let message = message.to_lowercase();
    WORDS
        .iter()
        .find(|(words, _)| message.contains(words))
        .map_or(Class::Invalid, |(_, class)| *class)
}

#[cfg(test)]
mod tests;
