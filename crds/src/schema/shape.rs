//! The schema of an ECS structure: what the SDK can carry, with what the model knows of it.

use std::borrow::Cow;

use ecs_model::facts::{ShapeFacts, StringFacts, StructureFacts, description, model};
use ecs_model::shape::{Probe, Shape, name_of, probe};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::limits;
use super::lists::{self, Merge};
use crate::Ecs;

/// Required members that we do not require: they default to `metadata.name`.
const NAMED_BY_THE_OBJECT: [(&str, &str); 3] = [
    ("CreateServiceRequest", "serviceName"),
    ("RegisterTaskDefinitionRequest", "family"),
    ("CreateCapacityProviderRequest", "name"),
];

/// Members that ECS demands although its model does not say so (ecs-semantics.md §2.1).
const REQUIRED: [(&str, &str); 1] = [("ContainerDefinition", "image")];

/// String members for which a manifest may have a number.
const NUMBERS_TOO: [(&str, &str); 2] = [
    ("RegisterTaskDefinitionRequest", "cpu"),
    ("RegisterTaskDefinitionRequest", "memory"),
];

impl<T: Shape> JsonSchema for Ecs<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        name_of::<T>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        match shape(modelled_as::<T>(), Some(&probe::<T>())) {
            Value::Object(members) => members.into(),
            _ => Map::new().into(),
        }
    }
}

/// The model's name of a structure. The SDK calls the inputs of operations its own way: `CreateServiceInput` is the model's
/// `CreateServiceRequest`.
pub(crate) fn modelled_as<T: Shape>() -> &'static str {
    let name = name_of::<T>();
    name.strip_suffix("Input")
        .and_then(|operation| model().operation(operation))
        .map_or(name, |operation| &operation.input)
}

/// The schema of a shape of the model, without what the SDK cannot carry. No probe: nothing is known of the SDK's limits there.
fn shape(name: &str, sdk: Option<&Probe>) -> Value {
    match model().shape(name) {
        Some(ShapeFacts::Structure(facts)) if facts.document => {
            json!({"x-kubernetes-preserve-unknown-fields": true})
        }
        Some(ShapeFacts::Structure(facts)) => structure(name, facts, sdk),
        Some(ShapeFacts::List { member, min, max }) => {
            let element = match sdk {
                Some(Probe::List(element)) => Some(element.as_ref()),
                _ => None,
            };
            let mut schema = json!({"type": "array", "items": shape(member, element)});
            set(&mut schema, "minItems", min.filter(|min| *min > 0));
            set(&mut schema, "maxItems", *max);
            schema
        }
        Some(ShapeFacts::Map { value, max, .. }) => {
            let entry = match sdk {
                Some(Probe::Map(entry)) => Some(entry.as_ref()),
                _ => None,
            };
            let mut schema = json!({"type": "object", "additionalProperties": shape(value, entry)});
            set(&mut schema, "maxProperties", *max);
            schema
        }
        Some(ShapeFacts::String(facts)) => string(facts),
        Some(ShapeFacts::Integer { min, max }) => number("integer", "int32", *min, *max),
        Some(ShapeFacts::Long { min, max }) => number("integer", "int64", *min, *max),
        Some(ShapeFacts::Float { min, max }) => number("number", "float", *min, *max),
        Some(ShapeFacts::Double { min, max }) => number("number", "double", *min, *max),
        Some(ShapeFacts::Boolean) => json!({"type": "boolean"}),
        Some(ShapeFacts::Timestamp) => json!({"type": "string", "format": "date-time"}),
        Some(ShapeFacts::Blob) => json!({"type": "string", "format": "byte"}),
        None => json!({"x-kubernetes-preserve-unknown-fields": true}),
    }
}

fn structure(name: &str, facts: &StructureFacts, sdk: Option<&Probe>) -> Value {
    let carried = match sdk {
        Some(Probe::Structure { members, .. }) => Some(members),
        _ => None,
    };
    let mut properties = Map::new();
    for (member, of) in &facts.members {
        let inner = carried.map(|members| members.get(member));
        if inner == Some(None) {
            continue;
        }
        let mut schema = shape(of, inner.flatten());
        if NUMBERS_TOO.contains(&(name, member)) {
            schema = json!({"x-kubernetes-int-or-string": true});
        }
        merge_as(&mut schema, lists::merge(name, member));
        for (word, value) in limits::of(name, member) {
            set(&mut schema, word, Some(value));
        }
        set(&mut schema, "description", description(name, member));
        properties.insert(member.clone(), schema);
    }
    let mut required: Vec<&str> = facts
        .required
        .iter()
        .map(String::as_str)
        .filter(|member| properties.contains_key(*member) && !NAMED_BY_THE_OBJECT.contains(&(name, member)))
        .collect();
    required.extend(
        REQUIRED
            .iter()
            .filter(|(of, _)| *of == name)
            .map(|(_, member)| *member),
    );
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        set(&mut schema, "required", Some(required));
    }
    if facts.union {
        set(&mut schema, "minProperties", Some(1));
        set(&mut schema, "maxProperties", Some(1));
    }
    schema
}

/// Says how server-side apply merges a list. The keys of a map must be required.
fn merge_as(schema: &mut Value, merge: Merge) {
    if schema.get("type") != Some(&json!("array")) {
        return;
    }
    match merge {
        Merge::Whole => set(schema, "x-kubernetes-list-type", Some("atomic")),
        Merge::Set => set(schema, "x-kubernetes-list-type", Some("set")),
        Merge::By(key) => {
            set(schema, "x-kubernetes-list-type", Some("map"));
            set(schema, "x-kubernetes-list-map-keys", Some([key]));
            if let Some(Value::Object(item)) = schema.get_mut("items") {
                let required = item.entry("required").or_insert_with(|| json!([]));
                if let Value::Array(required) = required
                    && !required.contains(&json!(key))
                {
                    required.insert(0, json!(key));
                }
            }
        }
    }
}

fn string(facts: &StringFacts) -> Value {
    let mut schema = json!({"type": "string"});
    set(&mut schema, "minLength", facts.min.filter(|min| *min > 0));
    if facts.enum_values.is_empty() {
        set(&mut schema, "maxLength", facts.max);
        set(
            &mut schema,
            "pattern",
            facts.pattern.as_ref().map(|pattern| format!("^{pattern}$")),
        );
    } else {
        set(&mut schema, "enum", Some(&facts.enum_values));
    }
    schema
}

fn number<N: serde::Serialize>(type_: &str, format: &str, min: Option<N>, max: Option<N>) -> Value {
    let mut schema = json!({"type": type_, "format": format});
    set(&mut schema, "minimum", min);
    set(&mut schema, "maximum", max);
    schema
}

fn set(schema: &mut Value, word: &str, value: Option<impl serde::Serialize>) {
    if let (Value::Object(members), Some(value)) = (schema, value) {
        members.insert(word.to_owned(), json!(value));
    }
}
