//! Creations that got no answer. Such a request may be carried out later still, as long as its signature holds; an object
//! whose deletion ended before that would leave a resource that nobody owns.
//!
//! So an object that goes waits until what it last asked for has shown itself or can no longer happen. The memory is the
//! process's: a crash and a request that is minutes late, both within one deletion, are not made up for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For how long a request can take effect: AWS refuses a signature that is older than five minutes.
const SIGNATURE_HOLDS: Duration = Duration::from_mins(5);
/// How often ECS is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// By object UID, since when a creation is unanswered.
#[derive(Debug, Default)]
pub struct Unanswered {
    since: Mutex<BTreeMap<String, Instant>>,
}

impl Unanswered {
    /// Notes that a creation for this object got no answer.
    pub fn note(&self, uid: &str) {
        let mut since = self.lock();
        // Not every object that goes is waited for to the end: somebody may take the finalizer off.
        since.retain(|_, at| at.elapsed() < SIGNATURE_HOLDS);
        since.insert(uid.to_owned(), Instant::now());
    }

    /// When to look again at an object that could end but for such a creation.
    pub fn look_again(&self, uid: &str) -> Option<Duration> {
        let mut since = self.lock();
        let left = SIGNATURE_HOLDS.saturating_sub(since.get(uid)?.elapsed());
        if left.is_zero() {
            since.remove(uid);
            return None;
        }
        Some(left.min(LOOK_EVERY))
    }

    /// Ends the wait: the object is gone, or a later call had the effect of the unanswered ones, which will find it done.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn holds_as_long_as_the_request_can_take_effect() {
        let unanswered = Unanswered::default();
        assert_eq!(unanswered.look_again("u"), None);
        unanswered.note("u");
        assert_eq!(unanswered.look_again("u"), Some(LOOK_EVERY));
        tokio::time::advance(Duration::from_secs(290)).await;
        assert_eq!(unanswered.look_again("u"), Some(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(unanswered.look_again("u"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_an_answer() {
        let unanswered = Unanswered::default();
        unanswered.note("u");
        unanswered.forget("u");
        assert_eq!(unanswered.look_again("u"), None);
    }
}
