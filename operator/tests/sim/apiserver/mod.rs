//! An in-memory kube-apiserver: what an operator sees of Kubernetes, in one process and in virtual time.
//!
//! It knows CRDs (schema pruning, defaults, list maps, subresources), server-side apply with field ownership,
//! finalizers, generation, resourceVersion conflicts, and watches from a revision. It keeps its history, so that
//! [`ApiServer::pin_view`] can serve the past. It does not validate: a real apiserver does that in other tests.

mod fields;
mod kinds;
mod ownership;
mod refusal;
mod requests;
mod scale;
mod schema;
mod selector;
mod store;
mod watch;
mod wire;
mod write;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch as channel;

pub(crate) use kinds::{Kinds, Resource};
pub(crate) use refusal::Refusal;
pub(crate) use requests::{Answer, Call};
pub(crate) use watch::lines as watch_lines;
pub(crate) use wire::Connection;

use selector::Selector;
use store::{Change, Key, Store};

/// How watch events travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Between a change and its event.
    pub(crate) delay: Duration,
    /// Whether changes of one object that wait together arrive as one.
    pub(crate) coalesce: bool,
    /// A kind whose events take longer still than those of the others.
    pub(crate) late: Option<(&'static str, Duration)>,
}

/// The apiserver; clones are the same server.
#[derive(Clone)]
pub(crate) struct ApiServer(Arc<Inner>);

struct Inner {
    kinds: Kinds,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
    news: channel::Sender<u64>,
}

#[derive(Default)]
struct State {
    store: Store,
    pinned: Option<u64>,
    delivery: Delivery,
    breaks: u64,
}

impl ApiServer {
    /// A server with these CRDs installed and the namespaces `default` and `kube-system`.
    pub(crate) fn new(crds: &[Value], clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let server = Self(Arc::new(Inner {
            kinds: Kinds::new(crds),
            clock: Box::new(clock),
            state: Mutex::default(),
            news: channel::Sender::new(0),
        }));
        for name in ["kube-system", "default"] {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}});
            server.apply(&namespace, "kube-apiserver").expect("a namespace");
        }
        for crd in crds {
            let mut crd = crd.clone();
            let established = json!([{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]);
            crd["status"] = json!({"conditions": established, "acceptedNames": crd["spec"]["names"], "storedVersions": ["v1alpha1"]});
            server.apply(&crd, "kube-apiserver").expect("a CRD");
        }
        server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .state
            .lock()
            .expect("no test thread panics while it holds the store")
    }

    /// The served kinds.
    pub(crate) fn kinds(&self) -> &Kinds {
        &self.0.kinds
    }

    fn now(&self) -> String {
        let now = (self.0.clock)();
        Timestamp::from_second(now.as_second())
            .expect("in range")
            .to_string()
    }

    fn announce(&self, revision: u64) {
        self.0.news.send_replace(revision);
    }

    fn news(&self) -> channel::Receiver<u64> {
        self.0.news.subscribe()
    }

    /// The newest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.state().store.revision()
    }

    /// How many changes there were after `revision` in resources that `counts` (a `plural.group`) counts.
    pub(crate) fn writes_since(&self, revision: u64, counts: impl Fn(&str) -> bool) -> usize {
        let state = self.state();
        let changes = state.store.since(revision).unwrap_or_default();
        changes
            .iter()
            .filter(|change| counts(&change.key.resource))
            .count()
    }

    fn visible_revision(&self) -> u64 {
        let state = self.state();
        let newest = state.store.revision();
        state.pinned.map_or(newest, |pinned| pinned.min(newest))
    }

    fn breaks(&self) -> u64 {
        self.state().breaks
    }

    fn delivery(&self) -> Delivery {
        self.state().delivery
    }

    fn changes(&self, after: u64, until: u64) -> Option<Vec<Change>> {
        let state = self.state();
        let changes = state.store.since(after)?;
        Some(
            changes
                .iter()
                .filter(|change| change.revision <= until)
                .cloned()
                .collect(),
        )
    }

    /// From now on lists and watches show the world as it was `behind` revisions ago; `get` and writes see the present.
    pub(crate) fn pin_view(&self, behind: u64) {
        let mut state = self.state();
        state.pinned = Some(state.store.revision().saturating_sub(behind));
    }

    /// Lists and watches catch up.
    pub(crate) fn release_view(&self) {
        let revision = {
            let mut state = self.state();
            state.pinned = None;
            state.store.revision()
        };
        self.announce(revision);
    }

    /// How watch events travel from now on.
    pub(crate) fn set_delivery(&self, delivery: Delivery) {
        self.state().delivery = delivery;
    }

    /// Ends all watches; with `forget`, they cannot resume and must list anew, so that what happened between is never seen.
    pub(crate) fn break_watches(&self, forget: bool) {
        let revision = {
            let mut state = self.state();
            state.breaks += 1;
            if forget {
                state.store.compact();
            }
            state.store.revision()
        };
        self.announce(revision);
    }

    /// The revision and objects that a list shows.
    fn listed(&self, resource: &Resource, namespace: Option<&str>, selector: &Selector) -> (u64, Vec<Value>) {
        let state = self.state();
        let plural = resource.qualified();
        let wanted = |key: &Key, object: &Value| {
            key.resource == plural
                && namespace.is_none_or(|ns| ns == key.namespace)
                && selector.matches(object)
        };
        if let Some(revision) = state.pinned {
            let past = state.store.as_of(revision);
            (
                revision,
                past.into_iter()
                    .filter(|(k, o)| wanted(k, o))
                    .map(|(_, o)| o)
                    .collect(),
            )
        } else {
            let now = state
                .store
                .objects()
                .iter()
                .filter(|(key, stored)| wanted(key, &stored.object));
            (
                state.store.revision(),
                now.map(|(_, stored)| stored.object.clone()).collect(),
            )
        }
    }
}

/// What a person does with kubectl: the present, without faults.
impl ApiServer {
    fn key_of(&self, kind: &str, namespace: &str, name: &str) -> (Arc<Resource>, Key) {
        let resource = self
            .kinds()
            .by_kind(kind)
            .unwrap_or_else(|| panic!("no kind {kind} is served"));
        let key = Key {
            resource: resource.qualified(),
            namespace: if resource.namespaced {
                namespace.into()
            } else {
                String::new()
            },
            name: name.into(),
        };
        (resource, key)
    }

    /// `kubectl apply --server-side --force-conflicts --field-manager=MANAGER`.
    ///
    /// # Errors
    /// What the apiserver refuses.
    pub(crate) fn apply(&self, object: &Value, manager: &str) -> Result<Value, Refusal> {
        let resource = self.kinds().of_object(object);
        let resource = resource.ok_or_else(|| Refusal::unknown_path(&object["kind"].to_string()))?;
        let metadata = &object["metadata"];
        let namespace = resource
            .namespaced
            .then(|| metadata["namespace"].as_str().unwrap_or("default").to_owned());
        let call = Call::apply(resource, namespace, metadata["name"].as_str(), object, manager);
        self.answer(&call)
    }

    /// `kubectl patch --type=merge`.
    ///
    /// # Errors
    /// What the apiserver refuses.
    pub(crate) fn merge(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> Result<Value, Refusal> {
        let (resource, key) = self.key_of(kind, namespace, name);
        self.answer(&Call::merge(resource, &key.namespace, name, "", patch))
    }

    /// `kubectl patch --subresource=status --type=merge`.
    ///
    /// # Errors
    /// What the apiserver refuses.
    pub(crate) fn merge_status(&self, kind: &str, name: &str, patch: &Value) -> Result<Value, Refusal> {
        let (resource, key) = self.key_of(kind, "default", name);
        self.answer(&Call::merge(resource, &key.namespace, name, "status", patch))
    }

    /// Every version of an object so far, oldest first.
    pub(crate) fn history(&self, kind: &str, name: &str) -> Vec<Value> {
        let (_, key) = self.key_of(kind, "default", name);
        let state = self.state();
        let changes = state.store.since(0).unwrap_or_default();
        changes
            .iter()
            .filter(|change| change.key == key)
            .filter_map(|change| change.after.clone())
            .collect()
    }

    /// `kubectl scale --replicas`.
    ///
    /// # Errors
    /// What the apiserver refuses.
    pub(crate) fn scale(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        replicas: i64,
    ) -> Result<Value, Refusal> {
        let (resource, key) = self.key_of(kind, namespace, name);
        self.answer(&Call::merge(
            resource,
            &key.namespace,
            name,
            "scale",
            &json!({"spec": {"replicas": replicas}}),
        ))
    }

    /// `kubectl delete --wait=false`.
    ///
    /// # Errors
    /// What the apiserver refuses.
    pub(crate) fn delete(&self, kind: &str, namespace: &str, name: &str) -> Result<Value, Refusal> {
        let (resource, key) = self.key_of(kind, namespace, name);
        self.answer(&Call::delete(resource, &key.namespace, name))
    }

    /// `kubectl get -o json`.
    pub(crate) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let (_, key) = self.key_of(kind, namespace, name);
        self.state().store.get(&key).map(|stored| stored.object.clone())
    }

    /// `kubectl get -A -o json`.
    pub(crate) fn list(&self, kind: &str) -> Vec<Value> {
        let (resource, _) = self.key_of(kind, "", "");
        let state = self.state();
        let all = state
            .store
            .objects()
            .iter()
            .filter(|(key, _)| key.resource == resource.qualified());
        all.map(|(_, stored)| stored.object.clone()).collect()
    }

    fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        match self.handle(call)? {
            Answer::Object(_, value) => Ok(value),
            Answer::Watch(_) => Err(Refusal::bad_request("a watch has no single answer")),
        }
    }
}

#[cfg(test)]
mod tests;
