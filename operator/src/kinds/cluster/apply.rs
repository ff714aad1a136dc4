//! Carries out one step.

use aws_sdk_ecs::operation::create_cluster::CreateClusterInput;
use aws_sdk_ecs::operation::delete_cluster::DeleteClusterInput;
use aws_sdk_ecs::operation::put_cluster_capacity_providers::PutClusterCapacityProvidersInput;
use aws_sdk_ecs::operation::update_cluster::UpdateClusterInput;
use aws_sdk_ecs::operation::update_cluster_settings::UpdateClusterSettingsInput;

use super::step::Step;
use crate::aws::call::built;
use crate::aws::error::AwsError;
use crate::kinds::access::Access;
use crate::kinds::keeps::Call;
use crate::kinds::send::sendable;

/// Carries out one step.
pub async fn apply(step: &Step, access: &Access) -> Result<(), AwsError> {
    let target = &access.target;
    let operation = step.operation();
    match step {
        Step::Create { input } => target
            .call(sendable::<CreateClusterInput>(operation, input)?)
            .await
            .map(drop),
        Step::Update { input, .. } => target
            .call(sendable::<UpdateClusterInput>(operation, input)?)
            .await
            .map(drop),
        Step::UpdateSettings { input, .. } => target
            .call(sendable::<UpdateClusterSettingsInput>(operation, input)?)
            .await
            .map(drop),
        Step::PutProviders { input, .. } => target
            .call(sendable::<PutClusterCapacityProvidersInput>(operation, input)?)
            .await
            .map(drop),
        Step::Tags(tagging) => tagging.apply(target).await,
        Step::Delete { arn } => target
            .call(built(
                operation,
                DeleteClusterInput::builder().cluster(arn).build(),
            )?)
            .await
            .map(drop),
    }
}
