//! `DescribeContainerInstances`.

use aws_sdk_ecs::operation::describe_container_instances::{
    DescribeContainerInstancesInput, DescribeContainerInstancesOutput,
};
use aws_sdk_ecs::types::{
    ContainerInstance, ContainerInstanceField, ContainerInstanceHealthStatus, Failure,
    InstanceHealthCheckResult, InstanceHealthCheckState, InstanceHealthCheckType,
};

use super::{find, find_inactive, shown};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::{InstanceRecord, Realm};

/// The most instances in a call.
const BATCH: usize = 100;

impl Operation for DescribeContainerInstancesInput {
    type Output = DescribeContainerInstancesOutput;

    /// What does not exist is a failure, not an error. INACTIVE instances are shown for a while.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let references = self.container_instances();
        if references.is_empty() {
            return Err(Fault::invalid("Container Instances cannot be empty."));
        }
        if references.len() > BATCH {
            return Err(Fault::invalid("instanceIds can have at most 100 items."));
        }
        realm.check_ids(references, "container-instance", &cluster, "instanceId")?;
        let mut answer = DescribeContainerInstancesOutput::builder()
            .set_container_instances(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in references {
            let id = find(realm, reference, &cluster)?;
            let present = id.as_ref().and_then(|id| realm.container_instances.get(id));
            let inactive = find_inactive(realm, reference, &cluster)?;
            answer = match present.or(inactive) {
                Some(record) => {
                    let id = id.as_deref().unwrap_or_default();
                    answer.container_instances(with(realm, id, record, self.include()))
                }
                None => answer.failures(missing(realm, reference, &cluster)),
            };
        }
        Ok(answer.build())
    }
}

/// The failure for an instance that is not there.
pub(super) fn missing(realm: &Realm, reference: &str, cluster: &str) -> Failure {
    let arn = if reference.starts_with("arn:") {
        reference.to_owned()
    } else {
        realm.arn(&format!("container-instance/{cluster}/{reference}"))
    };
    Failure::builder().arn(arn).reason("MISSING").build()
}

fn with(
    realm: &Realm,
    id: &str,
    record: &InstanceRecord,
    include: &[ContainerInstanceField],
) -> ContainerInstance {
    let mut instance = shown(realm, id, record);
    if include.contains(&ContainerInstanceField::Tags) {
        instance.tags = Some(record.tags.clone());
    }
    if include.contains(&ContainerInstanceField::ContainerInstanceHealth) {
        instance.health_status = Some(health(&instance));
    }
    instance
}

/// The runtime is as well as the agent is connected.
fn health(instance: &ContainerInstance) -> ContainerInstanceHealthStatus {
    let state = if instance.agent_connected() {
        InstanceHealthCheckState::Ok
    } else {
        InstanceHealthCheckState::InsufficientData
    };
    let check = InstanceHealthCheckResult::builder()
        .r#type(InstanceHealthCheckType::ContainerRuntime)
        .status(state.clone())
        .set_last_updated(instance.registered_at().copied())
        .set_last_status_change(instance.registered_at().copied());
    ContainerInstanceHealthStatus::builder()
        .overall_status(state)
        .details(check.build())
        .build()
}
