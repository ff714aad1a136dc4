//! Trimming of botocore's `service-2.json` to the facts that we keep in `model/data/ecs.json`.
//!
//! Pure: a JSON value in, text out. `cargo xtask model path/to/service-2.json --botocore 1.44.5` reads and writes the files. What
//! stays is what the SDK's types do not know (required members, enum values, limits, patterns); prose never stays.

use serde_json::{Map, Value, json};

/// Why a service model could not be trimmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrimError {
    /// A part that every service model has is not there.
    #[error("{path}: expected {expected}; is this botocore's service-2.json?")]
    Missing {
        /// Where in the file, for example `shapes.Cluster.type`.
        path: String,
        /// What should have been there.
        expected: &'static str,
    },
}

/// The facts of a shape that are kept as they are.
const KEPT: [&str; 7] = ["type", "required", "enum", "min", "max", "pattern", "union"];
/// The flags of a shape that are kept where they are true.
const FLAGS: [&str; 4] = ["document", "exception", "fault", "sensitive"];

/// Trims a service model (`service-2.json`, parsed) that came with the given botocore version.
///
/// # Errors
/// [`TrimError`] names the first part that is missing.
pub fn trim(service: &Value, botocore: &str) -> Result<Value, TrimError> {
    let metadata = object(service, "metadata")?;
    let operations = object(service, "operations")?
        .iter()
        .map(|(name, operation)| Ok((name.clone(), trim_operation(name, operation)?)))
        .collect::<Result<Map<_, _>, TrimError>>()?;
    let shapes = object(service, "shapes")?
        .iter()
        .map(|(name, shape)| Ok((name.clone(), trim_shape(name, shape)?)))
        .collect::<Result<Map<_, _>, TrimError>>()?;
    let word = |key: &str| metadata.get(key).cloned().unwrap_or(Value::Null);
    Ok(json!({
        "source": {
            "botocore": botocore,
            "service": word("endpointPrefix"),
            "apiVersion": word("apiVersion"),
            "targetPrefix": word("targetPrefix"),
        },
        "operations": operations,
        "shapes": shapes,
    }))
}

/// Prints a trimmed model with one operation or shape a line, sorted, so that a new version is a diff that can be reviewed.
#[must_use]
pub fn to_lines(trimmed: &Value) -> String {
    let part = |key: &str| {
        trimmed
            .get(key)
            .and_then(Value::as_object)
            .map_or_else(String::new, lines)
    };
    let source = trimmed.get("source").unwrap_or(&Value::Null);
    format!(
        "{{\n\"source\": {source},\n\"operations\": {{\n{}}},\n\"shapes\": {{\n{}}}\n}}\n",
        part("operations"),
        part("shapes")
    )
}

fn lines(entries: &Map<String, Value>) -> String {
    let sorted: std::collections::BTreeMap<_, _> = entries.iter().collect();
    let lines: Vec<_> = sorted
        .into_iter()
        .map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())))
        .collect();
    format!("{}\n", lines.join(",\n"))
}

fn trim_operation(name: &str, operation: &Value) -> Result<Value, TrimError> {
    let at = |part: &str| format!("operations.{name}.{part}");
    let mut trimmed = Map::new();
    trimmed.insert("input".into(), shape_of(operation.get("input"), &at("input"))?);
    trimmed.insert("output".into(), shape_of(operation.get("output"), &at("output"))?);
    let mut errors = operation
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|error| shape_of(Some(error), &at("errors")))
        .collect::<Result<Vec<_>, _>>()?;
    errors.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    trimmed.insert("errors".into(), Value::Array(errors));
    keep_flags(operation, &["readonly", "idempotent"], &mut trimmed);
    Ok(Value::Object(trimmed))
}

fn trim_shape(name: &str, shape: &Value) -> Result<Value, TrimError> {
    let at = |part: &str| format!("shapes.{name}.{part}");
    if !shape.get("type").is_some_and(Value::is_string) {
        return Err(missing(&at("type"), "the shape's type"));
    }
    let mut trimmed = Map::new();
    for key in KEPT {
        if let Some(fact) = shape.get(key) {
            trimmed.insert(key.into(), fact.clone());
        }
    }
    keep_flags(shape, &FLAGS, &mut trimmed);
    if let Some(members) = shape.get("members").and_then(Value::as_object) {
        let members = members
            .iter()
            .map(|(member, of)| {
                Ok((
                    member.clone(),
                    shape_of(Some(of), &at(&format!("members.{member}")))?,
                ))
            })
            .collect::<Result<Map<_, _>, TrimError>>()?;
        trimmed.insert("members".into(), Value::Object(members));
    }
    for key in ["member", "key", "value"] {
        if let Some(of) = shape.get(key) {
            trimmed.insert(key.into(), shape_of(Some(of), &at(key))?);
        }
    }
    Ok(Value::Object(trimmed))
}

fn keep_flags(from: &Value, flags: &[&str], into: &mut Map<String, Value>) {
    for flag in flags {
        if from.get(flag).and_then(Value::as_bool).unwrap_or(false) {
            into.insert((*flag).to_owned(), Value::Bool(true));
        }
    }
}

fn shape_of(reference: Option<&Value>, path: &str) -> Result<Value, TrimError> {
    reference
        .and_then(|reference| reference.get("shape"))
        .filter(|shape| shape.is_string())
        .cloned()
        .ok_or_else(|| missing(path, "the name of a shape"))
}

fn object<'a>(service: &'a Value, key: &str) -> Result<&'a Map<String, Value>, TrimError> {
    service
        .get(key)
        .and_then(Value::as_object)
        .ok_or_else(|| missing(key, "an object"))
}

fn missing(path: &str, expected: &'static str) -> TrimError {
    TrimError::Missing {
        path: path.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Value {
        json!({
            "metadata": {"endpointPrefix": "ecs", "apiVersion": "2014-11-13", "targetPrefix": "Target", "uid": "x"},
            "operations": {"Stop": {
                "name": "Stop", "http": {"method": "POST"}, "documentation": "<p>prose</p>", "readonly": false, "idempotent": true,
                "input": {"shape": "StopRequest"}, "output": {"shape": "StopResponse"},
                "errors": [{"shape": "ServerException"}, {"shape": "ClientException"}],
            }},
            "shapes": {
                "StopRequest": {"type": "structure", "required": ["task"], "documentation": "<p>prose</p>",
                    "members": {"task": {"shape": "String", "documentation": "<p>prose</p>", "box": true}}},
                "Kind": {"type": "string", "enum": ["A", "B"], "min": 1, "max": 5, "pattern": "[AB]"},
                "Kinds": {"type": "list", "member": {"shape": "Kind"}, "max": 3},
                "Labels": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Kind"}},
                "ServerException": {"type": "structure", "members": {}, "exception": true, "fault": true},
            },
        })
    }

    #[test]
    fn keeps_facts_and_drops_prose() -> Result<(), TrimError> {
        let trimmed = trim(&service(), "1.2.3")?;
        assert_eq!(
            trimmed,
            json!({
                "source": {"botocore": "1.2.3", "service": "ecs", "apiVersion": "2014-11-13", "targetPrefix": "Target"},
                "operations": {"Stop": {"input": "StopRequest", "output": "StopResponse",
                    "errors": ["ClientException", "ServerException"], "idempotent": true}},
                "shapes": {
                    "StopRequest": {"type": "structure", "required": ["task"], "members": {"task": "String"}},
                    "Kind": {"type": "string", "enum": ["A", "B"], "min": 1, "max": 5, "pattern": "[AB]"},
                    "Kinds": {"type": "list", "member": "Kind", "max": 3},
                    "Labels": {"type": "map", "key": "String", "value": "Kind"},
                    "ServerException": {"type": "structure", "members": {}, "exception": true, "fault": true},
                },
            })
        );
        Ok(())
    }

    #[test]
    fn prints_one_shape_a_line_and_loses_nothing() -> Result<(), TrimError> {
        let trimmed = trim(&service(), "1.2.3")?;
        let text = to_lines(&trimmed);
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(trimmed));
        let starts: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("\": ").map(|(name, _)| name))
            .collect();
        assert_eq!(
            starts,
            [
                "\"source",
                "\"operations",
                "\"Stop",
                "\"shapes",
                "\"Kind",
                "\"Kinds",
                "\"Labels",
                "\"ServerException",
                "\"StopRequest"
            ]
        );
        Ok(())
    }

    #[test]
    fn says_what_is_missing() {
        let cases = [
            (
                "/metadata",
                "metadata: expected an object; is this botocore's service-2.json?",
            ),
            (
                "/shapes/Kind/type",
                "shapes.Kind.type: expected the shape's type; is this botocore's service-2.json?",
            ),
            (
                "/shapes/Kinds/member/shape",
                "shapes.Kinds.member: expected the name of a shape; is this botocore's service-2.json?",
            ),
            (
                "/operations/Stop/input",
                "operations.Stop.input: expected the name of a shape; is this botocore's service-2.json?",
            ),
        ];
        for (pointer, message) in cases {
            let mut broken = service();
            *broken.pointer_mut(pointer).unwrap() = Value::Null;
            assert_eq!(trim(&broken, "1").unwrap_err().to_string(), message);
        }
    }
}
