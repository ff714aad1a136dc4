use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{Attribute, ContainerInstance, Resource};
use proptest::prelude::*;

use super::Strategy;
use super::strategies::Placed;
use super::*;
use expression::Expression;

/// An instance `i0`, `i1` … in zone `a`, `b` …, with CPU and memory left.
fn instance(index: usize, zone: &str, cpu: i32, memory: i32) -> ContainerInstance {
    let resource = |name: &str, value| {
        Resource::builder()
            .name(name)
            .r#type("INTEGER")
            .integer_value(value)
            .build()
    };
    let attribute = Attribute::builder()
        .name("ecs.availability-zone")
        .value(zone)
        .build()
        .unwrap();
    ContainerInstance::builder()
        .container_instance_arn(format!("i{index}"))
        .agent_connected(true)
        .attributes(attribute)
        .remaining_resources(resource("CPU", cpu))
        .remaining_resources(resource("MEMORY", memory))
        .build()
}

/// Places tasks one after the other; the answer is where each went.
fn place(
    instances: &[ContainerInstance],
    count: usize,
    demand: &Demand,
    constraints: &[Constraint],
    strategies: &[Strategy],
) -> (Vec<String>, Vec<Refusal>) {
    let mut candidates: Vec<Candidate<'_>> = instances
        .iter()
        .map(|instance| Candidate {
            id: instance.container_instance_arn().unwrap(),
            host: Host {
                instance,
                groups: BTreeMap::new(),
            },
            room: Room::of(instance),
        })
        .collect();
    let mut placed = Vec::new();
    for _ in 0..count {
        let wish = Wish {
            demand,
            group: "g",
            attributes: Vec::new(),
            constraints,
            strategies,
        };
        match choose(&candidates, &wish, |_| 0) {
            Err(refusals) => return (placed, refusals),
            Ok(id) => {
                let candidate = candidates
                    .iter_mut()
                    .find(|candidate| candidate.id == id)
                    .unwrap();
                candidate.room.take(demand);
                *candidate.host.groups.entry("g").or_default() += 1;
                placed.push(id.to_owned());
            }
        }
    }
    (placed, Vec::new())
}

fn small() -> Demand {
    Demand {
        cpu: 100,
        memory: 100,
        ..Demand::default()
    }
}

fn four() -> Vec<ContainerInstance> {
    vec![
        instance(0, "a", 400, 900),
        instance(1, "a", 500, 800),
        instance(2, "b", 600, 700),
        instance(3, "b", 700, 600),
    ]
}

#[test]
fn strategies_choose_as_they_say() {
    let zone = || Strategy::Spread("ecs.availability-zone".to_owned());
    let cases = [
        (
            vec![Strategy::BinpackCpu],
            vec!["i0", "i0", "i0", "i0", "i1", "i1"],
        ),
        (
            vec![Strategy::BinpackMemory],
            vec!["i3", "i3", "i3", "i3", "i3", "i3"],
        ),
        (
            vec![Strategy::SpreadInstances],
            vec!["i0", "i1", "i2", "i3", "i0", "i1"],
        ),
        (
            vec![zone(), Strategy::BinpackMemory],
            vec!["i3", "i1", "i3", "i1", "i3", "i1"],
        ),
        (Strategy::of_services(), vec!["i0", "i2", "i1", "i3", "i0", "i2"]),
        (vec![Strategy::Random], vec!["i0", "i0", "i0", "i0", "i1", "i1"]),
    ];
    for (strategies, expected) in cases {
        assert_eq!(
            place(&four(), 6, &small(), &[], &strategies).0,
            expected,
            "{strategies:?}"
        );
    }
}

#[test]
fn one_task_an_instance_until_there_are_no_more() {
    let (placed, refusals) = place(&four(), 5, &small(), &[Constraint::DistinctInstance], &[]);
    assert_eq!(placed.len(), 4);
    assert_eq!(placed.iter().collect::<BTreeSet<_>>().len(), 4);
    assert!(refusals.iter().all(|refusal| refusal.reason == Reason::Distinct));
    assert_eq!(refusals.len(), 4);
}

#[test]
fn a_static_port_is_taken_once_an_instance() {
    let demand = Demand {
        ports: BTreeSet::from([80]),
        ..small()
    };
    let (placed, refusals) = place(&four(), 5, &demand, &[], &[]);
    assert_eq!(placed.len(), 4);
    let reasons: Vec<String> = refusals
        .iter()
        .map(|refusal| refusal.reason.to_string())
        .collect();
    assert_eq!(reasons, vec!["RESOURCE:PORTS"; 4]);
}

#[test]
fn an_instance_is_refused_for_the_first_of_its_faults() {
    let query = |text: &str| Constraint::MemberOf(Expression::parse(text).unwrap());
    let in_zone_c = [query("attribute:ecs.availability-zone == c")];
    assert_eq!(
        place(&four(), 1, &small(), &in_zone_c, &[])
            .1
            .first()
            .unwrap()
            .reason,
        Reason::MemberOf
    );
    let huge = Demand {
        memory: 10_000,
        ..small()
    };
    assert_eq!(
        place(&four(), 1, &huge, &in_zone_c, &[])
            .1
            .first()
            .unwrap()
            .reason
            .to_string(),
        "RESOURCE:MEMORY"
    );
    let mut lost = instance(0, "a", 9, 9);
    lost.agent_connected = false;
    assert_eq!(
        place(&[lost], 1, &huge, &[], &[]).1.first().unwrap().reason,
        Reason::Agent
    );
    assert_eq!(place(&[], 1, &small(), &[], &[]), (vec![], vec![]));

    let instance = instance(0, "a", 1000, 1000);
    let candidate = Candidate {
        id: "i0",
        host: Host {
            instance: &instance,
            groups: BTreeMap::new(),
        },
        room: Room::of(&instance),
    };
    let tiny = Demand {
        cpu: 1,
        memory: 1,
        ..Demand::default()
    };
    let wish = |attributes| Wish {
        demand: &tiny,
        group: "g",
        attributes,
        constraints: &[],
        strategies: &[],
    };
    let reason = |attributes| {
        refusal::reason(
            &candidate,
            &Wish {
                demand: &Demand::default(),
                ..wish(attributes)
            },
        )
    };
    assert_eq!(reason(vec![("ecs.availability-zone", None)]), None);
    assert_eq!(reason(vec![("ecs.availability-zone", Some("a"))]), None);
    assert_eq!(
        reason(vec![("ecs.availability-zone", Some("b"))])
            .unwrap()
            .detail(),
        Some("ecs.availability-zone")
    );
    assert_eq!(
        reason(vec![("ecs.capability.task-eni", None)])
            .unwrap()
            .to_string(),
        "ATTRIBUTE"
    );
}

#[test]
fn tasks_leave_from_where_they_are_missed_least() {
    let instances = four();
    let candidates: Vec<Candidate<'_>> = instances
        .iter()
        .map(|instance| Candidate {
            id: instance.container_instance_arn().unwrap(),
            host: Host {
                instance,
                groups: BTreeMap::new(),
            },
            room: Room::of(instance),
        })
        .collect();
    let on = |task, index: usize| Placed {
        task,
        on: &candidates[index],
    };
    let placed = [on("t0", 0), on("t1", 1), on("t2", 1), on("t3", 2)];
    let leave = |strategies: &[Strategy]| {
        let start: Vec<&Placed<'_>> = placed.iter().collect();
        let left = strategies.iter().fold(start, |left, strategy| {
            strategy.narrow_leaving(&left, &placed, &small())
        });
        left.iter().map(|placed| placed.task).collect::<Vec<_>>()
    };
    assert_eq!(
        leave(&[Strategy::Spread("ecs.availability-zone".to_owned())]),
        ["t0", "t1", "t2"]
    );
    assert_eq!(leave(&Strategy::of_services()), ["t1", "t2"]);
    assert_eq!(leave(&[Strategy::BinpackCpu]), ["t3"]);
    assert_eq!(leave(&[Strategy::BinpackMemory]), ["t0"]);
    assert_eq!(leave(&[Strategy::Random]).len(), 4);
}

proptest! {
    #[test]
    fn no_instance_is_overfilled_and_no_room_is_left_unused(
        rooms in prop::collection::vec((0..1000, 0..1000), 0..6), cpu in 1..400, memory in 1..400, count in 0usize..20,
    ) {
        let instances: Vec<_> =
            rooms.iter().enumerate().map(|(index, (cpu, memory))| instance(index, "a", *cpu, *memory)).collect();
        let demand = Demand { cpu, memory, ..Demand::default() };
        let capacity: i32 = rooms.iter().map(|(c, m)| (c / cpu).min(m / memory)).sum();
        for strategies in [vec![], vec![Strategy::BinpackCpu], vec![Strategy::SpreadInstances], Strategy::of_services()] {
            let (placed, _) = place(&instances, count, &demand, &[], &strategies);
            prop_assert_eq!(placed.len(), count.min(usize::try_from(capacity).unwrap()));
        }
    }

    #[test]
    fn spread_keeps_zones_even(count in 0usize..24) {
        let instances: Vec<_> =
            ["a", "b", "c", "a"].iter().enumerate().map(|(index, zone)| instance(index, zone, 9000, 9000)).collect();
        let (placed, _) = place(&instances, count, &small(), &[], &Strategy::of_services());
        let in_zone = |ids: &[&str]| placed.iter().filter(|id| ids.contains(&id.as_str())).count();
        let zones = [in_zone(&["i0", "i3"]), in_zone(&["i1"]), in_zone(&["i2"])];
        prop_assert!(zones.iter().max().unwrap() - zones.iter().min().unwrap() <= 1, "{:?}", zones);
    }
}
