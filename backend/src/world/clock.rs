//! The world's time: where it comes from, and the two forms in which it is kept.
//!
//! The simulation counts in [`jiff::Timestamp`]; the API's structures hold the SDK's `DateTime`. Nothing in the backend
//! asks the machine for the time: a [`Clock`] is passed in.

use std::sync::Arc;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// Tells the present moment. The binary passes a (sped-up) wall clock, the operator's simulation virtual time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A moment as the API's structures hold it, cut to the milliseconds that ECS sends (ecs-semantics.md §0.1).
pub fn stamp(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

/// The moment that a structure of the API holds; the epoch if it is out of the range of a [`Timestamp`].
pub fn moment(at: &DateTime) -> Timestamp {
    at.to_millis()
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_api_to_the_millisecond() {
        let at: Timestamp = "2026-11-22T02:12:00.123456Z".parse().unwrap();
        assert_eq!(moment(&stamp(at)), "2026-11-22T02:12:00.123Z".parse().unwrap());
        assert_eq!(moment(&DateTime::from_secs(i64::MAX)), Timestamp::default());
    }
}
