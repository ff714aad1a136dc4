//! Constraints: what an instance must be like (ecs-semantics.md §5.1).

use super::Candidate;
use aws_sdk_ecs::types::{PlacementConstraint, TaskDefinition};

use super::expression::Expression;

/// What an instance must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    /// No other task of the same group is on it.
    DistinctInstance,
    /// A query holds on it.
    MemberOf(Expression),
}

impl Constraint {
    /// Whether an instance may take one more task of a group.
    pub fn allows(&self, candidate: &Candidate<'_>, group: &str) -> bool {
        match self {
            Self::DistinctInstance => candidate.host.groups.get(group).is_none_or(|tasks| *tasks == 0),
            Self::MemberOf(query) => candidate.host.satisfies(query),
        }
    }

    /// The constraints of a definition.
    pub fn of_definition(definition: &TaskDefinition) -> Vec<Self> {
        let queries = definition
            .placement_constraints()
            .iter()
            .filter_map(|constraint| constraint.expression());
        queries.map(Self::member_of).collect()
    }

    /// The constraints of a request.
    pub fn of_request(given: &[PlacementConstraint]) -> Vec<Self> {
        let read = |constraint: &PlacementConstraint| match constraint.expression() {
            Some(query) => Self::member_of(query),
            None => Self::DistinctInstance,
        };
        given.iter().map(read).collect()
    }

    /// A query that cannot be read holds nowhere. The operations refuse one; state of an earlier version may have it.
    fn member_of(query: &str) -> Self {
        Self::MemberOf(Expression::parse(query).unwrap_or(Expression::Any(Vec::new())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_query_is_not_left_out() {
        let constraint = PlacementConstraint::builder().expression("tier is gold").build();
        let nowhere = Constraint::MemberOf(Expression::Any(Vec::new()));
        assert_eq!(Constraint::of_request(&[constraint]), [nowhere]);
    }
}
