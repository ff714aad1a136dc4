//! The observer's memory of one kind of resource: who watches what, what was seen last, and when to look again. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::error::{AwsError, Class};
use crate::k8s::object::ObjectKey;
use crate::observer::Freshness;
use crate::observer::subject::Subject;
use crate::observer::turn::{self, Crowd, Turn, Wait};

/// A resource that stopped moving is looked at once more after this time: events and tasks follow a little later.
const AFTERMATH: Duration = Duration::from_secs(5);
/// Whoever begins to watch reads for himself, or creates unseen, most likely; if not, a sweep does after this time. Long enough
/// for a thousand that wait for their creation: each look at one of them would be in vain, and hurry all others.
const OWN_LOOK: Duration = Duration::from_secs(30);

/// For how long reads that fail are made up for by what was seen before them.
const BLINDNESS: Duration = Duration::from_mins(2);

/// A failed read is repeated after this time at first; the budget and the SDK have had their turn by then.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// What moves without urgency (tasks that never come up) counts as steady after so many minutes.
const RESTLESS_MINUTES: u64 = 10;
/// Fewer that are missing may have been deleted by somebody.
const FEWEST_MISSING: usize = 5;
/// How many reads tell of a change that has just begun.
const READ_LAST: usize = 10;
/// How many usual pauses there are between two reads of what has been moving for so many minutes or more.
const MOST_PATIENCE: u32 = 4;

/// The memory.
#[derive(Debug)]
pub struct Book<S: Subject> {
    entries: BTreeMap<S, Entry<S>>,
}

#[derive(Debug)]
struct Entry<S: Subject> {
    watchers: BTreeSet<ObjectKey>,
    seen: Option<Seen<S>>,
    /// When it was read last, and whether it was missing. What a write showed says nothing of what a read would.
    last_read: Option<(Instant, bool)>,
    failure: Option<Failure>,
    written_at: Option<Instant>,
    moved_at: Option<Instant>,
    moving_since: Option<Instant>,
    waits: Wait,
    expected: bool,
}

#[derive(Debug)]
struct Failure {
    error: AwsError,
    since: Instant,
    /// Whether it lasted for [`BLINDNESS`] when the last read failed.
    blinds: bool,
}

#[derive(Debug)]
struct Seen<S: Subject> {
    view: Arc<S::View>,
    begun: Instant,
    /// It is the answer to the last write, so it shows that though it is no older.
    by_write: bool,
}

/// A read that took in one or many keys.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    /// When it began: it shows nothing later.
    pub begun: Instant,
    /// When it ended.
    pub ended: Instant,
    /// How often to look.
    pub freshness: Freshness,
    /// How many move.
    pub crowd: Crowd,
}

/// What became of a read.
#[derive(Debug, PartialEq, Eq)]
pub enum Reception {
    /// New facts; these are to be woken.
    Changed(Vec<ObjectKey>),
    /// The same facts as before.
    Same,
    /// Begun before the last write, or before the view that is known: discarded.
    Stale,
    /// The read failed; these are to be woken, since they have not heard of it yet.
    Failed(Vec<ObjectKey>),
    /// Nobody watches it (any more).
    Unwatched,
}

impl<S: Subject> Default for Book<S> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
        }
    }
}

impl<S: Subject> Book<S> {
    /// Keeps `key` for `watcher`; a new key is due soon. Whether it is new.
    pub fn watch(&mut self, key: &S, watcher: &ObjectKey, now: Instant) -> bool {
        let known = self.entries.len();
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            watchers: BTreeSet::new(),
            seen: None,
            last_read: None,
            failure: None,
            written_at: None,
            moved_at: None,
            moving_since: None,
            waits: Wait::Until(now + OWN_LOOK),
            expected: false,
        });
        entry.watchers.insert(watcher.clone());
        self.entries.len() > known
    }

    /// Ends all watches of `watcher`; a key without watchers is forgotten.
    pub fn forget(&mut self, watcher: &ObjectKey) {
        self.entries.retain(|_, entry| {
            entry.watchers.remove(watcher);
            !entry.watchers.is_empty()
        });
    }

    /// The newest view that shows the last write.
    pub fn view(&self, key: &S) -> Option<Arc<S::View>> {
        let entry = self.entries.get(key)?;
        let seen = entry.seen.as_ref().filter(|seen| entry.shows_last_write(seen))?;
        Some(seen.view.clone())
    }

    /// What was seen last of those that `which` picks.
    pub fn seen(&self, which: impl Fn(&S) -> bool) -> Vec<Arc<S::View>> {
        let picked = self.entries.iter().filter(|(key, _)| which(key));
        picked
            .filter_map(|(_, entry)| Some(entry.seen.as_ref()?.view.clone()))
            .collect()
    }

    /// The newest view, be it older than the last write: a source for the parts that do not change.
    pub fn last_seen(&self, key: &S) -> Option<Arc<S::View>> {
        self.entries.get(key)?.seen.as_ref().map(|seen| seen.view.clone())
    }

    /// Why what is known of a key does not count any more.
    pub fn blinded(&self, key: &S) -> Option<AwsError> {
        let failure = self.entries.get(key)?.failure.as_ref()?;
        let counts = failure.blinds || failure.error.class == Class::Denied;
        counts.then(|| failure.error.clone())
    }

    /// Why the last read failed.
    pub fn failure(&self, key: &S) -> Option<AwsError> {
        self.entries
            .get(key)?
            .failure
            .as_ref()
            .map(|failure| failure.error.clone())
    }

    /// Notes a write; its effect is usually looked at after this time.
    pub fn wrote(&mut self, key: &S, now: Instant, usual: Duration) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.written_at = Some(now);
            entry.moved_at = Some(now);
            entry.waits = Wait::AfterWrite { since: now, usual };
            if let Some(seen) = &mut entry.seen {
                seen.by_write = false;
            }
        }
    }

    /// Takes in what the answer to the last write showed, without a read; gives the watchers.
    pub fn showed(&mut self, key: &S, view: Arc<S::View>, now: Instant) -> Vec<ObjectKey> {
        let Some(entry) = self.entries.get_mut(key) else {
            return Vec::new();
        };
        entry.note_movement(S::is_moving(&view), now);
        entry.seen = Some(Seen {
            view,
            begun: now,
            by_write: true,
        });
        entry.watchers.iter().cloned().collect()
    }

    /// Forgets views that hold no longer; they are due at once.
    pub fn expire(&mut self, now: Instant, outdated: impl Fn(&S, &S::View) -> bool) {
        for (key, entry) in &mut self.entries {
            if entry.seen.as_ref().is_some_and(|seen| outdated(key, &seen.view)) {
                entry.seen = None;
                entry.waits = Wait::Until(now);
            }
        }
    }

    /// Notes whether the resource ought to exist.
    pub fn expect(&mut self, key: &S, exists: bool) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.expected = exists;
        }
    }

    /// Whether the resource ought to exist.
    pub fn expects(&self, key: &S) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.expected)
    }

    /// Whether so many of those that ought to exist are missing that this is more likely an outage or a wrong endpoint than
    /// deletions: at least five, and more than half of all or of those read last. The whole is read over a minute, and what
    /// the first reads of a wrong endpoint miss must not be made again meanwhile.
    pub fn looks_emptied(&self) -> bool {
        let expected = self.entries.values().filter(|entry| entry.expected);
        let mut read: Vec<(Instant, bool)> = expected.filter_map(|entry| entry.last_read).collect();
        let missing = |read: &[(Instant, bool)]| read.iter().filter(|(_, missing)| *missing).count();
        let emptied =
            |read: &[(Instant, bool)]| missing(read) >= FEWEST_MISSING && missing(read) * 2 > read.len();
        if missing(&read) < FEWEST_MISSING {
            return false;
        }
        if emptied(&read) {
            return true;
        }
        read.sort_unstable_by_key(|(begun, _)| Reverse(*begun));
        emptied(read.get(..READ_LAST).unwrap_or(&read))
    }

    /// The keys to read now.
    pub fn due(&self, now: Instant) -> Vec<S> {
        let crowd = self.crowd(now);
        self.entries
            .iter()
            .filter(|(_, entry)| entry.waits.turn(crowd).from <= now)
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// When to read what is due by then, after a sweep that ended at `last`; `None` when nothing is watched.
    pub fn next_sweep(&self, last: Instant, now: Instant) -> Option<Instant> {
        let crowd = self.crowd(now);
        let turn = |entry: &Entry<S>| (entry.waits.turn(crowd), entry.is_moving());
        turn::next_sweep(last, self.entries.values().map(turn))
    }

    /// How many keys are watched.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in what a read found.
    pub fn receive(&mut self, key: &S, found: Result<Arc<S::View>, AwsError>, read: &Read) -> Reception {
        let Read {
            begun,
            ended: now,
            freshness,
            crowd,
        } = *read;
        let Some(entry) = self.entries.get_mut(key) else {
            return Reception::Unwatched;
        };
        let view = match found {
            Ok(view) => view,
            Err(error) => return Reception::Failed(entry.fail(error, now, &freshness)),
        };
        let before_write = entry.written_at.is_some_and(|written| begun <= written);
        let before_seen = entry.seen.as_ref().is_some_and(|seen| begun < seen.begun);
        if before_write || before_seen {
            // After a write the date that it set stands: the effect still has to be seen.
            let Turn { from, .. } = entry.waits.turn(crowd);
            if !before_write && from <= now {
                entry.waits = Wait::Until(now + freshness.after_write);
            }
            return Reception::Stale;
        }
        entry.last_read = Some((begun, !S::exists(&view)));
        entry.note_movement(S::is_moving(&view), now);
        entry.waits = if S::is_partial(&view) {
            Wait::AfterWrite {
                since: now,
                usual: freshness.after_write,
            }
        } else if entry.is_moving() {
            entry.wait_while_moving(S::is_urgent(&view), now, &freshness)
        } else {
            let usual = freshness.steady * S::STEADIER;
            // Among many, the aftermath is left to the next steady look.
            let rest = entry.rest_of_aftermath(now).filter(|_| crowd.is_small());
            rest.map_or(Wait::Steady { since: now, usual }, |rest| {
                Wait::Until(now + rest.min(usual))
            })
        };
        // After a write even the same facts are news: nobody could look at them since.
        let unseen = entry
            .seen
            .as_ref()
            .is_none_or(|seen| !entry.shows_last_write(seen));
        let changed = unseen || entry.seen.as_ref().is_none_or(|seen| !S::same(&seen.view, &view));
        let recovered = entry.failure.take().is_some();
        entry.seen = Some(Seen {
            view,
            begun,
            by_write: false,
        });
        if changed || recovered {
            Reception::Changed(entry.watchers.iter().cloned().collect())
        } else {
            Reception::Same
        }
    }

    /// How many move, or did a moment ago.
    pub fn crowd(&self, now: Instant) -> Crowd {
        let moves = |entry: &&Entry<S>| entry.is_moving() || entry.rest_of_aftermath(now).is_some();
        Crowd::of(self.entries.values().filter(moves).count())
    }
}

impl<S: Subject> Entry<S> {
    fn note_movement(&mut self, moves: bool, now: Instant) {
        if moves {
            self.moved_at = Some(now);
            self.moving_since.get_or_insert(now);
        } else {
            self.moving_since = None;
        }
    }

    fn is_moving(&self) -> bool {
        self.moving_since.is_some()
    }

    /// How long what stopped moving may still change; `None` once that is over.
    fn rest_of_aftermath(&self, now: Instant) -> Option<Duration> {
        let rest = AFTERMATH.saturating_sub(now.saturating_duration_since(self.moved_at?));
        (!rest.is_zero()).then_some(rest)
    }

    fn shows_last_write(&self, seen: &Seen<S>) -> bool {
        seen.by_write || self.written_at.is_none_or(|written| seen.begun > written)
    }

    /// What has been moving for minutes will hardly be done in seconds; and what is not urgent and has been so for ten
    /// minutes will stay so.
    fn wait_while_moving(&self, urgent: bool, now: Instant, freshness: &Freshness) -> Wait {
        let minutes = self
            .moving_since
            .map_or(0, |since| now.saturating_duration_since(since).as_secs() / 60);
        if !urgent && minutes >= RESTLESS_MINUTES {
            return Wait::Steady {
                since: now,
                usual: freshness.steady,
            };
        }
        Wait::Moving {
            since: now,
            usual: freshness.moving,
            patience: u32::try_from(minutes).unwrap_or(u32::MAX).clamp(1, MOST_PATIENCE),
        }
    }

    /// Notes a failure; answers those who have not heard of one of this class yet, or not that it blinds. Reads that fail on
    /// and on come as seldom as those of something steady.
    fn fail(&mut self, error: AwsError, now: Instant, freshness: &Freshness) -> Vec<ObjectKey> {
        let known = self.failure.take();
        let since = known.as_ref().map_or(now, |known| known.since);
        let failing = now.saturating_duration_since(since);
        let blinds = failing >= BLINDNESS;
        let news = known
            .as_ref()
            .is_none_or(|known| known.error.class != error.class || known.blinds != blinds);
        let pause = failing.clamp(AFTER_FAILURE.min(freshness.steady), freshness.steady);
        self.waits = Wait::Until(now + pause);
        self.failure = Some(Failure { error, since, blinds });
        if news {
            self.watchers.iter().cloned().collect()
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
