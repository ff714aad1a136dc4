//! Which container instance a task goes to, and which task of a service goes first. Pure (ecs-semantics.md §5).
//!
//! [`choose`] follows ECS's order: instances that have the room, then constraints, then strategies one after the other;
//! what is left is drawn at random.

pub mod constraints;
pub mod expression;
pub mod interfaces;
pub mod refusal;
pub mod resources;
pub mod strategies;
pub mod zones;

pub use constraints::Constraint;
pub use expression::Host;
pub use refusal::{Reason, Refusal};
pub use resources::{Demand, Room};
pub use strategies::Strategy;

/// An instance that a task might go to.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The instance's id.
    pub id: &'a str,
    /// The instance and the groups of its tasks.
    pub host: Host<'a>,
    /// What it has left.
    pub room: Room,
}

/// A task that wants a place.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// What it takes.
    pub demand: &'a Demand,
    /// Its group: `service:NAME`, `family:NAME` or what the caller said.
    pub group: &'a str,
    /// The attributes that its definition requires, with a value where one is required.
    pub attributes: Vec<(&'a str, Option<&'a str>)>,
    /// The constraints of the definition and of the request.
    pub constraints: &'a [Constraint],
    /// The strategies, in order.
    pub strategies: &'a [Strategy],
}

/// The instance that a task goes to. `draw(n)` gives a random number below `n`.
///
/// # Errors
/// Why each instance is out of the question, if all are; empty if there are no instances.
pub fn choose<'a>(
    candidates: &[Candidate<'a>],
    wish: &Wish<'_>,
    draw: impl FnOnce(u64) -> u64,
) -> Result<&'a str, Vec<Refusal>> {
    let (mut fits, mut refusals) = (Vec::new(), Vec::new());
    for candidate in candidates {
        match refusal::reason(candidate, wish) {
            None => fits.push(candidate),
            Some(reason) => {
                let arn = candidate
                    .host
                    .instance
                    .container_instance_arn()
                    .unwrap_or_default()
                    .to_owned();
                refusals.push(Refusal {
                    arn,
                    id: candidate.id.to_owned(),
                    reason,
                });
            }
        }
    }
    for strategy in wish.strategies {
        fits = strategy.narrow(&fits, candidates, wish);
    }
    let drawn = usize::try_from(draw(fits.len() as u64)).unwrap_or_default();
    fits.get(drawn).map(|candidate| candidate.id).ok_or(refusals)
}

#[cfg(test)]
mod tests;
