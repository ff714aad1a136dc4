//! One pass over an object that stands for a resource: observe → resolve → plan → apply → report, the same for clusters,
//! task definitions and capacity providers.
//!
//! Whatever is to be changed is decided on a read made for it. Steps are carried out one after the other, up to the first
//! that fails; what happened is in the status either way.

use std::sync::Arc;
use std::time::Duration;

use ecs_crds::conditions::{self, Reason, Type};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::aws::error::{AwsError, Class};
use crate::context::Ctx;
use crate::error::{Error, Result};
use crate::k8s::finalize::{ensure, is_held, release};
use crate::k8s::object::ObjectKey;
use crate::kinds::access::{Access, access};
use crate::kinds::action::{Action as Asked, LOOKED, answer, read, request};
use crate::kinds::keeps::{Call, Facts, Keeps, Look, Plan, StatusOf};
use crate::kinds::orphan::{ORPHAN, tell_given_up, tell_retained};
use crate::kinds::outage;
use crate::kinds::verdict::{Verdict, may_have_happened};

/// When a blocked object is looked at again, if nothing wakes it earlier.
const SLOWLY: Duration = Duration::from_mins(5);
/// When an object whose account cannot be verified is looked at again.
const UNVERIFIED: Duration = Duration::from_secs(30);
/// From a change to the next look, where there is more to do.
const NEXT: Duration = Duration::from_secs(1);
/// How often at most something that ECS keeps failing at is asked of it again.
pub const RETRY: Duration = Duration::from_mins(1);

/// How a pass ended.
struct Ended<K: Keeps> {
    verdict: Verdict,
    seen: Option<K::Seen>,
    plan: Vec<String>,
    gone: bool,
    next: Result<Action>,
}

impl<K: Keeps> Ended<K> {
    fn at_once(verdict: Verdict, next: Result<Action>) -> Self {
        Self {
            verdict,
            seen: None,
            plan: Vec::new(),
            gone: false,
            next,
        }
    }

    fn seeing(self, seen: K::Seen) -> Self {
        Self {
            seen: Some(seen),
            ..self
        }
    }
}

/// One pass.
///
/// # Errors
/// What kept the object from being settled.
pub async fn pass<K: Keeps>(object: Arc<K>, ctx: Arc<Ctx>) -> Result<Action> {
    let api = ctx.api(&*object);
    let going = object.meta().deletion_timestamp.is_some();
    if going && !is_held(&*object) {
        return Ok(Action::await_change());
    }
    if going && object.annotations().contains_key(ORPHAN) {
        tell_given_up(&ctx, &*object);
        release(&api, &*object).await?;
        return Ok(Action::await_change());
    }
    let access = match access(&*object, &ctx, object.ask(&ctx)).await {
        Ok(access) => access,
        Err(verdict) => {
            // Whoever may not use the account does not have it looked at either.
            ctx.observers.forget(&ObjectKey::of(&*object));
            let unverified = matches!(
                verdict.reason(),
                Reason::AccountMismatch | Reason::AccountNotReady
            );
            let next = Action::requeue(if unverified { UNVERIFIED } else { SLOWLY });
            return report(&*object, &ctx, None, Ended::at_once(verdict, Ok(next))).await;
        }
    };
    let object = if going {
        object
    } else {
        ensure(&api, object).await?
    };
    let desired = match object.resolve(&ctx, &access) {
        Ok(desired) => desired,
        Err(verdict) => {
            return report(
                &*object,
                &ctx,
                None,
                Ended::at_once(verdict, Ok(Action::requeue(SLOWLY))),
            )
            .await;
        }
    };
    let way = Way {
        object: &*object,
        ctx: &ctx,
        access: &access,
        desired: &desired,
    };
    if !going && let Some(request) = request(&ctx, &*object) {
        return match way.outcome(&request).await {
            Ok(outcome) => {
                answer(&ctx, &*object, &request, outcome).await?;
                Ok(Action::requeue(Duration::ZERO))
            }
            Err(error) => report(&*object, &ctx, Some(&desired), way.failed(error)).await,
        };
    }
    let ended = settle(way).await;
    if ended.gone {
        ctx.unanswered.forget(&object.uid().unwrap_or_default());
        release(&api, &*object).await?;
        return Ok(Action::await_change());
    }
    report(&*object, &ctx, Some(&desired), ended).await
}

/// What a pass over an object that may act goes by.
struct Way<'a, K: Keeps> {
    object: &'a K,
    ctx: &'a Ctx,
    access: &'a Access,
    desired: &'a K::Desired,
}

impl<K: Keeps> Way<'_, K> {
    async fn look(&self, look: Look) -> Result<K::Seen, AwsError> {
        K::observe(self.desired, self.access, &ObjectKey::of(self.object), look).await
    }

    /// Whether an outage is suspected is asked after each look: what others found missing meanwhile counts too.
    fn plan(&self, seen: &K::Seen) -> Plan<K::Step> {
        let facts = Facts {
            outage_suspected: outage::is_suspected(self.object, &self.access.observer),
        };
        K::plan(self.desired, seen, facts)
    }

    /// What ECS has, and what to do: on a read made for it, if there is something to do.
    async fn decide(&self) -> Result<(K::Seen, Plan<K::Step>), AwsError> {
        let seen = self.look(Look::Known).await?;
        let plan = self.plan(&seen);
        if plan.steps.is_empty() && !plan.gone {
            return Ok((seen, plan));
        }
        let seen = self.look(Look::Fresh).await?;
        let plan = self.plan(&seen);
        Ok((seen, plan))
    }

    /// Carries the steps out up to the first that fails; what ECS has then, where an answer shows it.
    async fn carry_out(&self, steps: &[K::Step]) -> (Option<K::Seen>, Result<(), AwsError>) {
        let mut shown = None;
        for step in steps {
            let outcome = K::apply(self.desired, step, self.access).await;
            // A lost answer may hide an effect. A refusal does not, and noting a write would only wake the object to be
            // refused again.
            if outcome.as_ref().err().is_none_or(may_have_happened) {
                K::wrote(self.desired, self.access);
            }
            match outcome {
                Ok(after) => {
                    let (event, operation) = (step.event(), step.operation());
                    self.ctx
                        .events
                        .normal(self.object, event, operation, step.to_string());
                    shown = after.or(shown);
                }
                Err(error) => {
                    if step.creates() && may_have_happened(&error) {
                        self.ctx.unanswered.note(&self.object.uid().unwrap_or_default());
                    }
                    return (shown, Err(error));
                }
            }
        }
        (shown, Ok(()))
    }

    /// What becomes of a request.
    async fn outcome(&self, request: &str) -> Result<String, AwsError> {
        match read(request) {
            Err(outcome) => Ok(outcome),
            Ok(Asked::RollBack(_)) => Ok("refused: only an EcsService has deployments".to_owned()),
            Ok(Asked::Reconcile) => {
                self.look(Look::Fresh).await?;
                self.ctx
                    .backoff
                    .came_right(&self.object.uid().unwrap_or_default());
                Ok(LOOKED.to_owned())
            }
        }
    }

    fn failed(&self, error: AwsError) -> Ended<K> {
        let uid = self.object.uid().unwrap_or_default();
        let failing_for = self.ctx.backoff.failing_for(&uid).unwrap_or_default();
        Ended::at_once(Verdict::of_error(&error, failing_for), Err(error.into()))
    }
}

/// Brings ECS to what is wanted, as far as one pass goes.
async fn settle<K: Keeps>(way: Way<'_, K>) -> Ended<K> {
    let (seen, plan) = match way.decide().await {
        Ok(decided) => decided,
        Err(error) => return way.failed(error),
    };
    let uid = way.object.uid().unwrap_or_default();
    if plan.gone
        && let Some(pause) = way.ctx.unanswered.look_again(&uid)
    {
        let why = "waiting for a creation that ECS did not answer to show itself or to expire";
        return rested(Plan::wait(Verdict::working(Reason::Deleting, why), pause), seen);
    }
    if plan.steps.is_empty() {
        return rested(plan, seen);
    }
    if way.object.management().suspended() {
        let steps: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
        let verdict = Verdict::suspended(steps.len());
        return Ended {
            plan: steps,
            ..Ended::at_once(verdict, Ok(Action::requeue(SLOWLY))).seeing(seen)
        };
    }
    let may_try = |pace| way.ctx.backoff.may_try(&uid, pace);
    if plan.pace.is_some_and(|pace| !may_try(pace)) {
        return Ended::at_once(plan.verdict, Ok(Action::requeue(RETRY))).seeing(seen);
    }
    let (shown, outcome) = way.carry_out(&plan.steps).await;
    if let Err(error) = outcome {
        return way.failed(error).seeing(shown.unwrap_or(seen));
    }
    if !plan.retained.is_empty() {
        tell_retained(way.ctx, way.object, &plan.retained);
    }
    conclude(way, shown).await
}

/// What is left to do after the steps.
async fn conclude<K: Keeps>(way: Way<'_, K>, shown: Option<K::Seen>) -> Ended<K> {
    let seen = match shown {
        Some(seen) => seen,
        None => match way.look(Look::Fresh).await {
            Ok(seen) => seen,
            Err(error) => return way.failed(error),
        },
    };
    let rest = way.plan(&seen);
    if rest.steps.is_empty() {
        return rested(rest, seen);
    }
    // ECS may not show yet what was just done, so the rest is decided by another pass.
    let (verdict, soon) = match rest.pace {
        Some(_) => (rest.verdict, RETRY),
        None => (Verdict::working(Reason::Updating, next_steps(&rest.steps)), NEXT),
    };
    Ended::at_once(verdict, Ok(Action::requeue(soon))).seeing(seen)
}

fn rested<K: Keeps>(plan: Plan<K::Step>, seen: K::Seen) -> Ended<K> {
    let next = plan.look_again.map_or_else(Action::await_change, Action::requeue);
    Ended {
        gone: plan.gone,
        ..Ended::at_once(plan.verdict, Ok(next)).seeing(seen)
    }
}

fn next_steps<S: Call>(steps: &[S]) -> String {
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    format!("next: {}", steps.join("; "))
}

/// Writes what the pass found, and tells of what became worse.
async fn report<K: Keeps>(
    object: &K,
    ctx: &Ctx,
    desired: Option<&K::Desired>,
    ended: Ended<K>,
) -> Result<Action> {
    if matches!(&ended.next, Err(Error::Aws(error)) if error.class == Class::Standby) {
        return ended.next;
    }
    let mut status: K::Status = ctx.status.latest(object).unwrap_or_default();
    if let (Some(desired), Some(seen)) = (desired, &ended.seen) {
        K::show(&mut status, desired, seen);
    }
    let generation = object.meta().generation.unwrap_or_default();
    let unseen = ended.seen.is_none() && matches!(ended.next, Err(Error::Aws(_)));
    let was_synced = conditions::is_true_of(&status.common().conditions, Type::Synced, generation);
    let verdict = if K::Status::GENERATION_MEANS_DONE && unseen && was_synced {
        // What others rely on cannot have changed: a revision never does. They need not stop because nobody can look at it.
        &ended.verdict.in_sync()
    } else {
        &ended.verdict
    };
    if verdict.is_ready() {
        ctx.backoff.came_right(&object.uid().unwrap_or_default());
    }
    tell(object, ctx, &status.common().conditions, verdict);
    let done = !K::Status::GENERATION_MEANS_DONE || verdict.is_final();
    let common = status.common();
    common.conditions = conditions::merge(&common.conditions, verdict.findings(), generation, ctx.now());
    common.plan = ended.plan;
    if done {
        common.observed_generation = generation;
    }
    ctx.status.write(object, &status).await?;
    ended.next
}

/// An Event for an object that needs a person now and did not, or for another reason than before.
fn tell<K: Keeps>(object: &K, ctx: &Ctx, before: &[Condition], verdict: &Verdict) {
    let said = conditions::find(before, Type::Ready)
        .is_some_and(|ready| ready.reason == verdict.reason().as_str() && ready.message == verdict.message());
    if verdict.is_stalled() && !said {
        ctx.events
            .warning(object, verdict.reason().as_str(), "Reconcile", verdict.message());
    }
}
