//! The scale subresource: one number of an object behind a door of its own.

use serde_json::{Value, json};

use super::ApiServer;
use super::kinds::{Scale, field_path};
use super::ownership::Writer;
use super::refusal::Refusal;
use super::requests::{Answer, Call};
use super::store::{Key, Stored};

impl ApiServer {
    /// A write through `/scale`.
    ///
    /// # Errors
    /// `Invalid` without a number; what an update refuses.
    pub(super) fn change_scale(
        &self,
        call: &Call,
        key: &Key,
        old: &Stored,
        paths: &Scale,
    ) -> Result<Answer, Refusal> {
        let replicas = match call.content_type.as_str() {
            "application/json-patch+json" => call.body[0]["value"].as_i64(),
            _ => call.body["spec"]["replicas"].as_i64(),
        };
        let replicas = replicas.ok_or_else(|| Refusal::invalid("spec.replicas: an integer expected"))?;
        let mut wanted = old.object.clone();
        if let Some(slot) = paths.spec.iter().try_fold(&mut wanted, |at, name| {
            at.as_object_mut()?.entry(name).or_insert(json!({})).into()
        }) {
            *slot = json!(replicas);
        }
        let writer = call.writer();
        // A field that nobody owned stays unowned when it is scaled (engineering.md §8.4, item 17).
        let unowned = !old.owners.has_owner(&field_path(&paths.spec));
        let owners = unowned.then(|| old.owners.clone());
        let door = Writer {
            subresource: String::new(),
            ..writer
        };
        let changed = self.writing(call, |writing| writing.update(key, old, &wanted, owners, &door))?;
        Ok(Answer::Object(200, scale_of(&changed, paths)?))
    }
}

/// The object's scale.
///
/// # Errors
/// The apiserver's own words where the number is absent.
pub(super) fn scale_of(object: &Value, paths: &Scale) -> Result<Value, Refusal> {
    let at = |path: &[String]| path.iter().fold(object, |at, name| &at[name]).clone();
    let replicas = at(&paths.spec);
    if replicas.is_null() {
        let path = paths.spec.join(".");
        let mut refusal = Refusal::server_error();
        refusal.message = format!("the spec replicas field \".{path}\" does not exist");
        return Err(refusal);
    }
    let mut status = json!({"replicas": at(&paths.status).as_i64().unwrap_or_default()});
    if let Some(selector) = paths
        .selector
        .as_ref()
        .map(|path| at(path))
        .filter(|s| !s.is_null())
    {
        status["selector"] = selector;
    }
    Ok(json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": object["metadata"], "spec": {"replicas": replicas}, "status": status,
    }))
}
