//! Sets of fields: which leaves a value has, and how they are written down in `managedFields`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::schema::{ListType, Schema};

/// One step from a parent to a child.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// An object's member.
    Field(String),
    /// The item of a keyed list; the keys as canonical JSON.
    Item(String),
    /// The item of a set; the value as JSON.
    Value(String),
}

/// A path from an object's root.
pub(crate) type Path = Vec<Step>;

/// The fields that somebody owns.
pub(crate) type Fields = BTreeSet<Path>;

/// The leaves of `value`: what an applier of it owns.
pub(crate) fn leaves(value: &Value, schema: Schema<'_>) -> Fields {
    let mut out = Fields::new();
    collect(value, schema, &mut Vec::new(), &mut out);
    out
}

fn collect(value: &Value, schema: Schema<'_>, path: &mut Path, out: &mut Fields) {
    match value {
        Value::Null => {}
        Value::Object(members) if !members.is_empty() && !schema.is_atomic_map() => {
            for (name, member) in members {
                path.push(Step::Field(name.clone()));
                collect(member, schema.member(name), path, out);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => collect_list(items, schema, path, out),
        _ => {
            out.insert(path.clone());
        }
    }
}

fn collect_list(items: &[Value], schema: Schema<'_>, path: &mut Path, out: &mut Fields) {
    match list_type(schema, path) {
        ListType::Atomic => {
            out.insert(path.clone());
        }
        ListType::Set => {
            for item in items {
                path.push(Step::Value(item.to_string()));
                out.insert(path.clone());
                path.pop();
            }
        }
        ListType::Map(keys) => {
            for item in items {
                path.push(Step::Item(item_key(item, schema.items(), &keys)));
                out.insert(path.clone());
                collect(item, schema.items(), path, out);
                path.pop();
            }
        }
    }
}

/// How the list at `path` merges. The lists of `metadata` are the same for every kind and in no CRD's schema.
pub(crate) fn list_type(schema: Schema<'_>, path: &Path) -> ListType {
    match path.as_slice() {
        [Step::Field(a), Step::Field(b)] if a == "metadata" && b == "finalizers" => ListType::Set,
        [Step::Field(a), Step::Field(b)] if a == "metadata" && b == "ownerReferences" => {
            ListType::Map(vec!["uid".into()])
        }
        _ => schema.list_type(),
    }
}

/// What tells a list item apart: its keys, with the schema's default where one is left out.
pub(crate) fn item_key(item: &Value, schema: Schema<'_>, keys: &[String]) -> String {
    let mut filled = item.clone();
    schema.fill_defaults(&mut filled);
    let picked: Map<String, Value> = keys
        .iter()
        .filter_map(|key| Some((key.clone(), filled.get(key)?.clone())))
        .collect();
    Value::Object(picked).to_string()
}

/// The set and every parent of what is in it.
pub(crate) fn with_parents(fields: &Fields) -> Fields {
    let prefixes = |path: &Path| (1..=path.len()).map(|n| path[..n].to_vec()).collect::<Vec<_>>();
    fields.iter().flat_map(prefixes).collect()
}

/// Takes the value at `path` away, if it is there.
pub(crate) fn remove(value: &mut Value, schema: Schema<'_>, path: &[Step], at: usize) {
    let Some((step, rest)) = path[at..].split_first() else {
        return;
    };
    match (step, value) {
        (Step::Field(name), Value::Object(members)) => {
            if rest.is_empty() {
                members.remove(name);
            } else if let Some(member) = members.get_mut(name) {
                remove(member, schema.member(name), path, at + 1);
            }
        }
        (Step::Item(key), Value::Array(items)) => {
            let ListType::Map(keys) = list_type(schema, &path[..at].to_vec()) else {
                return;
            };
            let found = items
                .iter()
                .position(|item| item_key(item, schema.items(), &keys) == *key);
            if let Some(index) = found {
                if rest.is_empty() {
                    items.remove(index);
                } else {
                    remove(&mut items[index], schema.items(), path, at + 1);
                }
            }
        }
        (Step::Value(wanted), Value::Array(items)) => items.retain(|item| {
            let printed = item.to_string();
            printed != *wanted
        }),
        _ => {}
    }
}

/// The value at `path`, if there is one.
pub(crate) fn find<'v>(value: &'v Value, schema: Schema<'_>, path: &[Step], at: usize) -> Option<&'v Value> {
    let Some((step, _)) = path[at..].split_first() else {
        return Some(value);
    };
    match (step, value) {
        (Step::Field(name), Value::Object(members)) => {
            find(members.get(name)?, schema.member(name), path, at + 1)
        }
        (Step::Item(key), Value::Array(items)) => {
            let ListType::Map(keys) = list_type(schema, &path[..at].to_vec()) else {
                return None;
            };
            let item = items
                .iter()
                .find(|item| item_key(item, schema.items(), &keys) == *key)?;
            find(item, schema.items(), path, at + 1)
        }
        (Step::Value(wanted), Value::Array(items)) => items.iter().find(|item| item.to_string() == *wanted),
        _ => None,
    }
}

/// The set as `fieldsV1`.
pub(crate) fn to_fields_v1(fields: &Fields) -> Value {
    let mut root = json!({});
    for path in fields {
        let mut node = &mut root;
        for step in path {
            let name = match step {
                Step::Field(name) => format!("f:{name}"),
                Step::Item(keys) => format!("k:{keys}"),
                Step::Value(value) => format!("v:{value}"),
            };
            node = node
                .as_object_mut()
                .expect("every node is an object")
                .entry(name)
                .or_insert_with(|| json!({}));
        }
    }
    root
}
