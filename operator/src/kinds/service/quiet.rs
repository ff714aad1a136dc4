//! When not to act yet: a rollout waits for a second of quiet, so that one `kubectl apply` of a definition and its service is
//! one deployment (design.md §2.5); and what ECS refused is not asked again at every wake-up.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::error::AwsError;

/// The first pause after a refusal; it doubles with each further one of the same call.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause after a refusal.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What was seen of each service, by UID, and since when; and what was refused. Empty after a restart, which only makes
/// rollouts wait a second and asks ECS once more.
#[derive(Debug, Default)]
pub struct Quiet {
    seen: Mutex<BTreeMap<String, (String, Instant)>>,
    generations: Mutex<BTreeMap<String, (i64, Instant)>>,
    refused: Mutex<BTreeMap<String, Refused>>,
}

#[derive(Debug)]
struct Refused {
    print: String,
    error: AwsError,
    pause: Duration,
    until: Instant,
}

impl Quiet {
    /// For how long the service has looked like this; nothing at first sight.
    pub fn seen(&self, uid: &str, print: &str) -> Duration {
        unchanged(&self.seen, uid, print)
    }

    /// For how long the service's spec has been of this generation; nothing at first sight.
    pub fn generation(&self, uid: &str, generation: i64) -> Duration {
        unchanged(&self.generations, uid, &generation)
    }

    /// Notes that ECS refused the call with this print.
    pub fn refused(&self, uid: &str, print: &str, error: &AwsError) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.get(uid).filter(|before| before.print == print);
        let pause = before.map_or(FIRST_PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
        let entry = Refused {
            print: print.to_owned(),
            error: error.clone(),
            pause,
            until: Instant::now() + pause,
        };
        refused.insert(uid.to_owned(), entry);
    }

    /// The refusal of this very call, while it is too early to ask again, and how long that lasts.
    pub fn still_refused(&self, uid: &str, print: &str) -> Option<(AwsError, Duration)> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = refused.get(uid).filter(|entry| entry.print == print)?;
        let left = entry.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| (entry.error.clone(), left))
    }

    /// Notes that ECS takes the calls for a service.
    pub fn accepted(&self, uid: &str) {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
    }

    /// Forgets a service that is gone.
    pub fn forget(&self, uid: &str) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(uid);
        self.accepted(uid);
    }
}

/// For how long this has been what was last seen under `uid`; nothing where it is new.
fn unchanged<T: ToOwned + PartialEq + ?Sized>(
    last: &Mutex<BTreeMap<String, (T::Owned, Instant)>>,
    uid: &str,
    now: &T,
) -> Duration {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    match last.get(uid) {
        Some((known, since)) if known.borrow() == now => since.elapsed(),
        _ => {
            last.insert(uid.to_owned(), (now.to_owned(), Instant::now()));
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_change_starts_the_second_anew() {
        let quiet = Quiet::default();
        assert_eq!(quiet.seen("a", "1"), Duration::ZERO);
        tokio::time::advance(Duration::from_millis(700)).await;
        assert_eq!(quiet.seen("a", "1"), Duration::from_millis(700));
        assert_eq!(quiet.seen("b", "1"), Duration::ZERO);
        assert_eq!(quiet.seen("a", "2"), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(quiet.seen("a", "2"), Duration::from_secs(1));
        quiet.forget("a");
        assert_eq!(quiet.seen("a", "2"), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_call_is_asked_again_ever_more_seldom_and_another_at_once() {
        let quiet = Quiet::default();
        let error = AwsError::new("CreateService", "InvalidParameterException", "no");
        for pause in [5, 10, 20, 40, 60, 60] {
            quiet.refused("a", "call", &error);
            assert_eq!(
                quiet.still_refused("a", "call"),
                Some((error.clone(), Duration::from_secs(pause)))
            );
            assert_eq!(quiet.still_refused("a", "another call"), None);
            tokio::time::advance(Duration::from_secs(pause)).await;
            assert_eq!(quiet.still_refused("a", "call"), None);
        }
        quiet.accepted("a");
        quiet.refused("a", "call", &error);
        assert_eq!(
            quiet.still_refused("a", "call"),
            Some((error, Duration::from_secs(5)))
        );
    }
}
