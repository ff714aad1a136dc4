//! Watches namespaces for their labels: who may use an account can depend on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, future};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio_util::sync::CancellationToken;

use crate::context::Ctx;
use crate::k8s::object::{Kept, Kind, ObjectKey};

/// Fills the store of namespaces until `stop`, and wakes the objects of one whose labels changed.
pub async fn run(ctx: Arc<Ctx>, writer: Writer<PartialObjectMeta<Namespace>>, stop: CancellationToken) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(ctx.client.clone());
    let config = match &ctx.watch_namespace {
        Some(name) => watcher::Config::default().fields(&format!("metadata.name={name}")),
        None => watcher::Config::default(),
    };
    let mut known: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    watcher(api, config)
        .default_backoff()
        .modify(|namespace| {
            namespace.managed_fields_mut().clear();
            namespace.annotations_mut().clear();
        })
        .reflect(writer)
        .inspect_ok(|event| {
            if matches!(event, watcher::Event::InitDone) {
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
