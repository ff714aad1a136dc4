//! Field ownership and server-side apply.

use serde_json::{Value, json};

use super::fields::{self, Fields, Path, Step, find, item_key, leaves, list_type, with_parents};
use super::refusal::Refusal;
use super::schema::{ListType, Schema};

/// Who wrote, and through which door: one entry of `managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// Field manager.
    pub(crate) manager: String,
    /// `Apply` or `Update`.
    pub(crate) operation: &'static str,
    /// `""`, `status` or `scale`.
    pub(crate) subresource: String,
}

/// The owners of an object's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners(Vec<(Writer, Fields)>);

impl Owners {
    fn fields_mut(&mut self, writer: &Writer) -> &mut Fields {
        let at = self.0.iter().position(|(w, _)| w == writer);
        let at = at.unwrap_or_else(|| {
            self.0.push((writer.clone(), Fields::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    fn fields(&self, writer: &Writer) -> Fields {
        let found = self.0.iter().find(|(w, _)| w == writer);
        found.map(|(_, fields)| fields.clone()).unwrap_or_default()
    }

    fn others(&self, writer: &Writer) -> impl Iterator<Item = &(Writer, Fields)> {
        self.0.iter().filter(move |(w, _)| w != writer)
    }

    fn all(&self) -> Fields {
        self.0
            .iter()
            .flat_map(|(_, fields)| fields.iter().cloned())
            .collect()
    }

    /// Whether anyone owns `path`.
    pub(crate) fn has_owner(&self, path: &Path) -> bool {
        self.0.iter().any(|(_, fields)| fields.contains(path))
    }

    fn disown_others(&mut self, writer: &Writer, path: &Path) {
        for (other, fields) in &mut self.0 {
            if other != writer {
                fields.remove(path);
            }
        }
    }

    /// Books a write that is no apply: what changed belongs to the writer, what went belongs to nobody.
    pub(crate) fn book_update(&mut self, writer: &Writer, old: &Value, new: &Value, schema: Schema<'_>) {
        let (before, after) = (leaves(&owned_part(old), schema), leaves(&owned_part(new), schema));
        for path in &after {
            let changed = find(old, schema, path, 0) != find(new, schema, path, 0);
            if changed {
                self.disown_others(writer, path);
                self.fields_mut(writer).insert(path.clone());
            }
        }
        for path in before.difference(&after) {
            for (_, fields) in &mut self.0 {
                fields.remove(path);
            }
        }
        self.0.retain(|(_, fields)| !fields.is_empty());
    }

    /// `metadata.managedFields`.
    pub(crate) fn to_json(&self, api_version: &str) -> Value {
        let entries = self.0.iter().map(|(writer, fields)| {
            let mut entry = json!({
                "manager": writer.manager, "operation": writer.operation, "apiVersion": api_version,
                "fieldsType": "FieldsV1", "fieldsV1": fields::to_fields_v1(fields),
            });
            if !writer.subresource.is_empty() {
                entry["subresource"] = json!(writer.subresource);
            }
            entry
        });
        Value::Array(entries.collect())
    }
}

/// What of an object is owned by field managers: everything but identity and the apiserver's own metadata.
fn owned_part(object: &Value) -> Value {
    let mut part = object.clone();
    if let Some(members) = part.as_object_mut() {
        members.remove("apiVersion");
        members.remove("kind");
        let metadata = members.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.retain(|name, _| {
                matches!(
                    name.as_str(),
                    "labels" | "annotations" | "finalizers" | "ownerReferences"
                )
            });
            if metadata.is_empty() {
                members.remove("metadata");
            }
        }
    }
    part
}

/// Server-side apply of `patch` to `live`: the merged object and its owners.
///
/// Fields that the writer applied before and leaves out now are removed, unless another manager owns them too.
///
/// # Errors
/// `Conflict` when another manager owns a field with another value and `force` is off.
pub(crate) fn apply(
    live: &Value,
    owners: &Owners,
    writer: &Writer,
    patch: &Value,
    force: bool,
    schema: Schema<'_>,
) -> Result<(Value, Owners), Refusal> {
    let mine_before = owners.fields(writer);
    let mine_now = leaves(&owned_part(patch), schema);
    let mut owners = owners.clone();
    let contested: Vec<(Path, String)> = mine_now
        .iter()
        .filter(|path| !matches!(path.last(), Some(Step::Item(_))))
        .filter(|path| find(live, schema, path, 0) != find(patch, schema, path, 0))
        .flat_map(|path| {
            let holders = owners.others(writer).filter(|(_, fields)| fields.contains(path));
            holders
                .map(|(other, _)| (path.clone(), other.manager.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    if let (false, Some((path, other))) = (force, contested.first()) {
        let reason = format!("Apply failed with 1 conflict: conflict with \"{other}\": {path:?}");
        return Err(Refusal::conflict("object", &writer.manager, &reason));
    }
    for (path, _) in &contested {
        owners.disown_others(writer, path);
    }
    *owners.fields_mut(writer) = mine_now;
    owners.0.retain(|(_, fields)| !fields.is_empty());

    let mut merged = merge(live, patch, schema, &mut Vec::new());
    let (gone, kept) = (with_parents(&mine_before), with_parents(&owners.all()));
    let mut dropped: Vec<&Path> = gone.difference(&kept).collect();
    // Parents first: a list item whose key went before it could no longer be found.
    dropped.sort_by_key(|path| path.len());
    for path in dropped {
        fields::remove(&mut merged, schema, path, 0);
    }
    Ok((merged, owners))
}

fn merge(live: &Value, applied: &Value, schema: Schema<'_>, path: &mut Path) -> Value {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !schema.is_atomic_map() => {
            let mut merged = live.clone();
            for (name, wanted) in applied.iter().filter(|(_, wanted)| !wanted.is_null()) {
                path.push(Step::Field(name.clone()));
                let now = live.get(name).unwrap_or(&Value::Null);
                merged.insert(name.clone(), merge(now, wanted, schema.member(name), path));
                path.pop();
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(applied)) => match list_type(schema, path) {
            ListType::Atomic => Value::Array(applied.clone()),
            ListType::Set => {
                let news = applied.iter().filter(|item| !live.contains(item));
                Value::Array(live.iter().chain(news).cloned().collect())
            }
            ListType::Map(keys) => merge_keyed(live, applied, schema.items(), &keys, path),
        },
        (_, wanted) => wanted.clone(),
    }
}

fn merge_keyed(
    live: &[Value],
    applied: &[Value],
    items: Schema<'_>,
    keys: &[String],
    path: &mut Path,
) -> Value {
    let mut merged = live.to_vec();
    for wanted in applied {
        let key = item_key(wanted, items, keys);
        let found = merged.iter().position(|item| item_key(item, items, keys) == key);
        if let Some(index) = found {
            path.push(Step::Item(key));
            merged[index] = merge(&merged[index], wanted, items, path);
            path.pop();
        } else {
            merged.push(wanted.clone());
        }
    }
    Value::Array(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(manager: &str) -> Writer {
        Writer {
            manager: manager.into(),
            operation: "Apply",
            subresource: String::new(),
        }
    }

    fn schema() -> Value {
        json!({"properties": {"spec": {"properties": {
            "tags": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"], "items": {"properties": {"key": {}, "value": {}}}},
            "args": {"items": {}}, "size": {}, "nested": {"properties": {"a": {}}}}}}})
    }

    fn run(steps: &[(&str, bool, Value)]) -> Result<Value, Refusal> {
        let schema = schema();
        let mut state = (json!({}), Owners::default());
        for (who, force, patch) in steps {
            state = apply(
                &state.0,
                &state.1,
                &writer(who),
                patch,
                *force,
                Schema::of(Some(&schema)),
            )?;
        }
        Ok(state.0)
    }

    #[test]
    fn what_an_applier_leaves_out_goes_unless_shared() {
        let cases = [
            (
                vec![
                    ("a", json!({"spec": {"size": 3, "nested": {"a": 1}}})),
                    ("a", json!({"spec": {"size": 3}})),
                ],
                json!({"spec": {"size": 3}}),
            ),
            (
                vec![
                    ("a", json!({"spec": {"size": 3}})),
                    ("b", json!({"spec": {"size": 3}})),
                    ("a", json!({"spec": {}})),
                ],
                json!({"spec": {"size": 3}}),
            ),
            (
                vec![
                    ("a", json!({"spec": {"tags": [{"key": "x", "value": "1"}]}})),
                    ("b", json!({"spec": {"tags": [{"key": "y", "value": "2"}]}})),
                    ("a", json!({"spec": {"tags": []}})),
                ],
                json!({"spec": {"tags": [{"key": "y", "value": "2"}]}}),
            ),
            (
                vec![
                    ("a", json!({"spec": {"args": ["1", "2"]}})),
                    ("a", json!({"spec": {"args": ["3"]}})),
                ],
                json!({"spec": {"args": ["3"]}}),
            ),
        ];
        for (steps, expected) in cases {
            let steps: Vec<_> = steps
                .into_iter()
                .map(|(who, patch)| (who, false, patch))
                .collect();
            assert_eq!(run(&steps), Ok(expected), "{steps:?}");
        }
    }

    #[test]
    fn another_managers_value_is_a_conflict_unless_forced() {
        let (first, second) = (json!({"spec": {"size": 3}}), json!({"spec": {"size": 4}}));
        let refused = run(&[("a", false, first.clone()), ("b", false, second.clone())]);
        assert_eq!(refused.map_err(|refusal| refusal.code), Err(409));
        let forced = run(&[
            ("a", false, first.clone()),
            ("b", true, second.clone()),
            ("a", true, json!({"spec": {}})),
        ]);
        assert_eq!(forced, Ok(second), "a no longer owns what b forced");
    }
}
