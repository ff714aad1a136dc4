//! `CreateService`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::create_service::{CreateServiceInput, CreateServiceOutput};
use aws_sdk_ecs::types::{
    DeploymentController, DeploymentControllerType, LaunchType, NetworkMode, PropagateTags,
    SchedulingStrategy, Service, TaskDefinition,
};

use super::rules::{balancing, capacity, connect, deployment, kind, network, placement, rebalancing};
use super::{check_extras, shown};
use crate::engine::records::ServiceRecord;
use crate::engine::revision::Extras;
use crate::engine::{deployments, platform};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::tags::rules as tags;
use crate::world::clock::stamp;
use crate::world::{Realm, ServiceKey};

impl Operation for CreateServiceInput {
    type Output = CreateServiceOutput;

    /// Checks in ECS's order (ecs-semantics.md §3.1), then makes the service and its first deployment.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let name = self.service_name().unwrap_or_default().to_owned();
        kind::names(&name, self.client_token())?;
        let key = ServiceKey {
            cluster,
            service: name,
        };
        if let Some(existing) = existing(realm, &key, &self)? {
            return Ok(CreateServiceOutput::builder().service(existing).build());
        }
        let desired = kind::desired_count(self.scheduling_strategy(), self.desired_count)?;
        kind::controller(self.deployment_controller())?;
        tags::check(self.tags())?;
        let service = service_of(realm, &key, &self, desired)?;
        let connect = self.service_connect_configuration.clone();
        let extras = Extras {
            service_connect: connect.map(|given| connect::with_namespace(realm, &key.cluster, given)),
            volumes: self.volume_configurations.clone(),
            lattice: self.vpc_lattice_configurations.clone(),
            gateways: self.gateway_connectors.clone(),
            monitoring: self.monitoring.clone(),
        };
        check_extras(realm, &service, &extras)?;
        realm.services.insert(key.clone(), record_of(service, self));
        deployments::open(realm, &key, extras);
        let created = realm.services.get(&key).map(|record| shown(realm, record, true));
        Ok(CreateServiceOutput::builder().set_service(created).build())
    }
}

/// The service that a repeated call has made before; nothing if there is none, or one that is INACTIVE. But a token is
/// remembered for an hour longer than its resource lives (ecs-semantics.md §0.3): a call that comes so late makes nothing.
fn existing(realm: &Realm, key: &ServiceKey, input: &CreateServiceInput) -> Result<Option<Service>, Fault> {
    let Some(record) = realm.services.get(key) else {
        return Ok(None);
    };
    let plain = |input: &CreateServiceInput| {
        let mut input = input.clone();
        (input.cluster, input.client_token) = (None, None);
        input
    };
    let same_token = input.client_token.is_some() && input.client_token == record.created_by.client_token;
    match record.service.status() {
        Some("INACTIVE") => Ok(same_token.then(|| shown(realm, record, true))),
        Some("DRAINING") => Err(Fault::invalid(
            "Unable to Start a service that is still Draining.",
        )),
        _ if same_token || plain(input) == plain(&record.created_by) => Ok(Some(shown(realm, record, true))),
        _ => Err(Fault::invalid("Creation of service was not idempotent.")),
    }
}

/// The service as it will be shown, with ECS's defaults.
fn service_of(
    realm: &Realm,
    key: &ServiceKey,
    input: &CreateServiceInput,
    desired: i32,
) -> Result<Service, Fault> {
    let reference = input.task_definition().filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| Fault::invalid("TaskDefinition can not be blank."))?;
    let definition = &realm.require_definition(reference)?.definition;
    let capacity = capacity::resolve(
        realm,
        &key.cluster,
        input.launch_type(),
        input.capacity_provider_strategy(),
    )?;
    capacity::compatible(definition, &capacity.launch_type)?;
    let platform_version = capacity::platform(definition, input.platform_version(), &capacity.launch_type)?;
    let network = network::check(definition, input.network_configuration())?;
    balancing::balancers(definition, input.load_balancers(), capacity.is_fargate())?;
    balancing::registries(definition, input.service_registries())?;
    balancing::grace_period(input.health_check_grace_period_seconds)?;
    placement::check(
        input.placement_constraints(),
        input.placement_strategy(),
        capacity.is_fargate(),
    )?;
    let configuration = deployment::merged(None, input.deployment_configuration());
    deployment::check(&configuration)?;
    let subject = rebalancing::Subject {
        maximum_percent: configuration.maximum_percent,
        balancers: input.load_balancers(),
        constraints: input.placement_constraints(),
        strategies: input.placement_strategy(),
    };
    let rebalancing = rebalancing::resolve(input.availability_zone_rebalancing(), subject)?;
    let by_strategy = !capacity.strategy.is_empty();
    let ecs = DeploymentController::builder()
        .r#type(DeploymentControllerType::Ecs)
        .build();
    let mut service = Service::builder()
        .service_arn(realm.arn(&format!("service/{}/{}", key.cluster, key.service)))
        .service_name(&key.service)
        .cluster_arn(realm.arn(&format!("cluster/{}", key.cluster)))
        .status("ACTIVE")
        .desired_count(desired)
        .set_task_definition(definition.task_definition_arn.clone())
        .set_load_balancers(Some(input.load_balancers().to_vec()))
        .set_service_registries(Some(input.service_registries().to_vec()))
        .set_launch_type((!by_strategy).then(|| capacity.launch_type.clone()))
        .set_capacity_provider_strategy(by_strategy.then(|| capacity.strategy.clone()))
        .set_platform_version(platform_version)
        .set_platform_family(capacity.is_fargate().then(|| platform::family_of(definition)))
        .deployment_configuration(configuration)
        .created_at(stamp(realm.now))
        .set_placement_constraints(Some(input.placement_constraints().to_vec()))
        .set_placement_strategy(Some(input.placement_strategy().to_vec()))
        .set_network_configuration(network)
        .health_check_grace_period_seconds(input.health_check_grace_period_seconds.unwrap_or(0))
        .scheduling_strategy(SchedulingStrategy::Replica)
        .set_deployment_controller(ecs.ok())
        .created_by(&realm.caller)
        .enable_ecs_managed_tags(input.enable_ecs_managed_tags.unwrap_or(false))
        .propagate_tags(input.propagate_tags().cloned().unwrap_or(PropagateTags::None))
        .enable_execute_command(input.enable_execute_command.unwrap_or(false))
        .availability_zone_rebalancing(rebalancing)
        .set_tags(Some(input.tags().to_vec()))
        .set_events(Some(Vec::new()))
        .build();
    service.role_arn = input
        .role
        .clone()
        .or_else(|| linked_role(realm, definition, input, &capacity.launch_type));
    Ok(service)
}

/// The service-linked role is used where ECS acts on networks and load balancers; it is made when it is missing.
fn linked_role(
    realm: &Realm,
    definition: &TaskDefinition,
    input: &CreateServiceInput,
    launch_type: &LaunchType,
) -> Option<String> {
    let acts = definition.network_mode() == Some(&NetworkMode::Awsvpc)
        || *launch_type == LaunchType::Fargate
        || !input.load_balancers().is_empty();
    let path = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    acts.then(|| format!("arn:{}:iam::{}:{path}", realm.id.partition(), realm.id.account))
}

fn record_of(service: Service, created_by: CreateServiceInput) -> ServiceRecord {
    ServiceRecord {
        service,
        created_by,
        deployments: Vec::new(),
        revisions: Vec::new(),
        history: Vec::new(),
        tasks: BTreeSet::new(),
        stopped: BTreeSet::new(),
        look: None,
        settled_since: None,
        steady: false,
        told: BTreeMap::new(),
        registered: BTreeMap::new(),
        deregistered: BTreeMap::new(),
        draining: BTreeMap::new(),
        losses: Vec::new(),
        rebalancing: None,
    }
}
