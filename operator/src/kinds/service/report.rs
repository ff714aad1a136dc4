//! Writes what a pass found: the status, and Kubernetes Events for what is new in it.

use std::time::Duration;

use aws_sdk_ecs::types::ServiceEvent;
use ecs_crds::conditions::{self, Reason, Type};
use ecs_crds::{EcsService, EcsServiceStatus};
use kube::ResourceExt;

use crate::context::Ctx;
use crate::error::Result;
use crate::k8s::status::Written;
use crate::kinds::service::plan::Standing;
use crate::kinds::service::resolve::Resolved;
use crate::kinds::service::status::course::Course;
use crate::kinds::service::status::{Report, new_events, status};
use crate::kinds::service::step::Step;
use crate::observer::ServiceView;

/// How far back ECS's events are told of a service whose status remembers none.
const RECENT: Duration = Duration::from_mins(2);

/// Writes the status, unless it is the same, and tells what is new.
///
/// # Errors
/// When the status cannot be written.
pub async fn report(
    ctx: &Ctx,
    service: &EcsService,
    resolved: Option<&Resolved>,
    view: Option<&ServiceView>,
    course: Course<'_>,
) -> Result<()> {
    let before = ctx.status.latest(service);
    let uid = service.uid().unwrap_or_default();
    let generation = service.metadata.generation.unwrap_or_default();
    let seen = Report {
        uid: &uid,
        generation,
        before: before.as_ref(),
        resolved,
        view,
        course,
        now: ctx.now(),
    };
    if is_brief(&seen) {
        return Ok(());
    }
    let after = status(&seen);
    let written = ctx.status.write(service, &after).await?;
    tell_transition(ctx, service, before.as_ref(), &after);
    // A status that is put off does not remember them either: the pass that writes it would tell them again.
    if let Some(observed) = seen.service()
        && !matches!(written, Written::Deferred(_))
    {
        let since = ctx.now().checked_sub(RECENT).unwrap_or_else(|_| ctx.now());
        for event in new_events(observed, before.as_ref(), since) {
            tell_event(ctx, service, event);
        }
    }
    Ok(())
}

/// A new object that only waits for its second of quiet, or was created this moment: the next pass, which is near, has more
/// to say, and one write less is made.
fn is_brief(report: &Report<'_>) -> bool {
    let unobserved = report
        .before
        .is_none_or(|before| before.common.observed_generation < 0);
    let absent = report.view.is_some_and(|view| view.service.is_none());
    let brief = match &report.course {
        Course::Planned {
            plan,
            failure: None,
            suspended: false,
            ..
        } => match &plan.standing {
            Standing::InStep => true,
            Standing::Waiting(_) => plan
                .look_again
                .is_some_and(|pause| pause <= Duration::from_secs(1)),
            _ => false,
        },
        _ => false,
    };
    unobserved && absent && brief
}

/// Tells of the steps that were carried out.
pub fn tell_steps(ctx: &Ctx, service: &EcsService, done: &[Step]) {
    for step in done {
        let reason = match step {
            Step::CreateService { .. } => "Created",
            Step::UpdateService { .. } => "Updated",
            Step::Claim(_) => "Claimed",
            Step::Tags(_) => "Tagged",
            Step::StopDeployment { .. } => "RollingBack",
            Step::DeleteService { .. } => "Deleting",
        };
        ctx.events
            .normal(service, reason, step.operation(), step.to_string());
    }
}

fn tell_transition(
    ctx: &Ctx,
    service: &EcsService,
    before: Option<&EcsServiceStatus>,
    after: &EcsServiceStatus,
) {
    let summary = |status: &EcsServiceStatus| {
        let ready = conditions::find(&status.common.conditions, Type::Ready)?;
        Some((ready.status.clone(), ready.reason.clone()))
    };
    let Some(ready) = conditions::find(&after.common.conditions, Type::Ready) else {
        return;
    };
    if before.and_then(summary) == summary(after) {
        return;
    }
    let good = ready.reason == Reason::Completed.as_str();
    if good {
        ctx.events
            .normal(service, &ready.reason, "Reconcile", &ready.message);
    } else if conditions::is_true(&after.common.conditions, Type::Stalled)
        || ready.reason == Reason::TasksFailing.as_str()
    {
        ctx.events
            .warning(service, &ready.reason, "Reconcile", &ready.message);
    }
}

/// Words in ECS's events that call for attention.
const WARNINGS: &[&str] = &[
    "unable to",
    "failed",
    "unhealthy",
    "Timed out",
    "throttled",
    "rolling back",
];

/// One of ECS's own events. Its id is the action: ECS says the same more than once.
fn tell_event(ctx: &Ctx, service: &EcsService, event: &ServiceEvent) {
    let (Some(id), Some(message)) = (event.id(), event.message()) else {
        return;
    };
    if WARNINGS.iter().any(|words| message.contains(words)) {
        ctx.events.warning(service, "EcsServiceEvent", id, message);
    } else {
        ctx.events.normal(service, "EcsServiceEvent", id, message);
    }
}
