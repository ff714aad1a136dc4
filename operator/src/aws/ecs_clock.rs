//! What time it is at ECS, which stamps deployments by its own clock and not by ours.
//!
//! A moment of the spec (`restartAt`) is compared with moments that ECS wrote down (`createdAt`). Held against our own
//! clock it would come too early where that is ahead: each deployment that it starts would still be older than the moment,
//! and be followed by another (design.md §9, situation 20). So the `Date` of every answer is noted, and time is counted
//! on from there. `Date` has whole seconds, cut off: the result is never ahead of ECS.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::time::Instant;

/// The clock of one endpoint, as its answers show it.
#[derive(Debug, Default)]
pub struct EcsClock {
    shown: Mutex<Option<Shown>>,
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    date: Timestamp,
    at: Instant,
}

impl EcsClock {
    /// Notes the `Date` header of an answer that arrived now; what is no date is passed over.
    pub fn note(&self, date: &str) {
        if let Ok(date) = DateTimeParser::new().parse_timestamp(date) {
            let shown = Shown {
                date,
                at: Instant::now(),
            };
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        }
    }

    /// The present moment at ECS, or up to a second before it; `None` before the first answer.
    pub fn now(&self) -> Option<Timestamp> {
        let shown = (*self.shown.lock().unwrap_or_else(PoisonError::into_inner))?;
        shown.date.checked_add(shown.at.elapsed()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counts_on_from_the_newest_date() {
        let clock = EcsClock::default();
        assert_eq!(clock.now(), None);
        clock.note("Thu, 01 Jan 2026 00:10:00 GMT");
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.now().unwrap().to_string(), "2026-01-01T00:10:01.5Z");
        clock.note("no date at all");
        assert!(clock.now().is_some());
        clock.note("Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(clock.now().unwrap().to_string(), "2026-01-01T00:00:00Z");
    }
}
