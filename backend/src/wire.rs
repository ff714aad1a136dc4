//! AWS JSON 1.1: from a request's target and body to an operation, and back (ecs-semantics.md §0.1).

use ecs_model::facts;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::ops;
use crate::validate;
use crate::world::Realm;

/// The content type of requests and answers.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The name of the operation that an `X-Amz-Target` header means.
///
/// # Errors
/// `UnknownOperationException` if it is none of ECS's, or one that this server does not carry out.
pub fn operation(target: &str) -> Result<&'static str, Fault> {
    let prefix = facts::model().source.target_prefix.as_str();
    let name = target
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'));
    let known = ops::IMPLEMENTED.iter().find(|known| Some(**known) == name);
    known.copied().ok_or_else(|| {
        Fault::common(
            "UnknownOperationException",
            format!("Unknown operation: {target}"),
        )
    })
}

/// Reads the body of a request: a JSON object, where an empty body means an empty object.
///
/// # Errors
/// `SerializationException` for anything else.
pub fn body(body: &[u8]) -> Result<Value, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Fault::common(
            "SerializationException",
            "The request body must be a JSON object.",
        )),
        Err(error) => Err(Fault::common(
            "SerializationException",
            format!("The request body is no JSON: {error}"),
        )),
    }
}

/// Checks the input of an operation and carries it out.
///
/// # Errors
/// What the service model or the operation refuses.
pub fn carry_out(operation: &str, body: &Value, realm: &mut Realm) -> Result<Value, Fault> {
    validate::check(operation, body)?;
    ops::call(operation, body, realm).unwrap_or_else(|| {
        Err(Fault::common(
            "UnknownOperationException",
            format!("Unknown operation: {operation}"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_an_implemented_operation_or_none() {
        assert_eq!(
            operation("AmazonEC2ContainerServiceV20141113.CreateCluster"),
            Ok("CreateCluster")
        );
        for target in [
            "",
            "CreateCluster",
            "Other.CreateCluster",
            "AmazonEC2ContainerServiceV20141113.CreateGateway",
        ] {
            assert_eq!(
                operation(target).unwrap_err().code,
                "UnknownOperationException",
                "{target}"
            );
        }
    }

    #[test]
    fn a_body_is_an_object() {
        assert_eq!(body(b" ").unwrap(), serde_json::json!({}));
        assert_eq!(body(b"[]").unwrap_err().code, "SerializationException");
        assert_eq!(body(b"{").unwrap_err().code, "SerializationException");
        assert_eq!(body(b"\xff").unwrap_err().code, "SerializationException");
    }
}
