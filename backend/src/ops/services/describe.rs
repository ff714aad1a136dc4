//! `DescribeServices`.

use aws_sdk_ecs::operation::describe_services::{DescribeServicesInput, DescribeServicesOutput};
use aws_sdk_ecs::types::{Failure, ServiceField};

use super::shown;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

/// The most services of one call.
const LIMIT: usize = 10;

impl Operation for DescribeServicesInput {
    type Output = DescribeServicesOutput;

    /// What does not exist is a failure, not an error; DRAINING and INACTIVE services are shown.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        if self.services().is_empty() {
            return Err(Fault::invalid("Services cannot be empty."));
        }
        if self.services().len() > LIMIT {
            return Err(Fault::invalid(format!(
                "service names can have at most {LIMIT} items."
            )));
        }
        let tags = self.include().contains(&ServiceField::Tags);
        let mut answer = DescribeServicesOutput::builder()
            .set_services(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in self.services() {
            let key = realm.service_key(reference, &cluster)?;
            answer = if let Some(record) = realm.services.get(&key) {
                answer.services(shown(realm, record, tags))
            } else {
                let arn = realm.arn(&format!("service/{}/{}", key.cluster, key.service));
                answer.failures(Failure::builder().arn(arn).reason("MISSING").build())
            };
        }
        Ok(answer.build())
    }
}
