//! How a pass over a service went: what its status is made from, beside what was seen.

use std::time::Duration;

use crate::aws::error::AwsError;
use crate::kinds::held::Held;
use crate::kinds::place::Nowhere;
use crate::kinds::service::plan::Plan;
use crate::kinds::service::step::Step;

/// How a pass went.
#[derive(Debug, Clone, Copy)]
pub enum Course<'a> {
    /// The object may not act, or cannot: nothing was called.
    Nowhere(&'a Nowhere),
    /// The spec cannot be sent.
    InvalidSpec(&'a str),
    /// The cluster is not known, so there is nowhere to look.
    Held(&'a Held),
    /// ECS could not be read.
    Unseen(&'a AwsError),
    /// There was a plan, and it was carried out up to the failure, or held back.
    Planned {
        /// The plan.
        plan: &'a Plan,
        /// The call that failed, and the step that it was.
        failure: Option<(&'a Step, &'a AwsError)>,
        /// For how long passes have been failing.
        failing_for: Duration,
        /// Whether nothing may be changed.
        suspended: bool,
    },
    /// The object is being deleted.
    Deleting {
        /// What is waited for, as the end of "waiting for …".
        waiting_for: &'a str,
        /// The call that failed.
        failure: Option<&'a AwsError>,
    },
}
