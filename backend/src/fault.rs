//! What the server answers when it does not carry out a call: an error's name, its words and the HTTP status.

use aws_sdk_ecs::types::error as ecs;
use ecs_model::{facts, shape};
use serde_json::{Map, Value, json};

/// A refusal in the form of AWS JSON 1.1 (ecs-semantics.md §0.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The error's name, for example `ClusterNotFoundException`.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
    /// 400 for the caller's mistakes, 500 for the server's.
    pub status: u16,
    /// The members that an error has beside its message, for example `resourceIds` of a `ConflictException`.
    pub members: Map<String, Value>,
}

impl Fault {
    /// A fault from one of the SDK's own error structures.
    pub fn of<E: shape::Shape>(error: &E) -> Self {
        let code = shape::name_of::<E>();
        let status = facts::model()
            .structure(code)
            .and_then(facts::StructureFacts::http_status)
            .unwrap_or(400);
        let mut members = match shape::to_wire(error) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let message = match members.remove("message") {
            Some(Value::String(message)) => message,
            _ => String::new(),
        };
        Self {
            code: code.to_owned(),
            message,
            status,
            members,
        }
    }

    /// An error that the service model does not have: those that are common to all AWS services.
    pub fn common(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status: 400,
            members: Map::new(),
        }
    }

    /// `InvalidParameterException`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::of(&ecs::InvalidParameterException::builder().message(message).build())
    }

    /// `ClientException`.
    pub fn client(message: impl Into<String>) -> Self {
        Self::of(&ecs::ClientException::builder().message(message).build())
    }

    /// `ServerException`, HTTP 500.
    pub fn server(message: impl Into<String>) -> Self {
        Self::of(&ecs::ServerException::builder().message(message).build())
    }

    /// `UnsupportedFeatureException`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::of(
            &ecs::UnsupportedFeatureException::builder()
                .message(message)
                .build(),
        )
    }

    /// `ClusterNotFoundException`, in ECS's words.
    pub fn cluster_not_found() -> Self {
        Self::of(
            &ecs::ClusterNotFoundException::builder()
                .message("Cluster not found.")
                .build(),
        )
    }

    /// `ClusterNotFoundException` for a cluster that was deleted and is still visible, in ECS's words.
    pub fn cluster_inactive() -> Self {
        Self::of(
            &ecs::ClusterNotFoundException::builder()
                .message("The referenced cluster was inactive.")
                .build(),
        )
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut body = self.members.clone();
        body.insert("__type".to_owned(), json!(self.code));
        body.insert("message".to_owned(), json!(self.message));
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_carries_what_its_structure_says() {
        assert_eq!(Fault::server("x").status, 500);
        assert_eq!(Fault::client("x").status, 400);
        let conflict = ecs::ConflictException::builder()
            .message("taken")
            .resource_ids("a")
            .build();
        let expected = json!({"__type": "ConflictException", "message": "taken", "resourceIds": ["a"]});
        assert_eq!(Fault::of(&conflict).body(), expected);
    }
}
