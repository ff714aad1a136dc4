//! The world: what the simulation keeps, and its time.
//!
//! A [`World`] holds one [`Realm`] for each account and region; nothing passes between realms. Time moves only in
//! [`World::advance`], which lets the events that have become due happen, each at its own moment.

pub mod clock;
pub mod ids;
pub mod names;
pub mod pairs;
pub mod schedule;
pub mod shaped;
pub mod snapshot;
pub mod store;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use names::RealmId;
pub use store::{ClusterRecord, DefinitionRecord, Family, InstanceRecord, ProviderRecord, Realm, ServiceKey};

use crate::ops;
use crate::timing::Timing;
use schedule::Event;

/// All realms of a server.
#[derive(Debug)]
pub struct World {
    /// The realms that have been spoken to.
    pub realms: BTreeMap<RealmId, Realm>,
    /// The present moment: never goes back.
    pub now: Timestamp,
    /// What the identifiers of new realms are drawn from.
    pub seed: u64,
    /// How long things take.
    pub timing: Timing,
}

impl World {
    /// An empty world.
    pub fn new(seed: u64, timing: Timing, now: Timestamp) -> Self {
        Self {
            realms: BTreeMap::new(),
            now,
            seed,
            timing,
        }
    }

    /// The realm of an account and region; made when it is first spoken to.
    pub fn realm(&mut self, id: &RealmId) -> &mut Realm {
        let (seed, timing, now) = (self.seed, self.timing, self.now);
        self.realms
            .entry(id.clone())
            .or_insert_with(|| Realm::new(id.clone(), seed, timing, now))
    }

    /// Moves the time forward to `now` and lets everything happen that is due until then; a moment in the past does nothing.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for realm in self.realms.values_mut() {
            realm.advance(self.now);
        }
    }

    /// When the next event of any realm is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.realms
            .values()
            .filter_map(|realm| realm.schedule.next_at())
            .min()
    }
}

impl Realm {
    /// Lets everything happen that is due until `now`, in order, each event at its own moment.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((at, event)) = self.schedule.pop_due(now) {
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(now);
    }

    /// Schedules an event after a while from now.
    pub fn after(&mut self, wait: SignedDuration, event: Event) -> schedule::Slot {
        let at = self.now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.schedule.push(at, event)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::AttachmentsSettled { cluster } => ops::clusters::attachments_settled(self, &cluster),
            Event::ClusterForgotten { cluster } => ops::clusters::forgotten(self, &cluster),
            Event::ProviderSettled { provider } => ops::capacity_providers::settled(self, &provider),
            Event::InstanceForgotten { instance } => {
                self.inactive_instances.remove(&instance);
            }
            Event::DefinitionDeletable { family, revision } => {
                ops::task_definitions::deletable(self, &family, revision);
            }
            Event::Engine(event) => crate::engine::happen(self, event),
        }
    }
}
