//! What the status of an account shows. Pure.

use ecs_crds::{AwsAccountStatus, conditions};
use jiff::Timestamp;

use super::plan::{Seen, listed};
use crate::kinds::verdict::Verdict;

/// The status after a pass.
pub fn status(
    before: &AwsAccountStatus,
    seen: &Seen,
    verdict: &Verdict,
    going: bool,
    generation: i64,
    now: Timestamp,
) -> AwsAccountStatus {
    let caller = seen.caller.as_ref().ok();
    // An account is in no state of synchronisation: it has nothing in ECS.
    let findings = verdict
        .findings()
        .into_iter()
        .filter(|finding| finding.type_ != conditions::Type::Synced);
    AwsAccountStatus {
        observed_generation: generation,
        conditions: conditions::merge(&before.conditions, findings, generation, now),
        caller_arn: caller.map(|caller| caller.arn.clone()),
        caller_account: caller.map(|caller| caller.account.clone()),
        objects: i32::try_from(seen.users.len()).ok(),
        held_by: if going { listed(&seen.users) } else { Vec::new() },
    }
}
