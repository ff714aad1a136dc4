//! Starting tasks of a service: of the primary revision, shared out among capacity providers, placed (ecs-semantics.md §5,
//! §6.2).

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    LaunchType, PlacementConstraint, PlacementConstraintType, PropagateTags, Service, ServiceRevision, Tag,
    TaskOverride,
};

use super::launch::{self, Order, Place};
use super::records::{ServiceRecord, Target, TaskRecord, Waiting};
use super::{instances, network, scaling, share, volumes};
use crate::placement::{Refusal, Strategy, zones};
use crate::world::{Realm, ServiceKey};

/// Ends every event about placement.
const MORE: &str = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The ids of the tasks that were started.
    pub started: Vec<String>,
    /// What was in the way, if a task could not be placed; then no more were tried.
    pub problem: Option<Problem>,
}

/// Why a task could not be placed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The text of the service's event.
    pub message: String,
    /// `RESOURCE:CPU` and the like; absent where there are no instances.
    pub reason: Option<String>,
}

/// Starts tasks of the primary revision.
pub fn start(realm: &mut Realm, key: &ServiceKey, count: u32) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(mut order) = order_of(realm, key) else {
        return outcome;
    };
    for _ in 0..count {
        match start_one(realm, key, &mut order) {
            Ok(task) => outcome.started.push(task),
            Err(problem) => {
                outcome.problem = Some(problem);
                break;
            }
        }
    }
    outcome
}

/// Starts one task of the primary revision in a zone; nothing if there is no room for it.
pub fn start_in(realm: &mut Realm, key: &ServiceKey, zone: &str) -> Option<String> {
    let mut order = order_of(realm, key)?;
    let record = realm.services.get(key)?;
    choose_provider(realm, record, &mut order);
    let place = if order.launch_type == LaunchType::Fargate {
        let subnets = order.network.as_ref().map(|network| network.subnets.as_slice());
        let mut subnets = subnets.unwrap_or_default().iter();
        let subnet = subnets.find(|subnet| zones::zone_of(&realm.id.region, subnet) == zone)?;
        Place::Fargate {
            subnet: Some(subnet.clone()),
        }
    } else {
        let mut constraints = record.service.placement_constraints().to_vec();
        let in_zone = PlacementConstraint::builder()
            .r#type(PlacementConstraintType::MemberOf)
            .expression(format!("attribute:ecs.availability-zone == '{zone}'"));
        constraints.push(in_zone.build());
        let strategies = strategies_of(record);
        Place::Instance(instances::find(realm, &order, &constraints, &strategies).ok()?)
    };
    Some(launch::launch(realm, &order, place))
}

fn choose_provider(realm: &Realm, record: &ServiceRecord, order: &mut Order) {
    let strategy = record.service.capacity_provider_strategy();
    order.provider = share::next(strategy, &tasks_by_provider(realm, record)).map(str::to_owned);
    if let Some(provider) = &order.provider {
        order.launch_type = launch_type_of(provider);
    }
}

/// How a service's tasks are placed: as it says, else as all services are.
fn strategies_of(record: &ServiceRecord) -> Vec<Strategy> {
    match record.service.placement_strategy() {
        [] => Strategy::of_services(),
        given => Strategy::of_request(given),
    }
}

fn start_one(realm: &mut Realm, key: &ServiceKey, order: &mut Order) -> Result<String, Problem> {
    let Some(record) = realm.services.get(key) else {
        return Err(Problem::default());
    };
    choose_provider(realm, record, order);
    if order.launch_type == LaunchType::Fargate {
        let subnet = fargate_subnet(realm, record, order);
        return Ok(launch::launch(realm, order, Place::Fargate { subnet }));
    }
    let constraints = record.service.placement_constraints().to_vec();
    let given = record.service.placement_strategy().to_vec();
    let strategies = strategies_of(record);
    match instances::find(realm, order, &constraints, &strategies) {
        Ok(instance) => Ok(launch::launch(realm, order, Place::Instance(instance))),
        Err(_) if scaling::will_grow(realm, order.provider.as_deref()) => {
            let waiting = Waiting {
                constraints,
                strategies: given,
                ..Waiting::default()
            };
            let task = launch::launch(realm, order, Place::Await(waiting));
            scaling::wake(realm, order.provider.as_deref());
            Ok(task)
        }
        Err(refusals) => Err(problem(&refusals, order.provider.is_some())),
    }
}

/// What a service tells when a task cannot be placed (ecs-semantics.md §3.14).
fn problem(refusals: &[Refusal], by_provider: bool) -> Problem {
    let closest = refusals.iter().max_by_key(|refusal| &refusal.reason);
    let why = match closest {
        None if by_provider => {
            " Reason: No Container Instances were found in your capacity provider.".to_owned()
        }
        None => " Reason: No Container Instances were found in your cluster.".to_owned(),
        Some(closest) => {
            format!(
                " The closest matching (container-instance {}){}",
                closest.id,
                closest.reason.in_event()
            )
        }
    };
    Problem {
        message: format!(
            "was unable to place a task because no container instance met all of its requirements.{why} {MORE}"
        ),
        reason: closest.map(|closest| closest.reason.to_string()),
    }
}

/// Where a service's tasks run.
pub fn launch_type(service: &Service) -> LaunchType {
    let provider = service.capacity_provider_strategy().first();
    provider
        .map(|item| launch_type_of(&item.capacity_provider))
        .or_else(|| service.launch_type.clone())
        .unwrap_or(LaunchType::Ec2)
}

/// FARGATE for Fargate's own providers, EC2 for all others.
pub fn launch_type_of(provider: &str) -> LaunchType {
    if matches!(provider, "FARGATE" | "FARGATE_SPOT") {
        LaunchType::Fargate
    } else {
        LaunchType::Ec2
    }
}

/// The tasks of the primary deployment that are meant to run, by capacity provider.
fn tasks_by_provider(realm: &Realm, record: &ServiceRecord) -> BTreeMap<String, u32> {
    let deployment = record
        .primary()
        .map(super::records::DeploymentRecord::id)
        .unwrap_or_default();
    let mut counts = BTreeMap::new();
    for task in record.tasks.iter().filter_map(|task| realm.tasks.get(task)) {
        if let Some(provider) = task.task.capacity_provider_name()
            && task.wanted()
            && task.started_by() == deployment
        {
            *counts.entry(provider.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The subnet of one more Fargate task of a service: in the zone with the fewest tasks of the same deployment and provider.
fn fargate_subnet(realm: &Realm, record: &ServiceRecord, order: &Order) -> Option<String> {
    let alike = |task: &&TaskRecord| {
        task.wanted()
            && task.task.started_by() == order.started_by.as_deref()
            && task.task.capacity_provider_name() == order.provider.as_deref()
    };
    let tasks = record
        .tasks
        .iter()
        .filter_map(|task| realm.tasks.get(task))
        .filter(alike);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subnet in tasks.filter_map(network::subnet_of) {
        *counts.entry(subnet).or_default() += 1;
    }
    let subnets = order
        .network
        .as_ref()
        .map(|network| network.subnets.as_slice())
        .unwrap_or_default();
    zones::spread(&realm.id.region, subnets, &counts).map(str::to_owned)
}

/// What a task of the service's primary revision is.
fn order_of(realm: &Realm, key: &ServiceKey) -> Option<Order> {
    let record = realm.services.get(key)?;
    let primary = record.primary()?;
    let revision = record.revision(&primary.revision)?;
    let definition = realm
        .find_definition(revision.task_definition()?)
        .ok()
        .flatten()?;
    let network = revision
        .network_configuration()
        .and_then(|network| network.awsvpc_configuration().cloned());
    Some(Order {
        cluster: key.cluster.clone(),
        group: format!("service:{}", key.service),
        started_by: Some(primary.id().to_owned()),
        launch_type: revision.launch_type().cloned().unwrap_or(LaunchType::Ec2),
        provider: None,
        network,
        volumes: volumes::of_service(revision.volume_configurations()),
        overrides: TaskOverride::builder().build(),
        tags: tags_of(record, key, &definition.tags),
        execute_command: record.service.enable_execute_command,
        platform_version: revision.platform_version.clone(),
        service: Some(key.service.clone()),
        targets: targets_of(revision),
        discovered: !revision.service_registries().is_empty(),
        definition: definition.definition.clone(),
    })
}

fn targets_of(revision: &ServiceRevision) -> Vec<Target> {
    let balancers = revision.load_balancers().iter();
    balancers
        .filter_map(|balancer| {
            let group = balancer
                .target_group_arn()
                .or(balancer.load_balancer_name())?
                .to_owned();
            Some(Target {
                group,
                port: balancer.container_port.unwrap_or_default(),
                healthy: None,
            })
        })
        .collect()
}

/// The tags of a service's tasks: propagated from the service or the definition, and ECS's own (ecs-semantics.md §4.5).
fn tags_of(record: &ServiceRecord, key: &ServiceKey, of_definition: &[Tag]) -> Vec<Tag> {
    let mut tags = match record.service.propagate_tags() {
        Some(PropagateTags::Service) => record.service.tags().to_vec(),
        Some(PropagateTags::TaskDefinition) => of_definition.to_vec(),
        _ => Vec::new(),
    };
    if record.service.enable_ecs_managed_tags {
        tags.extend(managed_tags(&key.cluster, Some(&key.service)));
    }
    tags
}

/// The tags that `enableECSManagedTags` adds.
pub fn managed_tags(cluster: &str, service: Option<&str>) -> Vec<Tag> {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let cluster = tag("aws:ecs:clusterName", cluster);
    std::iter::once(cluster)
        .chain(service.map(|service| tag("aws:ecs:serviceName", service)))
        .collect()
}
