//! Watches: a stream of changes from a revision on, with the delays and gaps that real ones have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::kinds::Resource;
use super::refusal::Refusal;
use super::selector::Selector;
use super::store::{Change, Key};
use super::{ApiServer, Delivery};

/// What one watch asks for.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    /// Changes after this revision are wanted; none means from now, with what exists as additions first.
    pub(crate) from: Option<u64>,
    /// Whether the end of the additions is marked with a bookmark (`WatchList`).
    pub(crate) mark_initial: bool,
    /// When the server ends it.
    pub(crate) ends: Instant,
}

/// The server's side of an open watch.
struct Open {
    server: ApiServer,
    watch: Watch,
    seen: u64,
    /// How often watches had been broken when this one began.
    breaks: u64,
    queue: std::collections::VecDeque<Value>,
    done: bool,
}

/// The body of the answer: one JSON line an event.
pub(crate) fn lines(server: ApiServer, watch: Watch) -> BoxStream<'static, Bytes> {
    let mut queue = std::collections::VecDeque::new();
    let (seen, breaks) = (
        watch.from.unwrap_or_else(|| server.visible_revision()),
        server.breaks(),
    );
    if watch.from.is_none() {
        for object in server
            .listed(&watch.resource, watch.namespace.as_deref(), &watch.selector)
            .1
        {
            queue.push_back(json!({"type": "ADDED", "object": object}));
        }
        if watch.mark_initial {
            queue.push_back(bookmark(&watch.resource, seen, true));
        }
    }
    let open = Open {
        server,
        watch,
        seen,
        breaks,
        queue,
        done: false,
    };
    stream::unfold(open, |mut open| async move {
        let event = open.next().await?;
        Some((Bytes::from(format!("{event}\n")), open))
    })
    .boxed()
}

impl Open {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.done {
                return None;
            }
            self.wait_for_news().await;
        }
    }

    async fn wait_for_news(&mut self) {
        let mut news = self.server.news();
        news.borrow_and_update();
        if self.server.breaks() != self.breaks {
            self.done = true;
            return;
        }
        if self.server.visible_revision() <= self.seen {
            let changed = tokio::time::timeout_at(self.watch.ends, news.changed()).await;
            if changed.is_err() {
                self.queue
                    .push_back(bookmark(&self.watch.resource, self.seen, false));
                self.done = true;
            }
            return;
        }
        let Delivery {
            delay,
            coalesce,
            late,
        } = self.server.delivery();
        let late = late.filter(|(kind, _)| *kind == self.watch.resource.kind);
        let delay = delay + late.map_or(Duration::ZERO, |(_, delay)| delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.take(coalesce);
    }

    fn take(&mut self, coalesce: bool) {
        let until = self.server.visible_revision();
        match self.server.changes(self.seen, until) {
            None => {
                let gone = Refusal::gone(self.seen);
                self.queue
                    .push_back(json!({"type": "ERROR", "object": gone.body()}));
                self.done = true;
            }
            Some(changes) => {
                let changes = if coalesce { coalesced(changes) } else { changes };
                let events = changes
                    .iter()
                    .filter_map(|change| self.event(change))
                    .collect::<Vec<_>>();
                self.queue.extend(events);
                self.seen = until;
            }
        }
    }

    fn event(&self, change: &Change) -> Option<Value> {
        let wanted = change.key.resource == self.watch.resource.qualified()
            && self
                .watch
                .namespace
                .as_ref()
                .is_none_or(|ns| *ns == change.key.namespace);
        if !wanted {
            return None;
        }
        let matching = |object: &Option<Value>| object.clone().filter(|o| self.watch.selector.matches(o));
        match (matching(&change.before), matching(&change.after)) {
            (None, None) => None,
            (None, Some(new)) => Some(json!({"type": "ADDED", "object": new})),
            (Some(_), Some(new)) => Some(json!({"type": "MODIFIED", "object": new})),
            (Some(mut old), None) => {
                old["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                Some(json!({"type": "DELETED", "object": old}))
            }
        }
    }
}

/// Several changes of one object as one, as a re-list shows them: what was before the first, what is after the last.
fn coalesced(changes: Vec<Change>) -> Vec<Change> {
    let mut by_key: BTreeMap<Key, Change> = BTreeMap::new();
    for change in changes {
        match by_key.get_mut(&change.key) {
            Some(known) => {
                known.revision = change.revision;
                known.after = change.after;
            }
            None => {
                by_key.insert(change.key.clone(), change);
            }
        }
    }
    let mut merged: Vec<Change> = by_key.into_values().collect();
    merged.sort_by_key(|change| change.revision);
    merged
}

fn bookmark(resource: &Resource, revision: u64, initial: bool) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if initial {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object = json!({"apiVersion": resource.api_version(), "kind": resource.kind, "metadata": metadata});
    json!({"type": "BOOKMARK", "object": object})
}

/// How long a watch lasts when the client says nothing.
pub(crate) const DEFAULT_WATCH: Duration = Duration::from_mins(30);
