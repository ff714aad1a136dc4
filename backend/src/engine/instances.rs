//! Container instances as the engine sees them: what room they have, which tasks hold it, and what happens when that changes
//! (ecs-semantics.md §5.1).

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{ContainerInstance, CpuArchitecture, RuntimePlatform, TaskDefinition, TaskStopCode};

use super::launch::{self, Order};
use super::records::{LossKind, TaskRecord};
use super::{connectivity, event_log, network, rebalancing, scaling, scheduler, stop, waiting};
use crate::placement::{self, Candidate, Constraint, Demand, Host, Refusal, Room, Strategy, Wish};
use crate::world::{Realm, ServiceKey};

/// The instances of a cluster, and of a capacity provider if one is given, that tasks can go to: those that are ACTIVE; or
/// all of them.
pub fn candidates<'a>(
    realm: &'a Realm,
    cluster: &str,
    provider: Option<&str>,
    all: bool,
) -> Vec<Candidate<'a>> {
    let instances = realm.container_instances.iter().filter(|(_, record)| {
        record.cluster == cluster
            && (all || record.instance.status() == Some("ACTIVE"))
            && (provider.is_none() || record.instance.capacity_provider_name() == provider)
    });
    instances
        .map(|(id, record)| Candidate {
            id,
            host: Host {
                instance: &record.instance,
                groups: groups_on(realm, id),
            },
            room: room_on(realm, id, &record.instance),
        })
        .collect()
}

/// What an instance has left, with the network interfaces that its tasks do not have.
fn room_on(realm: &Realm, id: &str, instance: &ContainerInstance) -> Room {
    let mut room = Room::of(instance);
    let taken = tasks_on(realm, id).map(|task| task.demand.interfaces).sum();
    room.interfaces = room.interfaces.saturating_sub(taken);
    room
}

/// How many tasks of each group hold room on an instance.
pub fn groups_on<'a>(realm: &'a Realm, instance: &str) -> BTreeMap<&'a str, u32> {
    let mut groups = BTreeMap::new();
    for task in tasks_on(realm, instance) {
        *groups.entry(task.task.group().unwrap_or_default()).or_default() += 1;
    }
    groups
}

fn tasks_on<'a>(realm: &'a Realm, instance: &str) -> impl Iterator<Item = &'a TaskRecord> {
    let tasks = realm.engine.tasks_on.get(instance).into_iter().flatten();
    tasks.filter_map(|task| realm.tasks.get(task))
}

/// A task that looks for an instance.
pub struct Seeker<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The capacity provider that it has to be on.
    pub provider: Option<&'a str>,
    /// Its group.
    pub group: &'a str,
    /// What it takes.
    pub demand: &'a Demand,
    /// What it is.
    pub definition: &'a TaskDefinition,
}

impl Seeker<'_> {
    /// The instance for it; `random` decides between equals.
    ///
    /// # Errors
    /// Why each instance is out of the question; empty without instances.
    pub fn find(
        &self,
        realm: &Realm,
        random: u64,
        constraints: &[aws_sdk_ecs::types::PlacementConstraint],
        strategies: &[Strategy],
    ) -> Result<String, Vec<Refusal>> {
        let mut all = Constraint::of_definition(self.definition);
        all.extend(Constraint::of_request(constraints));
        let wish = Wish {
            demand: self.demand,
            group: self.group,
            attributes: required(self.definition),
            constraints: &all,
            strategies,
        };
        let candidates = candidates(realm, self.cluster, self.provider, false);
        placement::choose(&candidates, &wish, |limit| {
            random.checked_rem(limit).unwrap_or_default()
        })
        .map(str::to_owned)
    }
}

/// What an instance must have for a definition: the abilities of its agent, and the platform where one is named
/// (ecs-semantics.md §5.1, step 3).
fn required(definition: &TaskDefinition) -> Vec<(&str, Option<&str>)> {
    let abilities = definition.requires_attributes().iter();
    let abilities = abilities.map(|attribute| (attribute.name.as_str(), attribute.value()));
    let platform = definition.runtime_platform();
    let architecture = platform.and_then(RuntimePlatform::cpu_architecture).map(|given| {
        if *given == CpuArchitecture::Arm64 {
            "arm64"
        } else {
            "x86_64"
        }
    });
    let os_type = platform
        .and_then(RuntimePlatform::operating_system_family)
        .map(|given| {
            if given.as_str().starts_with("WINDOWS") {
                "windows"
            } else {
                "linux"
            }
        });
    let of_platform = [("ecs.cpu-architecture", architecture), ("ecs.os-type", os_type)];
    abilities
        .chain(of_platform.into_iter().filter(|(_, value)| value.is_some()))
        .collect()
}

/// The instance for a new task.
///
/// # Errors
/// Why each instance is out of the question; empty without instances.
pub fn find(
    realm: &mut Realm,
    order: &Order,
    constraints: &[aws_sdk_ecs::types::PlacementConstraint],
    strategies: &[Strategy],
) -> Result<String, Vec<Refusal>> {
    let random = realm.ids.next_u64();
    let seeker = Seeker {
        cluster: &order.cluster,
        provider: order.provider.as_deref(),
        group: &order.group,
        demand: &launch::demand_of(order),
        definition: &order.definition,
    };
    seeker.find(realm, random, constraints, strategies)
}

/// Why a task cannot go to one instance, if it cannot; constraints are not looked at, as `StartTask` does not.
pub fn refusal(realm: &Realm, order: &Order, instance: &str) -> Option<Refusal> {
    let candidates = candidates(realm, &order.cluster, None, true);
    let candidate = candidates.iter().find(|candidate| candidate.id == instance)?;
    let demand = launch::demand_of(order);
    let wish = Wish {
        demand: &demand,
        group: &order.group,
        attributes: required(&order.definition),
        constraints: &[],
        strategies: &[],
    };
    let reason = placement::refusal::reason(candidate, &wish)?;
    let arn = candidate
        .host
        .instance
        .container_instance_arn()
        .unwrap_or_default()
        .to_owned();
    Some(Refusal {
        arn,
        id: instance.to_owned(),
        reason,
    })
}

/// Puts a task on an instance: it takes its room there.
pub fn occupy(realm: &mut Realm, task: &str, instance: &str) {
    let definition = realm
        .tasks
        .get(task)
        .and_then(|record| definition_of(realm, record));
    let (Some(record), Some(host)) = (
        realm.tasks.get_mut(task),
        realm.container_instances.get_mut(instance),
    ) else {
        return;
    };
    let mut room = Room::of(&host.instance);
    record.given_ports = room.take(&record.demand);
    room.write(&mut host.instance);
    record.instance = Some(instance.to_owned());
    record
        .task
        .container_instance_arn
        .clone_from(&host.instance.container_instance_arn);
    let zone = host
        .instance
        .attributes()
        .iter()
        .find(|attribute| attribute.name == "ecs.availability-zone");
    if let Some(zone) = zone.and_then(|zone| zone.value.clone()) {
        record.task.availability_zone = Some(zone);
    }
    if let Some(definition) = definition {
        network::bind_ports(record, &definition);
    }
    realm
        .engine
        .tasks_on
        .entry(instance.to_owned())
        .or_default()
        .insert(task.to_owned());
}

/// The definition of a task.
pub fn definition_of(realm: &Realm, record: &TaskRecord) -> Option<TaskDefinition> {
    let found = realm
        .find_definition(record.task.task_definition_arn()?)
        .ok()
        .flatten()?;
    Some(found.definition.clone())
}

/// Takes a task that has ended off its instance; who waited for room may have it.
pub fn vacate(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    let Some(instance) = record.instance.clone() else {
        return;
    };
    let cluster = record.cluster.clone();
    let emptied = realm.engine.tasks_on.get_mut(&instance).is_some_and(|tasks| {
        tasks.remove(task);
        tasks.is_empty()
    });
    if emptied {
        realm.engine.tasks_on.remove(&instance);
    }
    if let Some(host) = realm.container_instances.get_mut(&instance) {
        let mut room = Room::of(&host.instance);
        room.give_back(&record.demand, &record.given_ports);
        room.write(&mut host.instance);
        host.instance.version += 1;
    }
    recount(realm, &instance);
    event_log::instance_changed(realm, &instance);
    waiting::offer_room(realm, &cluster);
    if emptied {
        let provider = realm
            .container_instances
            .get(&instance)
            .and_then(|host| host.instance.capacity_provider_name.clone());
        scaling::wake(realm, provider.as_deref());
    }
}

/// Brings the counts of an instance up to date.
pub fn recount(realm: &mut Realm, instance: &str) {
    let (running, pending) = super::hooks::tasks_on(realm, instance);
    if let Some(host) = realm.container_instances.get_mut(instance) {
        let shown = &mut host.instance;
        if (shown.running_tasks_count, shown.pending_tasks_count) != (running, pending) {
            shown.running_tasks_count = running;
            shown.pending_tasks_count = pending;
            shown.version += 1;
            event_log::instance_changed(realm, instance);
        }
    }
}

/// The tasks that hold room on an instance.
pub fn ids_on(realm: &Realm, instance: &str) -> Vec<String> {
    let tasks = realm.engine.tasks_on.get(instance);
    tasks.into_iter().flatten().cloned().collect()
}

/// An instance was registered, or its status, agent or attributes changed.
pub fn changed(realm: &mut Realm, instance: &str) {
    connectivity::follow(realm, instance);
    let Some(cluster) = realm
        .container_instances
        .get(instance)
        .map(|record| record.cluster.clone())
    else {
        return;
    };
    let services: Vec<ServiceKey> = tasks_on(realm, instance).filter_map(stop::service_of).collect();
    for key in services {
        scheduler::wake(realm, &key);
    }
    event_log::instance_changed(realm, instance);
    waiting::offer_room(realm, &cluster);
    rebalancing::instance_changed(realm, &cluster);
}

/// An instance is about to be removed: its tasks are over at once, since nothing is left to stop them.
pub fn gone(realm: &mut Realm, instance: &str, reason: &str) {
    for task in ids_on(realm, instance) {
        stop::cut_off(
            realm,
            &task,
            TaskStopCode::TerminationNotice,
            reason,
            LossKind::Ended,
        );
    }
}
