//! How tasks are shared out among the capacity providers of a strategy, by base and weight (ecs-semantics.md §6.2). Pure.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::CapacityProviderStrategyItem;

/// The provider of one more task, given how many tasks each has; absent when no weight and no base asks for one.
///
/// Bases come first, then the provider whose tasks above its base are fewest for its weight; ties go to the first in the
/// list. A base counts on a provider of weight 0 too.
pub fn next<'a>(
    strategy: &'a [CapacityProviderStrategyItem],
    tasks: &BTreeMap<String, u32>,
) -> Option<&'a str> {
    let has = |item: &CapacityProviderStrategyItem| {
        i64::from(tasks.get(&item.capacity_provider).copied().unwrap_or_default())
    };
    let short = strategy.iter().find(|item| has(item) < i64::from(item.base));
    let lightest = || {
        let weighted = strategy.iter().filter(|item| item.weight > 0);
        weighted.reduce(|best, item| {
            let above = |item: &CapacityProviderStrategyItem| (has(item) - i64::from(item.base)).max(0) + 1;
            // a / w(a) < b / w(b), without division
            let lighter = above(item) * i64::from(best.weight) < above(best) * i64::from(item.weight);
            if lighter { item } else { best }
        })
    };
    // A weight is asked of a strategy of several providers only.
    let only = || strategy.first().filter(|_| strategy.len() == 1);
    short
        .or_else(lightest)
        .or_else(only)
        .map(CapacityProviderStrategyItem::capacity_provider)
}

/// The provider that one task should leave, so that the ratio is kept: the last one that [`next`] would have filled.
pub fn surplus<'a>(
    strategy: &'a [CapacityProviderStrategyItem],
    tasks: &BTreeMap<String, u32>,
) -> Option<&'a str> {
    let total: u32 = strategy
        .iter()
        .filter_map(|item| tasks.get(&item.capacity_provider))
        .sum();
    let mut ideal = BTreeMap::new();
    for _ in 1..total {
        let provider = next(strategy, &ideal)?;
        *ideal.entry(provider.to_owned()).or_default() += 1;
    }
    let over = |item: &&CapacityProviderStrategyItem| {
        let count = |counts: &BTreeMap<String, u32>| {
            i64::from(counts.get(&item.capacity_provider).copied().unwrap_or_default())
        };
        count(tasks) - count(&ideal)
    };
    strategy
        .iter()
        .max_by_key(over)
        .filter(|item| over(item) > 0)
        .map(CapacityProviderStrategyItem::capacity_provider)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strategy(items: &[(&str, i32, i32)]) -> Vec<CapacityProviderStrategyItem> {
        let item = |(name, base, weight): &(&str, i32, i32)| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(*name)
                .base(*base)
                .weight(*weight)
                .build()
                .unwrap()
        };
        items.iter().map(item).collect()
    }

    fn split(strategy: &[CapacityProviderStrategyItem], count: u32) -> Vec<u32> {
        let mut tasks = BTreeMap::new();
        for _ in 0..count {
            if let Some(provider) = next(strategy, &tasks) {
                *tasks.entry(provider.to_owned()).or_default() += 1;
            }
        }
        strategy
            .iter()
            .map(|item| tasks.get(&item.capacity_provider).copied().unwrap_or_default())
            .collect()
    }

    #[test]
    fn tasks_are_split_by_base_and_weight() {
        let spot = strategy(&[("FARGATE", 1, 1), ("FARGATE_SPOT", 0, 4)]);
        let based = strategy(&[("A", 2, 1), ("B", 0, 3)]);
        let cases = [
            (&spot, 6, vec![2, 4]),
            (&spot, 11, vec![3, 8]),
            (&strategy(&[("A", 0, 1), ("B", 0, 1)]), 5, vec![3, 2]),
            (&strategy(&[("A", 0, 1), ("B", 0, 4)]), 10, vec![2, 8]),
            (&based, 1, vec![1, 0]),
            (&based, 2, vec![2, 0]),
            (&based, 6, vec![3, 3]),
            (&strategy(&[("A", 5, 0), ("B", 0, 1)]), 7, vec![5, 2]),
            (&strategy(&[("A", 0, 0), ("B", 0, 0)]), 3, vec![0, 0]),
            (&strategy(&[("A", 0, 0)]), 3, vec![3]),
        ];
        for (strategy, count, expected) in cases {
            assert_eq!(split(strategy, count), expected, "{strategy:?} {count}");
        }
    }

    proptest! {
        #[test]
        fn taking_the_surplus_away_keeps_the_split(
            base in 0..4, weights in prop::collection::vec(1..6, 1..4), count in 1u32..30,
        ) {
            let names = ["A", "B", "C"];
            let items: Vec<_> = weights.iter().zip(names).enumerate()
                .map(|(index, (weight, name))| (name, if index == 0 { base } else { 0 }, *weight)).collect();
            let strategy = strategy(&items);
            let counts = split(&strategy, count);
            let mut tasks: BTreeMap<String, u32> = names.iter().map(|name| (*name).to_owned()).zip(counts).collect();
            let leaves = surplus(&strategy, &tasks).unwrap().to_owned();
            *tasks.get_mut(&leaves).unwrap() -= 1;
            let left: Vec<u32> = items.iter().map(|(name, ..)| tasks[*name]).collect();
            prop_assert_eq!(left, split(&strategy, count - 1));
        }
    }
}
