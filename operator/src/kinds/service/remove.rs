//! Letting a service go because its object is deleted. Only when nothing of the object is left, Kubernetes may forget it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::types::Service;
use ecs_crds::policy::DeletionPolicy;
use ecs_crds::{EcsService, Managed};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::aws::error::{AwsError, Class};
use crate::context::Ctx;
use crate::diff::identity::ResourceKind;
use crate::error::Result;
use crate::k8s::finalize::{is_held, release};
use crate::k8s::object::ObjectKey;
use crate::kinds::access::owner_of;
use crate::kinds::orphan::{ORPHAN, tell_given_up, tell_retained, tell_unknown};
use crate::kinds::service::apply::{Applied, apply};
use crate::kinds::service::observe::{Way, referred};
use crate::kinds::service::plan::{Deletion, Plan, Standing, plan_deletion};
use crate::kinds::service::report::{report, tell_steps};
use crate::kinds::service::resolve::cluster;
use crate::kinds::service::status::course::Course;
use crate::kinds::service::step::Step;
use crate::observer::ServiceView;

/// When an object that may do nothing is looked at again, if nothing wakes it.
const SLOWLY: Duration = Duration::from_mins(5);

/// One pass over a service whose object is being deleted.
///
/// # Errors
/// A call that failed; the object stays.
pub async fn remove(service: Arc<EcsService>, ctx: &Ctx) -> Result<Action> {
    if !is_held(&*service) {
        return forget(&service, ctx).await;
    }
    if service.annotations().contains_key(ORPHAN) {
        tell_given_up(ctx, &*service);
        return forget(&service, ctx).await;
    }
    let (cluster, _) = cluster(&service, referred(&service, ctx).cluster.as_deref(), None);
    let way = match Way::out(&service, &cluster.name, ctx) {
        Ok(way) => way,
        Err(nowhere) => {
            ctx.observers.forget(&ObjectKey::of(&*service));
            report(ctx, &service, None, None, Course::Nowhere(&nowhere)).await?;
            return Ok(Action::requeue(SLOWLY));
        }
    };
    match leave(&service, &way, ctx).await {
        Ok(Leaving::Gone) => forget(&service, ctx).await,
        Ok(Leaving::Waiting { plan, view }) => {
            let what = match &plan.standing {
                Standing::Waiting(what) => what.as_str(),
                _ => "its tasks to stop",
            };
            report(
                ctx,
                &service,
                None,
                Some(&view),
                Course::Deleting {
                    waiting_for: what,
                    failure: None,
                },
            )
            .await?;
            Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
        }
        Err(error) => {
            let course = Course::Deleting {
                waiting_for: "ECS",
                failure: Some(&error),
            };
            report(ctx, &service, None, None, course).await?;
            Err(error.into())
        }
    }
}

enum Leaving {
    Gone,
    Waiting { plan: Plan, view: Arc<ServiceView> },
}

async fn leave(service: &EcsService, way: &Way, ctx: &Ctx) -> Result<Leaving, AwsError> {
    let owner = owner_of(service, ResourceKind::Service, &ctx.installation);
    let decide = |view: &ServiceView| {
        plan_deletion(&owner, view, |adopted| {
            service.management().deletion(adopted) == DeletionPolicy::Retain
        })
    };
    // In another's account nothing is there, and that must not end the deletion.
    way.target.verify().await?;
    let mut looked = way.look().await?;
    let mut deletion = decide(&looked.view);
    if !looked.fresh && !matches!(&deletion, Deletion::Going(plan) if plan.steps.is_empty()) {
        // What ends something is decided on a view that was read for it.
        looked = way.look_afresh().await?;
        deletion = decide(&looked.view);
    }
    let view = looked.view;
    let (plan, ends) = match deletion {
        Deletion::Done => {
            let uid = service.uid().unwrap_or_default();
            let Some(pause) = ctx.unanswered.look_again(&uid) else {
                if view.service.is_none() && way.observer.looks_emptied() {
                    tell_unknown(ctx, service);
                }
                return Ok(Leaving::Gone);
            };
            let plan = Plan::wait(
                "a CreateService that ECS did not answer to show itself or to expire",
                pause,
            );
            return Ok(Leaving::Waiting { plan, view });
        }
        // Nothing is changed, but what ends without us is seen to.
        Deletion::Going(_) | Deletion::Release(_) if service.management().suspended() => {
            let plan = Plan::wait("management.suspend to end", SLOWLY);
            return Ok(Leaving::Waiting { plan, view });
        }
        Deletion::Going(plan) => (plan, false),
        Deletion::Release(plan) => (plan, true),
    };
    // It is there: from now on its absence is no news.
    way.observer.expect(&way.key, false);
    let mut applied = apply(&plan.steps, &way.key, &way.target, &way.observer).await;
    if !ends && is_drain_refused(&plan.steps, &applied) {
        let at_once = [Step::DeleteService { force: true }];
        let deleted = apply(&at_once, &way.key, &way.target, &way.observer).await;
        tell_steps(ctx, service, at_once.get(..deleted.done).unwrap_or_default());
        applied.failure = deleted.failure;
    }
    tell_steps(ctx, service, plan.steps.get(..applied.done).unwrap_or_default());
    match applied.failure {
        None if ends => {
            let arn = view.service.as_ref().and_then(Service::service_arn);
            tell_retained(ctx, service, arn.as_slice());
            Ok(Leaving::Gone)
        }
        // Gone already, or going: the next look tells.
        Some(error)
            if error.class == Class::NotFound
                || error.is("ServiceNotActiveException")
                || error.is("ClusterNotFoundException") =>
        {
            Ok(Leaving::Waiting { plan, view })
        }
        Some(error) => Err(error),
        None => Ok(Leaving::Waiting { plan, view }),
    }
}

/// Whether ECS would not even scale the service to nothing, as where what it refers to is gone. It can be deleted as it is.
fn is_drain_refused(steps: &[Step], applied: &Applied) -> bool {
    let drain = matches!(steps.first(), Some(Step::UpdateService { .. }));
    let invalid = |error: &AwsError| error.class == Class::Invalid;
    drain && applied.done == 0 && applied.failure.as_ref().is_some_and(invalid)
}

async fn forget(service: &EcsService, ctx: &Ctx) -> Result<Action> {
    ctx.observers.forget(&ObjectKey::of(service));
    let uid = service.uid().unwrap_or_default();
    ctx.unanswered.forget(&uid);
    release(&ctx.api(service), service).await?;
    Ok(Action::await_change())
}
