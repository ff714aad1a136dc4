//! What is asked for once of a service: that ECS is read now, or that a deployment is rolled back.

use std::time::Duration;

use aws_sdk_ecs::types::ServiceDeploymentStatus;
use ecs_crds::{EcsService, Managed};
use kube::ResourceExt;
use kube::runtime::controller::Action as Next;

use crate::aws::error::{AwsError, Class};
use crate::context::Ctx;
use crate::diff::identity::Ownership;
use crate::diff::rollout::{newest_first, primary};
use crate::error::Result;
use crate::kinds::action::{Action, LOOKED, answer, read};
use crate::kinds::claim::tag_map;
use crate::kinds::service::apply::apply;
use crate::kinds::service::desired::Desired;
use crate::kinds::service::observe::Way;
use crate::kinds::service::report::tell_steps;
use crate::kinds::service::step::Step;
use crate::observer::ServiceView;

/// Carries a request out and answers it; the next pass, which comes at once, sees what it changed.
///
/// # Errors
/// When ECS cannot be read or does not answer; the request stays open.
pub async fn act(
    service: &EcsService,
    request: &str,
    desired: &Desired,
    way: &Way,
    ctx: &Ctx,
) -> Result<Next> {
    let outcome = match read(request) {
        Err(outcome) => outcome,
        Ok(Action::Reconcile) => {
            way.look_afresh().await?;
            ctx.quiet.accepted(&service.uid().unwrap_or_default());
            LOOKED.to_owned()
        }
        Ok(Action::RollBack(_)) if service.management().suspended() => {
            "refused: nothing is changed in ECS while management.suspend is set".to_owned()
        }
        Ok(Action::RollBack(deployment)) => roll_back(service, &deployment, desired, way, ctx).await?,
    };
    answer(ctx, service, request, outcome).await?;
    Ok(Next::requeue(Duration::ZERO))
}

/// Rolls back what is seen to be under way. Where ECS finds it in another state meanwhile, that is looked at once more.
async fn roll_back(
    service: &EcsService,
    deployment: &str,
    desired: &Desired,
    way: &Way,
    ctx: &Ctx,
) -> std::result::Result<String, AwsError> {
    let mut looks = 2;
    loop {
        looks -= 1;
        let view = way.look_afresh().await?.view;
        let arn = match to_stop(&view, deployment, desired) {
            Ok(arn) => arn,
            Err(outcome) => return Ok(outcome),
        };
        let steps = [Step::StopDeployment { arn }];
        let applied = apply(&steps, &way.key, &way.target, &way.observer).await;
        tell_steps(ctx, service, steps.get(..applied.done).unwrap_or_default());
        match applied.failure {
            None => return Ok(format!("ECS rolls deployment {deployment} back")),
            Some(error) if error.class == Class::Conflict && looks > 0 => {}
            Some(error) if is_final(&error) => return Ok(format!("refused by ECS: {error}")),
            Some(error) => return Err(error),
        }
    }
}

fn is_final(error: &AwsError) -> bool {
    matches!(
        error.class,
        Class::Conflict | Class::Denied | Class::Invalid | Class::NotFound | Class::Quota
    )
}

/// The ARN of the service deployment that is to be stopped, for ECS has two names for what is under way.
///
/// # Errors
/// The answer, where there is nothing to stop.
fn to_stop(view: &ServiceView, deployment: &str, desired: &Desired) -> std::result::Result<String, String> {
    use ServiceDeploymentStatus::{
        InProgress, Pending, RollbackInProgress, RollbackRequested, StopRequested,
    };
    let service = view
        .service
        .as_ref()
        .filter(|service| desired.owner.verdict(&tag_map(service.tags())) == Ownership::Ours)
        .ok_or("refused: ECS has no service of this object")?;
    let is_named = primary(service).is_some_and(|primary| primary.id() == Some(deployment));
    if !is_named {
        let there: Vec<&str> = service.deployments().iter().filter_map(|one| one.id()).collect();
        return Err(if there.contains(&deployment) {
            format!("refused: deployment {deployment} is not the one that is rolled out")
        } else {
            format!(
                "refused: there is no deployment {deployment}; there is {}",
                there.join(", ")
            )
        });
    }
    let newest = newest_first(&view.deployments).into_iter().next();
    let newest = newest.ok_or("refused: ECS keeps no history of this service's deployments")?;
    match newest.status() {
        Some(InProgress | Pending | StopRequested) => {
            Ok(newest.service_deployment_arn().unwrap_or_default().to_owned())
        }
        Some(RollbackInProgress | RollbackRequested) => {
            Err(format!("ECS rolls deployment {deployment} back"))
        }
        status => Err(format!(
            "refused: deployment {deployment} is under way no more, it is {}",
            status.map_or("unknown", ServiceDeploymentStatus::as_str)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::fixture::{blank, desired, owned_by, settled};
    use super::*;
    use aws_sdk_ecs::types::ServiceDeployment;

    /// A settled service whose newest service deployment has this status.
    fn standing_at(status: ServiceDeploymentStatus) -> ServiceView {
        let mut view = settled(&desired());
        view.deployments = vec![
            ServiceDeployment::builder()
                .service_deployment_arn("arn:deployment")
                .status(status)
                .build(),
        ];
        view
    }

    #[test]
    fn only_what_is_under_way_is_stopped() {
        use ServiceDeploymentStatus::{InProgress, RollbackInProgress, Successful};
        let under_way = standing_at(InProgress);
        let id = primary(under_way.service.as_ref().unwrap())
            .unwrap()
            .id()
            .unwrap();
        let cases = [
            (under_way.clone(), id, Ok("arn:deployment")),
            (
                under_way.clone(),
                "ecs-svc/0",
                Err("there is no deployment ecs-svc/0"),
            ),
            (standing_at(RollbackInProgress), id, Err("ECS rolls deployment")),
            (standing_at(Successful), id, Err("it is SUCCESSFUL")),
            (owned_by(&under_way, None), id, Err("no service of this object")),
            (blank(), id, Err("no service of this object")),
            (
                ServiceView {
                    deployments: Vec::new(),
                    ..under_way.clone()
                },
                id,
                Err("keeps no history"),
            ),
        ];
        for (view, deployment, expected) in cases {
            match (to_stop(&view, deployment, &desired()), expected) {
                (Ok(arn), Ok(expected)) => assert_eq!(arn, expected),
                (Err(answer), Err(expected)) => assert!(answer.contains(expected), "{answer}"),
                other => panic!("{deployment}: {other:?}"),
            }
        }
    }
}
