//! Writing status: the whole of it, by one field manager, and only when it differs (engineering.md §1.6).
//!
//! The watch cache lags behind our own writes, so what was written last is remembered until the cache has caught up;
//! comparing with a stale status would write the same again, or move a `lastTransitionTime` back.

mod compare;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::core::object::HasStatus;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::compare::{by_type, cannot_merge, cannot_wait, print_of, replacing};
use crate::error::{Error, Result};
use crate::k8s::object::Kept;
use crate::telemetry::metrics::Metrics;

/// The field manager that owns all status.
pub const FIELD_MANAGER: &str = "ecs-operator/status";
/// At most one write per object in this time, unless a condition changes (design.md §2.6) or a request is answered.
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
    /// As compact JSON text: a tree of values is five times as large, and there is one for each object. Gone once the cache has
    /// caught up.
    status: Option<Box<str>>,
    /// What it can be told by, then.
    print: u64,
    /// The print of what is being written at this moment: its event may come before its answer.
    under_way: Option<u64>,
    /// None where the status was there already.
    at: Option<Instant>,
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
        let written = object.uid().and_then(|uid| memory.get(&uid));
        let newer = written
            .filter(|written| is_behind(object, written))
            .and_then(|written| written.status.as_deref());
        match newer {
            Some(text) => serde_json::from_str(text).ok(),
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
            self.remember_shown(object, &desired);
            self.metrics.status_write(K::KIND.as_str(), "same");
            return Ok(Written::Same);
        }
        if let Some(pause) = self.pause(object)
            && !cannot_wait(&desired, &current)
        {
            self.remember_deferral(object, Some(Instant::now() + pause));
            self.metrics.status_write(K::KIND.as_str(), "deferred");
            return Ok(Written::Deferred(pause));
        }
        let print = print_of(desired.clone());
        self.note_under_way(object, print);
        let outcome = self.send(object, &desired, &current).await;
        self.metrics.status_write(
            K::KIND.as_str(),
            if outcome.is_ok() { "written" } else { "failed" },
        );
        if let Some(resource_version) = outcome? {
            self.remember(object, resource_version, &desired, print);
        }
        Ok(Written::Yes)
    }

    /// Whether the object, which is newer than our last write, has another status than the one that we wrote: somebody else wrote
    /// it, or a write of ours that was given up arrived late. Nobody would correct it before something else happens.
    pub fn was_overwritten<K>(&self, object: &K) -> bool
    where
        K: Kept + HasStatus,
        K::Status: Serialize,
    {
        let mut memory = self.lock();
        let Some(written) = object.uid().and_then(|uid| memory.get_mut(&uid)) else {
            return false;
        };
        if !is_behind(object, written) {
            written.status = None;
        }
        if !is_ahead(object, written) {
            return false;
        }
        let shown = object
            .status()
            .and_then(|status| to_value(status).ok())
            .map(print_of);
        shown != Some(written.print) && (shown.is_none() || shown != written.under_way)
    }

    /// When the object has to be passed over again for a status that was deferred; `None` once that time has come.
    pub fn deferred(&self, uid: &str) -> Option<Duration> {
        let until = self.lock().get(uid)?.deferred_until?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
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
        let since = memory.get(&object.uid()?)?.at?.elapsed();
        QUIET.checked_sub(since).filter(|pause| !pause.is_zero())
    }

    fn remember<K: Kept>(&self, object: &K, resource_version: String, status: &Value, print: u64) {
        if let Some(uid) = object.uid() {
            let written = Memory {
                resource_version,
                status: Some(status.to_string().into_boxed_str()),
                print,
                under_way: None,
                at: Some(Instant::now()),
                deferred_until: None,
            };
            self.lock().insert(uid, written);
        }
    }

    /// Remembers a status that was there already as if it had been written: a process that has nothing to write, as after a restart,
    /// would not notice otherwise that somebody overwrites it.
    fn remember_shown<K: Kept>(&self, object: &K, status: &Value) {
        let (Some(uid), Some(resource_version)) = (object.uid(), object.resource_version()) else {
            return;
        };
        let mut memory = self.lock();
        let known = memory.get(&uid);
        if known.is_some_and(|known| !is_ahead(object, known)) {
            return;
        }
        let shown = Memory {
            resource_version,
            status: None,
            print: print_of(status.clone()),
            under_way: None,
            at: known.and_then(|known| known.at),
            deferred_until: None,
        };
        memory.insert(uid, shown);
    }

    fn note_under_way<K: Kept>(&self, object: &K, print: u64) {
        if let Some(uid) = object.uid()
            && let Some(written) = self.lock().get_mut(&uid)
        {
            written.under_way = Some(print);
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

/// Whether the object comes from before our write.
fn is_behind<K: Resource>(object: &K, written: &Memory) -> bool {
    versions(object, written).is_some_and(|(seen, wrote)| seen < wrote)
}

/// Whether the object comes from after our write.
fn is_ahead<K: Resource>(object: &K, written: &Memory) -> bool {
    versions(object, written).is_some_and(|(seen, wrote)| seen > wrote)
}

/// The object's resource version and that of our write: those of one resource are comparable integers.
fn versions<K: Resource>(object: &K, written: &Memory) -> Option<(u64, u64)> {
    let seen = object.meta().resource_version.as_deref()?.parse().ok()?;
    Some((seen, written.resource_version.parse().ok()?))
}

fn to_value<T: Serialize>(status: &T) -> Result<Value> {
    serde_json::to_value(status)
        .map_err(|error| Error::Refused(format!("the status cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests;
