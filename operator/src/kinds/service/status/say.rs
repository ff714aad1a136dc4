//! One thing that is said about a service, before it becomes a condition.

use ecs_crds::conditions::{Finding, Reason, Status, Type};

use crate::kinds::verdict::Verdict;

/// What is said about a matter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Say {
    pub(super) status: Status,
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Whether only a person can change it.
    pub(super) stalled: bool,
}

impl Say {
    /// What a verdict says.
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            status: verdict.status(),
            reason: verdict.reason(),
            message: verdict.message().to_owned(),
            stalled: verdict.is_stalled(),
        }
    }

    pub(super) fn yes(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Status::True,
            reason,
            message: message.into(),
            stalled: false,
        }
    }

    pub(super) fn no(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Status::False,
            reason,
            message: message.into(),
            stalled: false,
        }
    }

    pub(super) fn stalled(self, stalled: bool) -> Self {
        Self { stalled, ..self }
    }

    pub(super) fn unknown(self, unknown: bool) -> Self {
        if unknown {
            Self {
                status: Status::Unknown,
                ..self
            }
        } else {
            self
        }
    }

    pub(super) fn about(&self, type_: Type) -> Finding {
        Finding::new(type_, self.status, self.reason, self.message.clone())
    }
}
