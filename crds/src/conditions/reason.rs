//! The closed list of reasons.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// Why a condition is as it is: one word of this closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name),*
        }

        impl Reason {
            /// All of them, in the order in which they are explained.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The condition's `reason`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }

            /// What it means, as the documentation says it.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc, "\n"),+).trim_ascii()),*
                }
            }
        }
    };
}

reasons! {
    /// Everything is as the spec says.
    Completed,
    /// ECS has what the spec says.
    InSync,
    /// The healthy minimum of the service's tasks runs.
    MinimumTasksRunning,
    /// Fewer tasks run than the healthy minimum.
    MinimumTasksUnavailable,
    /// The resource is being created.
    Creating,
    /// The resource is being changed.
    Updating,
    /// The resource is being deleted; the message says what it waits for.
    Deleting,
    /// A rollout is on its way.
    RollingOut,
    /// A lifecycle hook holds the rollout.
    Paused,
    /// The rollout's tasks do not start or do not stay; the message has the newest stop reason and exit code.
    TasksFailing,
    /// ECS is going back to the revision before.
    RollingBack,
    /// ECS went back to the revision before; this spec's rollout is not tried again until it changes.
    RolledBack,
    /// The rollout failed, and there was nothing to go back to.
    RolloutFailed,
    /// Somebody stopped the deployment.
    RolloutStopped,
    /// The rollout completed, but the service's number of tasks is on its way to the desired count.
    Scaling,
    /// Something that the object refers to is not there, or not ready.
    DependencyNotReady,
    /// ECS is busy with the resource; the operator looks again.
    WaitingForEcs,
    /// Other objects still use this one.
    InUse,
    /// The resource differs from the spec, and driftPolicy says to report it only.
    Drifted,
    /// management.suspend is set; status.plan shows what would be done.
    Suspended,
    /// The resource in ECS is somebody else's: its tags name another owner, or none and adoption was not asked for.
    Conflict,
    /// The namespace may not use the account, or not for this; the message names the rule.
    NotAuthorized,
    /// There is no AwsAccount of the name.
    AccountNotFound,
    /// The account's credentials belong to another account than accountId says; nothing is changed there.
    AccountMismatch,
    /// The AwsAccount is being deleted, or its credentials could not be verified.
    AccountNotReady,
    /// The credentials were verified and belong to accountId.
    Verified,
    /// AWS denied the call; the message has AWS's words. It is tried again slowly.
    AccessDenied,
    /// ECS refused the spec; the message has ECS's words. It is tried again when the spec or a dependency changes, and slowly anyway.
    Refused,
    /// The spec cannot be sent: the message says which member, and what would be right.
    InvalidSpec,
    /// ECS refuses for a reason that may heal by itself, as a role that is not known everywhere yet.
    Retrying,
    /// The call was throttled, or the request budget is used up.
    Throttled,
    /// AWS could not be reached or failed; what the status says is what was seen last.
    Unreachable,
    /// A region or account reports nearly everything missing; nothing is re-created until a person says so.
    SuspectedOutage,
    /// The operator itself failed; this is a bug worth reporting.
    InternalError,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Whoever meets a reason finds what to do about it.
    #[test]
    fn each_reason_has_its_entry_in_the_troubleshooting_page() {
        let page = include_str!("../../../docs/troubleshooting.md");
        let entries: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .filter(|title| Reason::ALL.iter().any(|reason| reason.as_str() == *title))
            .collect();
        let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(entries, reasons);
    }

    #[test]
    fn reasons_are_words_and_each_is_explained() {
        let mut seen = BTreeSet::new();
        for reason in Reason::ALL {
            let word = reason.as_str();
            assert!(seen.insert(word), "{word} twice");
            assert!(
                word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphanumeric),
                "{word}"
            );
            assert!(
                reason.explanation().ends_with('.'),
                "{word}: {}",
                reason.explanation()
            );
        }
    }
}
