//! Carries a plan's steps out, one after the other, and stops at the first that fails.

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::delete_service::DeleteServiceInput;
use aws_sdk_ecs::operation::tag_resource::TagResourceInput;
use aws_sdk_ecs::operation::untag_resource::UntagResourceInput;
use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
use ecs_model::shape::{Shape, from_value};
use serde_json::{Value, json};

use crate::aws::account::Target;
use crate::aws::error::{AwsError, Class};
use crate::diff::identity::tag_list;
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
    match step {
        Step::CreateService { input } => {
            let call = read::<CreateServiceInput>("CreateService", input)?;
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
                .call(read::<UpdateServiceInput>("UpdateService", &input.into())?)
                .await?;
        }
        Step::TagResource { arn, tags, .. } => {
            let input = json!({"resourceArn": arn, "tags": tag_list(tags)});
            target
                .call(read::<TagResourceInput>("TagResource", &input)?)
                .await?;
        }
        Step::UntagResource { arn, keys } => {
            let input = json!({"resourceArn": arn, "tagKeys": keys});
            target
                .call(read::<UntagResourceInput>("UntagResource", &input)?)
                .await?;
        }
        Step::DeleteService { force } => {
            let input =
                json!({"service": key.service, "cluster": key.cluster, "force": force.then_some(true)});
            target
                .call(read::<DeleteServiceInput>("DeleteService", &input)?)
                .await?;
        }
    }
    Ok(None)
}

fn read<T: Shape>(operation: &'static str, input: &Value) -> Result<T, AwsError> {
    from_value(input)
        .map_err(|error| AwsError::local(operation, Class::Invalid, "Unsendable", error.to_string()))
}
