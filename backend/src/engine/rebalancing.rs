//! Rebalancing of availability zones (ecs-semantics.md §3.11): where the tasks of a steady service are spread unevenly, one
//! is started in the zone that has the fewest, and when it is healthy one leaves the zone that has the most.
//!
//! Services of several capacity providers are left alone: their tasks are shared out by provider first.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{AvailabilityZoneRebalancing, LaunchType};
use jiff::Timestamp;

use super::event_log::{self, Gravity};
use super::records::ServiceRecord;
use super::survey::{Class, Member, Survey};
use super::{instances, scheduler, starting, told};
use crate::placement::zones;
use crate::world::{Realm, ServiceKey};

/// The zones with the most and the fewest tasks, if the difference is more than rounding.
pub fn uneven(tasks: &BTreeMap<String, u32>) -> Option<(&str, &str)> {
    let fullest = tasks.iter().max_by_key(|(_, count)| **count)?;
    let emptiest = tasks.iter().min_by_key(|(_, count)| **count)?;
    (fullest.1 - emptiest.1 > 1).then_some((fullest.0.as_str(), emptiest.0.as_str()))
}

/// How many tasks a service has for a while beyond those that it wants: the one that is to take another's place, until it
/// is healthy.
pub fn extra(record: &ServiceRecord, members: &[Member]) -> u32 {
    let comes = |member: &&Member| {
        record.rebalancing.as_ref() == Some(&member.task)
            && member.primary
            && matches!(member.class, Class::Pending | Class::Settling)
    };
    u32::from(members.iter().any(|member| comes(&member)))
}

/// Looks at a service that has been steady since a moment: begins to rebalance it, goes on, or has done so. The answer is when
/// to look again, if that is later.
pub fn look(realm: &mut Realm, key: &ServiceKey, seen: &Survey, since: Timestamp) -> Option<Timestamp> {
    let now = realm.now;
    let begins = since.checked_add(realm.timing.zone_rebalancing).ok()?;
    let before = realm
        .services
        .get_mut(key)
        .and_then(|record| record.rebalancing.take());
    let record = realm.services.get(key)?;
    let wanted = record.service.availability_zone_rebalancing()
        == Some(&AvailabilityZoneRebalancing::Enabled)
        && record.service.capacity_provider_strategy().len() <= 1
        && seen.view.may_start
        && seen.view.bounds.upper > seen.view.desired;
    let tasks = tasks_by_zone(realm, key, record, seen);
    let Some((fullest, emptiest)) = uneven(&tasks) else {
        if before.is_some() {
            tell(realm, key, "SERVICE_REBALANCING_COMPLETED");
        }
        return None;
    };
    let wanted = wanted && may_leave(realm, seen, fullest);
    if wanted && before.is_none() && now < begins {
        return Some(begins);
    }
    let started = if wanted {
        starting::start_in(realm, key, emptiest)
    } else {
        None
    };
    match (started, before) {
        (None, None) => {}
        (None, Some(_)) => tell(realm, key, "SERVICE_REBALANCING_STOPPED"),
        (Some(task), before) => {
            if before.is_none() {
                tell(realm, key, "SERVICE_REBALANCING_STARTED");
            }
            told::tell_started(realm, key, std::slice::from_ref(&task), 0);
            if let Some(record) = realm.services.get_mut(key) {
                record.rebalancing = Some(task);
                record.steady = false;
                record.settled_since = None;
            }
            scheduler::wake(realm, key);
        }
    }
    None
}

/// A deployment has begun: it spreads the tasks anew.
pub fn stop(realm: &mut Realm, key: &ServiceKey) {
    let record = realm.services.get_mut(key);
    if record.is_some_and(|record| record.rebalancing.take().is_some()) {
        tell(realm, key, "SERVICE_REBALANCING_STOPPED");
    }
}

/// An instance of a cluster has come or has changed: services on instances may be spread better now.
pub fn instance_changed(realm: &mut Realm, cluster: &str) {
    let enabled = |record: &ServiceRecord| {
        record.is_active()
            && record.service.availability_zone_rebalancing() == Some(&AvailabilityZoneRebalancing::Enabled)
            && starting::launch_type(&record.service) == LaunchType::Ec2
    };
    let services: Vec<ServiceKey> = super::hooks::services_of(realm, cluster)
        .filter(|(_, record)| enabled(record))
        .map(|(key, _)| key.clone())
        .collect();
    for key in services {
        scheduler::wake(realm, &key);
    }
}

fn tell(realm: &mut Realm, key: &ServiceKey, name: &str) {
    event_log::service_action(realm, key, Gravity::Info, name, None);
}

/// How many tasks there are in each zone that could have some.
fn tasks_by_zone(
    realm: &Realm,
    key: &ServiceKey,
    record: &ServiceRecord,
    seen: &Survey,
) -> BTreeMap<String, u32> {
    let mut tasks: BTreeMap<String, u32> = zones_of(realm, key, record)
        .into_iter()
        .map(|zone| (zone, 0))
        .collect();
    for member in &seen.members {
        let zone = zone_of(realm, member);
        if let Some(count) = zone.and_then(|zone| tasks.get_mut(zone)) {
            *count += 1;
        }
    }
    tasks
}

fn zone_of<'a>(realm: &'a Realm, member: &Member) -> Option<&'a str> {
    realm.tasks.get(&member.task)?.task.availability_zone()
}

/// The zones of a service: those of its subnets on Fargate, those of the instances that take tasks otherwise.
fn zones_of(realm: &Realm, key: &ServiceKey, record: &ServiceRecord) -> BTreeSet<String> {
    if starting::launch_type(&record.service) == LaunchType::Fargate {
        let network = record.service.network_configuration();
        let subnets = network.and_then(|network| network.awsvpc_configuration());
        let subnets = subnets
            .map(|network| network.subnets.as_slice())
            .unwrap_or_default();
        return subnets
            .iter()
            .map(|subnet| zones::zone_of(&realm.id.region, subnet))
            .collect();
    }
    let provider = record.service.capacity_provider_strategy().first();
    let provider = provider.map(|item| item.capacity_provider.as_str());
    instances::candidates(realm, &key.cluster, provider, false)
        .iter()
        .filter(|candidate| candidate.host.instance.agent_connected)
        .filter_map(|candidate| candidate.host.attribute("ecs.availability-zone"))
        .map(str::to_owned)
        .collect()
}

/// Whether a task of a zone may make way: without one, a task that comes would be the one that goes.
fn may_leave(realm: &Realm, seen: &Survey, zone: &str) -> bool {
    let mut members = seen.members.iter();
    members.any(|member| member.primary && !member.protected && zone_of(realm, member) == Some(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_even_up_to_rounding() {
        let cases = [
            (vec![], None),
            (vec![("a", 7)], None),
            (vec![("a", 1), ("b", 0)], None),
            (vec![("a", 2), ("b", 0)], Some(("a", "b"))),
            (vec![("a", 2), ("b", 1), ("c", 2)], None),
            (vec![("a", 1), ("b", 3), ("c", 2)], Some(("b", "a"))),
        ];
        for (counts, expected) in cases {
            let tasks: BTreeMap<String, u32> = counts
                .iter()
                .map(|(zone, count)| ((*zone).to_owned(), *count))
                .collect();
            assert_eq!(uneven(&tasks), expected, "{counts:?}");
        }
    }
}
