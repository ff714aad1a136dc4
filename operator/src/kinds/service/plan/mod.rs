//! What to do about a service, given what is wanted and what is there. Pure and total; it never looks at a clock.
//!
//! Laws: nothing differs, no steps; the steps of a plan, carried out, lead to a state whose plan has none; nothing that is
//! someone else's is touched; a rollout that ECS took back is not repeated.

mod adopt;
mod create;
mod delete;
mod rollout;
mod scale;
mod update;

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod laws;

use std::time::Duration;

use aws_sdk_ecs::primitives::DateTime;

use crate::diff::rollout::Rollback;
use crate::kinds::held::Held;
use crate::kinds::service::desired::Desired;
use crate::kinds::service::step::Step;
use crate::observer::ServiceView;

pub use delete::{Deletion, plan_deletion};

/// How long nothing may have changed before a deployment is started (design.md §2.5).
pub const QUIET: Duration = Duration::from_secs(1);

/// When to look again at something that ECS or another object is to finish, if nobody wakes the service earlier.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a decision is made from, beside the wish.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What ECS shows.
    pub view: &'a ServiceView,
    /// The moment for which the plan is made, by ECS's clock.
    pub now: DateTime,
    /// For how long what would be rolled out, and what it refers to, has not changed.
    pub quiet_for: Duration,
    /// Whether so much is missing in the account that an outage is likelier than a deletion (design.md §9, situation 11).
    pub outage_suspected: bool,
}

/// What to do, and what to say about it.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Plan {
    /// To be carried out in this order, up to the first that fails.
    pub steps: Vec<Step>,
    /// Where the service stands.
    pub standing: Standing,
    /// What others changed, as people read it, where the policy is to report that and nothing else. It says nothing of where
    /// the service stands: what ECS took back stays taken back.
    pub drift: Vec<String>,
    /// When to look again, if nothing wakes the service earlier.
    pub look_again: Option<Duration>,
}

/// Where a service stands with its spec.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// ECS has the spec, or will have it after the steps.
    InStep,
    /// Something else has to happen first; the end of the sentence "waiting for …".
    Waiting(String),
    /// So much is missing that an outage is likelier than a deletion: a person has to say; one sentence.
    OutageSuspected(String),
    /// A reference is not ready.
    Blocked(Held),
    /// The service belongs to someone else, or to nobody and must not be taken over.
    Conflict(String),
    /// The spec wants what ECS cannot change.
    Immutable(String),
    /// ECS took this rollout back; everything else goes on.
    TakenBack {
        /// What ECS went back to and why.
        rollback: Rollback,
        /// Whether ECS has finished going back.
        finished: bool,
    },
}

impl Plan {
    fn of(steps: Vec<Step>) -> Self {
        Self {
            steps,
            standing: Standing::InStep,
            drift: Vec::new(),
            look_again: None,
        }
    }

    fn nothing(standing: Standing) -> Self {
        Self {
            standing,
            ..Self::of(Vec::new())
        }
    }

    /// Nothing to do but to wait for something; "waiting for …" is how the sentence goes.
    pub fn wait(what: impl Into<String>, look_again: Duration) -> Self {
        Self {
            look_again: Some(look_again),
            ..Self::nothing(Standing::Waiting(what.into()))
        }
    }

    /// Whether a step must be decided on a view that was read for it. A deployment is one, since a sweep does not read the
    /// history of a service that shows none, and a rollback to its first deployment shows none.
    pub fn needs_fresh_view(&self) -> bool {
        self.steps.iter().any(Step::needs_fresh_view)
    }
}

/// Decides what to do for a service that is to be.
pub fn plan(desired: &Desired, facts: &Facts<'_>) -> Plan {
    let Some(service) = &facts.view.service else {
        return create::plan(desired, facts, None);
    };
    match service.status() {
        Some("INACTIVE") => create::plan(desired, facts, Some(service)),
        Some("DRAINING") => Plan::wait("the service that drains under this name to be gone", PATIENCE),
        _ => adopt::plan(desired, service, facts),
    }
}
