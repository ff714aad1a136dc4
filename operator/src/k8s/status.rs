//! Writing status: the whole of it, by one field manager, and only when it differs (engineering.md §1.6).
//!
//! The watch cache lags behind our own writes, so what was written last is remembered until the cache has caught up;
//! comparing with a stale status would write the same again, or move a `lastTransitionTime` back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::core::object::HasStatus;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::k8s::object::Kept;
use crate::telemetry::metrics::Metrics;

/// The field manager that owns all status.
pub const FIELD_MANAGER: &str = "ecs-operator/status";
/// At most one write per object in this time, unless a condition changes (design.md §2.6).
const QUIET: Duration = Duration::from_secs(2);

/// What became of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is in the API server now.
    Yes,
    /// It was there already.
    Same,
    /// It is written by the next pass, which comes of itself after this time.
    Deferred(Duration),
}

/// Writes status, and remembers what it wrote.
#[derive(Debug)]
pub struct StatusWriter {
    client: Debuggable,
    metrics: Arc<Metrics>,
    memory: Mutex<BTreeMap<String, Memory>>,
}

/// `kube::Client` has no `Debug`.
struct Debuggable(Client);

impl std::fmt::Debug for Debuggable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[derive(Debug)]
struct Memory {
    resource_version: String,
    status: Value,
    at: Instant,
    deferred_until: Option<Instant>,
}

impl StatusWriter {
    /// Nothing written yet.
    pub fn new(client: Client, metrics: Arc<Metrics>) -> Self {
        Self {
            client: Debuggable(client),
            metrics,
            memory: Mutex::default(),
        }
    }

    /// The newest known status of an object: the cached one, or what we wrote if the cache has not caught up.
    /// Conditions are merged with this one, so that their transition times survive.
    pub fn latest<K>(&self, object: &K) -> Option<K::Status>
    where
        K: Kept + HasStatus,
        K::Status: Clone + DeserializeOwned,
    {
        let memory = self.lock();
        let newer = object
            .uid()
            .and_then(|uid| memory.get(&uid).filter(|written| is_behind(object, written)));
        match newer {
            Some(written) => serde_json::from_value(written.status.clone()).ok(),
            None => object.status().cloned(),
        }
    }

    /// Makes `status` the object's status, unless it is already.
    ///
    /// # Errors
    /// When the API server refuses it. An object that is gone is no error.
    pub async fn write<K>(&self, object: &K, status: &K::Status) -> Result<Written>
    where
        K: Kept + HasStatus,
        K::Status: Clone + Serialize + DeserializeOwned,
    {
        let desired = to_value(status)?;
        let current = self
            .latest(object)
            .as_ref()
            .map(to_value)
            .transpose()?
            .unwrap_or(Value::Null);
        if by_type(desired.clone()) == by_type(current.clone()) {
            self.remember_deferral(object, None);
            self.metrics.status_write(K::KIND.as_str(), "same");
            return Ok(Written::Same);
        }
        if let Some(pause) = self.pause(object)
            && !conditions_differ(&desired, &current)
        {
            self.remember_deferral(object, Some(Instant::now() + pause));
            self.metrics.status_write(K::KIND.as_str(), "deferred");
            return Ok(Written::Deferred(pause));
        }
        let outcome = self.send(object, &desired, &current).await;
        self.metrics.status_write(
            K::KIND.as_str(),
            if outcome.is_ok() { "written" } else { "failed" },
        );
        if let Some(resource_version) = outcome? {
            self.remember(object, resource_version, desired);
        }
        Ok(Written::Yes)
    }

    /// When the object has to be passed over again for a status that was deferred.
    pub fn deferred(&self, uid: &str) -> Option<Duration> {
        let until = self.lock().get(uid)?.deferred_until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Applies the status; the resource version of the result, or `None` if the object is gone.
    async fn send<K: Kept + HasStatus>(
        &self,
        object: &K,
        desired: &Value,
        current: &Value,
    ) -> Result<Option<String>> {
        let api = K::api_of(self.client.0.clone(), object);
        let name = object.name_any();
        let body = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            // With the UID, an object of the same name that came later is a conflict and not overwritten.
            "metadata": { "name": name, "uid": object.uid() },
            "status": desired,
        });
        let apply = PatchParams::apply(FIELD_MANAGER).force();
        let mut answer = api.patch_status(&name, &apply, &Patch::Apply(&body)).await;
        if let Err(kube::Error::Api(refusal)) = &answer
            && (refusal.is_invalid() || cannot_merge(refusal))
        {
            // Server-side apply cannot merge over a stored status whose types are those of an older schema; replacing can.
            // Any other failure is not answered so: the manager would own the same leaves by `Update` too, for good.
            let replace =
                json!({ "metadata": { "uid": object.uid() }, "status": replacing(current, desired) });
            let merge = PatchParams {
                field_manager: Some(FIELD_MANAGER.to_owned()),
                ..PatchParams::default()
            };
            answer = api.patch_status(&name, &merge, &Patch::Merge(&replace)).await;
        }
        match answer {
            Ok(written) => Ok(Some(written.resource_version().unwrap_or_default())),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
            Err(error) => Err(Error::kubernetes("writing status", error)),
        }
    }

    fn pause<K: Kept>(&self, object: &K) -> Option<Duration> {
        let memory = self.lock();
        let since = memory.get(&object.uid()?)?.at.elapsed();
        QUIET.checked_sub(since).filter(|pause| !pause.is_zero())
    }

    fn remember<K: Kept>(&self, object: &K, resource_version: String, status: Value) {
        if let Some(uid) = object.uid() {
            let written = Memory {
                resource_version,
                status,
                at: Instant::now(),
                deferred_until: None,
            };
            self.lock().insert(uid, written);
        }
    }

    fn remember_deferral<K: Kept>(&self, object: &K, until: Option<Instant>) {
        if let Some(uid) = object.uid()
            && let Some(written) = self.lock().get_mut(&uid)
        {
            written.deferred_until = until;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the object comes from before our write. Resource versions of one resource are comparable integers.
fn is_behind<K: Resource>(object: &K, written: &Memory) -> bool {
    let number = |version: &str| version.parse::<u64>().ok();
    let seen = object.meta().resource_version.as_deref().and_then(number);
    matches!((seen, number(&written.resource_version)), (Some(seen), Some(wrote)) if seen < wrote)
}

fn to_value<T: Serialize>(status: &T) -> Result<Value> {
    serde_json::to_value(status)
        .map_err(|error| Error::Refused(format!("the status cannot be written as JSON: {error}")))
}

/// The status with its conditions in the order of their types: the list is a map, and the API server keeps an order of its
/// own.
fn by_type(mut status: Value) -> Value {
    if let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) {
        let type_of = |condition: &Value| {
            condition
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        conditions.sort_by_cached_key(type_of);
    }
    status
}

/// Whether a condition appeared, went, or has another status or reason. Another message alone can wait two seconds.
fn conditions_differ(desired: &Value, current: &Value) -> bool {
    let summary = |status: &Value| -> Vec<[String; 3]> {
        let conditions = status.get("conditions").and_then(Value::as_array);
        let word = |condition: &Value, name: &str| {
            condition
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut found: Vec<_> = conditions
            .into_iter()
            .flatten()
            .map(|condition| ["type", "status", "reason"].map(|name| word(condition, name)))
            .collect();
        found.sort();
        found
    };
    summary(desired) != summary(current)
}

/// Whether the API server failed for the types of what is stored, which it says as "failed to … typed …" with a 500.
fn cannot_merge(refusal: &kube::core::Status) -> bool {
    refusal.code == 500 && refusal.message.contains("typed")
}

/// A merge patch that leaves exactly `desired`: what only `current` has is set to null.
fn replacing(current: &Value, desired: &Value) -> Value {
    let (Value::Object(current), Value::Object(desired)) = (current, desired) else {
        return desired.clone();
    };
    let mut patch: Map<String, Value> = Map::new();
    for gone in current.keys().filter(|name| !desired.contains_key(*name)) {
        patch.insert(gone.clone(), Value::Null);
    }
    for (name, value) in desired {
        let before = current.get(name).unwrap_or(&Value::Null);
        patch.insert(name.clone(), replacing(before, value));
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use ecs_crds::{EcsCluster, EcsClusterStatus};

    use super::*;
    use crate::k8s::fake::{self, Answer, Request};

    fn cluster(resource_version: &str, status: &Value) -> EcsCluster {
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
            "metadata": {"name": "main", "namespace": "shop", "uid": "u-1", "resourceVersion": resource_version},
            "spec": {},
            "status": status,
        }))
        .unwrap()
    }

    fn status(ready: &str, message: &str) -> Value {
        let condition = json!({
            "type": "Ready", "status": ready, "reason": "Because", "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        json!({"observedGeneration": 1, "conditions": [condition]})
    }

    fn typed(status: &Value) -> EcsClusterStatus {
        serde_json::from_value(status.clone()).unwrap()
    }

    fn writer(
        serve: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> (StatusWriter, Arc<Mutex<Vec<Request>>>) {
        let (client, log) = fake::client(serve);
        (StatusWriter::new(client, Arc::new(Metrics::new())), log)
    }

    /// Answers as the API server does: the applied status, at the next resource version.
    fn accepting() -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
        let version = std::sync::atomic::AtomicU64::new(10);
        move |request| {
            let version = version.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            Answer::ok(serde_json::to_value(cluster(&version.to_string(), &request.body["status"])).unwrap())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn applies_the_whole_status_of_this_incarnation_once() {
        let (writer, log) = writer(accepting());
        let object = cluster("10", &json!({"observedGeneration": -1}));
        let desired = typed(&status("True", "m"));
        assert_eq!(writer.write(&object, &desired).await.unwrap(), Written::Yes);
        // The cache still shows the old object; what was written is remembered.
        assert_eq!(writer.write(&object, &desired).await.unwrap(), Written::Same);
        assert_eq!(writer.latest(&object), Some(desired));
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 1);
        assert_eq!(
            log[0].path,
            "/apis/ecs-operator.dev/v1alpha1/namespaces/shop/ecsclusters/main/status"
        );
        assert!(
            log[0].query.contains("force=true")
                && log[0].query.contains("fieldManager=ecs-operator%2Fstatus")
        );
        assert_eq!(log[0].body["metadata"], json!({"name": "main", "uid": "u-1"}));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_alone_waits_two_seconds_and_a_condition_does_not() {
        let (writer, log) = writer(accepting());
        let object = cluster("10", &json!({"observedGeneration": -1}));
        writer
            .write(&object, &typed(&status("False", "1 of 3")))
            .await
            .unwrap();
        tokio::time::advance(Duration::from_millis(500)).await;
        let later = writer
            .write(&object, &typed(&status("False", "2 of 3")))
            .await
            .unwrap();
        assert_eq!(later, Written::Deferred(Duration::from_millis(1500)));
        assert_eq!(writer.deferred("u-1"), Some(Duration::from_millis(1500)));
        let ready = writer
            .write(&object, &typed(&status("True", "3 of 3")))
            .await
            .unwrap();
        assert_eq!(ready, Written::Yes);
        assert_eq!(writer.deferred("u-1"), None);
        tokio::time::advance(QUIET).await;
        assert_eq!(
            writer
                .write(&object, &typed(&status("True", "4 of 4")))
                .await
                .unwrap(),
            Written::Yes
        );
        assert_eq!(log.lock().unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_order_in_which_the_api_server_keeps_conditions_is_no_difference() {
        let (writer, log) = writer(accepting());
        let condition = |type_: &str| {
            json!({"type": type_, "status": "True", "reason": "Because", "message": "m",
            "lastTransitionTime": "2026-01-01T00:00:00Z"})
        };
        let kept = json!({"observedGeneration": 1, "conditions": [condition("Ready"), condition("Synced"), condition("Reconciling")]});
        let ours = json!({"observedGeneration": 1, "conditions": [condition("Ready"), condition("Reconciling"), condition("Synced")]});
        assert_eq!(
            writer.write(&cluster("10", &kept), &typed(&ours)).await.unwrap(),
            Written::Same
        );
        assert!(log.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cache_that_caught_up_counts_more_than_memory() {
        let (writer, _) = writer(accepting());
        let old = cluster("10", &json!({"observedGeneration": -1}));
        writer.write(&old, &typed(&status("True", "m"))).await.unwrap();
        let wiped = cluster("12", &json!({"observedGeneration": -1}));
        assert_eq!(
            writer.latest(&wiped),
            Some(typed(&json!({"observedGeneration": -1})))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn falls_back_to_a_merge_that_replaces_when_applying_cannot_merge() {
        let (writer, log) = writer(|request| {
            if request.content_type == "application/apply-patch+yaml" {
                return Answer::refusal(
                    500,
                    "failed to create typed live object: .status.arn: expected string",
                );
            }
            Answer::ok(serde_json::to_value(cluster("11", &json!({"observedGeneration": 1}))).unwrap())
        });
        let object = cluster("10", &json!({"observedGeneration": 1, "arn": "old"}));
        assert_eq!(
            writer
                .write(&object, &typed(&json!({"observedGeneration": 2})))
                .await
                .unwrap(),
            Written::Yes
        );
        let log = log.lock().unwrap();
        assert_eq!(log[1].content_type, "application/merge-patch+json");
        assert_eq!(log[1].body["status"]["observedGeneration"], json!(2));
        assert_eq!(log[1].body["status"]["arn"], Value::Null);
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_that_is_gone_is_no_error_and_another_incarnation_is() {
        let object = cluster("10", &json!({"observedGeneration": -1}));
        let (gone, _) = writer(|_| Answer::refusal(404, "NotFound"));
        assert!(gone.write(&object, &typed(&status("True", "m"))).await.is_ok());
        let (replaced, _) = writer(|_| Answer::refusal(409, "Conflict"));
        assert!(
            replaced
                .write(&object, &typed(&status("True", "m")))
                .await
                .is_err()
        );
    }
}
