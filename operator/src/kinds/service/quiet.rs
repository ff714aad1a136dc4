//! For how long what people wrote has not changed: a rollout waits for a second of quiet, so that one `kubectl apply` of a
//! definition and its service is one deployment (design.md §2.5).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What was seen of each service, by UID, and since when. Empty after a restart, which only makes rollouts wait a second.
#[derive(Debug, Default)]
pub struct Quiet(Mutex<BTreeMap<String, (String, Instant)>>);

impl Quiet {
    /// For how long the service has looked like this; nothing at first sight.
    pub fn seen(&self, uid: &str, print: &str) -> Duration {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(uid) {
            Some((known, since)) if known == print => since.elapsed(),
            _ => {
                seen.insert(uid.to_owned(), (print.to_owned(), Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// Forgets a service that is gone.
    pub fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
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
}
