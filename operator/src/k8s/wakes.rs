//! Wake-ups: anyone who learns that something about an object changed can have it looked at, whatever its kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, Stream};
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc;

use crate::k8s::object::{Kept, Kind, ObjectKey};

/// One queue for each kind. Waking never waits and never fails; an object woken twice is looked at once.
#[derive(Debug)]
pub struct Wakes {
    queues: BTreeMap<Kind, Queue>,
}

#[derive(Debug)]
struct Queue {
    sender: mpsc::UnboundedSender<ObjectKey>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<ObjectKey>>>,
}

impl Default for Wakes {
    fn default() -> Self {
        let queue = |kind| {
            let (sender, receiver) = mpsc::unbounded_channel();
            (
                kind,
                Queue {
                    sender,
                    receiver: Mutex::new(Some(receiver)),
                },
            )
        };
        Self {
            queues: Kind::ALL.into_iter().map(queue).collect(),
        }
    }
}

impl Wakes {
    /// Has `object` looked at soon.
    pub fn wake(&self, object: &ObjectKey) {
        if let Some(queue) = self.queues.get(&object.kind) {
            // Fails only when the controller has ended, and then nobody is to be woken.
            let _ = queue.sender.send(object.clone());
        }
    }

    /// The wake-ups of one kind, for its controller. The first caller gets them; another gets an endless silence.
    pub fn stream<K: Kept>(&self) -> impl Stream<Item = ObjectRef<K>> + Send + use<K> {
        let receiver = self.queues.get(&K::KIND).and_then(|queue| {
            queue
                .receiver
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        });
        stream::unfold(receiver, |receiver| async move {
            let mut receiver = match receiver {
                Some(receiver) => receiver,
                None => std::future::pending().await,
            };
            let woken = receiver.recv().await?;
            Some((woken.to_ref::<K>(), Some(receiver)))
        })
    }
}
