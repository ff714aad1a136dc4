//! Whether a container that ended is started again (ecs-semantics.md §2.7). Pure.

use aws_sdk_ecs::types::ContainerDefinition;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::timing::Timing;

/// An enabled `restartPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// `ignoredExitCodes`: it stays ended after one of these.
    pub ignored: Vec<i32>,
    /// `restartAttemptPeriod`, in seconds; the timing table's duration if absent.
    pub period: Option<i32>,
}

impl Restart {
    /// The policy of a container; nothing without one, or with one that is not enabled.
    pub fn of(definition: &ContainerDefinition) -> Option<Self> {
        let policy = definition.restart_policy().filter(|policy| policy.enabled())?;
        Some(Self {
            ignored: policy.ignored_exit_codes().to_vec(),
            period: policy.restart_attempt_period(),
        })
    }

    /// Whether a container that ended with this code, and ran that long, is started again.
    pub fn follows(&self, code: i32, ran: SignedDuration, timing: &Timing) -> bool {
        !self.ignored.contains(&code) && ran >= timing.restart_after(self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::TimingMode;

    #[test]
    fn a_container_is_started_again_if_it_ran_long_enough_and_its_code_is_not_ignored() {
        let policy = |period| Restart {
            ignored: vec![3],
            period,
        };
        let cases = [
            (None, 1, 300, true),
            (None, 0, 300, true),
            (None, 1, 299, false),
            (None, 3, 300, false),
            (Some(60), 1, 60, true),
            (Some(60), 1, 59, false),
        ];
        for (period, code, seconds, again) in cases {
            let ran = SignedDuration::from_secs(seconds);
            let timing = Timing::of(TimingMode::Aws);
            assert_eq!(
                policy(period).follows(code, ran, &timing),
                again,
                "{period:?} {code} {seconds}"
            );
        }
    }
}
