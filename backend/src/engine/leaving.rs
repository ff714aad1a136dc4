//! Which tasks of a service go first when some have to (ecs-semantics.md §3.2, §5.3).

use std::collections::BTreeMap;

use super::instances;
use super::records::{ServiceRecord, TaskRecord};
use super::rolling::Side;
use super::share;
use super::survey::{Class, Member};
use crate::placement::strategies::Placed;
use crate::placement::{Candidate, Strategy};
use crate::world::{Realm, ServiceKey};

/// The tasks of one side that go: so many of each class. Protection keeps all but sick ones (ecs-semantics.md §4.6).
pub fn pick<'m>(
    realm: &mut Realm,
    key: &ServiceKey,
    members: &'m [Member],
    primary: bool,
    counts: Side,
) -> Vec<&'m Member> {
    let classes = [
        (Class::Pending, counts.pending),
        (Class::Sick, counts.sick),
        (Class::Settling, counts.settling),
        (Class::Healthy, counts.healthy),
    ];
    let mut leaving: Vec<&Member> = Vec::new();
    let mut staying: Vec<&Member> = members.iter().collect();
    for (class, count) in classes {
        let may_go = |member: &&Member| class == Class::Sick || !member.protected;
        let mut eligible: Vec<&Member> = members
            .iter()
            .filter(|member| member.primary == primary && member.class == class)
            .filter(may_go)
            .collect();
        for _ in 0..count {
            let Some(index) = next(realm, key, &eligible, &staying) else {
                break;
            };
            let chosen = eligible.remove(index);
            staying.retain(|member| member.task != chosen.task);
            leaving.push(chosen);
        }
    }
    leaving
}

/// The place, among those that may go, of the one that goes first. `staying` are all tasks that are there.
fn next<'m>(
    realm: &mut Realm,
    key: &ServiceKey,
    eligible: &[&'m Member],
    staying: &[&'m Member],
) -> Option<usize> {
    if eligible.len() < 2 {
        return (!eligible.is_empty()).then_some(0);
    }
    let best = {
        let record = realm.services.get(key)?;
        let of_provider = narrow_by_share(realm, record, eligible, staying);
        narrow_by_place(realm, key, record, &of_provider, staying)
    };
    let drawn = usize::try_from(realm.ids.below(best.len() as u64)).unwrap_or_default();
    let chosen = best.get(drawn)?;
    eligible.iter().position(|member| member.task == chosen.task)
}

/// Those on the capacity provider that has too many, so that the strategy's ratio is kept.
fn narrow_by_share<'m>(
    realm: &Realm,
    record: &ServiceRecord,
    eligible: &[&'m Member],
    staying: &[&Member],
) -> Vec<&'m Member> {
    let provider = |member: &Member| {
        realm
            .tasks
            .get(&member.task)
            .and_then(|task| task.task.capacity_provider_name())
    };
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for name in staying.iter().filter_map(|member| provider(member)) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    let over = share::surplus(record.service.capacity_provider_strategy(), &counts);
    let kept: Vec<&Member> = eligible
        .iter()
        .filter(|member| over.is_some() && provider(member) == over)
        .copied()
        .collect();
    if kept.is_empty() { eligible.to_vec() } else { kept }
}

/// Those in the zone that holds the most of the service's tasks, or where its strategies say.
fn narrow_by_place<'m>(
    realm: &Realm,
    key: &ServiceKey,
    record: &ServiceRecord,
    eligible: &[&'m Member],
    staying: &[&'m Member],
) -> Vec<&'m Member> {
    let task = |member: &Member| realm.tasks.get(&member.task);
    let on_fargate = eligible
        .iter()
        .filter_map(|member| task(member))
        .all(TaskRecord::on_fargate);
    if on_fargate {
        let mut zones: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let zone = |member: &Member| task(member).and_then(|task| task.task.availability_zone());
        for member in staying {
            *zones.entry(zone(member)).or_default() += 1;
        }
        let counts = eligible.iter().map(|member| zones.get(&zone(member)).copied());
        let most = counts.max().flatten();
        return eligible
            .iter()
            .filter(|member| zones.get(&zone(member)).copied() == most)
            .copied()
            .collect();
    }
    let candidates: Vec<Candidate<'_>> = instances::candidates(realm, &key.cluster, None, true);
    let by_id: BTreeMap<&str, &Candidate<'_>> = candidates
        .iter()
        .map(|candidate| (candidate.id, candidate))
        .collect();
    let placed = |member: &'m Member| {
        let on = by_id.get(task(member)?.instance.as_deref()?).copied()?;
        let task = &member.task;
        Some(Placed { task, on })
    };
    let there: Vec<Placed<'_>> = staying.iter().filter_map(|member| placed(member)).collect();
    let may_go: Vec<Placed<'_>> = eligible.iter().filter_map(|member| placed(member)).collect();
    let strategies = match record.service.placement_strategy() {
        [] => Strategy::of_services(),
        given => Strategy::of_request(given),
    };
    let demand = eligible
        .first()
        .and_then(|member| task(member))
        .map(|task| task.demand.clone())
        .unwrap_or_default();
    let start: Vec<&Placed<'_>> = may_go.iter().collect();
    let left = strategies.iter().fold(start, |left, strategy| {
        strategy.narrow_leaving(&left, &there, &demand)
    });
    let kept: Vec<&Member> = eligible
        .iter()
        .filter(|member| left.iter().any(|placed| placed.task == member.task))
        .copied()
        .collect();
    if kept.is_empty() { eligible.to_vec() } else { kept }
}
