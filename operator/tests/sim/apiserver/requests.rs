//! What each request does: from URL, query and body to an answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ApiServer;
use super::kinds::{Resource, Target};
use super::ownership::{Owners, Writer, apply};
use super::refusal::Refusal;
use super::scale::scale_of;
use super::selector::Selector;
use super::store::{Key, Stored};
use super::watch::{DEFAULT_WATCH, Watch};
use super::write::{Writing, is_dying};

/// One request, read.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

/// What the server answers.
pub(crate) enum Answer {
    /// A status code and an object, a list or a `Status`.
    Object(u16, Value),
    /// An open stream.
    Watch(Watch),
}

impl Call {
    fn on(resource: Arc<Resource>, namespace: Option<String>, name: Option<&str>, method: Method) -> Self {
        Self {
            method,
            target: Target {
                resource,
                namespace,
                name: name.map(str::to_owned),
                subresource: String::new(),
            },
            query: BTreeMap::new(),
            content_type: String::new(),
            body: Value::Null,
        }
    }

    /// A forced server-side apply.
    pub(crate) fn apply(
        resource: Arc<Resource>,
        namespace: Option<String>,
        name: Option<&str>,
        body: &Value,
        manager: &str,
    ) -> Self {
        let mut call = Self::on(resource, namespace, name, Method::PATCH);
        call.query.insert("fieldManager".into(), manager.into());
        call.query.insert("force".into(), "true".into());
        call.content_type = "application/apply-patch+yaml".into();
        call.body = body.clone();
        call
    }

    /// A merge patch through a door.
    pub(crate) fn merge(
        resource: Arc<Resource>,
        namespace: &str,
        name: &str,
        door: &str,
        patch: &Value,
    ) -> Self {
        let mut call = Self::on(resource, Some(namespace.into()), Some(name), Method::PATCH);
        call.target.subresource = door.into();
        call.query.insert("fieldManager".into(), "kubectl".into());
        call.content_type = "application/merge-patch+json".into();
        call.body = patch.clone();
        call
    }

    /// A delete without preconditions.
    pub(crate) fn delete(resource: Arc<Resource>, namespace: &str, name: &str) -> Self {
        Self::on(resource, Some(namespace.into()), Some(name), Method::DELETE)
    }

    /// Whether the request can change anything.
    pub(crate) fn is_mutating(&self) -> bool {
        self.method != Method::GET && !self.flag("dryRun", "All")
    }

    /// How the request is written in a trace: `PATCH ecsservices/default/web/status`.
    pub(crate) fn label(&self) -> String {
        let target = &self.target;
        let parts = [
            target.namespace.as_deref(),
            target.name.as_deref(),
            Some(target.subresource.as_str()),
        ];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        format!("{} {}/{}", self.method, target.resource.plural, parts.join("/"))
    }

    fn flag(&self, name: &str, value: &str) -> bool {
        self.query.get(name).is_some_and(|given| given == value)
    }

    fn key(&self) -> Result<Key, Refusal> {
        let body_name = self.body["metadata"]["name"].as_str().map(str::to_owned);
        let name = self.target.name.clone().or(body_name);
        let generated = || {
            let prefix = self.body["metadata"]["generateName"].as_str()?;
            Some(format!("{prefix}generated"))
        };
        let name = name
            .or_else(generated)
            .ok_or_else(|| Refusal::invalid("name or generateName is required"))?;
        let namespaced = self.target.resource.namespaced;
        let namespace = self
            .target
            .namespace
            .clone()
            .filter(|_| namespaced)
            .unwrap_or_default();
        Ok(Key {
            resource: self.target.resource.qualified(),
            namespace,
            name,
        })
    }

    pub(super) fn writer(&self) -> Writer {
        let is_apply = self.content_type == "application/apply-patch+yaml";
        Writer {
            manager: self
                .query
                .get("fieldManager")
                .cloned()
                .unwrap_or_else(|| "unknown".into()),
            operation: if is_apply { "Apply" } else { "Update" },
            subresource: self.target.subresource.clone(),
        }
    }
}

impl ApiServer {
    /// Carries out a request.
    ///
    /// # Errors
    /// What a real apiserver refuses, with its codes and reasons.
    pub(crate) fn handle(&self, call: &Call) -> Result<Answer, Refusal> {
        let answer = match (&call.method, &call.target.name) {
            (&Method::GET, None) => return self.list_or_watch(call),
            (&Method::GET, Some(_)) => self.read(call)?,
            (&Method::DELETE, Some(_)) => self.delete_one(call)?,
            (&Method::POST, None) => Answer::Object(201, self.create(call)?),
            (&Method::PUT | &Method::PATCH, Some(_)) => self.change(call)?,
            _ => {
                return Err(Refusal::bad_request(format!(
                    "{}: not supported here",
                    call.label()
                )));
            }
        };
        self.finish_namespaces();
        self.announce(self.revision());
        Ok(answer)
    }

    fn list_or_watch(&self, call: &Call) -> Result<Answer, Refusal> {
        let selector = Selector::from_query(&call.query)?;
        let (resource, namespace) = (call.target.resource.clone(), call.target.namespace.clone());
        let version = call
            .query
            .get("resourceVersion")
            .and_then(|v| v.parse::<u64>().ok());
        if call.flag("watch", "true") || call.flag("watch", "1") {
            let seconds = call.query.get("timeoutSeconds").and_then(|s| s.parse().ok());
            let initial = call.flag("sendInitialEvents", "true");
            return Ok(Answer::Watch(Watch {
                resource,
                namespace,
                selector,
                from: version.filter(|v| *v > 0 && !initial),
                mark_initial: initial,
                ends: Instant::now() + seconds.map_or(DEFAULT_WATCH, Duration::from_secs),
            }));
        }
        let (revision, items) = self.listed(&resource, namespace.as_deref(), &selector);
        let list = json!({
            "apiVersion": resource.api_version(), "kind": format!("{}List", resource.kind),
            "metadata": {"resourceVersion": revision.to_string()}, "items": items,
        });
        Ok(Answer::Object(200, list))
    }

    fn stored(&self, call: &Call) -> Result<(Key, Stored), Refusal> {
        let key = call.key()?;
        let found = self.state().store.get(&key).cloned();
        let missing = || Refusal::not_found(&call.target.resource.qualified(), &key.name);
        Ok((key.clone(), found.ok_or_else(missing)?))
    }

    fn read(&self, call: &Call) -> Result<Answer, Refusal> {
        let (_, stored) = self.stored(call)?;
        let body = match (&call.target.resource.scale, call.target.subresource.as_str()) {
            (Some(paths), "scale") => scale_of(&stored.object, paths)?,
            _ => stored.object,
        };
        Ok(Answer::Object(200, body))
    }

    pub(super) fn writing<T>(&self, call: &Call, f: impl FnOnce(&mut Writing<'_>) -> T) -> T {
        let now = self.now();
        let mut state = self.state();
        f(&mut Writing {
            store: &mut state.store,
            resource: call.target.resource.clone(),
            now,
        })
    }

    fn create(&self, call: &Call) -> Result<Value, Refusal> {
        let (key, writer) = (call.key()?, call.writer());
        self.writing(call, |writing| {
            writing.create(&key, call.body.clone(), None, &writer)
        })
    }

    fn delete_one(&self, call: &Call) -> Result<Answer, Refusal> {
        let key = call.key()?;
        let preconditions = &call.body["preconditions"];
        if call.target.resource.kind == "Namespace" {
            self.empty_namespace(&key.name);
        }
        let left = self.writing(call, |writing| writing.delete(&key, preconditions))?;
        let gone = || json!({"apiVersion": "v1", "kind": "Status", "status": "Success", "metadata": {}});
        Ok(Answer::Object(200, left.unwrap_or_else(gone)))
    }

    /// What the namespace controller does: deletes everything in it.
    fn empty_namespace(&self, namespace: &str) {
        let keys: Vec<Key> = {
            let state = self.state();
            state
                .store
                .objects()
                .keys()
                .filter(|key| key.namespace == namespace)
                .cloned()
                .collect()
        };
        for key in keys {
            if let Some(resource) = self.kinds().by_qualified_name(&key.resource) {
                let call = Call::delete(resource, namespace, &key.name);
                self.writing(&call, |writing| writing.delete(&key, &Value::Null))
                    .expect("it is there");
            }
        }
    }

    /// Takes away namespaces that are marked and empty.
    fn finish_namespaces(&self) {
        let mut state = self.state();
        let store = &mut state.store;
        let is_empty = |name: &str| !store.objects().keys().any(|key| key.namespace == name);
        let namespaces = store
            .objects()
            .iter()
            .filter(|(key, _)| key.resource == "namespaces");
        let finished = namespaces.filter(|(key, stored)| is_dying(&stored.object) && is_empty(&key.name));
        let finished: Vec<Key> = finished.map(|(key, _)| key.clone()).collect();
        for key in finished {
            store.remove(&key);
        }
    }

    fn change(&self, call: &Call) -> Result<Answer, Refusal> {
        let writer = call.writer();
        let found = self.stored(call);
        if let (Err(missing), true) = (&found, writer.operation == "Apply") {
            return self.apply_new(call, &writer, missing);
        }
        let (key, old) = found?;
        if let (Some(paths), "scale") = (&call.target.resource.scale, call.target.subresource.as_str()) {
            return self.change_scale(call, &key, &old, paths);
        }
        let (wanted, owners) = wanted(call, &old, &writer)?;
        let changed = self.writing(call, |writing| {
            writing.update(&key, &old, &wanted, owners, &writer)
        })?;
        Ok(Answer::Object(200, changed))
    }

    fn apply_new(&self, call: &Call, writer: &Writer, missing: &Refusal) -> Result<Answer, Refusal> {
        let key = call.key()?;
        let names_existing = ["uid", "resourceVersion"]
            .iter()
            .any(|m| call.body["metadata"][m].is_string());
        if !call.target.subresource.is_empty() {
            return Err(missing.clone());
        }
        if names_existing {
            let why =
                "the provided object specifies a uid or resourceVersion, and no existing object was found";
            return Err(Refusal::conflict(
                &call.target.resource.qualified(),
                &key.name,
                why,
            ));
        }
        let schema = call.target.resource.schema();
        let (object, owners) = apply(&json!({}), &Owners::default(), writer, &call.body, true, schema)?;
        let created = self.writing(call, |writing| writing.create(&key, object, Some(owners), writer))?;
        Ok(Answer::Object(201, created))
    }
}

/// The object that a PUT or PATCH wants, and its owners where the request is an apply.
fn wanted(call: &Call, old: &Stored, writer: &Writer) -> Result<(Value, Option<Owners>), Refusal> {
    let unprocessable =
        |error: &dyn std::fmt::Display| Refusal::invalid(format!("the patch does not apply: {error}"));
    match (&call.method, call.content_type.as_str()) {
        (&Method::PUT, _) => Ok((call.body.clone(), None)),
        (_, "application/json-patch+json") => {
            let patch: json_patch::Patch =
                serde_json::from_value(call.body.clone()).map_err(|e| Refusal::bad_request(e.to_string()))?;
            let mut object = old.object.clone();
            for operation in patch.0 {
                if !expects_absence(&operation, &object) {
                    json_patch::patch(&mut object, &[operation]).map_err(|e| unprocessable(&e))?;
                }
            }
            Ok((object, None))
        }
        (_, "application/merge-patch+json" | "application/strategic-merge-patch+json") => {
            let mut object = old.object.clone();
            json_patch::merge(&mut object, &call.body);
            Ok((object, None))
        }
        (_, "application/apply-patch+yaml") => {
            let force = call.flag("force", "true");
            let schema = call.target.resource.schema();
            let (mut object, owners) = apply(&old.object, &old.owners, writer, &call.body, force, schema)?;
            // The body's own resourceVersion and uid are preconditions; without them there are none.
            for name in ["resourceVersion", "uid"] {
                object["metadata"][name] = call.body["metadata"][name].clone();
            }
            Ok((object, Some(owners)))
        }
        (_, other) => Err(Refusal::bad_request(format!(
            "content type `{other}` is not supported"
        ))),
    }
}

/// `test` with null where there is nothing: Kubernetes lets it pass, the crate does not.
fn expects_absence(operation: &json_patch::PatchOperation, object: &Value) -> bool {
    match operation {
        json_patch::PatchOperation::Test(test) => {
            test.value.is_null() && object.pointer(&test.path.to_string()).is_none()
        }
        _ => false,
    }
}
