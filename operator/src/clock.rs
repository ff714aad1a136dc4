//! The time of day, injected: production reads the system's clock, the simulation counts from a fixed moment along
//! tokio's paused time.
//!
//! Durations and deadlines inside the process use `tokio::time::Instant`, which is virtual when tokio's clock is paused.
//! This clock is only for moments that people or AWS see.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;

/// Tells the time of day.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that can be handed to every part of the operator, and to the AWS SDK for its signatures.
#[derive(Debug, Clone)]
pub struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    /// Shares `clock`.
    pub fn new(clock: impl Clock) -> Self {
        Self(Arc::new(clock))
    }

    /// The machine's own clock.
    pub fn system() -> Self {
        Self::new(SystemClock)
    }

    /// A clock that shows `epoch` now and moves with tokio's time, paused or not. Must be called inside a tokio runtime.
    pub fn along_tokio(epoch: Timestamp) -> Self {
        Self::new(TokioClock {
            epoch,
            started: tokio::time::Instant::now(),
        })
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl TimeSource for SharedClock {
    fn now(&self) -> SystemTime {
        SystemTime::from(self.0.now())
    }
}

/// The machine's own clock.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Counts from `epoch` along tokio's time.
#[derive(Debug)]
struct TokioClock {
    epoch: Timestamp,
    started: tokio::time::Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        // Saturates at the end of time rather than wrapping: a simulation does not run for ten thousand years.
        self.epoch
            .saturating_add(self.started.elapsed())
            .unwrap_or(self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_the_paused_time_of_tokio() {
        let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = SharedClock::along_tokio(epoch);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:30Z");
        assert_eq!(TimeSource::now(&clock), SystemTime::from(clock.now()));
    }
}
