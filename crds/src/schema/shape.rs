//! The schema of an ECS structure, from the SDK's structure and the model's facts.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::Ecs;

impl<T> JsonSchema for Ecs<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ecs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "properties": {}})
    }
}
