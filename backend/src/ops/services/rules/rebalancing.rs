//! Rebalancing of availability zones (ecs-semantics.md §3.1, item 15, and §3.11).

use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, LoadBalancer, PlacementConstraint, PlacementStrategy, PlacementStrategyType,
};

use crate::fault::Fault;

/// The attribute that says an instance's zone.
const ZONE: &str = "attribute:ecs.availability-zone";

/// What of a service decides whether it can be rebalanced.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The greatest percentage of tasks.
    pub maximum_percent: Option<i32>,
    /// The load balancers.
    pub balancers: &'a [LoadBalancer],
    /// The placement constraints.
    pub constraints: &'a [PlacementConstraint],
    /// The placement strategies.
    pub strategies: &'a [PlacementStrategy],
}

/// Whether a service is rebalanced: as it says; if it says nothing, where it can be.
///
/// # Errors
/// `InvalidParameterException` if it says so and cannot be.
pub fn resolve(
    given: Option<&AvailabilityZoneRebalancing>,
    subject: Subject<'_>,
) -> Result<AvailabilityZoneRebalancing, Fault> {
    match (given, obstacle(subject)) {
        (Some(AvailabilityZoneRebalancing::Enabled), Some(obstacle)) => Err(Fault::invalid(format!(
            "Availability Zone Rebalancing does not support {obstacle}."
        ))),
        (Some(given), _) => Ok(given.clone()),
        (None, None) => Ok(AvailabilityZoneRebalancing::Enabled),
        (None, Some(_)) => Ok(AvailabilityZoneRebalancing::Disabled),
    }
}

/// What is in the way of rebalancing.
fn obstacle(subject: Subject<'_>) -> Option<&'static str> {
    let over_zones = |strategy: &PlacementStrategy| {
        strategy.r#type() == Some(&PlacementStrategyType::Spread) && strategy.field() == Some(ZONE)
    };
    let of_zones =
        |constraint: &PlacementConstraint| constraint.expression().is_some_and(|query| query.contains(ZONE));
    if subject.maximum_percent.unwrap_or(200) <= 100 {
        Some("maximumPercent <= 100 % as deployment configuration")
    } else if subject.strategies.first().is_some_and(|first| !over_zones(first)) {
        Some("a placement strategy that does not begin with a spread over attribute:ecs.availability-zone")
    } else if subject
        .balancers
        .iter()
        .any(|balancer| balancer.load_balancer_name().is_some())
    {
        Some("Classic Load Balancers")
    } else if subject.constraints.iter().any(of_zones) {
        Some("placement constraints on attribute:ecs.availability-zone")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use AvailabilityZoneRebalancing::{Disabled, Enabled};

    use super::*;

    #[test]
    fn some_services_cannot_be_rebalanced() {
        let strategy = |kind: PlacementStrategyType, field: &str| {
            vec![PlacementStrategy::builder().r#type(kind).field(field).build()]
        };
        let constraint = |query: &str| vec![PlacementConstraint::builder().expression(query).build()];
        let classic = vec![LoadBalancer::builder().load_balancer_name("old").build()];
        let group = vec![LoadBalancer::builder().target_group_arn("arn").build()];
        let cases = [
            (None, vec![], vec![], vec![], true),
            (Some(100), vec![], vec![], vec![], false),
            (Some(101), vec![], vec![], vec![], true),
            (None, group, vec![], vec![], true),
            (None, classic, vec![], vec![], false),
            (None, vec![], constraint("attribute:rack == 1"), vec![], true),
            (
                None,
                vec![],
                constraint("attribute:ecs.availability-zone == a"),
                vec![],
                false,
            ),
            (
                None,
                vec![],
                vec![],
                strategy(PlacementStrategyType::Spread, ZONE),
                true,
            ),
            (
                None,
                vec![],
                vec![],
                strategy(PlacementStrategyType::Spread, "instanceId"),
                false,
            ),
            (
                None,
                vec![],
                vec![],
                strategy(PlacementStrategyType::Binpack, "cpu"),
                false,
            ),
        ];
        for (maximum_percent, balancers, constraints, strategies, possible) in cases {
            let subject = Subject {
                maximum_percent,
                balancers: &balancers,
                constraints: &constraints,
                strategies: &strategies,
            };
            let default = if possible { Enabled } else { Disabled };
            assert_eq!(resolve(None, subject).unwrap(), default, "{subject:?}");
            assert_eq!(resolve(Some(&Enabled), subject).is_ok(), possible, "{subject:?}");
            assert_eq!(
                resolve(Some(&Disabled), subject).unwrap(),
                Disabled,
                "{subject:?}"
            );
        }
    }
}
