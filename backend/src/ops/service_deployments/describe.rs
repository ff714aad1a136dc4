//! `DescribeServiceDeployments` and `DescribeServiceRevisions`.

use aws_sdk_ecs::operation::describe_service_deployments::{
    DescribeServiceDeploymentsInput, DescribeServiceDeploymentsOutput,
};
use aws_sdk_ecs::operation::describe_service_revisions::{
    DescribeServiceRevisionsInput, DescribeServiceRevisionsOutput,
};
use aws_sdk_ecs::types::Failure;

use super::service_of;
use crate::engine::view;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

/// The most ARNs of one call.
const LIMIT: usize = 20;

fn check(arns: &[String], what: &str) -> Result<(), Fault> {
    if arns.is_empty() {
        return Err(Fault::invalid(format!("{what} cannot be empty.")));
    }
    if arns.len() > LIMIT {
        return Err(Fault::invalid(format!(
            "{what} cannot have more than {LIMIT} elements."
        )));
    }
    Ok(())
}

fn missing(arn: &str) -> Failure {
    Failure::builder().arn(arn).reason("MISSING").build()
}

impl Operation for DescribeServiceDeploymentsInput {
    type Output = DescribeServiceDeploymentsOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        check(self.service_deployment_arns(), "Service deployment ARNs")?;
        let mut answer = DescribeServiceDeploymentsOutput::builder()
            .set_service_deployments(Some(vec![]))
            .set_failures(Some(vec![]));
        for arn in self.service_deployment_arns() {
            let found = service_of(realm, arn, "service-deployment")?.and_then(|(_, record)| {
                let found = record
                    .history
                    .iter()
                    .find(|found| found.service_deployment_arn() == Some(arn))?;
                Some(view::service_deployment(realm, record, found))
            });
            answer = match found {
                Some(deployment) => answer.service_deployments(deployment),
                None => answer.failures(missing(arn)),
            };
        }
        Ok(answer.build())
    }
}

impl Operation for DescribeServiceRevisionsInput {
    type Output = DescribeServiceRevisionsOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        check(self.service_revision_arns(), "Service revision ARNs")?;
        let mut answer = DescribeServiceRevisionsOutput::builder()
            .set_service_revisions(Some(vec![]))
            .set_failures(Some(vec![]));
        for arn in self.service_revision_arns() {
            let found = service_of(realm, arn, "service-revision")?
                .and_then(|(_, record)| record.revision(arn).cloned());
            answer = match found {
                Some(revision) => answer.service_revisions(revision),
                None => answer.failures(missing(arn)),
            };
        }
        Ok(answer.build())
    }
}
