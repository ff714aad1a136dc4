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
    let mut labels = Labels::default();
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
        .take_until(stop.cancelled_owned())
        .for_each(|event| {
            match event {
                Ok(event) => {
                    if matches!(event, Event::InitDone) {
                        ctx.stores.note_namespaces_filled();
                    }
                    for name in labels.follow(&event) {
                        wake_all_in(&ctx, &name);
                    }
                }
                Err(error) => tracing::warn!(%error, "the watch of namespaces failed and is repeated"),
            }
            future::ready(())
        })
        .await;
}

/// The labels of the namespaces. Pure.
#[derive(Debug, Default)]
struct Labels {
    known: BTreeMap<String, BTreeMap<String, String>>,
    /// What the listing under way has brought: the store shows it at its end.
    listing: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether there was a listing. Before that no pass began that could have missed a label.
    listed: bool,
}

impl Labels {
    /// Takes in an event; gives the namespaces that the store shows with new labels now. One seen for the first time is among
    /// them: its objects may have come before it, by other watches.
    fn follow(&mut self, event: &Event<PartialObjectMeta<Namespace>>) -> Vec<String> {
        match event {
            Event::Init => self.listing.clear(),
            Event::InitApply(namespace) => {
                self.listing
                    .insert(namespace.name_any(), namespace.labels().clone());
            }
            Event::Apply(namespace) => {
                let (name, labels) = (namespace.name_any(), namespace.labels().clone());
                let before = self.known.insert(name.clone(), labels.clone());
                if before != Some(labels) {
                    return vec![name];
                }
            }
            Event::Delete(namespace) => {
                self.known.remove(&namespace.name_any());
            }
            Event::InitDone => {
                let before = std::mem::replace(&mut self.known, std::mem::take(&mut self.listing));
                if std::mem::replace(&mut self.listed, true) {
                    let news = self
                        .known
                        .iter()
                        .filter(|(name, labels)| before.get(*name) != Some(*labels));
                    return news.map(|(name, _)| name.clone()).collect();
                }
            }
        }
        Vec::new()
    }
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

#[cfg(test)]
mod tests {
    use kube::api::ObjectMeta;

    use super::*;

    fn namespace(name: &str, team: &str) -> PartialObjectMeta<Namespace> {
        PartialObjectMeta {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: Some([("team".to_owned(), team.to_owned())].into()),
                ..ObjectMeta::default()
            },
            ..PartialObjectMeta::default()
        }
    }

    #[test]
    fn new_labels_are_news_once_the_store_shows_them() {
        let steps = [
            (Event::Init, vec![]),
            (Event::InitApply(namespace("a", "x")), vec![]),
            (Event::InitApply(namespace("b", "x")), vec![]),
            (Event::InitDone, vec![]),
            (Event::Apply(namespace("a", "x")), vec![]),
            (Event::Apply(namespace("a", "y")), vec!["a"]),
            (Event::Apply(namespace("new", "x")), vec!["new"]),
            (Event::Delete(namespace("new", "x")), vec![]),
            (Event::Apply(namespace("new", "x")), vec!["new"]),
            (Event::Init, vec![]),
            (Event::InitApply(namespace("a", "z")), vec![]),
            (Event::InitApply(namespace("c", "x")), vec![]),
            (Event::InitApply(namespace("new", "x")), vec![]),
            (Event::InitDone, vec!["a", "c"]),
            (Event::Apply(namespace("b", "x")), vec!["b"]),
        ];
        let mut labels = Labels::default();
        for (number, (event, news)) in steps.into_iter().enumerate() {
            assert_eq!(labels.follow(&event), news, "step {number}");
        }
    }
}
