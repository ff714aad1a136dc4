//! Placement constraints and strategies (ecs-semantics.md §3.1, item 13, and §5).

use aws_sdk_ecs::types::{
    PlacementConstraint, PlacementConstraintType, PlacementStrategy, PlacementStrategyType,
};

use crate::fault::Fault;
use crate::placement::expression::Expression;

/// Constraints and strategies are well formed; Fargate has neither.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check(
    constraints: &[PlacementConstraint],
    strategies: &[PlacementStrategy],
    fargate: bool,
) -> Result<(), Fault> {
    if fargate && !constraints.is_empty() {
        return Err(Fault::invalid(
            "Placement constraints are not supported with FARGATE launch type.",
        ));
    }
    if fargate && !strategies.is_empty() {
        return Err(Fault::invalid(
            "Placement strategies are not supported with FARGATE launch type.",
        ));
    }
    if strategies.len() > 5 {
        return Err(Fault::invalid("Maximum number of strategies is 5"));
    }
    if constraints.len() > 10 {
        return Err(Fault::invalid("Maximum number of constraints is 10"));
    }
    constraints.iter().try_for_each(constraint)?;
    strategies.iter().try_for_each(strategy)
}

fn constraint(given: &PlacementConstraint) -> Result<(), Fault> {
    match (given.r#type(), given.expression()) {
        (Some(PlacementConstraintType::DistinctInstance), None) => Ok(()),
        (Some(PlacementConstraintType::DistinctInstance), Some(_)) => Err(Fault::invalid(
            "distinctInstance expression should not be specified",
        )),
        (Some(PlacementConstraintType::MemberOf), Some(query)) => match Expression::parse(query) {
            Ok(_) => Ok(()),
            Err(error) => Err(Fault::invalid(format!("Invalid placement constraint: {error}"))),
        },
        (Some(PlacementConstraintType::MemberOf), None) => {
            Err(Fault::invalid("memberOf expression should be specified"))
        }
        _ => Err(Fault::invalid(
            "Placement constraint type should be one of [distinctInstance,memberOf]",
        )),
    }
}

fn strategy(given: &PlacementStrategy) -> Result<(), Fault> {
    let field = given.field().unwrap_or_default();
    match given.r#type() {
        Some(PlacementStrategyType::Random) if given.field().is_some() => {
            Err(Fault::invalid("random field should not be specified"))
        }
        Some(PlacementStrategyType::Random) => Ok(()),
        Some(PlacementStrategyType::Binpack)
            if field.eq_ignore_ascii_case("cpu") || field.eq_ignore_ascii_case("memory") =>
        {
            Ok(())
        }
        Some(PlacementStrategyType::Binpack) => {
            Err(Fault::invalid(format!("binpack field '{field}' is invalid")))
        }
        Some(PlacementStrategyType::Spread)
            if matches!(field, "instanceId" | "host") || field.starts_with("attribute:") =>
        {
            Ok(())
        }
        Some(PlacementStrategyType::Spread) => {
            Err(Fault::invalid(format!("spread field '{field}' is invalid")))
        }
        _ => Err(Fault::invalid(
            "Placement strategy type should be one of [random,spread,binpack]",
        )),
    }
}
