//! Who refers to whom: so that a change of one object wakes those that name it. Pure; fed by the controllers' streams.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::object::{Kind, ObjectKey};

/// References in both directions. A target need not exist: that is how an object learns that what it waits for appeared.
#[derive(Debug, Default)]
pub struct Index {
    targets: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    referers: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
}

impl Index {
    /// Says to whom `referer` refers now; what it referred to before is forgotten. Answers those that gained or lost it.
    pub fn set(&mut self, referer: &ObjectKey, targets: BTreeSet<ObjectKey>) -> Vec<ObjectKey> {
        let before = self.targets.get(referer).cloned().unwrap_or_default();
        for gone in before.difference(&targets) {
            if let Some(referers) = self.referers.get_mut(gone) {
                referers.remove(referer);
                if referers.is_empty() {
                    self.referers.remove(gone);
                }
            }
        }
        for target in targets.difference(&before) {
            self.referers
                .entry(target.clone())
                .or_default()
                .insert(referer.clone());
        }
        let concerned = before.symmetric_difference(&targets).cloned().collect();
        self.targets.insert(referer.clone(), targets);
        concerned
    }

    /// Forgets an object's own references; those of others to it stay. Answers those that lost it.
    pub fn remove(&mut self, referer: &ObjectKey) -> Vec<ObjectKey> {
        let concerned = self.set(referer, BTreeSet::new());
        self.targets.remove(referer);
        concerned
    }

    /// Those that refer to `target`, in order.
    pub fn referers(&self, target: &ObjectKey) -> Vec<ObjectKey> {
        self.referers
            .get(target)
            .map(|referers| referers.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The objects of one kind that have been set and not removed.
    pub fn known(&self, kind: Kind) -> BTreeSet<ObjectKey> {
        self.targets
            .keys()
            .filter(|key| key.kind == kind)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> ObjectKey {
        ObjectKey::namespaced(Kind::EcsService, "shop", name)
    }

    fn cluster(name: &str) -> ObjectKey {
        ObjectKey::namespaced(Kind::EcsCluster, "shop", name)
    }

    #[test]
    fn follows_references_as_they_change() {
        let mut index = Index::default();
        index.set(&service("web"), [cluster("a")].into());
        index.set(&service("api"), [cluster("a"), cluster("b")].into());
        assert_eq!(index.referers(&cluster("a")), [service("api"), service("web")]);

        let concerned = index.set(&service("web"), [cluster("b")].into());
        assert_eq!(concerned, [cluster("a"), cluster("b")]);
        assert!(index.set(&service("web"), [cluster("b")].into()).is_empty());
        assert_eq!(index.referers(&cluster("a")), [service("api")]);
        assert_eq!(index.referers(&cluster("b")), [service("api"), service("web")]);

        index.remove(&service("api"));
        assert!(index.referers(&cluster("a")).is_empty());
        assert_eq!(index.referers(&cluster("b")), [service("web")]);
        assert_eq!(index.known(Kind::EcsService), [service("web")].into());
    }

    #[test]
    fn a_removed_target_keeps_its_referers_for_when_it_comes_back() {
        let mut index = Index::default();
        index.set(&cluster("a"), BTreeSet::new());
        index.set(&service("web"), [cluster("a")].into());
        index.remove(&cluster("a"));
        assert_eq!(index.referers(&cluster("a")), [service("web")]);
    }
}
