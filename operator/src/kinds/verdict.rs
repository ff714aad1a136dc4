//! How a pass over an object ended, and what that means for its conditions (engineering.md §5.5). Pure.

use std::time::Duration;

use ecs_crds::conditions::{Finding, Reason, Status, Type};

use crate::aws::error::{AwsError, Class};
use crate::kinds::place::Nowhere;

/// For how long a refusal that may heal by itself is not called stalled (design.md §3).
const HEALING: Duration = Duration::from_mins(10);

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    ready: Status,
    reason: Reason,
    message: String,
    synced: Option<(Status, Reason, String)>,
    motion: Motion,
}

/// Whether the object is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    /// It rests where it is.
    Resting,
    /// The operator, ECS or another object is to do something.
    Moving,
    /// A person is.
    Stalled,
}

impl Verdict {
    /// Everything is as the spec says.
    pub fn settled(message: impl Into<String>) -> Self {
        Self::new(Status::True, Reason::Completed, message, Motion::Resting)
    }

    /// The credentials of an account are those that it says.
    pub fn verified(message: impl Into<String>) -> Self {
        Self::new(Status::True, Reason::Verified, message, Motion::Resting)
    }

    /// The operator, ECS or another object has something to do first.
    pub fn working(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::False, reason, message, Motion::Moving)
    }

    /// We could not look, or may not.
    pub fn unknown(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::Unknown, reason, message, Motion::Moving)
    }

    /// Nothing changes before a person does something.
    pub fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::False, reason, message, Motion::Stalled)
    }

    /// `management.suspend` is set, and these steps would be next; none: everything is as the spec says.
    pub fn suspended(steps: usize) -> Self {
        if steps == 0 {
            return Self::settled("everything is as the spec says; management.suspend is set");
        }
        let message =
            format!("management.suspend is set; status.plan has the {steps} steps that would be next");
        Self::new(Status::False, Reason::Suspended, message, Motion::Resting)
    }

    /// Others changed the resource, and `management.driftPolicy` says to report that: it works, but it is not as the spec says.
    pub fn drifted(differences: &[String]) -> Self {
        let message = format!("ECS has something else than the spec: {}", differences.join("; "));
        Self {
            synced: Some((Status::False, Reason::Drifted, message)),
            ..Self::settled("the resource is there; what differs from the spec is only reported")
        }
    }

    /// What a failed call means, for an object whose passes have been failing for this long.
    pub fn of_error(error: &AwsError, failing_for: Duration) -> Self {
        let words = error.to_string();
        let patience_over = failing_for >= HEALING;
        match error.class {
            _ if error.is("WrongAccount") => {
                Self::unknown(Reason::AccountMismatch, error.message.clone()).stalled_if(true)
            }
            Class::Throttled => Self::working(
                Reason::Throttled,
                format!("requests are throttled and go on as fast as allowed: {words}"),
            ),
            Class::Standby => Self::working(Reason::WaitingForEcs, "waiting for this replica to lead again"),
            // What never came back is an outage, which nobody here can end; what AWS refused with its own code can heal.
            Class::Transient if may_have_happened(error) => Self::unknown(Reason::Unreachable, words),
            Class::Transient => Self::working(Reason::Retrying, words).stalled_if(patience_over),
            Class::NotFound => Self::working(Reason::DependencyNotReady, words).stalled_if(patience_over),
            Class::Conflict => Self::working(Reason::WaitingForEcs, words),
            Class::Denied => Self::stalled(Reason::AccessDenied, words),
            Class::Invalid | Class::Quota => Self::stalled(Reason::Refused, words),
        }
    }

    /// What it means that the object may act nowhere. An account that is not there yet, or not verified, may be made by the
    /// same `kubectl apply`; one that forbids the object, or is another than it says, needs a person.
    pub fn of_nowhere(nowhere: &Nowhere) -> Self {
        let (reason, message) = (nowhere.reason, nowhere.message.clone());
        match reason {
            Reason::AccountMismatch => Self::unknown(reason, message).stalled_if(true),
            Reason::NotAuthorized | Reason::InvalidSpec => Self::stalled(reason, message),
            _ => Self::working(reason, message),
        }
    }

    /// So much is missing that an outage is likelier than deletions (design.md §9, situation 11): a person has to say.
    pub fn outage(message: impl Into<String>) -> Self {
        Self::stalled(Reason::SuspectedOutage, message)
    }

    /// The same, and a person has to do something, if that is so.
    fn stalled_if(self, stalled: bool) -> Self {
        let motion = if stalled { Motion::Stalled } else { self.motion };
        Self { motion, ..self }
    }

    fn new(ready: Status, reason: Reason, message: impl Into<String>, motion: Motion) -> Self {
        Self {
            ready,
            reason,
            message: message.into(),
            synced: None,
            motion,
        }
    }

    /// The same, though ECS has what the spec says.
    pub fn in_sync(mut self) -> Self {
        self.synced = Some((
            Status::True,
            Reason::InSync,
            "ECS has what the spec says".to_owned(),
        ));
        self
    }

    /// Whether this is what becomes of this generation of the spec, as long as nobody does anything.
    pub fn is_final(&self) -> bool {
        self.ready == Status::True || self.motion == Motion::Stalled
    }

    /// Whether the object is ready.
    pub fn is_ready(&self) -> bool {
        self.ready == Status::True
    }

    /// Whether a person has to do something.
    pub fn is_stalled(&self) -> bool {
        self.motion == Motion::Stalled
    }

    /// What Ready is.
    pub fn status(&self) -> Status {
        self.ready
    }

    /// Why, in one word.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Why, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is to be said in the conditions.
    pub fn findings(&self) -> Vec<Finding> {
        let Self {
            ready,
            reason,
            message,
            ..
        } = self;
        let say = |type_, status, reason, message: &str| Finding::new(type_, status, reason, message);
        let (synced, synced_reason, synced_message) = match &self.synced {
            Some((status, reason, message)) => (*status, *reason, message.as_str()),
            None if *ready == Status::True => (Status::True, Reason::InSync, "ECS has what the spec says"),
            None => (*ready, *reason, message.as_str()),
        };
        let mut findings = vec![
            say(Type::Ready, *ready, *reason, message),
            say(Type::Synced, synced, synced_reason, synced_message),
        ];
        match self.motion {
            Motion::Resting => {}
            Motion::Moving => findings.push(say(Type::Reconciling, Status::True, *reason, message)),
            Motion::Stalled => findings.push(say(Type::Stalled, Status::True, *reason, message)),
        }
        findings
    }
}

/// Whether a failed call may have had its effect all the same.
pub fn may_have_happened(error: &AwsError) -> bool {
    // Any exception but one of the server's own says that ECS looked at the request and disliked it for now.
    let refused = error.code.ends_with("Exception") && !error.is("ServerException");
    // Without credentials nothing was sent.
    error.class == Class::Transient && !refused && !error.is("Credentials")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(verdict: &Verdict) -> Vec<String> {
        let findings = verdict.findings().into_iter();
        findings
            .map(|f| format!("{}={} {}", f.type_.as_str(), f.status.as_str(), f.reason.as_str()))
            .collect()
    }

    #[test]
    fn conditions_are_legal_whatever_the_verdict() {
        let cases = [
            (
                Verdict::settled("m"),
                vec!["Ready=True Completed", "Synced=True InSync"],
                true,
            ),
            (
                Verdict::working(Reason::Updating, "m"),
                vec![
                    "Ready=False Updating",
                    "Synced=False Updating",
                    "Reconciling=True Updating",
                ],
                false,
            ),
            (
                Verdict::working(Reason::WaitingForEcs, "m").in_sync(),
                vec![
                    "Ready=False WaitingForEcs",
                    "Synced=True InSync",
                    "Reconciling=True WaitingForEcs",
                ],
                false,
            ),
            (
                Verdict::stalled(Reason::Conflict, "m"),
                vec![
                    "Ready=False Conflict",
                    "Synced=False Conflict",
                    "Stalled=True Conflict",
                ],
                true,
            ),
            (
                Verdict::drifted(&["a: 1 → 2".into()]),
                vec!["Ready=True Completed", "Synced=False Drifted"],
                true,
            ),
            (
                Verdict::suspended(0),
                vec!["Ready=True Completed", "Synced=True InSync"],
                true,
            ),
            (
                Verdict::suspended(2),
                vec!["Ready=False Suspended", "Synced=False Suspended"],
                false,
            ),
        ];
        for (verdict, expected, is_final) in cases {
            assert_eq!(words(&verdict), expected);
            assert_eq!(verdict.is_final(), is_final, "{expected:?}");
        }
    }

    #[test]
    fn errors_say_what_heals_them() {
        let role = "ECS was unable to assume the role 'arn:x' that was provided for this task.";
        let cases = [
            (
                "ThrottlingException",
                "Rate exceeded",
                0,
                "Ready=False Throttled",
                false,
            ),
            ("ServerException", "", 0, "Ready=Unknown Unreachable", false),
            ("ServerException", "", 3600, "Ready=Unknown Unreachable", false),
            ("ClientException", role, 0, "Ready=False Retrying", false),
            ("ClientException", role, 600, "Ready=False Retrying", true),
            (
                "ServiceNotFoundException",
                "gone",
                0,
                "Ready=False DependencyNotReady",
                false,
            ),
            (
                "ServiceNotFoundException",
                "gone",
                600,
                "Ready=False DependencyNotReady",
                true,
            ),
            (
                "UpdateInProgressException",
                "busy",
                3600,
                "Ready=False WaitingForEcs",
                false,
            ),
            ("AccessDeniedException", "no", 0, "Ready=False AccessDenied", true),
            ("InvalidParameterException", "bad", 0, "Ready=False Refused", true),
            ("LimitExceededException", "full", 0, "Ready=False Refused", true),
        ];
        for (code, message, seconds, expected, stalled) in cases {
            let error = AwsError::new("CreateCluster", code, message);
            let verdict = Verdict::of_error(&error, Duration::from_secs(seconds));
            assert_eq!(words(&verdict)[0], expected, "{code} after {seconds} s");
            assert_eq!(verdict.is_stalled(), stalled, "{code} after {seconds} s");
            assert!(
                verdict.message().contains(message),
                "AWS's words are missing: {}",
                verdict.message()
            );
        }
    }

    #[test]
    fn an_account_that_may_come_needs_nobody() {
        let cases = [
            (Reason::AccountNotFound, "Ready=False AccountNotFound", false),
            (Reason::AccountNotReady, "Ready=False AccountNotReady", false),
            (Reason::AccountMismatch, "Ready=Unknown AccountMismatch", true),
            (Reason::NotAuthorized, "Ready=False NotAuthorized", true),
            (Reason::InvalidSpec, "Ready=False InvalidSpec", true),
        ];
        for (reason, expected, stalled) in cases {
            let message = "m".to_owned();
            let verdict = Verdict::of_nowhere(&Nowhere { reason, message });
            assert_eq!(
                (words(&verdict)[0].as_str(), verdict.is_stalled()),
                (expected, stalled)
            );
        }
    }

    #[test]
    fn only_a_lost_answer_may_hide_an_effect() {
        let cases = [
            (
                AwsError::local("CreateCluster", Class::Transient, "Timeout", "x"),
                true,
            ),
            (AwsError::new("CreateCluster", "ServerException", "x"), true),
            (
                AwsError::new("CreateCluster", "InvalidParameterException", "bad"),
                false,
            ),
            (
                AwsError::new(
                    "CreateCluster",
                    "ClientException",
                    "ECS was unable to assume the role",
                ),
                false,
            ),
            (
                AwsError::new("PutClusterCapacityProviders", "ResourceInUseException", "x"),
                false,
            ),
            (AwsError::new("CreateCluster", "ThrottlingException", "x"), false),
        ];
        for (error, expected) in cases {
            assert_eq!(may_have_happened(&error), expected, "{error}");
        }
    }

    #[test]
    fn credentials_of_another_account_are_unknown_territory() {
        let error = AwsError::local(
            "GetCallerIdentity",
            Class::Denied,
            "WrongAccount",
            "they belong to 999999999999",
        );
        assert_eq!(
            words(&Verdict::of_error(&error, Duration::ZERO))[0],
            "Ready=Unknown AccountMismatch"
        );
    }
}
