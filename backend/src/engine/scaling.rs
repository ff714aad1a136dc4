//! Managed scaling of capacity providers (ecs-semantics.md §6.3), over a simulated auto scaling group.
//!
//! There is no EC2 here. What is simulated: the group starts empty, its `MinSize` is 0 and its `MaxSize` [`MAX_SIZE`]; all its
//! instances are of one type ([`INSTANCE_CPU`], [`INSTANCE_MEMORY`]) and register in the cluster whose tasks made the group
//! grow; only instances that the group launched are taken away again. `CloudWatch` is left out: the provider is looked at in
//! the interval in which the alarms would be evaluated.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ManagedScaling, ManagedScalingStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, instances, records::TaskRecord};
use crate::ops::container_instances::{self, Machine};
use crate::placement::{Demand, Room, interfaces};
use crate::world::{Realm, schedule};

/// The greatest number of instances of a simulated group.
pub const MAX_SIZE: u32 = 100;

/// The CPU units of an instance of a simulated group: 4 vCPU.
pub const INSTANCE_CPU: i32 = 4096;

/// The memory of an instance of a simulated group, in MiB: 16 GiB without what the agent reserves.
pub const INSTANCE_MEMORY: i32 = 15_616;

/// The type of an instance of a simulated group.
pub const INSTANCE_TYPE: &str = "m5.xlarge";

/// A simulated auto scaling group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How many instances are being launched.
    pub launching: u32,
    /// The ids of the instances that it launched: only these it takes away again, as an auto scaling group does.
    pub launched: BTreeSet<String>,
    /// Since when it has had more instances than it needs.
    pub spare_since: Option<Timestamp>,
    /// Whether a look at it is scheduled.
    pub watched: bool,
}

/// What managed scaling sees of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Instances that run non-daemon tasks.
    pub busy: u32,
    /// Instances of the group that run none.
    pub idle: u32,
    /// Instances that are being launched.
    pub launching: u32,
    /// Instances that the waiting tasks need beyond those with tasks.
    pub needed: u32,
    /// Empty instances with room for a waiting task: what keeps it away is not the size of the group.
    pub ready: u32,
}

/// What managed scaling does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// How many instances are launched.
    pub launch: u32,
    /// How many idle instances are too many.
    pub spare: u32,
}

/// `CapacityProviderReservation`: the instances that are needed per hundred that run. With nothing needed and nothing
/// running 100, with something needed and nothing running 200.
pub fn reservation(needed: u32, running: u32) -> u32 {
    match (needed, running) {
        (0, 0) => 100,
        (_, 0) => 200,
        (needed, running) => needed * 100 / running,
    }
}

/// What is to be done about a load, by the provider's settings.
pub fn plan(load: Load, scaling: &ManagedScaling) -> Change {
    let setting = |value: Option<i32>, default| {
        value
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(default)
    };
    let target = setting(scaling.target_capacity, 100).clamp(1, 100);
    let present = load.busy + load.idle + load.launching;
    let wanted = |instances: u32| (instances * 100).div_ceil(target).min(MAX_SIZE);
    let missing = load.needed.saturating_sub(load.launching + load.ready);
    if missing > 0 {
        let least = setting(scaling.minimum_scaling_step_size, 1);
        let most = setting(scaling.maximum_scaling_step_size, 10_000).max(least);
        let extra = missing.clamp(least, most);
        return Change {
            launch: wanted(present + extra).saturating_sub(present),
            spare: 0,
        };
    }
    let enough = wanted(load.busy);
    if load.needed == 0 && load.launching == 0 && present < enough {
        return Change {
            launch: enough - present,
            spare: 0,
        };
    }
    let spare = if load.needed == 0 {
        present.saturating_sub(enough).min(load.idle)
    } else {
        0
    };
    Change { launch: 0, spare }
}

/// How many instances these demands need, packed first fit; those that fit no instance are left out.
pub fn instances_for<'a>(demands: impl Iterator<Item = &'a Demand>) -> u32 {
    let whole = Room {
        cpu: INSTANCE_CPU,
        memory: INSTANCE_MEMORY,
        interfaces: interfaces::of_type(INSTANCE_TYPE, false),
        ..Room::default()
    };
    let mut bins: Vec<Room> = Vec::new();
    for demand in demands.filter(|demand| whole.short_of(demand).is_none()) {
        if let Some(bin) = bins.iter_mut().find(|bin| bin.short_of(demand).is_none()) {
            bin.take(demand);
        } else {
            let mut bin = whole.clone();
            bin.take(demand);
            bins.push(bin);
        }
    }
    u32::try_from(bins.len()).unwrap_or(u32::MAX)
}

/// The settings of a provider that scales by itself.
fn settings(realm: &Realm, provider: &str) -> Option<ManagedScaling> {
    let record = realm.capacity_providers.get(provider)?;
    let scaling = record.provider.auto_scaling_group_provider()?.managed_scaling()?;
    (scaling.status() == Some(&ManagedScalingStatus::Enabled)).then(|| scaling.clone())
}

/// Whether a provider will make room for a task that it has none for now.
pub fn will_grow(realm: &Realm, provider: Option<&str>) -> bool {
    provider.is_some_and(|provider| settings(realm, provider).is_some())
}

/// Lets managed scaling look at a provider soon.
pub fn wake(realm: &mut Realm, provider: Option<&str>) {
    let Some(provider) = provider.filter(|provider| settings(realm, provider).is_some()) else {
        return;
    };
    let group = realm.engine.groups.entry(provider.to_owned()).or_default();
    if std::mem::replace(&mut group.watched, true) {
        return;
    }
    let at = realm
        .now
        .checked_add(realm.timing.managed_scaling_interval)
        .unwrap_or(realm.now);
    realm.schedule.push(
        at,
        schedule::Event::Engine(Event::ScalingLook {
            provider: provider.to_owned(),
        }),
    );
}

/// Looks at a provider: launches what is missing, and ends what has been idle for long.
pub fn look(realm: &mut Realm, provider: &str) {
    let (now, timing) = (realm.now, realm.timing);
    let settings = settings(realm, provider);
    let Some(group) = realm.engine.groups.get_mut(provider) else {
        return;
    };
    group.watched = false;
    let Some(settings) = settings else { return };
    let launching = group.launching;
    let waiting: Vec<&TaskRecord> = waiting_for(realm, provider);
    let cluster = waiting.first().map(|task| task.cluster.clone());
    let needed = instances_for(waiting.iter().map(|task| &task.demand));
    let idle = idle_instances(realm, provider);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let busy = count(
        instances_of(realm, provider)
            .filter(|id| !instances::groups_on(realm, id).is_empty())
            .count(),
    );
    let ready = count(ready_instances(realm, provider, &waiting));
    let change = plan(
        Load {
            busy,
            idle: count(idle.len()),
            launching,
            needed,
            ready,
        },
        &settings,
    );
    let active = needed > 0 || launching > 0 || change.spare > 0;
    if let Some(cluster) = cluster.or_else(|| cluster_of(realm, provider)) {
        launch(realm, provider, &cluster, change.launch);
    }
    let Some(group) = realm.engine.groups.get_mut(provider) else {
        return;
    };
    group.spare_since = if change.spare > 0 {
        group.spare_since.or(Some(now))
    } else {
        None
    };
    let quiet = group
        .spare_since
        .is_some_and(|since| now.duration_since(since) >= timing.managed_scaling_quiet);
    if quiet {
        let half = (busy + count(idle.len())).div_ceil(2);
        for instance in idle
            .iter()
            .take(usize::try_from(change.spare.min(half)).unwrap_or_default())
        {
            if let Some(group) = realm.engine.groups.get_mut(provider) {
                group.launched.remove(instance);
            }
            container_instances::remove(realm, instance, "Host EC2 instance terminated.");
        }
    }
    if active || change.launch > 0 {
        wake(realm, Some(provider));
    }
}

fn launch(realm: &mut Realm, provider: &str, cluster: &str, count: u32) {
    let at = realm
        .now
        .checked_add(realm.timing.instance_launch)
        .unwrap_or(realm.now);
    if let Some(group) = realm.engine.groups.get_mut(provider) {
        group.launching += count;
    }
    for _ in 0..count {
        let event = Event::InstanceArrives {
            provider: provider.to_owned(),
            cluster: cluster.to_owned(),
        };
        realm.schedule.push(at, schedule::Event::Engine(event));
    }
}

/// An instance that was launched registers in its cluster.
pub fn arrive(realm: &mut Realm, provider: &str, cluster: &str) {
    if let Some(group) = realm.engine.groups.get_mut(provider) {
        group.launching = group.launching.saturating_sub(1);
    }
    if realm.capacity_providers.contains_key(provider) {
        let machine = Machine {
            cpu: INSTANCE_CPU,
            memory: INSTANCE_MEMORY,
            instance_type: INSTANCE_TYPE.to_owned(),
            capacity_provider: Some(provider.to_owned()),
            ..Machine::default()
        };
        // A cluster that is gone by now gets no instances: there is nobody to tell.
        if let Ok(id) = container_instances::register_simulated(realm, cluster, &machine)
            && let Some(group) = realm.engine.groups.get_mut(provider)
        {
            group.launched.insert(id);
        }
    }
}

fn waiting_for<'a>(realm: &'a Realm, provider: &str) -> Vec<&'a TaskRecord> {
    let tasks = realm
        .engine
        .awaiting
        .iter()
        .filter_map(|task| realm.tasks.get(task));
    tasks
        .filter(|task| task.task.capacity_provider_name() == Some(provider))
        .collect()
}

fn instances_of<'a>(realm: &'a Realm, provider: &'a str) -> impl Iterator<Item = &'a String> {
    let of_provider = |(_, record): &(&String, &crate::world::InstanceRecord)| {
        record.instance.capacity_provider_name() == Some(provider)
    };
    realm
        .container_instances
        .iter()
        .filter(of_provider)
        .map(|(id, _)| id)
}

/// The instances that the group launched and that run nothing.
fn idle_instances(realm: &Realm, provider: &str) -> Vec<String> {
    let launched = |id: &&String| {
        realm
            .engine
            .groups
            .get(provider)
            .is_some_and(|group| group.launched.contains(*id))
    };
    let idle = |id: &&String| instances::groups_on(realm, id).is_empty();
    instances_of(realm, provider)
        .filter(launched)
        .filter(idle)
        .cloned()
        .collect()
}

/// How many empty instances that take tasks have room for one of those that wait.
fn ready_instances(realm: &Realm, provider: &str, waiting: &[&TaskRecord]) -> usize {
    let takes_one = |id: &&String| {
        let Some(instance) = realm.container_instances.get(*id).map(|record| &record.instance) else {
            return false;
        };
        let room = Room::of(instance);
        instance.status() == Some("ACTIVE")
            && instance.agent_connected
            && waiting.iter().any(|task| room.short_of(&task.demand).is_none())
    };
    let empty = |id: &&String| instances::groups_on(realm, id).is_empty();
    instances_of(realm, provider)
        .filter(empty)
        .filter(takes_one)
        .count()
}

fn cluster_of(realm: &Realm, provider: &str) -> Option<String> {
    let first = instances_of(realm, provider).next()?;
    realm
        .container_instances
        .get(first)
        .map(|record| record.cluster.clone())
}

#[cfg(test)]
mod tests;
