//! What the apiserver takes from a CRD's structural schema: pruning, defaults, and how lists and maps merge.
//! Validation is not done here; a real apiserver does that in `operator/tests/apiserver` and `e2e`.

use serde_json::{Map, Value};

/// One place in a structural schema; `None` where the schema says nothing (built-in kinds, free-form maps).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a>(Option<&'a Value>);

/// How a list merges under server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListType {
    /// Replaced as a whole.
    Atomic,
    /// Scalars, each owned by itself.
    Set,
    /// Objects, told apart by these members.
    Map(Vec<String>),
}

impl<'a> Schema<'a> {
    pub(crate) fn of(value: Option<&'a Value>) -> Self {
        Self(value)
    }

    fn get(self, key: &str) -> Option<&'a Value> {
        self.0.and_then(|schema| schema.get(key))
    }

    fn says(self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn properties(self) -> Option<&'a Map<String, Value>> {
        self.get("properties").and_then(Value::as_object)
    }

    /// The schema of the member `name`.
    pub(crate) fn member(self, name: &str) -> Self {
        let declared = self.properties().and_then(|all| all.get(name));
        Self(declared.or_else(|| self.get("additionalProperties").filter(|v| v.is_object())))
    }

    /// The schema of a list's items.
    pub(crate) fn items(self) -> Self {
        Self(self.get("items"))
    }

    /// Whether the whole object has one owner.
    pub(crate) fn is_atomic_map(self) -> bool {
        self.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic")
    }

    /// How this list merges; lists without a word in the schema are atomic.
    pub(crate) fn list_type(self) -> ListType {
        match self.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListType::Set,
            Some("map") => {
                let keys = self.get("x-kubernetes-list-map-keys");
                let keys = keys.and_then(Value::as_array).into_iter().flatten();
                ListType::Map(keys.filter_map(|k| k.as_str().map(str::to_owned)).collect())
            }
            _ => ListType::Atomic,
        }
    }

    /// Drops what the schema does not know and nulls it does not allow.
    pub(crate) fn prune(self, value: &mut Value) {
        if self.0.is_none() {
            return;
        }
        match value {
            Value::Object(members) => {
                let free = self.says("x-kubernetes-preserve-unknown-fields")
                    || self.get("additionalProperties").is_some()
                    || self.properties().is_none();
                members.retain(|name, member| {
                    let known = self.member(name);
                    (free || known.0.is_some()) && (!member.is_null() || known.says("nullable"))
                });
                for (name, member) in members {
                    self.member(name).prune(member);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.items().prune(item)),
            _ => {}
        }
    }

    /// Fills in the schema's defaults, below what is present.
    pub(crate) fn fill_defaults(self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, schema) in self.properties().into_iter().flatten() {
                    if let (None, Some(default)) = (members.get(name), schema.get("default")) {
                        members.insert(name.clone(), default.clone());
                    }
                }
                for (name, member) in members {
                    self.member(name).fill_defaults(member);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.items().fill_defaults(item);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_members_go_and_defaults_come() {
        let schema = json!({"type": "object", "properties": {
            "status": {"type": "object", "default": {}, "properties": {"observedGeneration": {"type": "integer", "default": -1}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }});
        let mut value = json!({"labels": {"a": "b"}, "spec": {"size": null, "sise": 3}, "other": 1});
        Schema::of(Some(&schema)).prune(&mut value);
        Schema::of(Some(&schema)).fill_defaults(&mut value);
        assert_eq!(
            value,
            json!({"labels": {"a": "b"}, "spec": {}, "status": {"observedGeneration": -1}})
        );
    }
}
