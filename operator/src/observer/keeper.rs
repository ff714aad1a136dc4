//! Keeps one kind of resource fresh: a sweep over what is due, and a lane for reads that somebody waits for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::aws::error::{AwsError, Class};
use crate::k8s::object::ObjectKey;
use crate::observer::Shared;
use crate::observer::book::{Book, Read, Reception};
use crate::observer::subject::{Depth, Subject};

/// Reads that are asked for within this time go out together.
const COALESCE: Duration = Duration::from_millis(20);
/// When many are asked for one after the other, they are gathered for so long: ten in a call cost a tenth.
const GATHER: Duration = Duration::from_secs(1);
/// So many may go out before gathering begins.
const AT_ONCE: u32 = 4;
/// The most resources that one sweep reads before it takes in what it found.
const STRIDE: usize = 500;

type Waiting<S> = oneshot::Sender<Result<Arc<<S as Subject>::View>, AwsError>>;

/// One kind of resource.
#[derive(Debug)]
pub struct Keeper<S: Subject> {
    book: Mutex<Book<S>>,
    book_changed: Notify,
    asked: Mutex<BTreeMap<S, Vec<Waiting<S>>>>,
    asked_changed: Notify,
    batch_full: Notify,
}

impl<S: Subject> Default for Keeper<S> {
    fn default() -> Self {
        Self {
            book: Mutex::default(),
            book_changed: Notify::new(),
            asked: Mutex::default(),
            asked_changed: Notify::new(),
            batch_full: Notify::new(),
        }
    }
}

impl<S: Subject> Keeper<S> {
    pub(crate) fn watch(&self, key: &S, object: &ObjectKey) {
        if self.book().watch(key, object, Instant::now()) {
            self.book_changed.notify_one();
        }
    }

    pub(crate) fn forget(&self, object: &ObjectKey) {
        self.book().forget(object);
    }

    pub(crate) fn view(&self, key: &S) -> Option<Arc<S::View>> {
        self.book().view(key)
    }

    pub(crate) fn blinded(&self, key: &S) -> Option<AwsError> {
        self.book().blinded(key)
    }

    pub(crate) fn failure(&self, key: &S) -> Option<AwsError> {
        self.book().failure(key)
    }

    pub(crate) fn wrote(&self, key: &S, usual: Duration) {
        self.book().wrote(key, Instant::now(), usual);
        self.book_changed.notify_one();
    }

    /// Takes in what the answer to the last write showed; gives whom it concerns.
    pub(crate) fn showed(&self, key: &S, view: S::View) -> Vec<ObjectKey> {
        self.book().showed(key, Arc::new(view), Instant::now())
    }

    /// What was seen last of those that `which` picks.
    pub(crate) fn seen(&self, which: impl Fn(&S) -> bool) -> Vec<Arc<S::View>> {
        self.book().seen(which)
    }

    pub(crate) fn expire(&self, outdated: impl Fn(&S, &S::View) -> bool) {
        self.book().expire(Instant::now(), outdated);
        self.book_changed.notify_one();
    }

    pub(crate) fn expect(&self, key: &S, exists: bool) {
        self.book().expect(key, exists);
    }

    pub(crate) fn expects(&self, key: &S) -> bool {
        self.book().expects(key)
    }

    pub(crate) fn looks_emptied(&self) -> bool {
        self.book().looks_emptied()
    }

    pub(crate) async fn read_fresh(&self, key: &S) -> Result<Arc<S::View>, AwsError> {
        let (sender, receiver) = oneshot::channel();
        let waiting = {
            let mut asked = self.asked();
            asked.entry(key.clone()).or_default().push(sender);
            asked.len()
        };
        self.asked_changed.notify_one();
        if waiting >= S::BATCH {
            self.batch_full.notify_one();
        }
        let ended = || AwsError::local("Observe", Class::Transient, "Ended", "the observer has ended");
        receiver.await.map_err(|_| ended())?
    }

    fn book(&self) -> MutexGuard<'_, Book<S>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<S, Vec<Waiting<S>>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is asked for: of more than a batch, whole batches only. The rest has its turn at once.
    fn take_asked(&self) -> BTreeMap<S, Vec<Waiting<S>>> {
        let mut asked = self.asked();
        let whole = asked.len() - asked.len() % S::BATCH;
        let first_left = if whole == 0 {
            None
        } else {
            asked.keys().nth(whole).cloned()
        };
        match first_left {
            None => std::mem::take(&mut *asked),
            Some(first_left) => {
                let left = asked.split_off(&first_left);
                self.asked_changed.notify_one();
                std::mem::replace(&mut *asked, left)
            }
        }
    }
}

/// Starts the sweep and the lane of one kind.
pub(crate) fn start<S: Subject>(shared: &Arc<Shared>, tasks: &mut JoinSet<()>) {
    tasks.spawn(sweep::<S>(shared.clone()));
    tasks.spawn(answer::<S>(shared.clone()));
}

/// Reads what is due, for ever.
async fn sweep<S: Subject>(shared: Arc<Shared>) {
    let keeper = S::keeper(&shared);
    let mut last = Instant::now();
    loop {
        let next = keeper.book().next_sweep(last, Instant::now());
        let changed = keeper.book_changed.notified();
        match next {
            None => changed.await,
            Some(next) if next > Instant::now() => {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(next) => {}
                    // A burst of changes is looked through once.
                    () = changed => tokio::time::sleep(COALESCE).await,
                }
            }
            Some(_) => {
                let due = keeper.book().due(Instant::now());
                for stride in due.chunks(STRIDE) {
                    read::<S>(&shared, stride.to_vec(), Depth::Full).await;
                }
                last = Instant::now();
                let watched = keeper.book().len();
                shared.surroundings.metrics.watched(S::NAME, watched);
            }
        }
    }
}

/// Answers those who wait for a fresh read, for ever.
async fn answer<S: Subject>(shared: Arc<Shared>) {
    let keeper = S::keeper(&shared);
    let mut running = JoinSet::new();
    let mut pace = Pace {
        paid_until: Instant::now(),
    };
    loop {
        keeper.asked_changed.notified().await;
        if S::BATCH == 1 {
            tokio::time::sleep(COALESCE).await;
        } else {
            tokio::select! {
                biased;
                () = keeper.batch_full.notified() => {}
                () = pace.gather() => {}
            }
        }
        while running.try_join_next().is_some() {}
        let asked = keeper.take_asked();
        if asked.is_empty() {
            continue;
        }
        let shared = shared.clone();
        // Not awaited: those who ask meanwhile must not wait for a slow answer to others.
        running.spawn(async move {
            let keys = asked.keys().cloned().collect();
            let mut found = read::<S>(&shared, keys, Depth::Itself).await;
            for (key, waiting) in asked {
                let silence = || {
                    Err(AwsError::local(
                        "Observe",
                        Class::Transient,
                        "NoAnswer",
                        "ECS said nothing about it",
                    ))
                };
                let outcome = found.remove(&key).unwrap_or_else(silence);
                for one in waiting {
                    // Fails when the one who asked gave up meanwhile.
                    let _ = one.send(outcome.clone());
                }
            }
        });
    }
}

/// Lets a few reads go out at once and then one in a second.
struct Pace {
    paid_until: Instant,
}

impl Pace {
    /// Holds the read that is asked for now to gather others. One that is let go before, because its batch is full, is
    /// not paid for.
    async fn gather(&mut self) {
        let now = Instant::now();
        let paid_until = self.paid_until.max(now);
        let ahead = paid_until.saturating_duration_since(now);
        tokio::time::sleep(ahead.saturating_sub(GATHER * (AT_ONCE - 1)).max(COALESCE)).await;
        self.paid_until = paid_until + GATHER;
    }
}

/// Reads `keys`, takes in what was found, and wakes whom it concerns.
async fn read<S: Subject>(
    shared: &Shared,
    keys: Vec<S>,
    depth: Depth,
) -> BTreeMap<S, Result<Arc<S::View>, AwsError>> {
    let keeper = S::keeper(shared);
    let before = {
        let book = keeper.book();
        keys.iter()
            .filter_map(|key| Some((key.clone(), book.last_seen(key)?)))
            .collect()
    };
    let begun = Instant::now();
    let found = S::read(shared, keys, before, depth).await;
    let found: BTreeMap<_, _> = found
        .into_iter()
        .map(|(key, view)| (key, view.map(Arc::new)))
        .collect();
    let now = Instant::now();
    let mut woken = Vec::new();
    let mut touched = Vec::new();
    {
        let mut book = keeper.book();
        let read = Read {
            begun,
            ended: now,
            freshness: shared.surroundings.freshness,
            crowd: book.crowd(now),
        };
        for (key, view) in &found {
            let reception = book.receive(key, view.clone(), &read);
            let word = match reception {
                Reception::Changed(watchers) => {
                    touched.push(key);
                    woken.extend(watchers);
                    "changed"
                }
                Reception::Failed(watchers) => {
                    woken.extend(watchers);
                    "failed"
                }
                Reception::Same => "same",
                Reception::Stale => "stale",
                Reception::Unwatched => "unwatched",
            };
            shared.surroundings.metrics.observation(S::NAME, word);
        }
    }
    for key in touched {
        S::touched(shared, key);
    }
    for object in woken {
        shared.surroundings.wakes.wake(&object);
    }
    found
}
