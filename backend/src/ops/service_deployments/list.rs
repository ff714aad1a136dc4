//! `ListServiceDeployments`.

use aws_sdk_ecs::operation::list_service_deployments::{
    ListServiceDeploymentsInput, ListServiceDeploymentsOutput,
};
use aws_sdk_ecs::types::{ServiceDeployment, ServiceDeploymentBrief};

use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page;
use crate::ops::services::not_found;
use crate::world::Realm;
use crate::world::clock::moment;

/// How many service deployments a page has unless the call says otherwise.
const PAGE: usize = 20;

impl Operation for ListServiceDeploymentsInput {
    type Output = ListServiceDeploymentsOutput;

    /// Newest first.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let key = realm.service_key(self.service().unwrap_or_default(), &cluster)?;
        let record = realm
            .services
            .get(&key)
            .filter(|record| !record.is_inactive())
            .ok_or_else(not_found)?;
        let wanted = |deployment: &&ServiceDeployment| {
            let created = deployment.created_at().map(moment).unwrap_or_default();
            let range = self.created_at();
            let after = range
                .and_then(|range| range.after())
                .is_none_or(|after| created > moment(after));
            let before = range
                .and_then(|range| range.before())
                .is_none_or(|before| created < moment(before));
            let status = deployment
                .status()
                .is_some_and(|status| self.status().contains(status));
            after && before && (self.status().is_empty() || status)
        };
        let briefs: Vec<ServiceDeploymentBrief> =
            record.history.iter().rev().filter(wanted).map(brief).collect();
        let (briefs, next) = page(briefs, self.next_token(), self.max_results, PAGE)?;
        Ok(ListServiceDeploymentsOutput::builder()
            .set_service_deployments(Some(briefs))
            .set_next_token(next)
            .build())
    }
}

fn brief(deployment: &ServiceDeployment) -> ServiceDeploymentBrief {
    ServiceDeploymentBrief::builder()
        .set_service_deployment_arn(deployment.service_deployment_arn.clone())
        .set_service_arn(deployment.service_arn.clone())
        .set_cluster_arn(deployment.cluster_arn.clone())
        .set_created_at(deployment.created_at)
        .set_started_at(deployment.started_at)
        .set_finished_at(deployment.finished_at)
        .set_target_service_revision_arn(
            deployment
                .target_service_revision()
                .and_then(|target| target.arn.clone()),
        )
        .set_status(deployment.status.clone())
        .set_status_reason(deployment.status_reason.clone())
        .build()
}
