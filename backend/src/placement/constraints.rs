//! Constraints: what an instance must be like (ecs-semantics.md §5.1).

use super::Candidate;
use super::expression::{Expression, ExpressionError};

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

    /// Reads the constraints of a definition.
    ///
    /// # Errors
    /// A query that cannot be read.
    pub fn of_definition(
        definition: &aws_sdk_ecs::types::TaskDefinition,
    ) -> Result<Vec<Self>, ExpressionError> {
        let queries = definition
            .placement_constraints()
            .iter()
            .filter_map(|constraint| constraint.expression());
        queries
            .map(|query| Expression::parse(query).map(Self::MemberOf))
            .collect()
    }

    /// Reads the constraints of a request.
    ///
    /// # Errors
    /// A query that cannot be read.
    pub fn of_request(
        given: &[aws_sdk_ecs::types::PlacementConstraint],
    ) -> Result<Vec<Self>, ExpressionError> {
        let read = |constraint: &aws_sdk_ecs::types::PlacementConstraint| match constraint.expression() {
            Some(query) => Expression::parse(query).map(Self::MemberOf),
            None => Ok(Self::DistinctInstance),
        };
        given.iter().map(read).collect()
    }
}
