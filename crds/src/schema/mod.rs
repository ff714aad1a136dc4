//! The CRDs' schemas: structure and facts of the ECS model, our envelope, list types and rules.

pub(crate) mod shape;

use schemars::generate::SchemaSettings;
use schemars::transform::AddNullable;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::{
    AwsAccountSpec, AwsAccountStatus, CapacityProviderSpec, CapacityProviderStatus, EcsClusterSpec,
    EcsClusterStatus, EcsServiceSpec, EcsServiceStatus, EcsTaskDefinitionSpec, EcsTaskDefinitionStatus,
};

pub(crate) fn cluster() -> Schema {
    root::<EcsClusterSpec, EcsClusterStatus>()
}

pub(crate) fn service() -> Schema {
    root::<EcsServiceSpec, EcsServiceStatus>()
}

pub(crate) fn task_definition() -> Schema {
    root::<EcsTaskDefinitionSpec, EcsTaskDefinitionStatus>()
}

pub(crate) fn capacity_provider() -> Schema {
    root::<CapacityProviderSpec, CapacityProviderStatus>()
}

pub(crate) fn account() -> Schema {
    root::<AwsAccountSpec, AwsAccountStatus>()
}

fn root<Spec: JsonSchema, Status: JsonSchema>() -> Schema {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("required".into(), json!(["spec"]));
    schema.insert(
        "properties".into(),
        json!({"spec": of::<Spec>(), "status": of::<Status>()}),
    );
    schema.into()
}

/// The structural schema of a Rust type.
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
