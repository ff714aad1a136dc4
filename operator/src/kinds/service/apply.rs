//! Carries a plan's steps out, one after the other, and stops at the first that fails.

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::delete_service::DeleteServiceInput;
use aws_sdk_ecs::operation::stop_service_deployment::StopServiceDeploymentInput;
use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
use serde_json::json;

use crate::aws::account::Target;
use crate::aws::error::{AwsError, Class};
use crate::kinds::send::sendable;
use crate::kinds::service::made::{Made, made};
use crate::kinds::service::step::Step;
use crate::kinds::verdict::may_have_happened;
use crate::observer::{Observer, ServiceKey, ServiceView};

/// How far the steps came.
#[derive(Debug, Default)]
pub struct Applied {
    /// How many were carried out.
    pub done: usize,
    /// Why the next one was not.
    pub failure: Option<AwsError>,
    /// What of the next one was carried out all the same.
    pub aside: Option<Step>,
}

impl Applied {
    /// The first step was refused.
    pub fn refused(error: AwsError) -> Self {
        Self {
            failure: Some(error),
            ..Self::default()
        }
    }
}

/// Carries the steps out.
pub async fn apply(steps: &[Step], key: &ServiceKey, target: &Target, observer: &Observer) -> Applied {
    let mut applied = Applied::default();
    for step in steps {
        let outcome = carry_out(step, key, target).await;
        // Also a call that got no answer may have had its effect: what was seen before it counts no more. What was refused
        // had none, and must not be tried again just because the observer looked again.
        if outcome.as_ref().err().is_none_or(may_have_happened) {
            observer.wrote(key);
        }
        match outcome {
            Ok(made) => {
                applied.done += 1;
                if let Some(Made { service, first }) = made {
                    observer.showed(key, ServiceView::created(service, first, observer.now()));
                }
            }
            Err(error) => {
                if is_about_the_rollout(&error)
                    && let Some(rest) = step.without_rollout()
                    && carry_out(&rest, key, target).await.is_ok()
                {
                    observer.wrote(key);
                    applied.aside = Some(rest);
                }
                applied.failure = Some(error);
                break;
            }
        }
    }
    applied
}

/// Whether ECS looked at the call and may have disliked nothing but what it would have rolled out.
fn is_about_the_rollout(error: &AwsError) -> bool {
    matches!(error.class, Class::Invalid | Class::NotFound | Class::Transient) && !may_have_happened(error)
}

/// Carries one step out; gives the service that it made, where the answer shows that it did.
async fn carry_out(step: &Step, key: &ServiceKey, target: &Target) -> Result<Option<Made>, AwsError> {
    let operation = step.operation();
    match step {
        Step::CreateService { input } => {
            let call = sendable::<CreateServiceInput>(operation, input)?;
            return made(input, target.call(call).await?.service);
        }
        Step::UpdateService { members, force, .. } => {
            let mut input = members.as_object().cloned().unwrap_or_default();
            input.insert("service".into(), key.service.clone().into());
            input.insert("cluster".into(), key.cluster.clone().into());
            if *force {
                input.insert("forceNewDeployment".into(), true.into());
            }
            target
                .call(sendable::<UpdateServiceInput>(operation, &input.into())?)
                .await?;
        }
        Step::Claim(tagging) | Step::Tags(tagging) => tagging.apply(target).await?,
        Step::StopDeployment { arn } => {
            let input = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
            target
                .call(sendable::<StopServiceDeploymentInput>(operation, &input)?)
                .await?;
        }
        Step::DeleteService { force } => {
            let input =
                json!({"service": key.service, "cluster": key.cluster, "force": force.then_some(true)});
            target
                .call(sendable::<DeleteServiceInput>(operation, &input)?)
                .await?;
        }
    }
    Ok(None)
}
