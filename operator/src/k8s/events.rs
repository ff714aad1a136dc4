//! Kubernetes Events: best effort, outside the decision path. A reconcile puts them in a queue and goes on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tokio::sync::mpsc;

/// Events in the queue; more are dropped, since old news must not hold up work.
const QUEUE: usize = 1024;
/// The longest note that the API server takes, in bytes.
const LONGEST_NOTE: usize = 1024;
/// The time that one event may take to deliver.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name under which events are reported.
pub const CONTROLLER: &str = "ecs-operator";

/// Takes events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events {
    queue: mpsc::Sender<(Event, ObjectReference)>,
}

/// Delivers what [`Events`] took; run it beside the controllers.
pub struct Delivery {
    queue: mpsc::Receiver<(Event, ObjectReference)>,
    recorder: Arc<Recorder>,
}

impl Events {
    /// A queue and its delivery, reporting as the replica `identity`.
    pub fn new(client: Client, identity: &str) -> (Self, Delivery) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let reporter = Reporter {
            controller: CONTROLLER.to_owned(),
            instance: Some(identity.to_owned()),
        };
        let recorder = Arc::new(Recorder::new(client, reporter));
        (
            Self { queue: sender },
            Delivery {
                queue: receiver,
                recorder,
            },
        )
    }

    /// Something went as it should. `reason` is CamelCase; events of one reason, action and note collapse for six minutes.
    pub fn normal<K: Resource<DynamicType = ()>>(
        &self,
        about: &K,
        reason: &str,
        action: &str,
        note: impl Into<String>,
    ) {
        self.publish(about, EventType::Normal, reason, action, note.into());
    }

    /// Something needs attention.
    pub fn warning<K: Resource<DynamicType = ()>>(
        &self,
        about: &K,
        reason: &str,
        action: &str,
        note: impl Into<String>,
    ) {
        self.publish(about, EventType::Warning, reason, action, note.into());
    }

    fn publish<K: Resource<DynamicType = ()>>(
        &self,
        about: &K,
        type_: EventType,
        reason: &str,
        action: &str,
        note: String,
    ) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            action: told_apart(action, &note),
            note: Some(shortened(note)),
            secondary: None,
        };
        if self.queue.try_send((event, about.object_ref(&()))).is_err() {
            tracing::debug!(reason, "an event was dropped: the queue is full or closed");
        }
    }
}

impl Delivery {
    /// Delivers until every [`Events`] is dropped.
    pub async fn run(mut self) {
        while let Some((event, about)) = self.queue.recv().await {
            let delivered = tokio::time::timeout(PATIENCE, self.recorder.publish(&event, &about)).await;
            match delivered {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(reason = event.reason, %error, "an event was not delivered");
                }
                Err(_) => tracing::debug!(reason = event.reason, "an event was not delivered in time"),
            }
        }
    }
}

/// The action, and a mark of the note: the recorder counts events that differ in their notes only as one, and keeps the first
/// note.
fn told_apart(action: &str, note: &str) -> String {
    let mut hasher = DefaultHasher::new();
    note.hash(&mut hasher);
    format!("{action} {:016x}", hasher.finish())
}

fn shortened(mut note: String) -> String {
    if note.len() > LONGEST_NOTE {
        let mut end = LONGEST_NOTE - '…'.len_utf8();
        while !note.is_char_boundary(end) {
            end -= 1;
        }
        note.truncate(end);
        note.push('…');
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_notes_are_cut_between_characters() {
        let cases = [
            ("short".to_owned(), 5),
            ("é".repeat(600), LONGEST_NOTE - 1),
            ("x".repeat(2000), LONGEST_NOTE),
        ];
        for (note, length) in cases {
            assert_eq!(shortened(note).len(), length);
        }
    }
    #[test]
    fn another_note_is_another_event() {
        assert_eq!(told_apart("UpdateCluster", "a"), told_apart("UpdateCluster", "a"));
        assert_ne!(told_apart("UpdateCluster", "a"), told_apart("UpdateCluster", "b"));
    }
}
