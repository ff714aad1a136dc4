//! An object with every member that a schema has, each with a valid value.

use serde_json::{Map, Value, json};

use super::structural;

/// Texts of which one fits each pattern that our schemas have.
const TEXTS: [&str; 8] = [
    "web",
    "80-90",
    "eu-west-1",
    "123456789012",
    "arn:aws:iam::123456789012:role/web",
    "http://127.0.0.1:4510",
    "2026-11-22T03:00:00Z",
    "m7g.*",
];

/// A value that has every member of the schema, to the last leaf. Rules over several members are not looked at.
pub(crate) fn full(schema: &Value) -> Value {
    if let Some(allowed) = schema["enum"].as_array() {
        return allowed[0].clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return json!("256");
    }
    match schema["type"].as_str() {
        Some("object") => object(schema),
        Some("array") => json!([full(&schema["items"])]),
        Some("boolean") => json!(true),
        Some("integer") => json!(number(schema)),
        Some("number") => json!(number(schema).max(1)),
        Some("string") if schema["format"] == "date-time" => json!("2026-11-22T03:00:00Z"),
        Some("string") => TEXTS
            .iter()
            .map(|text| json!(text))
            .find(|text| structural::violations(schema, text).is_empty())
            .unwrap_or_else(|| panic!("no text fits {schema}")),
        _ => json!({"any": ["thing", 1]}),
    }
}

fn number(schema: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "limits are small whole numbers")]
    schema["minimum"]
        .as_f64()
        .map_or(1, |min| min.ceil() as i64)
        .max(1)
}

fn object(schema: &Value) -> Value {
    if let Some(values) = schema.get("additionalProperties") {
        return json!({"key": full(values)});
    }
    let mut members: Map<String, Value> = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        members.insert(name.clone(), full(member));
        if schema["maxProperties"] == 1 {
            break;
        }
    }
    Value::Object(members)
}
