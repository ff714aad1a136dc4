//! The world's time: tokio's paused clock, read as wall time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Virtual wall time. It moves only when every task waits.
#[derive(Clone, Debug)]
pub(crate) struct VirtualClock {
    began: Instant,
    epoch: Timestamp,
    skew_seconds: Arc<AtomicI64>,
}

impl VirtualClock {
    /// A clock that now shows the first second of 2026.
    pub(crate) fn start() -> Self {
        Self {
            began: Instant::now(),
            epoch: "2026-01-01T00:00:00Z".parse().expect("a timestamp"),
            skew_seconds: Arc::default(),
        }
    }

    /// The same time, read by a machine whose clock can be set apart with [`VirtualClock::skew`].
    pub(crate) fn on_another_machine(&self) -> Self {
        Self {
            skew_seconds: Arc::default(),
            ..self.clone()
        }
    }

    /// Sets this machine's clock apart by some seconds.
    pub(crate) fn skew(&self, seconds: i64) {
        self.skew_seconds.store(seconds, Ordering::Relaxed);
    }

    /// How long the world has existed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The wall time.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).expect("in range");
        let skew = SignedDuration::from_secs(self.skew_seconds.load(Ordering::Relaxed));
        self.epoch + elapsed + skew
    }
}
