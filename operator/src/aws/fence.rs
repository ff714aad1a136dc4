//! The fence: no mutating request leaves this process unless it leads, and none is waited for longer than the lead lasts.
//!
//! Checked in the HTTP connector before each attempt, after queueing and signing, so that a process which froze with a
//! request in hand (design.md §9, situation 13) does not send it on waking.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// A request was held back because this process does not lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this replica does not hold the lease, so it sends nothing that changes anything")]
pub struct Fenced;

/// Until when this process leads: `None` while it does not.
pub type Lead = Option<Instant>;

/// Knows whether this process leads.
#[derive(Debug, Clone)]
pub struct Fence(Option<watch::Receiver<Lead>>);

impl Fence {
    /// A fence that follows an election.
    pub fn following(lead: watch::Receiver<Lead>) -> Self {
        Self(Some(lead))
    }

    /// No fence: for a single process without election, and for tests.
    pub fn open() -> Self {
        Self(None)
    }

    /// How long the lead still lasts at least.
    ///
    /// # Errors
    /// [`Fenced`] when this process does not lead, or did so until now.
    pub fn remaining(&self) -> Result<Duration, Fenced> {
        let Some(lead) = &self.0 else {
            return Ok(Duration::MAX);
        };
        let until = *lead.borrow();
        let remaining = until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        });
        if remaining.is_zero() {
            Err(Fenced)
        } else {
            Ok(remaining)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn closes_when_the_lead_runs_out_even_if_nobody_says_so() {
        let (sender, receiver) = watch::channel(None);
        let fence = Fence::following(receiver);
        assert_eq!(fence.remaining(), Err(Fenced));
        sender.send_replace(Some(Instant::now() + Duration::from_secs(10)));
        assert_eq!(fence.remaining(), Ok(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(fence.remaining(), Err(Fenced));
        assert!(Fence::open().remaining().is_ok());
    }
}
