//! Carries out one step.

use aws_sdk_ecs::operation::delete_task_definitions::DeleteTaskDefinitionsInput;
use aws_sdk_ecs::operation::deregister_task_definition::DeregisterTaskDefinitionInput;
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;

use super::desired::{Revision, Seen};
use super::step::Step;
use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::kinds::access::Access;
use crate::kinds::claim::tag_map;
use crate::kinds::keeps::Call;
use crate::kinds::send::sendable;

/// Carries out one step; a registration's answer is what ECS has now.
pub async fn apply(step: &Step, access: &Access) -> Result<Option<Seen>, AwsError> {
    let target = &access.target;
    match step {
        Step::Register { input, .. } => {
            let input: RegisterTaskDefinitionInput = sendable(step.operation(), input)?;
            let answer = target.call(input).await?;
            let tags = tag_map(answer.tags());
            let newest = answer
                .task_definition
                .map(|definition| Revision { definition, tags });
            return Ok(newest.is_some().then_some(Seen {
                newest,
                ..Seen::default()
            }));
        }
        Step::Tags(tagging) => tagging.apply(target).await?,
        Step::Deregister { arn } => {
            let input = DeregisterTaskDefinitionInput::builder()
                .task_definition(arn)
                .build();
            target.call(built(step.operation(), input)?).await?;
        }
        Step::Delete { arns } => {
            let input = DeleteTaskDefinitionsInput::builder()
                .set_task_definitions(Some(arns.clone()))
                .build();
            let answer = target.call(built(step.operation(), input)?).await?;
            if let Some(failure) = answer.failures().first() {
                let words = failure.detail().or(failure.reason()).unwrap_or_default();
                return Err(AwsError::local(
                    step.operation(),
                    Class::Conflict,
                    "Failure",
                    words,
                ));
            }
        }
    }
    Ok(None)
}
