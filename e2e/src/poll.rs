//! Waiting for a condition, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use crate::Error;

/// Asks `condition` every `interval` until it answers `Ok`, at most for `limit`.
///
/// The condition answers `Err` with what it saw instead; the last of these is in the error.
///
/// # Errors
/// [`Error::Timeout`] where the condition has not come true within `limit`.
pub fn until<T>(
    what: &str,
    limit: Duration,
    interval: Duration,
    mut condition: impl FnMut() -> Result<T, String>,
) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        let last = match condition() {
            Ok(value) => return Ok(value),
            Err(seen) => seen,
        };
        if start.elapsed() >= limit {
            return Err(Error::Timeout {
                what: what.to_owned(),
                waited: start.elapsed(),
                last,
            });
        }
        thread::sleep(interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_comes_true_ends_the_wait() {
        let mut asked = 0;
        let answer = until("three", Duration::from_mins(1), Duration::ZERO, || {
            asked += 1;
            if asked == 3 {
                Ok(asked)
            } else {
                Err(format!("asked {asked} times"))
            }
        });
        assert_eq!(answer.unwrap(), 3);
    }

    #[test]
    fn a_condition_that_stays_false_is_told_with_what_was_last_seen() {
        let error = until::<()>("the moon is not blue", Duration::ZERO, Duration::ZERO, || {
            Err("white".to_owned())
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the moon is not blue after 0 s; last seen: white"
        );
    }
}
