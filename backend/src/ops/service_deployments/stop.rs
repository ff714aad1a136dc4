//! `StopServiceDeployment`: a person rolls back (ecs-semantics.md §3.8).

use aws_sdk_ecs::operation::stop_service_deployment::{
    StopServiceDeploymentInput, StopServiceDeploymentOutput,
};
use aws_sdk_ecs::types::error::{ConflictException, ServiceDeploymentNotFoundException};
use aws_sdk_ecs::types::{ServiceDeploymentStatus, StopServiceDeploymentStopType};

use super::service_of;
use crate::engine::deployments;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for StopServiceDeploymentInput {
    type Output = StopServiceDeploymentOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let arn = self.service_deployment_arn().unwrap_or_default();
        if self
            .stop_type()
            .is_some_and(|kind| *kind != StopServiceDeploymentStopType::Rollback)
        {
            return Err(Fault::invalid("The stop type must be ROLLBACK."));
        }
        let not_found = || {
            let message = "The specified service deployment does not exist.";
            Fault::of(
                &ServiceDeploymentNotFoundException::builder()
                    .message(message)
                    .build(),
            )
        };
        let (key, record) = service_of(realm, arn, "service-deployment")?.ok_or_else(not_found)?;
        let found = record
            .history
            .iter()
            .find(|found| found.service_deployment_arn() == Some(arn));
        let found = found.ok_or_else(not_found)?;
        let conflict = |message: String| {
            Fault::of(
                &ConflictException::builder()
                    .message(message)
                    .resource_ids(arn)
                    .build(),
            )
        };
        if !deployments::is_open(found) {
            let status = found.status().map_or("", ServiceDeploymentStatus::as_str);
            return Err(conflict(format!(
                "The service deployment cannot be stopped: its status is {status}."
            )));
        }
        if found.status() != Some(&ServiceDeploymentStatus::RollbackInProgress)
            && !deployments::roll_back_for_user(realm, &key)
        {
            return Err(conflict(
                "The service deployment cannot be rolled back: no earlier deployment completed.".to_owned(),
            ));
        }
        Ok(StopServiceDeploymentOutput::builder()
            .service_deployment_arn(arn)
            .build())
    }
}
