//! `EcsService`: keeps a service in ECS as its object describes it.
//!
//! A pass: the references are looked up and replaced (`resolve`), the service is looked at (`observe`), what to do is
//! decided (`plan`), done (`apply`) and told (`report`). A steady service costs no call beyond the observer's sweep and
//! no write to Kubernetes.

mod act;
mod apply;
pub mod desired;
mod made;
mod newcomer;
mod observe;
pub mod plan;
pub mod quiet;
mod recorded;
mod remove;
mod report;
pub mod resolve;
pub mod seed;
pub mod status;
pub mod step;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::primitives::DateTime;
use ecs_crds::{EcsService, EcsServiceStatus, Managed};
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use crate::aws::error::{AwsError, Class};
use crate::context::Ctx;
use crate::diff::identity::content_hash;
use crate::error::{Error, Result};
use crate::k8s::finalize;
use crate::k8s::object::ObjectKey;
use crate::kinds::action::request;
use crate::kinds::outage;
use crate::kinds::service::apply::{Applied, apply};
use crate::kinds::service::newcomer::{calls_for_a_look, is_known, is_newcomer};
use crate::kinds::service::observe::{Way, referred};
use crate::kinds::service::plan::{Facts, Plan, QUIET, Standing, plan};
use crate::kinds::service::report::{report, tell_steps};
use crate::kinds::service::resolve::{Resolved, resolve};
use crate::kinds::service::status::course::Course;
use crate::kinds::service::step::Step;
use crate::kinds::verdict::may_have_happened;
use crate::observer::ServiceView;

pub use resolve::references;

/// When an object that may do nothing, or whose spec is wrong, is looked at again, if nothing wakes it.
const SLOWLY: Duration = Duration::from_mins(5);

/// One pass over a service.
///
/// # Errors
/// What kept the pass from settling the service; status says it too.
pub async fn reconcile(service: Arc<EcsService>, ctx: Arc<Ctx>) -> Result<Action> {
    if service.metadata.deletion_timestamp.is_some() {
        return remove::remove(service, &ctx).await;
    }
    let resolved = match resolve(&service, &referred(&service, &ctx), &ctx.installation) {
        Ok(resolved) => resolved,
        Err(wrong) => return halt(&service, &ctx, Course::InvalidSpec(&wrong)).await,
    };
    if let (false, Some(held)) = (resolved.cluster_known, &resolved.desired.creation_held) {
        return halt(&service, &ctx, Course::Held(held)).await;
    }
    match Way::to(&service, &resolved, &ctx) {
        Ok(way) => match request(&ctx, &*service) {
            Some(request) => answered(&service, &request, &resolved, &way, &ctx).await,
            None => keep(service, &resolved, &way, &ctx).await,
        },
        Err(nowhere) => halt(&service, &ctx, Course::Nowhere(&nowhere)).await,
    }
}

/// Acts; where ECS cannot be asked, that is told as in any pass.
async fn answered(
    service: &Arc<EcsService>,
    request: &str,
    resolved: &Resolved,
    way: &Way,
    ctx: &Ctx,
) -> Result<Action> {
    match act::act(service, request, &resolved.desired, way, ctx).await {
        Err(Error::Aws(error)) if error.class != Class::Standby => {
            report(ctx, service, Some(resolved), None, Course::Unseen(&error)).await?;
            Err(error.into())
        }
        ended => ended,
    }
}

/// Nothing is done, and nothing is looked at any more.
async fn halt(service: &EcsService, ctx: &Ctx, course: Course<'_>) -> Result<Action> {
    ctx.observers.forget(&ObjectKey::of(service));
    report(ctx, service, None, None, course).await?;
    Ok(Action::requeue(SLOWLY))
}

/// Keeps the service as it is wanted.
async fn keep(service: Arc<EcsService>, resolved: &Resolved, way: &Way, ctx: &Ctx) -> Result<Action> {
    if let Some(pause) = too_early(&service, resolved, way, ctx) {
        return Ok(Action::requeue(pause));
    }
    // What the status names was there, also for a process that began when it was missing already.
    if is_known(&service) {
        way.observer.expect(&way.key, true);
    }
    let newcomer = is_newcomer(&service, resolved, way);
    let (view, plan) = match decide(&service, resolved, way, ctx, newcomer).await {
        Ok(decided) => decided,
        // Whoever leads now looks for itself.
        Err(error) if error.class == Class::Standby => return Err(error.into()),
        Err(error) => {
            report(ctx, &service, Some(resolved), None, Course::Unseen(&error)).await?;
            return Err(error.into());
        }
    };
    let suspended = service.management().suspended();
    let acts = !suspended && !plan.steps.is_empty();
    let uid = service.uid().unwrap_or_default();
    let print = content_hash(&json!([resolved.print, format!("{:?}", plan.steps)]));
    let refused = ctx.quiet.still_refused(&uid, &print).filter(|_| !suspended);
    if let Some((error, pause)) = refused {
        let before = Applied::refused(error);
        let course = planned(&plan, &before, Duration::ZERO, suspended);
        report(ctx, &service, Some(resolved), Some(&view), course).await?;
        return Ok(Action::requeue(pause));
    }
    let service = if acts || is_in_ecs(&view, &plan) {
        match hold(service, ctx).await? {
            Some(service) => service,
            None => return Ok(Action::await_change()),
        }
    } else {
        service
    };
    let applied = if acts {
        apply(&plan.steps, &way.key, &way.target, &way.observer).await
    } else {
        Applied::default()
    };
    if newcomer && applied.failure.as_ref().is_some_and(calls_for_a_look) {
        // The object has the finalizer now, so it is no newcomer any more: this time the pass looks.
        return Box::pin(keep(service, resolved, way, ctx)).await;
    }
    tell_steps(ctx, &service, plan.steps.get(..applied.done).unwrap_or_default());
    tell_steps(ctx, &service, applied.aside.as_slice());
    // While it is missing it stays expected, or each that is made again would be one missing less.
    if is_in_ecs(&view, &plan) {
        way.observer.expect(&way.key, true);
    }
    note_refusal(ctx, &uid, &print, &applied);
    note_unanswered(ctx, &uid, &view, &plan.steps, &applied);
    if let (None, Some(pause)) = (&applied.failure, unsettled(&service, ctx)) {
        return Ok(Action::requeue(pause));
    }
    let failing_for = ctx.backoff.failing_for(&uid).unwrap_or_default();
    let course = planned(&plan, &applied, failing_for, suspended);
    report(ctx, &service, Some(resolved), Some(&view), course).await?;
    if let Some(error) = applied.failure {
        return Err(error.into());
    }
    let in_step = plan.steps.is_empty() && plan.standing == Standing::InStep && plan.drift.is_empty();
    if in_step && !suspended && seed::is_due(&service, resolved.desired.count) {
        seed::seed(&service, &view, ctx).await?;
    }
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

/// The service with the finalizer on it: before anything is done for it, and also where somebody took it off by hand. Nothing
/// where it was edited meanwhile: what was planned is not what is wanted, and the edit comes by the watch.
async fn hold(service: Arc<EcsService>, ctx: &Ctx) -> Result<Option<Arc<EcsService>>> {
    let planned = service.metadata.generation;
    let held = finalize::ensure(&ctx.api(&*service), service).await?;
    Ok((held.metadata.generation == planned).then_some(held))
}

fn planned<'a>(plan: &'a Plan, applied: &'a Applied, failing_for: Duration, suspended: bool) -> Course<'a> {
    Course::Planned {
        plan,
        failure: plan.steps.get(applied.done).zip(applied.failure.as_ref()),
        failing_for,
        suspended,
    }
}

/// Remembers what ECS refused for good, so that it is not asked the same again at once.
fn note_refusal(ctx: &Ctx, uid: &str, print: &str, applied: &Applied) {
    let for_good = |error: &&AwsError| matches!(error.class, Class::Invalid | Class::Quota | Class::Denied);
    match applied.failure.as_ref().filter(for_good) {
        Some(error) if applied.done == 0 => ctx.quiet.refused(uid, print, error),
        _ => ctx.quiet.accepted(uid),
    }
}

/// Remembers a creation that got no answer; one that got one took the others with it, if they had its token. A creation that
/// was sent unseen has another one than those after a look that showed a predecessor.
fn note_unanswered(ctx: &Ctx, uid: &str, view: &ServiceView, steps: &[Step], applied: &Applied) {
    let creates = |step: &Step| matches!(step, Step::CreateService { .. });
    if steps.get(applied.done).is_some_and(creates) {
        if applied.failure.as_ref().is_some_and(may_have_happened) {
            ctx.unanswered.note(uid);
        }
    } else if view.service.is_none() && steps.iter().take(applied.done).any(creates) {
        ctx.unanswered.forget(uid);
    }
}

/// How long nothing is said yet about a new spec: the same `kubectl apply` may have changed the definition too, which comes by
/// another watch, and until then the service would be Ready for a spec that is about to be rolled out.
fn unsettled(service: &EcsService, ctx: &Ctx) -> Option<Duration> {
    let generation = service.metadata.generation.unwrap_or_default();
    let uid = service.uid().unwrap_or_default();
    let pause = QUIET.saturating_sub(ctx.quiet.generation(&uid, generation));
    if pause.is_zero() || service.spec.task_definition_ref.is_none() {
        return None;
    }
    let told = ctx
        .status
        .latest(service)
        .is_some_and(|status: EcsServiceStatus| {
            status.common.observed_generation == generation || status.common.observed_generation < 0
        });
    (!told).then_some(pause)
}

/// How long a service that never was in ECS is not even looked for: it may not be created yet, and by then another look
/// would be due.
fn too_early(service: &EcsService, resolved: &Resolved, way: &Way, ctx: &Ctx) -> Option<Duration> {
    let known = is_known(service) || way.observer.service(&way.key).is_some();
    let uid = service.uid().unwrap_or_default();
    let pause = QUIET.saturating_sub(ctx.quiet.seen(&uid, &resolved.print));
    (!known && !pause.is_zero()).then_some(pause)
}

/// Looks and plans; what creates, takes over or deletes is planned again on a view that was read for it. But a newcomer's
/// service is created unseen.
async fn decide(
    service: &EcsService,
    resolved: &Resolved,
    way: &Way,
    ctx: &Ctx,
    newcomer: bool,
) -> Result<(Arc<ServiceView>, Plan), AwsError> {
    let quiet_for = ctx
        .quiet
        .seen(&service.uid().unwrap_or_default(), &resolved.print);
    // Asked after each look: what it found missing counts too.
    let outage_suspected = || way.observer.expects(&way.key) && outage::is_suspected(service, &way.observer);
    let plan_on = |view: &ServiceView| {
        // Whatever ECS wrote down it stamped by its own clock.
        let now = way.target.now_at_ecs().unwrap_or_else(|| ctx.now());
        let facts = Facts {
            view,
            now: DateTime::from_nanos(now.as_nanosecond()).unwrap_or(DateTime::from_secs(0)),
            quiet_for,
            outage_suspected: outage_suspected(),
        };
        plan(&resolved.desired, &facts)
    };
    let mut looked = if newcomer { way.glance() } else { way.look().await? };
    let mut decided = plan_on(&looked.view);
    let unseen = newcomer && looked.view.service.is_none();
    if !looked.fresh && !unseen && decided.needs_fresh_view() {
        looked = way.look_afresh().await?;
        decided = plan_on(&looked.view);
    }
    Ok((looked.view, decided))
}

/// Whether the service is in ECS on this object's behalf, so that its absence would be news.
fn is_in_ecs(view: &ServiceView, plan: &Plan) -> bool {
    let active = view
        .service
        .as_ref()
        .is_some_and(|service| service.status() == Some("ACTIVE"));
    active && !matches!(plan.standing, Standing::Conflict(_))
}
