//! SDK types to JSON and back, the only place that names a Smithy codec type.
//!
//! Two dialects, which differ only where Kubernetes and the wire disagree:
//!
//! | | [`to_value`], [`from_value`] | [`to_wire`], [`from_wire`] |
//! |---|---|---|
//! | used for | custom resources, comparison, status | AWS JSON 1.1 (ecs-semantics.md §0.1) |
//! | timestamps | RFC 3339 strings | seconds since the epoch, milliseconds as fraction |
//! | a number where ECS takes a string | accepted (`cpu: 256`) | refused, as ECS does |
//!
//! Laws: what is written can be read back unchanged; objects come out with sorted keys, so equal values print equal
//! text; `null` reads as absent; unknown members are skipped (structural schemas prune them in Kubernetes, ECS ignores
//! them). Members that the SDK does not model as optional come out with their default: `cpu: 0` in a container,
//! `base: 0` and `weight: 0` in a strategy. An absent required string reads as `""`: whoever needs it there says so
//! (the CRD schema, [`crate::facts::check`]).

mod list;
mod probe;
mod read;
mod write;

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer};
use serde_json::Value;

pub use probe::{Probe, probe};

/// A structure of the SDK that can be read from and written to JSON.
///
/// Implemented for the input and output of every operation, for every modelled error, and for the structures that
/// both sides keep or compare (`Service`, `Task`, `TaskDefinition` …): see `list.rs`.
pub trait Shape: SerializableStruct + Sized {
    /// The structure's schema: its name and members, not those of nested structures.
    const SCHEMA: &'static Schema<'static>;

    /// Reads the structure; the caller owns the format.
    fn read(from: &mut dyn ShapeDeserializer) -> Result<Self, SerdeError>;
}

/// JSON that does not fit the structure it is read as, or a structure that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place(path))]
pub struct ShapeError {
    /// Where: `containerDefinitions[0].cpu`; empty for the document itself.
    pub path: String,
    /// What is wrong and what would be right, in one sentence without the path.
    pub what: String,
}

fn place(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    }
}

/// Which of the two JSON forms is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Kubernetes,
    Wire,
}

/// The members that a structure has at its top level, as ECS spells them.
pub fn members_of<T: Shape>() -> impl Iterator<Item = &'static str> {
    T::SCHEMA
        .members()
        .iter()
        .filter_map(|member| member.member_name())
}

/// The shape's name in the ECS API, such as `CreateServiceRequest` or `ClusterNotFoundException`.
pub fn name_of<T: Shape>() -> &'static str {
    T::SCHEMA.shape_id().shape_name()
}

/// Writes a structure as Kubernetes-side JSON.
///
/// # Errors
/// Only a union variant that this SDK does not know cannot be written.
pub fn to_value(shape: &dyn SerializableStruct) -> Result<Value, ShapeError> {
    write::write(shape, Dialect::Kubernetes)
}

/// Writes a structure as it goes over the wire in AWS JSON 1.1.
///
/// # Errors
/// As [`to_value`].
pub fn to_wire(shape: &dyn SerializableStruct) -> Result<Value, ShapeError> {
    write::write(shape, Dialect::Wire)
}

/// Reads a structure from Kubernetes-side JSON.
///
/// # Errors
/// A value of the wrong JSON type, a number out of range, a missing required enum or an empty union, with its path.
pub fn from_value<T: Shape>(value: &Value) -> Result<T, ShapeError> {
    read::read(value, Dialect::Kubernetes)
}

/// Reads a structure from the JSON of an AWS JSON 1.1 message.
///
/// # Errors
/// As [`from_value`].
pub fn from_wire<T: Shape>(value: &Value) -> Result<T, ShapeError> {
    read::read(value, Dialect::Wire)
}

/// Reads one structure's members as another's: those with the same name and form are taken, others left out.
///
/// This is how a `CreateService` input becomes an `UpdateService` input.
///
/// # Errors
/// A member of the same name has another form in the target.
pub fn convert<T: Shape>(from: &dyn SerializableStruct) -> Result<T, ShapeError> {
    from_value(&to_value(from)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::create_service::CreateServiceInput;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
    use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
    use aws_sdk_ecs::types::{CapacityProvider, Service};
    use serde_json::json;

    #[test]
    fn a_definition_reads_and_writes_unchanged() {
        let given = json!({
            "family": "sample-fargate", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [{
                "name": "fargate-app", "image": "httpd", "essential": true, "cpu": 0,
                "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
                "entryPoint": ["sh", "-c"], "dockerLabels": {"a": "b"},
                "healthCheck": {"command": ["CMD", "true"], "interval": 5}
            }],
        });
        let read: RegisterTaskDefinitionInput = from_value(&given).unwrap();
        assert_eq!(read.container_definitions()[0].name(), Some("fargate-app"));
        assert_eq!(to_value(&read).unwrap(), given);
        assert_eq!(
            from_value::<RegisterTaskDefinitionInput>(&to_value(&read).unwrap()).unwrap(),
            read
        );
    }

    #[test]
    fn numbers_stand_for_strings_only_on_the_kubernetes_side() {
        let given = json!({"family": "f", "cpu": 256, "containerDefinitions": []});
        assert_eq!(
            from_value::<RegisterTaskDefinitionInput>(&given).unwrap().cpu(),
            Some("256")
        );
        let refused = from_wire::<RegisterTaskDefinitionInput>(&given).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cpu: expected a string, found the number 256"
        );
    }

    #[test]
    fn errors_name_the_path() {
        let cases = [
            (
                json!({"containerDefinitions": [{"name": "a"}, {"name": "b", "cpu": "many"}]}),
                "containerDefinitions[1].cpu: expected an integer, found the string \"many\"",
            ),
            (
                json!({"containerDefinitions": {"name": "a"}}),
                "containerDefinitions: expected a list, found an object",
            ),
            (
                json!({"containerDefinitions": [{"dockerLabels": {"x": 1.5}}]}),
                "",
            ),
            (
                json!({"containerDefinitions": [{"dockerLabels": {"x": true}}]}),
                "containerDefinitions[0].dockerLabels[x]: expected a string, found the boolean true",
            ),
            (json!([]), "expected an object, found a list"),
            (
                json!({"tags": [{"key": ["a"]}]}),
                "tags[0].key: expected a string, found a list",
            ),
            (
                json!({"containerDefinitions": [{"cpu": 3_000_000_000_u64}]}),
                "containerDefinitions[0].cpu: 3000000000 is out of range for a 32-bit integer",
            ),
        ];
        for (given, expected) in cases {
            match from_value::<RegisterTaskDefinitionInput>(&given) {
                Ok(_) => assert_eq!(expected, "", "{given}"),
                Err(error) => assert_eq!(error.to_string(), expected, "{given}"),
            }
        }
    }

    #[test]
    fn timestamps_differ_by_dialect() {
        let service: Service =
            from_wire(&json!({"serviceName": "s", "createdAt": 1_731_000_000.123})).unwrap();
        assert_eq!(to_wire(&service).unwrap()["createdAt"], json!(1_731_000_000.123));
        let value = to_value(&service).unwrap();
        assert_eq!(value["createdAt"], json!("2024-11-07T17:20:00.123Z"));
        assert_eq!(from_value::<Service>(&value).unwrap(), service);
    }

    #[test]
    fn whole_doubles_are_written_as_integers() {
        let given = json!({"serviceName": "s", "deploymentConfiguration": {"linearConfiguration": {"stepPercent": 10}}});
        let read: CreateServiceInput = from_value(&given).unwrap();
        assert_eq!(to_value(&read).unwrap(), given);
    }

    #[test]
    fn an_update_takes_the_shared_members_of_a_create() {
        let create: CreateServiceInput =
            from_value(&json!({"serviceName": "s", "desiredCount": 3, "launchType": "FARGATE"})).unwrap();
        let update: UpdateServiceInput = convert(&create).unwrap();
        assert_eq!(update.desired_count(), Some(3));
        assert_eq!(
            to_value(&update).unwrap(),
            json!({"service": "", "desiredCount": 3})
        );
    }

    #[test]
    fn null_is_absent_and_unknown_members_are_skipped() {
        let read: CapacityProvider =
            from_value(&json!({"name": null, "status": "ACTIVE", "new": [1]})).unwrap();
        assert_eq!(to_value(&read).unwrap(), json!({"status": "ACTIVE"}));
    }

    #[test]
    fn a_document_passes_through() {
        let hook = json!({"serviceName": "s", "deploymentConfiguration": {"lifecycleHooks": [{"hookDetails": {"a": [1, -2, 1.5, null, true, "x"]}}]}});
        let read: CreateServiceInput = from_value(&hook).unwrap();
        assert_eq!(to_value(&read).unwrap(), hook);
    }

    #[test]
    fn members_are_known_by_name() {
        let members: Vec<_> = members_of::<CreateServiceInput>().collect();
        assert!(
            members.contains(&"serviceName") && members.contains(&"enableECSManagedTags"),
            "{members:?}"
        );
        assert_eq!(name_of::<Service>(), "Service");
    }
}
