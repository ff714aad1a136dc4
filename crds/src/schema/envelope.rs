//! What surrounds the ECS members: the schemas of our own Rust types, as a CRD wants them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::AddNullable;
use serde_json::{Map, Value, json};

use crate::status::UNOBSERVED;

/// The lists of strategy items in specs; their items may refer to an object instead of naming a provider.
const STRATEGIES: [&str; 2] = ["capacityProviderStrategy", "defaultCapacityProviderStrategy"];

/// The schema of a spec, without rules.
pub(super) fn spec<T: JsonSchema>() -> Value {
    let mut schema = of::<T>();
    tidy(&mut schema);
    merge_lists(&mut schema, "set");
    if let Some(properties) = properties(&mut schema) {
        for list in STRATEGIES {
            if let Some(item) = properties.get_mut(list).and_then(|list| list.get_mut("items")) {
                let_items_refer(item);
            }
        }
        if let Some(Value::Object(refs)) = properties.get_mut("capacityProviderRefs") {
            refs.insert("maxItems".into(), json!(20));
            refs.insert("x-kubernetes-list-type".into(), json!("map"));
            refs.insert("x-kubernetes-list-map-keys".into(), json!(["name"]));
        }
    }
    schema
}

/// The schema of a status: there from the start, and then about no generation (engineering.md §8.4).
pub(super) fn status<T: JsonSchema>() -> Value {
    let mut schema = of::<T>();
    tidy(&mut schema);
    merge_lists(&mut schema, "atomic");
    if let Some(generation) = properties(&mut schema).and_then(|all| all.get_mut("observedGeneration")) {
        put(generation, "default", json!(UNOBSERVED));
    }
    put(&mut schema, "default", json!({}));
    schema
}

/// The structural schema that kube derives for a Rust type.
fn of<T: JsonSchema>() -> Value {
    SchemaSettings::openapi3()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(AddNullable::default())
        .with_transform(kube::core::schema::StructuralSchemaRewriter)
        .with_transform(kube::core::schema::OptionalEnum)
        .with_transform(kube::core::schema::OptionalIntOrString)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Takes off what Rust says and the API server should not hear: `nullable` (null is absent here), defaults (they would be
/// written into objects, where absent has its own meaning), names of types. Own, shorter schemas for Kubernetes' types.
fn tidy(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for word in ["nullable", "default", "title"] {
        members.remove(word);
    }
    if members.contains_key("x-kubernetes-int-or-string") {
        // Said here, since kube makes it true where nothing is said.
        members.insert("nullable".into(), json!(false));
    }
    if let Some(Value::String(text)) = members.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    for container in ["items", "additionalProperties"] {
        if let Some(inner) = members.get_mut(container) {
            tidy(inner);
        }
    }
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties {
            match name.as_str() {
                "conditions" => *property = conditions(),
                "selector" if property.get("type") == Some(&json!("object")) => *property = label_selector(),
                _ => tidy(property),
            }
        }
    }
}

/// Says of each list that says nothing yet how server-side apply merges it: scalars as `scalars` says, objects not at all.
fn merge_lists(schema: &mut Value, scalars: &str) {
    if let Some(items) = schema.get_mut("items") {
        merge_lists(items, scalars);
        let merge = if items.get("type") == Some(&json!("object")) {
            "atomic"
        } else {
            scalars
        };
        if let Value::Object(members) = schema {
            members
                .entry("x-kubernetes-list-type")
                .or_insert_with(|| json!(merge));
        }
    }
    if let Some(values) = schema.get_mut("additionalProperties") {
        merge_lists(values, scalars);
    }
    for property in properties(schema).into_iter().flat_map(Map::values_mut) {
        merge_lists(property, scalars);
    }
}

fn let_items_refer(item: &mut Value) {
    if let Value::Object(members) = item {
        members.remove("required");
    }
    if let Some(properties) = properties(item) {
        properties.insert(
            "capacityProviderRef".into(),
            json!({
                "type": "object",
                "description": "The CapacityProvider object in the same namespace, instead of capacityProvider.",
                "required": ["name"],
                "properties": {"name": {
                    "type": "string", "minLength": 1, "maxLength": 253, "description": "The object's metadata.name.",
                }},
            }),
        );
    }
}

fn conditions() -> Value {
    json!({
        "type": "array",
        "description": "What holds of the object, by type; reasons are a documented, closed list.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {"type": "string", "maxLength": 316, "description": "What the condition is about."},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds."},
                "reason": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "Why, in one word."},
                "message": {"type": "string", "maxLength": 32768, "description": "Why, in one sentence."},
                "lastTransitionTime": {"type": "string", "format": "date-time", "description": "When status changed last."},
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": 0,
                    "description": "The metadata.generation that the condition is about.",
                },
            },
        },
    })
}

fn label_selector() -> Value {
    json!({
        "type": "object",
        "description": "Namespaces by label; an empty selector selects all.",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "type": "object", "additionalProperties": {"type": "string"},
                "description": "Labels that must be there, with their values.",
            },
            "matchExpressions": {
                "type": "array", "x-kubernetes-list-type": "atomic",
                "description": "Requirements that must all be met.",
                "items": {
                    "type": "object", "required": ["key", "operator"],
                    "properties": {
                        "key": {"type": "string", "description": "The label's key."},
                        "operator": {
                            "type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                            "description": "How the label's value relates to values.",
                        },
                        "values": {
                            "type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"},
                            "description": "Values for In and NotIn; none otherwise.",
                        },
                    },
                },
            },
        },
    })
}

fn properties(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("properties").and_then(Value::as_object_mut)
}

fn put(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(members) = schema {
        members.insert(key.to_owned(), value);
    }
}
