//! The objects, and their history by revision.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ownership::Owners;

/// Where an object lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `plural.group`.
    pub(crate) resource: String,
    /// Empty for cluster-scoped kinds.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// An object with the owners of its fields.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) object: Value,
    pub(crate) owners: Owners,
}

/// One entry of the history.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    /// The object before; none where it was created.
    pub(crate) before: Option<Value>,
    /// The object after; none where it was deleted.
    pub(crate) after: Option<Value>,
}

/// What etcd is to the apiserver.
#[derive(Debug, Default)]
pub(crate) struct Store {
    revision: u64,
    objects: BTreeMap<Key, Stored>,
    history: Vec<Change>,
    compacted: u64,
    uids: u64,
}

impl Store {
    /// The newest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// A UID that no object had before.
    pub(crate) fn next_uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.uids)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Stored> {
        self.objects.get(key)
    }

    /// All objects now.
    pub(crate) fn objects(&self) -> &BTreeMap<Key, Stored> {
        &self.objects
    }

    /// All objects as they were at `revision`.
    pub(crate) fn as_of(&self, revision: u64) -> BTreeMap<Key, Value> {
        let mut world = BTreeMap::new();
        for change in self
            .history
            .iter()
            .take_while(|change| change.revision <= revision)
        {
            match &change.after {
                Some(object) => world.insert(change.key.clone(), object.clone()),
                None => world.remove(&change.key),
            };
        }
        world
    }

    /// Stores an object at a new revision and returns it with its `resourceVersion`.
    pub(crate) fn put(&mut self, key: Key, mut object: Value, owners: Owners) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let stored = Stored {
            object: object.clone(),
            owners,
        };
        let before = self.objects.insert(key.clone(), stored).map(|old| old.object);
        self.history.push(Change {
            revision: self.revision,
            key,
            before,
            after: Some(object.clone()),
        });
        object
    }

    /// Takes an object away at a new revision.
    pub(crate) fn remove(&mut self, key: &Key) {
        if let Some(old) = self.objects.remove(key) {
            self.revision += 1;
            self.history.push(Change {
                revision: self.revision,
                key: key.clone(),
                before: Some(old.object),
                after: None,
            });
        }
    }

    /// The changes after `revision`, for a watch; none when some of them are compacted away.
    pub(crate) fn since(&self, revision: u64) -> Option<&[Change]> {
        (revision >= self.compacted).then(|| self.history(revision))
    }

    /// The changes after `revision`, compacted or not: what really happened.
    pub(crate) fn history(&self, revision: u64) -> &[Change] {
        let from = self.history.partition_point(|change| change.revision <= revision);
        &self.history[from..]
    }

    /// From now on, nobody can watch from before the newest revision.
    pub(crate) fn compact(&mut self) {
        self.compacted = self.revision;
    }
}
