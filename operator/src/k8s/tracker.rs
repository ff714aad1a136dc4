//! What a controller makes of its watch: keeps the index of references, says which objects are to be passed over and who else
//! is concerned, and forgets what is gone.
//!
//! What a listing shows becomes the store's content at the listing's end, and a large one comes in pages. So until then nobody
//! is sent to look: a pass would read what was there before, and nothing would wake it again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use kube::core::object::HasStatus;
use kube::runtime::watcher::Event;
use serde::Serialize;
use serde_json::Value;

use crate::context::Ctx;
use crate::k8s::census::Census;
use crate::k8s::face::face;
use crate::k8s::object::{Kept, Kind, ObjectKey};
use crate::k8s::trigger::Trigger;

/// Follows the events of a kind, each after the store has taken it in.
pub struct Tracker<K> {
    ctx: Arc<Ctx>,
    references: fn(&K) -> BTreeSet<ObjectKey>,
    trigger: Trigger,
    known: BTreeMap<ObjectKey, Known>,
    census: Census,
    /// What the listing under way has brought so far.
    listed: Option<BTreeSet<ObjectKey>>,
    /// Whom to wake when it has ended. Outlives a listing that is begun anew.
    held: BTreeSet<ObjectKey>,
}

/// What is remembered of an object.
struct Known {
    uid: String,
    /// What those who refer to it know of it; none while nobody does.
    face: Option<Value>,
}

impl<K> Tracker<K>
where
    K: Kept + HasStatus<Status: Serialize>,
{
    /// A tracker that has heard nothing yet. `references` names the objects that an object refers to.
    pub fn new(ctx: Arc<Ctx>, references: fn(&K) -> BTreeSet<ObjectKey>) -> Self {
        Self {
            references,
            trigger: Trigger::default(),
            known: BTreeMap::new(),
            census: Census::new(ctx.metrics.clone()),
            listed: None,
            held: BTreeSet::new(),
            ctx,
        }
    }

    /// Takes in what the watch says; gives the object if it is to be passed over now. Whoever else is to be is woken.
    pub fn follow(&mut self, event: Event<K>) -> Option<K> {
        match event {
            Event::Init => {
                self.listed = Some(BTreeSet::new());
                None
            }
            Event::InitApply(object) => {
                let key = ObjectKey::of(&object);
                self.changed(&key, &object);
                if self.fires(&object) {
                    self.held.insert(key.clone());
                }
                if let Some(listed) = &mut self.listed {
                    listed.insert(key);
                }
                None
            }
            Event::Apply(object) => {
                self.changed(&ObjectKey::of(&object), &object);
                self.fires(&object).then_some(object)
            }
            Event::Delete(object) => {
                self.gone(&ObjectKey::of(&object));
                None
            }
            Event::InitDone => {
                self.list_ended();
                None
            }
        }
    }

    fn fires(&mut self, object: &K) -> bool {
        let fires = self.trigger.fires(object);
        // Another installation may write an account's status too, and the two would answer each other for ever.
        let shared = K::KIND == Kind::AwsAccount;
        fires || (!shared && self.ctx.status.was_overwritten(object))
    }

    fn list_ended(&mut self) {
        self.ctx.stores.note_filled(K::KIND);
        // A deletion that no event told of shows by its absence from the new list.
        let listed = self.listed.take().unwrap_or_default();
        // Taken out first: the index must not be held while it is changed.
        let known = self.ctx.index().known(K::KIND);
        for key in known.difference(&listed) {
            self.gone(key);
        }
        let held = std::mem::take(&mut self.held);
        self.wake(held);
    }

    fn changed(&mut self, key: &ObjectKey, object: &K) {
        self.census.count(key, object);
        self.recognise(key, object);
        let (concerned, referers) = {
            let mut index = self.ctx.index();
            (index.set(key, (self.references)(object)), index.referers(key))
        };
        self.wake(concerned);
        if referers.is_empty() {
            self.forget_face(key);
        } else if self.is_news(key, object) {
            self.wake(referers);
        }
    }

    /// Notes whose key this is; a predecessor of that name is gone, though no event may have told.
    fn recognise(&mut self, key: &ObjectKey, object: &K) {
        let uid = object.uid().unwrap_or_default();
        let Some(known) = self.known.get_mut(key) else {
            self.known.insert(key.clone(), Known { uid, face: None });
            return;
        };
        if known.uid != uid {
            let before = std::mem::replace(&mut known.uid, uid);
            self.forget(&before);
        }
    }

    /// Whether the object looks different now to those who refer to it.
    fn is_news(&mut self, key: &ObjectKey, object: &K) -> bool {
        let face = Some(face(object));
        let Some(known) = self.known.get_mut(key) else {
            return true;
        };
        let news = known.face != face;
        known.face = face;
        news
    }

    /// Nobody refers to it: who comes later may see another face than the one last told of, and has to hear of a return to that.
    fn forget_face(&mut self, key: &ObjectKey) {
        if let Some(known) = self.known.get_mut(key) {
            known.face = None;
        }
    }

    fn gone(&mut self, key: &ObjectKey) {
        if let Some(known) = self.known.remove(key) {
            self.forget(&known.uid);
        }
        self.census.forget(key);
        let (concerned, referers) = {
            let mut index = self.ctx.index();
            (index.remove(key), index.referers(key))
        };
        self.ctx.observers.forget(key);
        self.wake(concerned.into_iter().chain(referers));
    }

    fn forget(&mut self, uid: &str) {
        self.ctx.forget(uid);
        self.trigger.forget(uid);
    }

    fn wake(&mut self, objects: impl IntoIterator<Item = ObjectKey>) {
        if self.listed.is_some() {
            self.held.extend(objects);
            return;
        }
        for object in objects {
            self.ctx.wakes.wake(&object);
        }
    }
}

#[cfg(test)]
mod tests {
    use ecs_crds::{EcsCluster, EcsService};
    use futures::{FutureExt, Stream, StreamExt};
    use kube::runtime::reflector::ObjectRef;
    use serde_json::json;

    use super::*;
    use crate::context::testing;
    use crate::k8s::object::Kind;

    fn cluster(name: &str, uid: &str, generation: i64) -> EcsCluster {
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster", "spec": {},
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "generation": generation, "resourceVersion": "1"},
        }))
        .unwrap()
    }

    fn tracker(ctx: &Arc<Ctx>) -> Tracker<EcsCluster> {
        Tracker::new(ctx.clone(), |_| BTreeSet::new())
    }

    fn list(tracker: &mut Tracker<EcsCluster>, clusters: Vec<EcsCluster>) {
        tracker.follow(Event::Init);
        for cluster in clusters {
            assert!(tracker.follow(Event::InitApply(cluster)).is_none());
        }
        tracker.follow(Event::InitDone);
    }

    /// Those woken since it was asked last.
    fn woken<K: Kept>(wakes: &mut (impl Stream<Item = ObjectRef<K>> + Unpin)) -> Vec<String> {
        std::iter::from_fn(|| wakes.next().now_or_never().flatten())
            .map(|reference| reference.name)
            .collect()
    }

    /// A service `web` that refers to cluster `main`.
    fn refer(ctx: &Ctx) {
        let service = ObjectKey::namespaced(Kind::EcsService, "shop", "web");
        let main = ObjectKey::namespaced(Kind::EcsCluster, "shop", "main");
        ctx.index().set(&service, [main].into());
    }

    #[tokio::test]
    async fn nobody_looks_before_the_store_shows_what_a_listing_brought() {
        let ctx = testing::ctx();
        let mut clusters = Box::pin(ctx.wakes.stream::<EcsCluster>());
        let mut services = Box::pin(ctx.wakes.stream::<EcsService>());
        let mut tracker = tracker(&ctx);
        refer(&ctx);
        list(
            &mut tracker,
            vec![cluster("main", "u-1", 1), cluster("other", "u-2", 1)],
        );
        assert_eq!(woken(&mut clusters), ["main", "other"]);
        assert_eq!(woken(&mut services), ["web"]);

        tracker.follow(Event::Init);
        tracker.follow(Event::InitApply(cluster("main", "u-1", 2)));
        assert!(woken(&mut clusters).is_empty() && woken(&mut services).is_empty());
        // The second page did not come, and the list is begun anew.
        list(
            &mut tracker,
            vec![cluster("main", "u-1", 2), cluster("other", "u-2", 1)],
        );
        assert_eq!(woken(&mut clusters), ["main"]);
        assert_eq!(woken(&mut services), ["web"]);

        assert!(tracker.follow(Event::Apply(cluster("main", "u-1", 3))).is_some());
        assert!(tracker.follow(Event::Apply(cluster("main", "u-1", 3))).is_none());
        assert_eq!(woken(&mut services), ["web"]);
    }

    #[tokio::test]
    async fn who_refers_again_hears_of_a_face_that_was_told_of_before() {
        let ctx = testing::ctx();
        let mut services = Box::pin(ctx.wakes.stream::<EcsService>());
        let mut tracker = tracker(&ctx);
        list(&mut tracker, vec![]);
        refer(&ctx);
        tracker.follow(Event::Apply(cluster("main", "u-1", 1)));
        assert_eq!(woken(&mut services), ["web"]);
        ctx.index()
            .remove(&ObjectKey::namespaced(Kind::EcsService, "shop", "web"));
        tracker.follow(Event::Apply(cluster("main", "u-1", 2)));
        refer(&ctx);
        tracker.follow(Event::Apply(cluster("main", "u-1", 1)));
        assert_eq!(woken(&mut services), ["web"]);
    }

    #[tokio::test]
    async fn whatever_tells_of_its_end_an_object_is_forgotten() {
        type End = fn(&mut Tracker<EcsCluster>);
        let ends: [(&str, End); 3] = [
            ("an event", |tracker| {
                tracker.follow(Event::Delete(cluster("main", "u-1", 1)));
            }),
            ("its absence", |tracker| {
                list(tracker, vec![]);
            }),
            ("a successor", |tracker| {
                list(tracker, vec![cluster("main", "u-2", 1)]);
            }),
        ];
        for (what, end) in ends {
            let ctx = testing::ctx();
            let mut tracker = tracker(&ctx);
            list(&mut tracker, vec![cluster("main", "u-1", 1)]);
            ctx.backoff.failed("u-1");
            ctx.quiet.generation("u-1", 1);
            end(&mut tracker);
            assert_eq!(ctx.backoff.failing_for("u-1"), None, "{what}");
            assert!(tracker.known.values().all(|known| known.uid != "u-1"), "{what}");
            assert!(tracker.trigger.fires(&cluster("main", "u-1", 1)), "{what}");
        }
    }
}
