//! One controller: watches a kind, keeps its store and the index of references, and passes over what changed.
//!
//! A kind is plugged in with its reconcile function and with the references that an object makes.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt, TryStreamExt, future};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::core::DeserializeGuard;
use kube::core::object::HasStatus;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, controller, watcher as watch};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::context::Ctx;
use crate::error::Result;
use crate::k8s::census::Census;
use crate::k8s::face::face;
use crate::k8s::guard::guarded;
use crate::k8s::joined::{Joined, Key, join};
use crate::k8s::object::{Kept, ObjectKey};
use crate::k8s::trigger::Trigger;

/// Runs the controller of kind `K` until `stop`, and then until the passes under way have ended.
///
/// `reconcile` makes one pass over an object. `references` names the objects that it refers to, existing or not: when one
/// of them changes, the object is passed over; when an object starts or ceases to refer to one, that one is.
pub async fn run<K, F>(
    ctx: Arc<Ctx>,
    writer: Writer<K>,
    reconcile: fn(Arc<K>, Arc<Ctx>) -> F,
    references: fn(&K) -> BTreeSet<ObjectKey>,
    stop: CancellationToken,
) where
    K: Kept + HasStatus<Status: Serialize>,
    F: Future<Output = Result<Action>> + Send + 'static,
{
    let store = K::store(&ctx.stores).clone();
    let trigger = Arc::new(Mutex::new(Trigger::default()));
    let mut tracker = Tracker {
        ctx: ctx.clone(),
        references,
        trigger: trigger.clone(),
        faces: BTreeMap::new(),
        census: Census::new(ctx.metrics.clone()),
        listed: None,
    };
    let status = ctx.clone();
    let changes = decoded::<K>(&ctx)
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .inspect_ok(move |event| tracker.follow(event))
        .applied_objects()
        .try_filter(move |object| {
            let mut trigger = trigger.lock().unwrap_or_else(PoisonError::into_inner);
            let fires = trigger.fires(object);
            future::ready(fires || status.status.was_overwritten(object))
        });
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.limits.concurrency))
        .reconcile_on(ctx.wakes.stream::<K>())
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(
            move |object, ctx| guarded(object.clone(), ctx.clone(), reconcile(object, ctx)),
            |_, never: &Infallible, _| match *never {},
            ctx,
        )
        .for_each(|outcome| {
            log(K::KIND.as_str(), &outcome);
            future::ready(())
        })
        .await;
}

/// The kind's events, without objects that do not decode: such a one is told so and otherwise as good as gone, until it
/// decodes again. One bad object must not stop the watch for all (engineering.md §1.10, 2).
fn decoded<K: Kept>(ctx: &Arc<Ctx>) -> impl Stream<Item = watcher::Result<Event<K>>> + Send + use<K> {
    let parts = K::watched(&ctx.client, &ctx.watch_namespaces)
        .into_iter()
        .map(|(name, api)| (name, watch(api, watcher::Config::default()).default_backoff()))
        .collect();
    let ctx = ctx.clone();
    join(parts).try_filter_map(move |said| {
        let event = match said {
            Joined::Event(event) => decode(&ctx, event),
            Joined::Gone(key) => known(&ctx, key).map(Event::Delete),
        };
        future::ready(Ok(event))
    })
}

fn decode<K: Kept>(ctx: &Ctx, event: Event<DeserializeGuard<K>>) -> Option<Event<K>> {
    match event {
        Event::Init => Some(Event::Init),
        Event::InitDone => Some(Event::InitDone),
        Event::InitApply(object) => readable(ctx, object).map(Event::InitApply),
        Event::Apply(object) => match gone_if_unreadable(ctx, object) {
            Ok(object) => Some(Event::Apply(object)),
            Err(before) => before.map(Event::Delete),
        },
        Event::Delete(object) => match object.0 {
            Ok(object) => Some(Event::Delete(object)),
            Err(unreadable) => known(ctx, key_in(unreadable.metadata)).map(Event::Delete),
        },
    }
}

fn readable<K: Kept>(ctx: &Ctx, object: DeserializeGuard<K>) -> Option<K> {
    match &object.0 {
        Ok(_) => object.0.ok(),
        Err(unreadable) => {
            let words = unreadable.error.clone();
            tracing::warn!(
                kind = K::KIND.as_str(),
                name = object.name_any(),
                "an object cannot be read: {words}"
            );
            ctx.events.warning(&object, "Unreadable", "Decode", words);
            None
        }
    }
}

/// The object, or what was known of it before it became unreadable.
fn gone_if_unreadable<K: Kept>(ctx: &Ctx, object: DeserializeGuard<K>) -> Result<K, Option<K>> {
    let key = (object.namespace(), object.name_any());
    readable(ctx, object).ok_or_else(|| known(ctx, key))
}

fn key_in(metadata: ObjectMeta) -> Key {
    (metadata.namespace, metadata.name.unwrap_or_default())
}

fn known<K: Kept>(ctx: &Ctx, (namespace, name): Key) -> Option<K> {
    let key = ObjectKey {
        kind: K::KIND,
        namespace,
        name,
    };
    ctx.stores.get::<K>(&key).map(|object| (*object).clone())
}

fn log(kind: &str, outcome: &Result<Passed<impl Sized>, controller::Error<Infallible, watcher::Error>>) {
    match outcome {
        Ok(_) => {}
        // Normal after a deletion: a wake-up came for an object that is gone.
        Err(controller::Error::ObjectNotFound(_)) => tracing::debug!(kind, "woken, but gone"),
        Err(controller::Error::QueueError(error)) => {
            tracing::warn!(kind, %error, "the watch failed and is repeated");
        }
        Err(error) => tracing::error!(kind, %error, "the controller stumbled"),
    }
}

type Passed<K> = (K, Action);

/// Follows the stream of a kind: keeps the index, wakes those that are concerned, forgets what is gone.
struct Tracker<K> {
    ctx: Arc<Ctx>,
    references: fn(&K) -> BTreeSet<ObjectKey>,
    trigger: Arc<Mutex<Trigger>>,
    /// What those who refer to an object know of it.
    faces: BTreeMap<ObjectKey, Value>,
    census: Census,
    /// What the listing under way has brought so far.
    listed: Option<BTreeSet<ObjectKey>>,
}

impl<K: Kept> Tracker<K> {
    fn follow(&mut self, event: &Event<K>) {
        match event {
            Event::Init => self.listed = Some(BTreeSet::new()),
            Event::InitApply(object) => {
                if let Some(listed) = &mut self.listed {
                    listed.insert(ObjectKey::of(object));
                }
                self.changed(object);
            }
            Event::Apply(object) => self.changed(object),
            Event::Delete(object) => {
                let uid = object.uid().unwrap_or_default();
                self.ctx.status.forget(&uid);
                self.ctx.backoff.clear(&uid);
                self.trigger
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .forget(&uid);
                self.gone(&ObjectKey::of(object));
            }
            Event::InitDone => {
                self.ctx.stores.note_filled(K::KIND);
                // A deletion that no event told of shows by its absence from the new list.
                let listed = self.listed.take().unwrap_or_default();
                // Taken out first: the index must not be held while it is changed.
                let known = self.ctx.index().known(K::KIND);
                for key in known.difference(&listed) {
                    self.gone(key);
                }
            }
        }
    }

    fn changed(&mut self, object: &K) {
        let key = ObjectKey::of(object);
        self.census.count(&key, object);
        let (concerned, referers) = {
            let mut index = self.ctx.index();
            (index.set(&key, (self.references)(object)), index.referers(&key))
        };
        self.wake(concerned.iter());
        if !referers.is_empty() && self.is_news(key, object) {
            self.wake(referers.iter());
        }
    }

    /// Whether the object looks different now to those who refer to it.
    fn is_news(&mut self, key: ObjectKey, object: &K) -> bool {
        let face = face(object);
        self.faces.insert(key, face.clone()) != Some(face)
    }

    fn gone(&mut self, key: &ObjectKey) {
        self.faces.remove(key);
        self.census.forget(key);
        let (concerned, referers) = {
            let mut index = self.ctx.index();
            (index.remove(key), index.referers(key))
        };
        self.ctx.observers.forget(key);
        self.wake(concerned.iter().chain(&referers));
    }

    fn wake<'a>(&self, objects: impl Iterator<Item = &'a ObjectKey>) {
        for object in objects {
            self.ctx.wakes.wake(object);
        }
    }
}
