//! The request budget: one token bucket per API family, account and region, at half of what ECS documents
//! (ecs-semantics.md §7.1), so that people and pipelines in the same account still get through.
//!
//! ECS counts reads and writes of a family apart, and so do we: sweeps never hold up a write. Requests wait in the order
//! in which they came. When ECS throttles all the same (others use the account too), the family slows down and recovers.
//! Time is tokio's, hence virtual in the simulation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::operation::{Family, Rate};

/// The longest a request may queue. Signatures are good for five minutes, and a pass over an object ends before that.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// After a throttled answer a family sends at this share of its pace …
const SLOWEST_SHARE: f64 = 1.0 / 8.0;
/// … and doubles it after each such time without another one.
const RECOVERY: Duration = Duration::from_secs(10);

/// The request was not sent because too many were queued before it.
#[derive(Debug, thiserror::Error)]
#[error("the request budget of {family:?} is used up for the next {} s", .wait.as_secs())]
pub struct Exhausted {
    /// The bucket.
    pub family: Family,
    /// How long the request would have had to wait.
    pub wait: Duration,
}

/// The budget of one account and region.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    share: f64,
    buckets: BTreeMap<Family, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    /// May be negative: requests that wait have already been paid for.
    tokens: f64,
    filled_at: Instant,
    pace: f64,
    throttled_at: Instant,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of_share(0.5)
    }
}

impl Budget {
    /// A budget of `share` of the documented rates: 0.01 to 100, where more than 1 is for quotas that AWS has raised.
    pub fn of_share(share: f64) -> Self {
        Self {
            state: Mutex::new(State {
                share: share.clamp(0.01, 100.0),
                buckets: BTreeMap::new(),
            }),
        }
    }

    /// Changes the share; buckets that have been used go on with what they hold.
    pub fn set_share(&self, share: f64) {
        let share = share.clamp(0.01, 100.0);
        let mut state = self.lock();
        if (state.share - share).abs() > f64::EPSILON {
            state.share = share;
            let now = Instant::now();
            for (family, bucket) in &mut state.buckets {
                // The time until now was at the old rate.
                bucket.refill(now);
                bucket.rate = share_of(family.documented(), share);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request of this family may be sent.
    ///
    /// # Errors
    /// [`Exhausted`] when the queue is longer than a minute; nothing is taken then.
    pub async fn take(&self, family: Family) -> Result<(), Exhausted> {
        let wait = self.reserve(family, Instant::now())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Notes that ECS throttled a request of this family: from now on it goes slower, and nothing saved up is left.
    pub fn throttled(&self, family: Family) {
        self.with(family, Instant::now(), |bucket, now| {
            bucket.tokens = bucket.tokens.min(0.0);
            bucket.pace = (bucket.pace / 2.0).max(SLOWEST_SHARE);
            bucket.throttled_at = now;
        });
    }

    fn reserve(&self, family: Family, now: Instant) -> Result<Duration, Exhausted> {
        self.with(family, now, |bucket, _| {
            let short = 1.0 - bucket.tokens;
            let wait = Duration::from_secs_f64((short / bucket.per_second()).max(0.0));
            if wait > LONGEST_WAIT {
                return Err(Exhausted { family, wait });
            }
            bucket.tokens -= 1.0;
            Ok(wait)
        })
    }

    fn with<T>(&self, family: Family, now: Instant, then: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let mut state = self.lock();
        let share = state.share;
        let bucket = state
            .buckets
            .entry(family)
            .or_insert_with(|| Bucket::full(share_of(family.documented(), share), now));
        bucket.refill(now);
        then(bucket, now)
    }
}

fn share_of(documented: Rate, share: f64) -> Rate {
    Rate {
        burst: (documented.burst * share).max(1.0),
        per_second: documented.per_second * share,
    }
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            tokens: rate.burst,
            filled_at: now,
            pace: 1.0,
            throttled_at: now,
        }
    }

    fn per_second(&self) -> f64 {
        self.rate.per_second * self.pace
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second()).min(self.rate.burst);
        self.filled_at = now;
        while self.pace < 1.0 && now.saturating_duration_since(self.throttled_at) >= RECOVERY {
            self.pace = (self.pace * 2.0).min(1.0);
            self.throttled_at += RECOVERY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(budget: &Budget, family: Family, requests: usize) -> f64 {
        let started = Instant::now();
        for _ in 0..requests {
            budget.take(family).await.unwrap();
        }
        started.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_the_documented_burst_goes_at_once_and_the_rest_at_half_the_rate() {
        let budget = Budget::default();
        assert!(seconds_for(&budget, Family::ServiceModify, 25).await < 0.01);
        let ten_more = seconds_for(&budget, Family::ServiceModify, 10).await;
        assert!((3.9..4.2).contains(&ten_more), "2.5 a second, took {ten_more}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sweep_does_not_hold_up_a_write() {
        let budget = Budget::default();
        seconds_for(&budget, Family::ServiceRead, 60).await;
        assert!(seconds_for(&budget, Family::ServiceModify, 1).await < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn too_long_a_queue_is_an_error_and_takes_nothing() {
        let budget = Budget::default();
        let now = Instant::now();
        let mut accepted = 0;
        while budget.reserve(Family::ClusterModify, now).is_ok() {
            accepted += 1;
        }
        assert_eq!(
            accepted, 40,
            "10 at once and 30 in a minute at one every two seconds"
        );
        let before = budget.reserve(Family::ClusterModify, now).unwrap_err().wait;
        let after = budget.reserve(Family::ClusterModify, now).unwrap_err().wait;
        assert_eq!(before, after);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_family_slows_down_and_recovers() {
        let budget = Budget::default();
        budget.throttled(Family::ServiceRead);
        let slow = seconds_for(&budget, Family::ServiceRead, 10).await;
        assert!((1.9..2.2).contains(&slow), "5 a second, took {slow}");
        tokio::time::advance(RECOVERY * 2).await;
        seconds_for(&budget, Family::ServiceRead, 50).await;
        let fast = seconds_for(&budget, Family::ServiceRead, 10).await;
        assert!((0.9..1.2).contains(&fast), "10 a second again, took {fast}");
    }
}
