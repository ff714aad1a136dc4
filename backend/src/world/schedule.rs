//! The queue of what will happen: events with a moment each, popped in order of time, and in order of scheduling at the
//! same moment, so that a run is repeatable.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::pairs;
use crate::engine;

/// Something that will happen to a realm by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A cluster's capacity provider attachments have been made or removed.
    AttachmentsSettled {
        /// The cluster's name.
        cluster: String,
    },
    /// A capacity provider's creation, update or deletion is done.
    ProviderSettled {
        /// The provider's name.
        provider: String,
    },
    /// An INACTIVE cluster has been visible long enough.
    ClusterForgotten {
        /// The cluster's name.
        cluster: String,
    },
    /// An INACTIVE container instance has been visible long enough.
    InstanceForgotten {
        /// The instance's id.
        instance: String,
    },
    /// A definition that was asked to be deleted may be deleted now, if nothing uses it any more.
    DefinitionDeletable {
        /// The definition's family.
        family: String,
        /// The definition's revision.
        revision: i32,
    },
    /// Something of the engine's: tasks, services, capacity.
    Engine(engine::Event),
}

/// Names a scheduled event, to call it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    at: Timestamp,
    seq: u64,
}

/// The events to come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Schedule {
    next_seq: u64,
    #[serde(with = "pairs")]
    queue: BTreeMap<Slot, Event>,
}

impl Schedule {
    /// Adds an event. Events of the same moment happen in the order in which they were added.
    pub fn push(&mut self, at: Timestamp, event: Event) -> Slot {
        let slot = Slot {
            at,
            seq: self.next_seq,
        };
        self.next_seq += 1;
        self.queue.insert(slot, event);
        slot
    }

    /// Calls an event off; does nothing if it has happened.
    pub fn cancel(&mut self, slot: Slot) {
        self.queue.remove(&slot);
    }

    /// Takes the next event that is due at `now`, with its own moment.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let first = self.queue.first_entry()?;
        let at = first.key().at;
        (at <= now).then(|| (at, first.remove()))
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.queue.first_key_value().map(|(slot, _)| slot.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_of_time_then_of_scheduling() {
        let event = |cluster: &str| Event::AttachmentsSettled {
            cluster: cluster.to_owned(),
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut schedule = Schedule::default();
        schedule.push(at(2), event("c"));
        schedule.push(at(1), event("a"));
        let slot = schedule.push(at(1), event("x"));
        schedule.push(at(1), event("b"));
        schedule.cancel(slot);
        assert_eq!(schedule.next_at(), Some(at(1)));
        assert_eq!(schedule.pop_due(at(0)), None);
        let mut popped = Vec::new();
        while let Some(due) = schedule.pop_due(at(2)) {
            popped.push(due);
        }
        assert_eq!(
            popped,
            [(at(1), event("a")), (at(1), event("b")), (at(2), event("c"))]
        );
    }
}
