//! Comparing statuses, and patching one into another. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// The status with its conditions in the order of their types: the list is a map, and the API server keeps an order of its
/// own.
pub(super) fn by_type(mut status: Value) -> Value {
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

/// A short name for a status: equal ones have equal names.
pub(super) fn print_of(status: Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    by_type(status).to_string().hash(&mut hasher);
    hasher.finish()
}

/// Whether a condition appeared, went, or has another status or reason, or a person's request is answered. Another message alone
/// can wait two seconds.
pub(super) fn cannot_wait(desired: &Value, current: &Value) -> bool {
    desired.get("lastAction") != current.get("lastAction") || conditions_differ(desired, current)
}

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
pub(super) fn cannot_merge(refusal: &kube::core::Status) -> bool {
    refusal.code == 500 && refusal.message.contains("typed")
}

/// A merge patch that leaves exactly `desired`: what only `current` has is set to null.
pub(super) fn replacing(current: &Value, desired: &Value) -> Value {
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
