//! One controller: watches a kind, keeps its store and the index of references, and passes over what changed.
//!
//! A kind is plugged in with its reconcile function and with the references that an object makes.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

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
use tokio_util::sync::CancellationToken;

use crate::context::Ctx;
use crate::error::Result;
use crate::k8s::guard::guarded;
use crate::k8s::joined::{Joined, Key, join};
use crate::k8s::object::{Kept, ObjectKey};
use crate::k8s::tracker::Tracker;

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
    let mut tracker = Tracker::new(ctx.clone(), references);
    let changes = decoded::<K>(&ctx)
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .try_filter_map(move |event| future::ready(Ok(tracker.follow(event))));
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
