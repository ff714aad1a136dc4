//! What a reconcile can end with, other than success: a small closed set, so that metrics and events stay bounded.
//!
//! [`Error::Waiting`] is not a failure: ECS or a reference is busy, and the object is looked at again after a while.

use std::time::Duration;

use crate::aws::error::{AwsError, Class};

/// Why a pass over an object did not settle it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Kubernetes API refused or did not answer.
    #[error("{during}: {source}")]
    Kubernetes {
        /// What was being done, as "writing status".
        during: &'static str,
        /// The client's error.
        #[source]
        source: Box<kube::Error>,
    },
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Something else has to happen first; not a failure, no backoff.
    #[error("waiting for {reason}")]
    Waiting {
        /// What is waited for, as the end of a sentence.
        reason: String,
        /// When to look again, if nothing wakes the object earlier.
        retry_in: Duration,
    },
    /// The object cannot be acted on as it stands; tried again when it or a dependency changes, and slowly anyway.
    #[error("{0}")]
    Refused(String),
    /// The pass took longer than a pass may take.
    #[error("the pass was given up after {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The code panicked: a bug of ours. The process lives on and the object backs off.
    #[error("internal error (panic): {0}")]
    Panicked(String),
}

/// When an object whose pass failed is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After a fixed time; the pass did not fail.
    After(Duration),
    /// With growing, randomised pauses, at most five minutes.
    Backoff,
    /// Rarely: only a person or another object can heal it, and that change wakes it.
    Slowly,
}

impl Error {
    /// Wraps an error of the Kubernetes client with what was being done.
    pub fn kubernetes(during: &'static str, source: kube::Error) -> Self {
        Self::Kubernetes {
            during,
            source: Box::new(source),
        }
    }

    /// The bounded name for metrics: one of a dozen words, never text from outside.
    pub fn discriminant(&self) -> &'static str {
        match self {
            Self::Kubernetes { .. } => "kubernetes",
            Self::Aws(error) => error.class.as_str(),
            Self::Waiting { .. } => "waiting",
            Self::Refused(_) => "refused",
            Self::TimedOut(_) => "timed_out",
            Self::Panicked(_) => "panicked",
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Waiting { retry_in, .. } => Retry::After(*retry_in),
            Self::Refused(_) => Retry::Slowly,
            Self::Aws(error) => match error.class {
                Class::Denied | Class::Invalid | Class::Quota => Retry::Slowly,
                Class::Throttled | Class::Transient | Class::Conflict | Class::NotFound | Class::Standby => {
                    Retry::Backoff
                }
            },
            Self::Kubernetes { .. } | Self::TimedOut(_) | Self::Panicked(_) => Retry::Backoff,
        }
    }

    /// Whether this counts as a failure in metrics and logs. Waiting, throttling and losing the lead do not.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Waiting { .. } => false,
            Self::Aws(error) => !matches!(error.class, Class::Throttled | Class::Standby),
            _ => true,
        }
    }
}

/// The result of anything that can end a pass.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_and_throttling_are_no_failures() {
        let waiting = Error::Waiting {
            reason: "the cluster".into(),
            retry_in: Duration::from_secs(5),
        };
        assert!(!waiting.is_failure());
        assert_eq!(waiting.retry(), Retry::After(Duration::from_secs(5)));
        let cases = [
            ("ThrottlingException", false, Retry::Backoff),
            ("ServerException", true, Retry::Backoff),
            ("AccessDeniedException", true, Retry::Slowly),
            ("InvalidParameterException", true, Retry::Slowly),
            ("LimitExceededException", true, Retry::Slowly),
        ];
        for (code, failure, retry) in cases {
            let error = Error::from(AwsError::new("CreateService", code, "text"));
            assert_eq!((error.is_failure(), error.retry()), (failure, retry), "{code}");
        }
    }
}
