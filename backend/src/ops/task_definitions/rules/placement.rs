//! Placement constraints of a definition (ecs-semantics.md §2.11).

use super::{Input, Verdict, demand};

/// The most constraints of a definition.
const CONSTRAINTS: usize = 10;

/// The greatest length of an expression, in characters.
const EXPRESSION: usize = 2000;

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
        demand(expression.chars().count() <= EXPRESSION, || {
            format!("The expression of a placement constraint has at most {EXPRESSION} characters.")
        })?;
    }
    Ok(())
}
