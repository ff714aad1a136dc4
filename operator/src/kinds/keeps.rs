//! What a kind must say of itself so that [`crate::kinds::pass`] can keep its resources: its steps, its plan, its status.

use std::fmt::Display;
use std::time::Duration;

use ecs_crds::Managed;
use ecs_crds::conditions::Reason;
use ecs_crds::status::CommonStatus;
use kube::core::object::HasStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::error::AwsError;
use crate::context::Ctx;
use crate::k8s::object::{Kept, ObjectKey};
use crate::kinds::access::{Access, Ask};
use crate::kinds::verdict::Verdict;

/// How a resource is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What the observer knows is good enough.
    Known,
    /// ECS is asked now.
    Fresh,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Plan<S> {
    /// To be carried out in this order, up to the first that fails.
    pub steps: Vec<S>,
    /// Where the object stands if there are no steps.
    pub verdict: Verdict,
    /// When to look again, if nothing wakes the object earlier.
    pub look_again: Option<Duration>,
    /// Nothing of an object that is being deleted is left, or it is none of our business.
    pub gone: bool,
    /// The steps were carried out before, and ECS failed at them: they are repeated at most this often.
    pub pace: Option<Duration>,
    /// The ARNs of what the steps let go of and leave in ECS.
    pub retained: Vec<String>,
}

impl<S> Plan<S> {
    /// To do these, and then to look again.
    pub fn of(steps: Vec<S>, verdict: Verdict) -> Self {
        Self {
            steps,
            verdict,
            look_again: None,
            gone: false,
            pace: None,
            retained: Vec::new(),
        }
    }

    /// To let go of these by these steps, and to leave them in ECS.
    pub fn retain(arns: Vec<String>, steps: Vec<S>, verdict: Verdict) -> Self {
        Self {
            retained: arns,
            ..Self::of(steps, verdict)
        }
    }

    /// Nothing to do.
    pub fn rest(verdict: Verdict) -> Self {
        Self::of(Vec::new(), verdict)
    }

    /// Nothing to do now; to look again after this time.
    pub fn wait(verdict: Verdict, look_again: Duration) -> Self {
        Self {
            look_again: Some(look_again),
            ..Self::rest(verdict)
        }
    }

    /// The end of a deletion.
    pub fn gone() -> Self {
        Self {
            gone: true,
            ..Self::rest(Verdict::working(Reason::Deleting, "nothing of it is left in ECS"))
        }
    }
}

/// What a plan is made from, beside the wish and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// So much is missing in the account that an outage is likelier than deletions, and nobody said that this object's
    /// resource is to be made again all the same (design.md §9, situation 11).
    pub outage_suspected: bool,
}

/// One call.
pub trait Call: Display + Send + Sync {
    /// The call's name, as `CreateCluster`.
    fn operation(&self) -> &'static str;

    /// Whether it makes something that was not there.
    fn creates(&self) -> bool {
        ["Create", "Register"]
            .iter()
            .any(|word| self.operation().starts_with(word))
    }

    /// The reason of the Kubernetes Event that tells of it.
    fn event(&self) -> &'static str {
        let ends = ["Delete", "Deregister"]
            .iter()
            .any(|word| self.operation().starts_with(word));
        match (self.creates(), ends) {
            (true, _) => "Created",
            (_, true) => "Deleted",
            _ => "Updated",
        }
    }
}

/// A kind whose objects stand for one resource in ECS.
pub trait Keeps: Managed + Kept + HasStatus<Status: StatusOf> {
    /// The spec with its references replaced, and what deletion means.
    type Desired: Send + Sync;
    /// What ECS has.
    type Seen: Send + Sync;
    /// What can be done.
    type Step: Call;

    /// What the object wants to use its account for.
    fn ask(&self, ctx: &Ctx) -> Ask;

    /// What is wanted; of the surroundings, what is known without a call.
    ///
    /// # Errors
    /// A spec that cannot be sent.
    fn resolve(&self, ctx: &Ctx, access: &Access) -> Result<Self::Desired, Verdict>;

    /// Looks at ECS.
    fn observe(
        desired: &Self::Desired,
        access: &Access,
        me: &ObjectKey,
        look: Look,
    ) -> impl Future<Output = Result<Self::Seen, AwsError>> + Send;

    /// Decides. Pure.
    fn plan(desired: &Self::Desired, seen: &Self::Seen, facts: Facts) -> Plan<Self::Step>;

    /// Carries out one step; what ECS has now, where the answer says so.
    fn apply(
        desired: &Self::Desired,
        step: &Self::Step,
        access: &Access,
    ) -> impl Future<Output = Result<Option<Self::Seen>, AwsError>> + Send;

    /// Tells the observer that the resource was written.
    fn wrote(desired: &Self::Desired, access: &Access);

    /// Puts what was seen into the status. Pure.
    fn show(status: &mut Self::Status, desired: &Self::Desired, seen: &Self::Seen);
}

/// The status of such a kind.
pub trait StatusOf: Clone + Default + Serialize + DeserializeOwned + Send + Sync {
    /// Whether others rely on `observedGeneration` to mean that this generation of the spec is in ECS.
    const GENERATION_MEANS_DONE: bool = false;

    /// The part that all have.
    fn common(&mut self) -> &mut CommonStatus;
}
