//! Create, update and delete: what an apiserver does to an object between the request and etcd.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Resource;
use super::ownership::{Owners, Writer};
use super::refusal::Refusal;
use super::store::{Key, Store, Stored};

/// Members of `metadata` that only the apiserver writes.
const SYSTEM: [&str; 6] = [
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

/// A write in progress: the store, whose resource, and the time.
pub(crate) struct Writing<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) resource: Arc<Resource>,
    /// RFC 3339, seconds.
    pub(crate) now: String,
}

impl Writing<'_> {
    /// Stores a new object; its owners are already known when it was applied.
    ///
    /// # Errors
    /// `AlreadyExists`; `NotFound` or `Forbidden` for a namespace that is missing or going; `BadRequest` for a body of another kind.
    pub(crate) fn create(
        &mut self,
        key: &Key,
        mut object: Value,
        applied: Option<Owners>,
        writer: &Writer,
    ) -> Result<Value, Refusal> {
        self.check_kind(&object)?;
        self.check_namespace(key)?;
        if self.store.get(key).is_some() {
            return Err(Refusal::already_exists(&self.resource.qualified(), &key.name));
        }
        let metadata = object["metadata"].as_object_mut();
        let metadata = metadata.ok_or_else(|| Refusal::bad_request("metadata: an object expected"))?;
        metadata.retain(|name, _| {
            !SYSTEM.contains(&name.as_str()) && name != "resourceVersion" && name != "managedFields"
        });
        metadata.insert("name".into(), json!(key.name));
        if self.resource.namespaced {
            metadata.insert("namespace".into(), json!(key.namespace));
        }
        metadata.insert("uid".into(), json!(self.store.next_uid()));
        metadata.insert("creationTimestamp".into(), json!(self.now));
        if self.resource.is_custom() {
            metadata.insert("generation".into(), json!(1));
        }
        self.drop_status(&mut object);
        let owners = applied.unwrap_or_else(|| {
            let mut owners = Owners::default();
            owners.book_update(writer, &Value::Null, &object, self.resource.schema());
            owners
        });
        self.admit(&mut object);
        Ok(self.store_with(key, object, owners))
    }

    /// Changes an object to `wanted` through the writer's door; a write that changes nothing leaves no trace.
    ///
    /// # Errors
    /// `Conflict` where `wanted` names another resourceVersion or UID; `Invalid` for a finalizer added to a dying object.
    pub(crate) fn update(
        &mut self,
        key: &Key,
        old: &Stored,
        wanted: &Value,
        applied: Option<Owners>,
        writer: &Writer,
    ) -> Result<Value, Refusal> {
        self.check_kind(wanted)?;
        self.check_preconditions(key, &old.object, &wanted["metadata"])?;
        let mut object = self.through_door(&old.object, wanted, &writer.subresource);
        self.admit(&mut object);
        self.check_finalizers(&old.object, &object)?;
        let owners = applied.unwrap_or_else(|| {
            let mut owners = old.owners.clone();
            owners.book_update(writer, &old.object, &object, self.resource.schema());
            owners
        });
        if unmanaged(&object) == unmanaged(&old.object) && owners == old.owners {
            return Ok(old.object.clone());
        }
        if self.resource.is_custom() && spec_part(&object) != spec_part(&old.object) {
            bump_generation(&mut object);
        }
        if is_dying(&object) && finalizers(&object).is_empty() {
            self.store.remove(key);
            return Ok(object);
        }
        Ok(self.store_with(key, object, owners))
    }

    /// Deletes an object, or marks it when finalizers hold it. The answer is the marked object, or none when it is gone.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where a precondition names another UID or resourceVersion.
    pub(crate) fn delete(&mut self, key: &Key, preconditions: &Value) -> Result<Option<Value>, Refusal> {
        let plural = self.resource.qualified();
        let missing = || Refusal::not_found(&plural, &key.name);
        let old = self.store.get(key).cloned().ok_or_else(missing)?;
        self.check_preconditions(key, &old.object, preconditions)?;
        let held = !finalizers(&old.object).is_empty() || self.holds_others(key);
        if !held {
            self.store.remove(key);
            return Ok(None);
        }
        if is_dying(&old.object) {
            return Ok(Some(old.object));
        }
        let mut object = old.object;
        object["metadata"]["deletionTimestamp"] = json!(self.now);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        if self.resource.is_custom() {
            bump_generation(&mut object);
        }
        Ok(Some(self.store_with(key, object, old.owners)))
    }

    fn store_with(&mut self, key: &Key, mut object: Value, owners: Owners) -> Value {
        object["metadata"]["managedFields"] = owners.to_json(&self.resource.api_version());
        self.store.put(key.clone(), object, owners)
    }

    /// Only what belongs to the door passes: `/status` changes the status, the main door everything else.
    fn through_door(&self, old: &Value, wanted: &Value, door: &str) -> Value {
        if door == "status" {
            let mut object = old.clone();
            set_or_remove(&mut object, "status", &wanted["status"]);
            return object;
        }
        let mut object = wanted.clone();
        if self.resource.has_status {
            set_or_remove(&mut object, "status", &old["status"]);
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for name in SYSTEM
                .iter()
                .chain(["managedFields", "resourceVersion", "name", "namespace"].iter())
            {
                match old["metadata"].get(name) {
                    Some(value) => metadata.insert((*name).to_owned(), value.clone()),
                    None => metadata.remove(*name),
                };
            }
        }
        object
    }

    fn drop_status(&self, object: &mut Value) {
        if self.resource.has_status
            && let Some(members) = object.as_object_mut()
        {
            members.remove("status");
        }
    }

    fn admit(&self, object: &mut Value) {
        self.resource.schema().prune(object);
        self.resource.schema().fill_defaults(object);
        drop_empty_metadata(object);
    }

    fn holds_others(&self, key: &Key) -> bool {
        self.resource.kind == "Namespace"
            && self
                .store
                .objects()
                .keys()
                .any(|other| other.namespace == key.name)
    }

    fn check_kind(&self, object: &Value) -> Result<(), Refusal> {
        let wanted = (self.resource.api_version(), &self.resource.kind);
        let given = (&object["apiVersion"], &object["kind"]);
        if *given.0 == wanted.0 && *given.1 == **wanted.1 {
            return Ok(());
        }
        let message = format!(
            "the object provided is {}, {} where {}, {} is expected",
            given.0, given.1, wanted.0, wanted.1
        );
        Err(Refusal::bad_request(message))
    }

    fn check_namespace(&self, key: &Key) -> Result<(), Refusal> {
        if !self.resource.namespaced {
            return Ok(());
        }
        let namespace = Key {
            resource: "namespaces".into(),
            namespace: String::new(),
            name: key.namespace.clone(),
        };
        match self.store.get(&namespace) {
            None => Err(Refusal::not_found("namespaces", &key.namespace)),
            Some(found) if is_dying(&found.object) => Err(Refusal::forbidden(format!(
                "unable to create new content in namespace {} because it is being terminated",
                key.namespace
            ))),
            Some(_) => Ok(()),
        }
    }

    fn check_preconditions(&self, key: &Key, old: &Value, wanted: &Value) -> Result<(), Refusal> {
        let given = |name: &str| {
            wanted[name]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let has = |name: &str| old["metadata"][name].as_str().unwrap_or_default().to_owned();
        if let Some(uid) = given("uid").filter(|uid| *uid != has("uid")) {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                has("uid")
            );
            return Err(Refusal::conflict(&self.resource.qualified(), &key.name, &why));
        }
        match given("resourceVersion") {
            Some(version) if version != has("resourceVersion") => {
                Err(Refusal::stale(&self.resource.qualified(), &key.name))
            }
            _ => Ok(()),
        }
    }

    fn check_finalizers(&self, old: &Value, new: &Value) -> Result<(), Refusal> {
        let had = finalizers(old);
        let added: Vec<String> = finalizers(new).into_iter().filter(|f| !had.contains(f)).collect();
        if is_dying(old) && !added.is_empty() {
            let message = format!(
                "{} is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {added:?}",
                self.resource.kind
            );
            return Err(Refusal::invalid(message));
        }
        Ok(())
    }
}

/// Whether the object carries a deletion mark.
pub(crate) fn is_dying(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn finalizers(object: &Value) -> Vec<String> {
    let listed = object["metadata"]["finalizers"].as_array();
    listed
        .into_iter()
        .flatten()
        .filter_map(|f| f.as_str().map(str::to_owned))
        .collect()
}

fn bump_generation(object: &mut Value) {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
    object["metadata"]["generation"] = json!(generation + 1);
}

fn set_or_remove(object: &mut Value, name: &str, value: &Value) {
    if let Some(members) = object.as_object_mut() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.into(), value.clone());
        }
    }
}

/// The object without what changes on every write.
fn unmanaged(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
    }
    object
}

/// What generation counts changes of.
fn spec_part(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("metadata");
        members.remove("status");
    }
    object
}

/// Go leaves empty maps and lists of the metadata out.
fn drop_empty_metadata(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|_, value| {
            !(value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(serde_json::Map::is_empty))
        });
    }
}
