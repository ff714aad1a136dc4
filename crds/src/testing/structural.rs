//! Structural validation of an object against a CRD's schema, as the API server does it before it looks at rules.
//!
//! A second opinion, kept small: the API server itself is the arbiter (e2e). Field validation is strict, as with
//! server-side apply: unknown members are violations.

use regex_lite::Regex;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is wrong with a value, one sentence each, beginning with the path.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(schema, value, "", &mut found);
    found
}

fn look(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let mut say = |what: String| found.push(format!("{path}: {what}"));
    if schema["x-kubernetes-int-or-string"] == true {
        if !value.is_string() && !value.is_i64() {
            say("must be an integer or a string".to_owned());
        }
    } else if let Some(type_) = schema["type"].as_str()
        && !is(type_, value)
    {
        return say(format!("must be of type {type_}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        say(format!("unsupported value {value}"));
    }
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let below = schema["minimum"].as_f64().is_some_and(|min| number < min);
            let above = schema["maximum"].as_f64().is_some_and(|max| number > max);
            let wide =
                schema["format"] == "int32" && !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
            if below || above || wide {
                say(format!("{number} is out of range"));
            }
        }
        Value::String(text) => {
            within(schema, "minLength", "maxLength", text.chars().count(), &mut say);
            // Patterns with Unicode classes are left to the API server, and to facts::check.
            let pattern = schema["pattern"]
                .as_str()
                .and_then(|pattern| Regex::new(pattern).ok());
            if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
                say(format!("{text:?} does not match {}", schema["pattern"]));
            }
        }
        Value::Array(items) => {
            within(schema, "minItems", "maxItems", items.len(), &mut say);
            let key = schema["x-kubernetes-list-map-keys"][0].as_str();
            let unique = schema["x-kubernetes-list-type"] != "atomic";
            let mut seen = BTreeSet::new();
            for item in items {
                let identity = key.map_or(item, |key| &item[key]).to_string();
                if unique && !seen.insert(identity.clone()) {
                    say(format!("duplicate {identity}"));
                }
            }
            for (index, item) in items.iter().enumerate() {
                look(&schema["items"], item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(members) => {
            within(schema, "minProperties", "maxProperties", members.len(), &mut say);
            for name in schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                if !members.contains_key(name) {
                    found.push(format!("{path}.{name}: required"));
                }
            }
            for (name, member) in members {
                let path = format!("{path}.{name}");
                let known = schema["properties"]
                    .get(name)
                    .or_else(|| schema.get("additionalProperties"));
                match known {
                    Some(schema) => look(schema, member, &path, found),
                    None if schema["x-kubernetes-preserve-unknown-fields"] == true => {}
                    None => found.push(format!("{path}: unknown field")),
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn within(schema: &Value, min: &str, max: &str, size: usize, say: &mut impl FnMut(String)) {
    let limit = |word: &str| schema[word].as_u64().map(|limit| usize::try_from(limit).unwrap());
    if limit(min).is_some_and(|min| size < min) || limit(max).is_some_and(|max| size > max) {
        say(format!("size {size} is out of range"));
    }
}

fn is(type_: &str, value: &Value) -> bool {
    match type_ {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}
