//! Placement constraints of a definition (ecs-semantics.md §2.11, §5.2).

use super::{Input, Verdict, demand, refuse};
use crate::placement::expression::{Expression, MAX_LENGTH};

/// The most constraints of a definition.
const CONSTRAINTS: usize = 10;

pub(super) fn check(input: &Input) -> Verdict {
    let constraints = input.placement_constraints();
    demand(constraints.len() <= CONSTRAINTS, || {
        format!("A task definition can have at most {CONSTRAINTS} placement constraints.")
    })?;
    for constraint in constraints {
        let expression = constraint.expression().unwrap_or_default();
        demand(!expression.is_empty(), || {
            "A memberOf placement constraint needs an expression.".to_owned()
        })?;
        demand(expression.chars().count() <= MAX_LENGTH, || {
            format!("The expression of a placement constraint has at most {MAX_LENGTH} characters.")
        })?;
        if let Err(error) = Expression::parse(expression) {
            refuse(format!("Invalid placement constraint: {error}"))?;
        }
    }
    Ok(())
}
