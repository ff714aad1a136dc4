//! Tasks that wait for their capacity provider to have room, and services that could not place theirs (ecs-semantics.md §4.7,
//! §6.3).

use super::instances::{self, Seeker};
use super::records::{Phase, ServiceRecord, Waiting};
use super::{lifecycle, network, scheduler};
use crate::placement::Strategy;
use crate::world::{Realm, ServiceKey};

/// Places tasks that wait for room in a cluster, and lets services that could not place theirs try again.
pub fn offer_room(realm: &mut Realm, cluster: &str) {
    let mut waiting: Vec<(u64, String)> = realm
        .engine
        .awaiting
        .iter()
        .filter_map(|task| {
            Some((
                realm
                    .tasks
                    .get(task)
                    .filter(|record| record.cluster == cluster)?
                    .number,
                task.clone(),
            ))
        })
        .collect();
    waiting.sort();
    for (_, task) in waiting {
        place_waiting(realm, &task);
    }
    let unplaced: Vec<ServiceKey> = realm
        .engine
        .unplaced
        .iter()
        .filter(|key| key.cluster == cluster)
        .cloned()
        .collect();
    for key in unplaced {
        if let Some(primary) = realm.services.get_mut(&key).and_then(ServiceRecord::primary_mut) {
            primary.not_before = None;
        }
        scheduler::wake(realm, &key);
    }
}

fn place_waiting(realm: &mut Realm, task: &str) {
    let random = realm.ids.next_u64();
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    let Some(definition) = instances::definition_of(realm, record) else {
        return;
    };
    let Waiting {
        constraints,
        strategies,
        subnets,
    } = record.waiting.clone().unwrap_or_default();
    let of_service = record.service.is_some() && strategies.is_empty();
    let strategies = if of_service {
        Strategy::of_services()
    } else {
        Strategy::of_request(&strategies)
    };
    let seeker = Seeker {
        cluster: &record.cluster,
        provider: record.task.capacity_provider_name(),
        group: record.task.group().unwrap_or_default(),
        demand: &record.demand,
        definition: &definition,
    };
    let Ok(instance) = seeker.find(realm, random, &constraints, &strategies) else {
        return;
    };
    realm.engine.awaiting.remove(task);
    instances::occupy(realm, task, &instance);
    network::follow_instance(realm, task, &subnets);
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    record.waiting = None;
    let phase = if record.interface {
        Phase::Provisioning
    } else {
        Phase::Pending
    };
    lifecycle::enter(realm, task, phase);
}
