//! Making a task: from an order, placed somewhere, to a record whose life begins.

use aws_sdk_ecs::types::{
    AwsVpcConfiguration, Container, ContainerDefinition, HealthStatus, LaunchType, ManagedAgent,
    ManagedAgentName, NetworkMode, Tag, Task, TaskDefinition, TaskOverride, TaskVolumeConfiguration,
};
use ecs_model::fargate::{SizeError, parse_cpu, parse_memory};

use super::records::{Phase, Target, TaskRecord, Waiting};
use super::{instances, lifecycle, network, platform, script, volumes};
use crate::placement::Demand;
use crate::world::Realm;
use crate::world::clock::stamp;
use crate::world::ids::Ids;

/// A task to be made, without its place.
#[derive(Debug, Clone)]
pub struct Order {
    /// The cluster's name.
    pub cluster: String,
    /// The definition.
    pub definition: TaskDefinition,
    /// `family:NAME`, `service:NAME` or what the caller said.
    pub group: String,
    /// What the caller gave, or the deployment's id.
    pub started_by: Option<String>,
    /// Where it runs: FARGATE or EC2 (capacity providers of auto scaling groups too).
    pub launch_type: LaunchType,
    /// The capacity provider, if a strategy chose one.
    pub provider: Option<String>,
    /// The subnets and security groups, for `awsvpc`.
    pub network: Option<AwsVpcConfiguration>,
    /// The volumes that are configured at launch.
    pub volumes: Vec<TaskVolumeConfiguration>,
    /// What the caller overrides.
    pub overrides: TaskOverride,
    /// The tags, propagated and managed ones included.
    pub tags: Vec<Tag>,
    /// Whether commands can be executed in it.
    pub execute_command: bool,
    /// The platform version, on Fargate.
    pub platform_version: Option<String>,
    /// The service's name, for a service's task.
    pub service: Option<String>,
    /// Where it is registered.
    pub targets: Vec<Target>,
    /// Whether it is registered in a service registry.
    pub discovered: bool,
}

/// Where a task goes.
#[derive(Debug, Clone)]
pub enum Place {
    /// Fargate, in a subnet.
    Fargate {
        /// The subnet; its zone is the task's.
        subnet: Option<String>,
    },
    /// An instance, by id.
    Instance(String),
    /// It waits for its capacity provider.
    Await(Waiting),
}

/// Makes a task and lets its life begin. The answer is its id.
pub fn launch(realm: &mut Realm, order: &Order, place: Place) -> String {
    let id = realm.ids.hex(32);
    let arn = realm.arn(&format!("task/{}/{id}", order.cluster));
    let scripts: Vec<script::Script> = order
        .definition
        .container_definitions()
        .iter()
        .map(|definition| script::of(definition, command_override(order, definition.name())))
        .collect();
    let interface = order.definition.network_mode() == Some(&NetworkMode::Awsvpc);
    realm.engine.tasks_made += 1;
    let mut record = TaskRecord {
        cluster: order.cluster.clone(),
        task: task_of(realm, order, &arn),
        service: order.service.clone(),
        phase: Phase::AwaitingCapacity,
        slots: Vec::new(),
        instance: None,
        demand: demand_of(order),
        progress: Vec::new(),
        scripts,
        interface,
        registers: order.discovered || !order.targets.is_empty(),
        targets: order.targets.clone(),
        ran_at: None,
        protected_until: None,
        waiting: None,
        was_healthy: false,
        doomed: false,
        given_ports: Vec::new(),
        number: realm.engine.tasks_made,
    };
    let subnets = order
        .network
        .as_ref()
        .map(|network| network.subnets.as_slice())
        .unwrap_or_default();
    let mut instance = None;
    match place {
        Place::Fargate { subnet } => network::plan_interface(realm, &mut record, subnet.as_deref()),
        Place::Instance(chosen) => instance = Some(chosen),
        Place::Await(mut waiting) => {
            waiting.subnets = subnets.to_vec();
            record.waiting = Some(waiting);
            realm.engine.awaiting.insert(id.clone());
        }
    }
    if interface && record.task.attachments().is_empty() {
        network::plan_interface(realm, &mut record, subnets.first().map(String::as_str));
    }
    volumes::plan(realm, &mut record, &order.volumes);
    if let Some(service) = &order.service {
        let key = crate::world::ServiceKey {
            cluster: order.cluster.clone(),
            service: service.clone(),
        };
        if let Some(service) = realm.services.get_mut(&key) {
            service.tasks.insert(id.clone());
        }
    }
    realm.tasks.insert(id.clone(), record);
    if let Some(instance) = instance {
        instances::occupy(realm, &id, &instance);
        network::follow_instance(realm, &id, subnets);
    }
    lifecycle::begin(realm, &id);
    id
}

/// What a task takes, its overrides included.
pub fn demand_of(order: &Order) -> Demand {
    let mut definition = order.definition.clone();
    // A definition has plain numbers; an override may have units, as a definition that is registered may.
    let plain =
        |text: &str, read: fn(&str) -> Result<u32, SizeError>| read(text).map(|size| size.to_string());
    let cpu = order.overrides.cpu().map(|text| plain(text, parse_cpu));
    let memory = order.overrides.memory().map(|text| plain(text, parse_memory));
    definition.cpu = cpu.and_then(Result::ok).or(definition.cpu);
    definition.memory = memory.and_then(Result::ok).or(definition.memory);
    for container in definition.container_definitions.iter_mut().flatten() {
        let named = |over: &&aws_sdk_ecs::types::ContainerOverride| over.name() == container.name();
        if let Some(over) = order.overrides.container_overrides().iter().find(named) {
            container.cpu = over.cpu.unwrap_or(container.cpu);
            container.memory = over.memory.or(container.memory);
            container.memory_reservation = over.memory_reservation.or(container.memory_reservation);
        }
    }
    Demand::of(&definition)
}

fn command_override<'a>(order: &'a Order, container: Option<&str>) -> Option<&'a [String]> {
    let overrides = order
        .overrides
        .container_overrides()
        .iter()
        .find(|over| over.name() == container)?;
    overrides.command.as_deref()
}

fn task_of(realm: &mut Realm, order: &Order, arn: &str) -> Task {
    let demand = demand_of(order);
    let fargate = order.launch_type == LaunchType::Fargate;
    let containers = order
        .definition
        .container_definitions()
        .iter()
        .map(|definition| container_of(realm, order, arn, definition))
        .collect();
    let mut task = Task::builder()
        .task_arn(arn)
        .cluster_arn(realm.arn(&format!("cluster/{}", order.cluster)))
        .set_task_definition_arn(order.definition.task_definition_arn.clone())
        .desired_status("RUNNING")
        .group(&order.group)
        .set_started_by(order.started_by.clone())
        .launch_type(order.launch_type.clone())
        .set_capacity_provider_name(order.provider.clone())
        .cpu(demand.cpu.to_string())
        .memory(demand.memory.to_string())
        .enable_execute_command(order.execute_command)
        .overrides(overrides_of(order))
        .set_containers(Some(containers))
        .set_attachments(Some(Vec::new()))
        .set_tags(Some(order.tags.clone()))
        .created_at(stamp(realm.now))
        .health_status(HealthStatus::UnknownValue)
        .build();
    if let Some(architecture) = order
        .definition
        .runtime_platform()
        .and_then(|platform| platform.cpu_architecture())
    {
        let attribute = aws_sdk_ecs::types::Attribute::builder()
            .name("ecs.cpu-architecture")
            .value(architecture.as_str().to_ascii_lowercase())
            .build();
        task.attributes = attribute.ok().map(|attribute| vec![attribute]);
    }
    if fargate {
        let family = platform::family_of(&order.definition);
        let given = order.platform_version.as_deref();
        task.platform_version = Some(platform::version(Some(&family), given));
        task.platform_family = Some(family);
        task.ephemeral_storage = order
            .overrides
            .ephemeral_storage
            .clone()
            .or_else(|| order.definition.ephemeral_storage.clone())
            .or_else(|| {
                Some(
                    aws_sdk_ecs::types::EphemeralStorage::builder()
                        .size_in_gib(20)
                        .build(),
                )
            });
    }
    task
}

/// The overrides as they are echoed: each container has an entry.
fn overrides_of(order: &Order) -> TaskOverride {
    let mut overrides = order.overrides.clone();
    let mut each = overrides.container_overrides.take().unwrap_or_default();
    for definition in order.definition.container_definitions() {
        if !each.iter().any(|over| over.name() == definition.name()) {
            each.push(
                aws_sdk_ecs::types::ContainerOverride::builder()
                    .set_name(definition.name.clone())
                    .build(),
            );
        }
    }
    overrides.container_overrides = Some(each);
    overrides
}

fn container_of(
    realm: &mut Realm,
    order: &Order,
    task_arn: &str,
    definition: &ContainerDefinition,
) -> Container {
    let tail = task_arn.rsplit('/').next().unwrap_or_default();
    let uuid = realm.ids.uuid();
    Container::builder()
        .container_arn(realm.arn(&format!("container/{}/{tail}/{uuid}", order.cluster)))
        .task_arn(task_arn)
        .set_name(definition.name.clone())
        .set_image(definition.image.clone())
        .last_status("PENDING")
        .health_status(HealthStatus::UnknownValue)
        .cpu(definition.cpu.to_string())
        .set_memory(definition.memory.map(|memory| memory.to_string()))
        .set_memory_reservation(definition.memory_reservation.map(|memory| memory.to_string()))
        .set_network_interfaces(Some(Vec::new()))
        .set_managed_agents(order.execute_command.then(execute_command_agent))
        .build()
}

/// What runs in each container where commands can be executed (ecs-semantics.md §4.3).
fn execute_command_agent() -> Vec<ManagedAgent> {
    let agent = ManagedAgent::builder()
        .name(ManagedAgentName::ExecuteCommandAgent)
        .last_status("PENDING");
    vec![agent.build()]
}

/// The digest that an image's tag resolves to: the image's own, or one that follows from its name.
pub fn digest_of(image: &str) -> String {
    match image.split_once('@') {
        Some((_, digest)) => digest.to_owned(),
        None => format!("sha256:{}", Ids::new(0, image).hex(64)),
    }
}
