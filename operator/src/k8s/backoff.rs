//! How long an object whose passes fail is left alone.
//!
//! Measured from the first failure of the row rather than counted, since any watch event may cut a pause short
//! (engineering.md §1.3): the pause is a random share of the time that the object has been failing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest first pause.
const BASE: Duration = Duration::from_secs(1);
/// The longest pause of all.
const CAP: Duration = Duration::from_mins(5);
/// For how long an attempt is remembered.
const FORGOTTEN: Duration = Duration::from_hours(24);
/// The longest first pause where only a person or another object can heal it.
const SLOW_BASE: Duration = Duration::from_secs(15);

/// The failing objects, by UID.
#[derive(Debug)]
pub struct Backoff {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    failing_since: BTreeMap<String, Instant>,
    tried: BTreeMap<String, Instant>,
    random: SplitMix,
}

impl Backoff {
    /// Nothing fails yet. `seed` decides all randomness.
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: Mutex::new(State {
                failing_since: BTreeMap::new(),
                tried: BTreeMap::new(),
                random: SplitMix(seed),
            }),
        }
    }

    /// Notes a failure and says how long to wait: up to 1 s at first, then up to as long as it has been failing, at most 5 min.
    pub fn failed(&self, uid: &str) -> Duration {
        let mut state = self.lock();
        let ceiling = state.failing_for(uid).clamp(BASE, CAP);
        ceiling.mul_f64(state.random.fraction())
    }

    /// The same for what a retry alone will hardly heal: between 7.5 s and 5 min.
    pub fn refused(&self, uid: &str) -> Duration {
        let mut state = self.lock();
        let ceiling = state.failing_for(uid).clamp(SLOW_BASE, CAP);
        ceiling.mul_f64(0.5 + state.random.fraction() / 2.0)
    }

    /// For how long the object has been failing without one success; `None` when it is not.
    pub fn failing_for(&self, uid: &str) -> Option<Duration> {
        self.lock().failing_since.get(uid).map(Instant::elapsed)
    }

    /// Whether what ECS keeps failing at after it took the request may be asked for again: at most once in `pause`. A yes
    /// is noted as an attempt. Unlike the rest this outlives a success, since such passes succeed.
    pub fn may_try(&self, uid: &str, pause: Duration) -> bool {
        let mut state = self.lock();
        state.tried.retain(|_, at| at.elapsed() < FORGOTTEN);
        if state.tried.get(uid).is_some_and(|at| at.elapsed() < pause) {
            return false;
        }
        state.tried.insert(uid.to_owned(), Instant::now());
        true
    }

    /// Notes that what ECS failed at has come right.
    pub fn came_right(&self, uid: &str) {
        self.lock().tried.remove(uid);
    }

    /// Notes a success.
    pub fn clear(&self, uid: &str) {
        self.lock().failing_since.remove(uid);
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        let mut state = self.lock();
        state.failing_since.remove(uid);
        state.tried.remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failing_for(&mut self, uid: &str) -> Duration {
        self.failing_since
            .entry(uid.to_owned())
            .or_insert_with(Instant::now)
            .elapsed()
    }
}

/// A small generator (splitmix64): enough to spread retries, and repeatable from its seed.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    /// A number from 0 (included) to 1 (excluded).
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_with_the_time_of_failing_and_end_at_five_minutes() {
        let backoff = Backoff::seeded(7);
        let cases = [(0, 0.0, 1.0), (60, 0.0, 60.0), (100_000, 0.0, 300.0)];
        for (after, least, most) in cases {
            tokio::time::advance(Duration::from_secs(after)).await;
            for _ in 0..20 {
                let pause = backoff.failed("uid").as_secs_f64();
                assert!((least..most).contains(&pause), "after {after} s: {pause}");
            }
        }
        assert!(backoff.failing_for("uid").is_some());
        backoff.clear("uid");
        assert!(backoff.failed("uid") < BASE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_others_can_heal_waits_longer() {
        let backoff = Backoff::seeded(7);
        let pause = backoff.refused("uid").as_secs_f64();
        assert!((7.5..15.0).contains(&pause), "{pause}");
        tokio::time::advance(Duration::from_hours(1)).await;
        let pause = backoff.refused("uid").as_secs_f64();
        assert!((150.0..300.0).contains(&pause), "{pause}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_later_is_asked_for_again_after_the_pause() {
        let (backoff, pause) = (Backoff::seeded(7), Duration::from_mins(1));
        assert!(backoff.may_try("uid", pause));
        backoff.clear("uid");
        assert!(!backoff.may_try("uid", pause));
        assert!(backoff.may_try("other", pause));
        tokio::time::advance(pause).await;
        assert!(backoff.may_try("uid", pause));
        backoff.came_right("uid");
        assert!(backoff.may_try("uid", pause));
    }

    #[tokio::test(start_paused = true)]
    async fn the_seed_decides_every_pause() {
        let pauses = |seed| {
            let backoff = Backoff::seeded(seed);
            (0..5).map(|_| backoff.failed("uid")).collect::<Vec<_>>()
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }
}
