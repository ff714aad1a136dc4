//! Strategies: which of the possible instances is best, and which task goes first (ecs-semantics.md §5.3).

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{PlacementStrategy, PlacementStrategyType};

use super::{Candidate, Demand, Room, Wish};

/// One step of choosing among instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// No preference.
    Random,
    /// The instance that has the least CPU left.
    BinpackCpu,
    /// The instance that has the least memory left.
    BinpackMemory,
    /// The instance that has the fewest tasks of the group.
    SpreadInstances,
    /// Instances whose value of an attribute has the fewest tasks of the group.
    Spread(String),
}

/// A task that could be stopped, and where it is.
#[derive(Debug, Clone)]
pub struct Placed<'a> {
    /// The task's id.
    pub task: &'a str,
    /// The instance that it is on.
    pub on: &'a Candidate<'a>,
}

impl Strategy {
    /// What a service without strategies does: spread over zones, then over instances.
    pub fn of_services() -> Vec<Self> {
        vec![
            Self::Spread("ecs.availability-zone".to_owned()),
            Self::SpreadInstances,
        ]
    }

    /// Reads strategies. One that is none of ECS's is left out: the operations have refused it.
    pub fn of_request(given: &[PlacementStrategy]) -> Vec<Self> {
        given.iter().filter_map(Self::read).collect()
    }

    fn read(given: &PlacementStrategy) -> Option<Self> {
        let field = given.field().unwrap_or_default();
        match given.r#type()? {
            PlacementStrategyType::Random => Some(Self::Random),
            PlacementStrategyType::Binpack if field.eq_ignore_ascii_case("cpu") => Some(Self::BinpackCpu),
            PlacementStrategyType::Binpack if field.eq_ignore_ascii_case("memory") => {
                Some(Self::BinpackMemory)
            }
            PlacementStrategyType::Spread if matches!(field, "instanceId" | "host") => {
                Some(Self::SpreadInstances)
            }
            PlacementStrategyType::Spread => field
                .strip_prefix("attribute:")
                .map(|name| Self::Spread(name.to_owned())),
            _ => None,
        }
    }

    /// The instances that are best, of those that are possible; `all` are those that tasks are counted on.
    pub fn narrow<'c, 'a>(
        &self,
        possible: &[&'c Candidate<'a>],
        all: &[Candidate<'a>],
        wish: &Wish<'_>,
    ) -> Vec<&'c Candidate<'a>> {
        match self {
            Self::Random => possible.to_vec(),
            Self::BinpackCpu => least(possible, |candidate| i64::from(candidate.room.cpu)),
            Self::BinpackMemory => least(possible, |candidate| i64::from(candidate.room.memory)),
            Self::SpreadInstances => least(possible, |candidate| tasks_of(candidate, wish.group)),
            Self::Spread(attribute) => {
                let counts = counts_by(all, attribute, wish.group);
                least(possible, |candidate| bin_count(&counts, candidate, attribute))
            }
        }
    }

    /// The tasks that should go first, of those that may go; each gives back `demand`. How full a place is says `there`, all
    /// tasks of the service: protected ones count too.
    pub fn narrow_leaving<'p, 'a>(
        &self,
        leaving: &[&'p Placed<'a>],
        there: &[Placed<'a>],
        demand: &Demand,
    ) -> Vec<&'p Placed<'a>> {
        let on_bin = |bin: &dyn Fn(&Placed<'a>) -> Option<&'a str>| {
            let mut counts: BTreeMap<Option<&str>, i64> = BTreeMap::new();
            for placed in there {
                *counts.entry(bin(placed)).or_default() += 1;
            }
            leaving
                .iter()
                .map(|placed| counts.get(&bin(placed)).copied().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        let after = |room: &Room| {
            (
                i64::from(room.cpu) + i64::from(demand.cpu),
                i64::from(room.memory) + i64::from(demand.memory),
            )
        };
        let scores: Vec<i64> = match self {
            Self::Random => return leaving.to_vec(),
            Self::BinpackCpu => leaving.iter().map(|placed| after(&placed.on.room).0).collect(),
            Self::BinpackMemory => leaving.iter().map(|placed| after(&placed.on.room).1).collect(),
            Self::SpreadInstances => on_bin(&|placed| Some(placed.on.id)),
            Self::Spread(attribute) => on_bin(&|placed| placed.on.host.attribute(attribute)),
        };
        let most = scores.iter().max().copied();
        leaving
            .iter()
            .zip(scores)
            .filter(|(_, score)| Some(*score) == most)
            .map(|(placed, _)| *placed)
            .collect()
    }
}

fn least<'c, 'a>(
    possible: &[&'c Candidate<'a>],
    score: impl Fn(&Candidate<'a>) -> i64,
) -> Vec<&'c Candidate<'a>> {
    let Some(best) = possible.iter().map(|candidate| score(candidate)).min() else {
        return Vec::new();
    };
    possible
        .iter()
        .filter(|candidate| score(candidate) == best)
        .copied()
        .collect()
}

fn tasks_of(candidate: &Candidate<'_>, group: &str) -> i64 {
    candidate
        .host
        .groups
        .get(group)
        .copied()
        .unwrap_or_default()
        .into()
}

fn counts_by<'a>(all: &'a [Candidate<'_>], attribute: &str, group: &str) -> BTreeMap<Option<&'a str>, i64> {
    let mut counts = BTreeMap::new();
    for candidate in all {
        *counts.entry(candidate.host.attribute(attribute)).or_default() += tasks_of(candidate, group);
    }
    counts
}

fn bin_count(counts: &BTreeMap<Option<&str>, i64>, candidate: &Candidate<'_>, attribute: &str) -> i64 {
    // An instance without the attribute is the last choice: it is in no bin.
    match candidate.host.attribute(attribute) {
        None => i64::MAX,
        value => counts.get(&value).copied().unwrap_or_default(),
    }
}
