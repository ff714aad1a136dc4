//! Availability zones of the simulation: a subnet's zone follows from its id, and Fargate spreads over the zones of a
//! task's subnets (ecs-semantics.md §5.4).

use std::collections::BTreeMap;

/// The letters of a region's zones.
const LETTERS: [&str; 3] = ["a", "b", "c"];

/// The zone that a subnet is in: `eu-central-1b`. A subnet whose id ends in one of the letters `a`, `b`, `c` after a dash is
/// in that zone, so that a sample can choose; any other is in one that its id determines.
pub fn zone_of(region: &str, subnet: &str) -> String {
    let named = LETTERS
        .iter()
        .find(|letter| subnet.rsplit('-').next() == Some(**letter));
    let sum = subnet
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_add(byte.into()));
    let letter = named
        .or_else(|| LETTERS.get(sum % LETTERS.len()))
        .copied()
        .unwrap_or("a");
    format!("{region}{letter}")
}

/// The subnet for one more task: in the zone with the fewest tasks, then the one with the fewest, then the first given.
/// `tasks` are the numbers of the group's tasks by subnet.
pub fn spread<'a>(region: &str, subnets: &'a [String], tasks: &BTreeMap<&str, usize>) -> Option<&'a str> {
    let in_subnet = |subnet: &str| tasks.get(subnet).copied().unwrap_or_default();
    let in_zone = |zone: &str| {
        tasks
            .iter()
            .filter(|(subnet, _)| zone_of(region, subnet) == zone)
            .map(|(_, count)| count)
            .sum::<usize>()
    };
    subnets
        .iter()
        .min_by_key(|subnet| (in_zone(&zone_of(region, subnet)), in_subnet(subnet)))
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_spread_over_zones_then_over_subnets() {
        let subnets: Vec<String> = ["subnet-1-a", "subnet-2-a", "subnet-3-b"]
            .map(str::to_owned)
            .to_vec();
        let mut tasks: BTreeMap<&str, usize> = BTreeMap::new();
        for _ in 0..8 {
            let subnet = spread("r", &subnets, &tasks).unwrap();
            *tasks.entry(subnet).or_default() += 1;
        }
        assert_eq!(
            tasks,
            BTreeMap::from([("subnet-1-a", 2), ("subnet-2-a", 2), ("subnet-3-b", 4)])
        );
        assert_eq!(spread("r", &[], &tasks), None);
    }

    #[test]
    fn a_subnet_stays_in_its_zone() {
        assert_eq!(zone_of("eu-west-1", "subnet-b"), "eu-west-1b");
        assert_eq!(
            zone_of("eu-west-1", "subnet-0123"),
            zone_of("eu-west-1", "subnet-0123")
        );
    }
}
