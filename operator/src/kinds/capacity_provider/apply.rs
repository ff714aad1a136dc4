//! Carries out one step.

use aws_sdk_ecs::operation::create_capacity_provider::CreateCapacityProviderInput;
use aws_sdk_ecs::operation::delete_capacity_provider::DeleteCapacityProviderInput;
use aws_sdk_ecs::operation::update_capacity_provider::UpdateCapacityProviderInput;

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
            .call(sendable::<CreateCapacityProviderInput>(operation, input)?)
            .await
            .map(drop),
        Step::Update { input, .. } => target
            .call(sendable::<UpdateCapacityProviderInput>(operation, input)?)
            .await
            .map(drop),
        Step::Tags(tagging) => tagging.apply(target).await,
        Step::Delete { name, cluster } => {
            let input = DeleteCapacityProviderInput::builder()
                .capacity_provider(name)
                .set_cluster(cluster.clone())
                .build();
            target.call(built(operation, input)?).await.map(drop)
        }
    }
}
