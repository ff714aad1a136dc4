//! The CRDs' schemas: the structure and facts of the ECS model, our envelope around them, list types, limits and rules.
//!
//! What a real API server accepts, and why some things are as they are, is in engineering.md §8.

mod envelope;
mod limits;
mod lists;
mod shape;

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::rules::{self, Rules};
use crate::{
    AwsAccountSpec, AwsAccountStatus, CapacityProviderSpec, CapacityProviderStatus, EcsClusterSpec,
    EcsClusterStatus, EcsServiceSpec, EcsServiceStatus, EcsTaskDefinitionSpec, EcsTaskDefinitionStatus,
};

pub(crate) fn cluster() -> Schema {
    root::<EcsClusterSpec, EcsClusterStatus>(&rules::cluster())
}

pub(crate) fn service() -> Schema {
    root::<EcsServiceSpec, EcsServiceStatus>(&rules::service())
}

pub(crate) fn task_definition() -> Schema {
    root::<EcsTaskDefinitionSpec, EcsTaskDefinitionStatus>(&rules::task_definition())
}

pub(crate) fn capacity_provider() -> Schema {
    root::<CapacityProviderSpec, CapacityProviderStatus>(&rules::capacity_provider())
}

pub(crate) fn account() -> Schema {
    root::<AwsAccountSpec, AwsAccountStatus>(&rules::account())
}

fn root<Spec: JsonSchema, Status: JsonSchema>(rules: &Rules) -> Schema {
    let mut spec = envelope::spec::<Spec>();
    set_rules(&mut spec, &rules.spec);
    let mut root = json!({
        "type": "object",
        "required": ["spec"],
        "properties": {"spec": spec, "status": envelope::status::<Status>()},
    });
    set_rules(&mut root, &rules.object);
    match root {
        Value::Object(members) => members.into(),
        _ => Map::new().into(),
    }
}

fn set_rules(schema: &mut Value, rules: &[kube::core::Rule]) {
    if let (Value::Object(members), false) = (schema, rules.is_empty()) {
        members.insert("x-kubernetes-validations".to_owned(), json!(rules));
    }
}

#[cfg(test)]
mod tests;
