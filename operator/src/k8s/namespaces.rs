//! Watches namespaces for their labels: who may use an account can depend on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, future};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use tokio_util::sync::CancellationToken;

use crate::context::Ctx;
use crate::k8s::joined::{Joined, join};
use crate::k8s::object::{Kept, Kind, ObjectKey};

/// Fills the store of namespaces until `stop`, and wakes the objects of one whose labels changed.
pub async fn run(ctx: Arc<Ctx>, writer: Writer<PartialObjectMeta<Namespace>>, stop: CancellationToken) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(ctx.client.clone());
    let mut known: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    join(parts(&api, &ctx.watch_namespaces))
        .try_filter_map(|said| {
            let event = match said {
                Joined::Event(event) => Some(event),
                Joined::Gone((_, name)) => ctx.stores.namespace(&name).map(Event::Delete),
            };
            future::ready(Ok(event))
        })
        .modify(|namespace| {
            namespace.managed_fields_mut().clear();
            namespace.annotations_mut().clear();
        })
        .reflect(writer)
        .inspect_ok(|event| {
            if matches!(event, Event::InitDone) {
                ctx.stores.note_namespaces_filled();
            }
        })
        .applied_objects()
        .take_until(stop.cancelled_owned())
        .for_each(|namespace| {
            match namespace {
                Ok(namespace) => {
                    let (name, labels) = (namespace.name_any(), namespace.labels().clone());
                    let before = known.insert(name.clone(), labels.clone());
                    if before.is_some_and(|before| before != labels) {
                        wake_all_in(&ctx, &name);
                    }
                }
                Err(error) => tracing::warn!(%error, "the watch of namespaces failed and is repeated"),
            }
            future::ready(())
        })
        .await;
}

/// One watch of all namespaces, or one of each that is watched: a watch by name needs no right to see the others.
fn parts(
    api: &Api<PartialObjectMeta<Namespace>>,
    names: &[String],
) -> Vec<(
    String,
    impl Stream<Item = watcher::Result<Event<PartialObjectMeta<Namespace>>>> + Send + use<>,
)> {
    let watched = |config| watcher(api.clone(), config).default_backoff();
    if names.is_empty() {
        return vec![(String::new(), watched(watcher::Config::default()))];
    }
    let by_name = |name: &String| watcher::Config::default().fields(&format!("metadata.name={name}"));
    names
        .iter()
        .map(|name| (name.clone(), watched(by_name(name))))
        .collect()
}

fn wake_all_in(ctx: &Ctx, namespace: &str) {
    wake::<ecs_crds::EcsCluster>(ctx, namespace);
    wake::<ecs_crds::EcsTaskDefinition>(ctx, namespace);
    wake::<ecs_crds::EcsService>(ctx, namespace);
    wake::<ecs_crds::CapacityProvider>(ctx, namespace);
}

fn wake<K: Kept>(ctx: &Ctx, namespace: &str) {
    debug_assert!(K::KIND != Kind::AwsAccount, "accounts are in no namespace");
    for object in ctx.stores.all::<K>() {
        if object.namespace().as_deref() == Some(namespace) {
            ctx.wakes.wake(&ObjectKey::of(&*object));
        }
    }
}
