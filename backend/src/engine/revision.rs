//! What a deployment consists of: the service revision, an unchanging copy of what the service says, and the deployment as
//! the API shows it (ecs-semantics.md §3.8).

use aws_sdk_ecs::types::{
    ContainerImage, Deployment, DeploymentRolloutState, ServiceRevision, TaskDefinition,
};

use super::records::ServiceRecord;
use super::{launch, platform};
use crate::world::clock::stamp;

/// The members of a revision that the service itself does not carry: they are given with each deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extras {
    /// Service Connect.
    pub service_connect: Option<aws_sdk_ecs::types::ServiceConnectConfiguration>,
    /// Volumes that are configured at launch.
    pub volumes: Option<Vec<aws_sdk_ecs::types::ServiceVolumeConfiguration>>,
    /// VPC Lattice target groups.
    pub lattice: Option<Vec<aws_sdk_ecs::types::VpcLatticeConfiguration>>,
    /// Gateways.
    pub gateways: Option<Vec<aws_sdk_ecs::types::GatewayConnector>>,
    /// Metrics.
    pub monitoring: Option<aws_sdk_ecs::types::MonitoringConfiguration>,
}

impl Extras {
    /// Those of a revision.
    pub fn of(revision: &ServiceRevision) -> Self {
        Self {
            service_connect: revision.service_connect_configuration.clone(),
            volumes: revision.volume_configurations.clone(),
            lattice: revision.vpc_lattice_configurations.clone(),
            gateways: revision.gateway_connectors.clone(),
            monitoring: revision.monitoring.clone(),
        }
    }
}

/// The revision of what a service's record now says.
pub fn revision_of(
    record: &ServiceRecord,
    arn: &str,
    definition: Option<&TaskDefinition>,
    extras: Extras,
    now: jiff::Timestamp,
) -> ServiceRevision {
    let service = &record.service;
    let images = definition.map(|definition| {
        let containers = definition.container_definitions().iter();
        let image = |container: &aws_sdk_ecs::types::ContainerDefinition| {
            ContainerImage::builder()
                .set_container_name(container.name.clone())
                .set_image(container.image.clone())
                .set_image_digest(container.image.as_deref().map(launch::digest_of))
                .build()
        };
        containers.map(image).collect()
    });
    ServiceRevision::builder()
        .service_revision_arn(arn)
        .set_service_arn(service.service_arn.clone())
        .set_cluster_arn(service.cluster_arn.clone())
        .set_task_definition(service.task_definition.clone())
        .set_capacity_provider_strategy(service.capacity_provider_strategy.clone())
        .set_launch_type(service.launch_type.clone())
        .set_platform_version(
            service
                .platform_version
                .as_deref()
                .map(|given| platform::version(service.platform_family(), Some(given))),
        )
        .set_platform_family(service.platform_family.clone())
        .set_load_balancers(service.load_balancers.clone())
        .set_service_registries(service.service_registries.clone())
        .set_network_configuration(service.network_configuration.clone())
        .set_container_images(images)
        .set_service_connect_configuration(extras.service_connect)
        .set_volume_configurations(extras.volumes)
        .set_vpc_lattice_configurations(extras.lattice)
        .set_gateway_connectors(extras.gateways)
        .set_monitoring(extras.monitoring)
        .created_at(stamp(now))
        .build()
}

/// The deployment of a revision, as it begins.
pub fn deployment_of(
    record: &ServiceRecord,
    id: &str,
    revision: &ServiceRevision,
    now: jiff::Timestamp,
) -> Deployment {
    let service = &record.service;
    Deployment::builder()
        .id(id)
        .status("PRIMARY")
        .set_task_definition(service.task_definition.clone())
        .created_at(stamp(now))
        .updated_at(stamp(now))
        .set_capacity_provider_strategy(service.capacity_provider_strategy.clone())
        .set_launch_type(service.launch_type.clone())
        .set_platform_version(revision.platform_version.clone())
        .set_platform_family(service.platform_family.clone())
        .set_network_configuration(service.network_configuration.clone())
        .set_service_connect_configuration(revision.service_connect_configuration.clone())
        .set_volume_configurations(revision.volume_configurations.clone())
        .set_vpc_lattice_configurations(revision.vpc_lattice_configurations.clone())
        .rollout_state(DeploymentRolloutState::InProgress)
        .rollout_state_reason(format!("ECS deployment {id} in progress."))
        .build()
}
