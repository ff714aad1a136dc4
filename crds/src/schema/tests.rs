//! The SDK, the model and the CRDs know the same members; and what the API server demands of any schema.

use std::collections::BTreeSet;

use aws_sdk_ecs::operation::create_capacity_provider::CreateCapacityProviderInput;
use aws_sdk_ecs::operation::create_cluster::CreateClusterInput;
use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use ecs_model::facts::{ShapeFacts, model};
use ecs_model::shape::{Shape, probe};
use kube::CustomResourceExt;
use serde_json::Value;

use super::shape::modelled_as;
use crate::testing::schema;
use crate::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition};

/// Members of the pinned model that this version of the SDK cannot carry yet, so that a CRD with them would lose what a
/// user wrote. An entry goes when the SDK has it.
const NOT_IN_THE_SDK: [&str; 3] = [
    "trustedExecutionConfiguration",
    "gatewayConnectors[].deregistrationDelay",
    "managedInstancesProvider.instanceLaunchTemplate.nitroEnclavesEnabled",
];

/// What the specs have that ECS has not.
const OURS: [&str; 5] = [
    "clusterRef",
    "taskDefinitionRef",
    "capacityProviderRef",
    "capacityProviderRefs",
    "management",
];

/// The paths of all members of a schema, as [`ecs_model::shape::Probe::paths`] writes them.
fn paths(schema: &Value) -> BTreeSet<String> {
    fn collect(schema: &Value, at: &str, paths: &mut BTreeSet<String>) {
        if let Some(items) = schema.get("items") {
            collect(items, &format!("{at}[]"), paths);
        }
        if let Some(values) = schema.get("additionalProperties") {
            collect(values, &format!("{at}{{}}"), paths);
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            collect(member, &path, paths);
            paths.insert(path);
        }
    }
    let mut found = BTreeSet::new();
    collect(schema, "", &mut found);
    found
}

fn ours(path: &str) -> bool {
    path.split('.')
        .any(|part| OURS.contains(&part.trim_end_matches("[]")))
}

fn in_model(shape: &str) -> BTreeSet<String> {
    fn collect(shape: &str, at: &str, paths: &mut BTreeSet<String>) {
        match model().shape(shape) {
            Some(ShapeFacts::Structure(facts)) => {
                for (name, member) in &facts.members {
                    let path = if at.is_empty() {
                        name.clone()
                    } else {
                        format!("{at}.{name}")
                    };
                    collect(member, &path, paths);
                    paths.insert(path);
                }
            }
            Some(ShapeFacts::List { member, .. }) => collect(member, &format!("{at}[]"), paths),
            Some(ShapeFacts::Map { value, .. }) => collect(value, &format!("{at}{{}}"), paths),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(shape, "", &mut found);
    found
}

fn same_members<K: CustomResourceExt, T: Shape>() {
    let schema = schema::<K>();
    let in_crd: BTreeSet<String> = paths(&schema["properties"]["spec"])
        .into_iter()
        .filter(|path| !ours(path))
        .collect();
    let in_sdk: BTreeSet<String> = probe::<T>().paths().into_iter().collect();
    let in_model: BTreeSet<String> = in_model(modelled_as::<T>())
        .into_iter()
        .filter(|path| !NOT_IN_THE_SDK.iter().any(|lacking| path.starts_with(lacking)))
        .collect();
    let difference =
        |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect::<Vec<_>>();
    let none = Vec::<String>::new();
    assert_eq!(
        difference(&in_model, &in_crd),
        none,
        "{}: in the model, not in the CRD",
        K::crd_name()
    );
    assert_eq!(
        difference(&in_crd, &in_model),
        none,
        "{}: in the CRD, not in the model",
        K::crd_name()
    );
    assert_eq!(
        difference(&in_crd, &in_sdk),
        none,
        "{}: in the CRD, not in the SDK",
        K::crd_name()
    );
    assert_eq!(
        difference(&in_sdk, &in_crd),
        none,
        "{}: in the SDK, not in the CRD",
        K::crd_name()
    );
    assert!(in_crd.len() > 15, "{}", K::crd_name());
}

#[test]
fn specs_have_every_member_of_the_create_inputs() {
    same_members::<EcsService, CreateServiceInput>();
    same_members::<EcsTaskDefinition, RegisterTaskDefinitionInput>();
    same_members::<EcsCluster, CreateClusterInput>();
    same_members::<CapacityProvider, CreateCapacityProviderInput>();
}

#[test]
fn what_the_sdk_is_said_to_lack_is_in_the_model_and_not_in_the_sdk() {
    let in_model: BTreeSet<String> = [
        "RegisterTaskDefinitionRequest",
        "CreateServiceRequest",
        "CreateCapacityProviderRequest",
    ]
    .into_iter()
    .flat_map(in_model)
    .collect();
    let in_sdk: BTreeSet<String> = [
        probe::<RegisterTaskDefinitionInput>().paths(),
        probe::<CreateServiceInput>().paths(),
        probe::<CreateCapacityProviderInput>().paths(),
    ]
    .into_iter()
    .flatten()
    .collect();
    for path in NOT_IN_THE_SDK {
        assert!(
            in_model.contains(path) && !in_sdk.contains(path),
            "take {path} off the list"
        );
    }
}

#[test]
fn our_names_are_none_of_ecs() {
    for (name, shape) in &model().shapes {
        if let ShapeFacts::Structure(facts) = shape {
            for own in OURS {
                assert!(!facts.members.contains_key(own), "ECS has {name}.{own} now");
            }
        }
    }
}

/// All schemas of a schema, with their paths.
fn every(schema: &Value, at: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(at, schema);
    for word in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(word) {
            every(inner, &format!("{at}[]"), visit);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        every(member, &format!("{at}.{name}"), visit);
    }
}

fn all() -> [Value; 5] {
    [
        schema::<AwsAccount>(),
        schema::<CapacityProvider>(),
        schema::<EcsCluster>(),
        schema::<EcsService>(),
        schema::<EcsTaskDefinition>(),
    ]
}

#[test]
fn schemas_are_structural_and_explained() {
    for schema in all() {
        every(&schema["properties"]["spec"], "spec", &mut |at, schema| {
            assert!(
                schema["nullable"] != true && schema.get("default").is_none(),
                "{at}"
            );
            let typed = [
                "type",
                "x-kubernetes-int-or-string",
                "x-kubernetes-preserve-unknown-fields",
            ];
            assert!(
                typed.iter().any(|word| schema.get(word).is_some()),
                "{at} has no type"
            );
            let described = schema["description"]
                .as_str()
                .is_some_and(|text| text.ends_with('.'));
            assert!(
                described || at.ends_with("[]"),
                "{at} has no description: {:?}",
                schema["description"]
            );
            assert_eq!(
                schema["type"] == "array",
                schema.get("x-kubernetes-list-type").is_some(),
                "{at}"
            );
            for key in schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let required = schema["items"]["required"]
                    .as_array()
                    .is_some_and(|required| required.contains(key));
                assert!(required, "{at}: the key {key} is not required");
            }
            for required in schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                assert!(
                    schema["properties"].get(required).is_some(),
                    "{at} requires {required}, which is not there"
                );
            }
        });
    }
}

#[test]
fn status_begins_unobserved() {
    for schema in all() {
        let status = &schema["properties"]["status"];
        assert_eq!(status["default"], serde_json::json!({}));
        assert_eq!(status["properties"]["observedGeneration"]["default"], -1);
        assert_eq!(
            status["properties"]["conditions"]["x-kubernetes-list-map-keys"],
            serde_json::json!(["type"])
        );
        every(status, "status", &mut |at, schema| {
            let said = ["status", "status.observedGeneration"].contains(&at);
            assert_eq!(schema.get("default").is_some(), said, "{at}");
            assert!(schema.get("nullable").is_none(), "{at}");
        });
    }
}

#[test]
fn columns_and_scale_read_what_is_there() {
    for (crd, schema) in [
        (AwsAccount::crd(), schema::<AwsAccount>()),
        (CapacityProvider::crd(), schema::<CapacityProvider>()),
        (EcsCluster::crd(), schema::<EcsCluster>()),
        (EcsService::crd(), schema::<EcsService>()),
        (EcsTaskDefinition::crd(), schema::<EcsTaskDefinition>()),
    ] {
        let known = paths(&schema);
        let version = &crd.spec.versions[0];
        let columns = version
            .additional_printer_columns
            .iter()
            .flatten()
            .map(|column| column.json_path.clone());
        let scale = version
            .subresources
            .as_ref()
            .and_then(|subresources| subresources.scale.as_ref());
        let scale = scale.into_iter().flat_map(|scale| {
            [
                scale.spec_replicas_path.clone(),
                scale.status_replicas_path.clone(),
                scale.label_selector_path.clone().unwrap(),
            ]
        });
        for path in columns.chain(scale) {
            let plain = path
                .trim_start_matches('.')
                .replace(r#"[?(@.type=="Ready")]"#, "[]")
                .replace("[*]", "[]");
            assert!(
                plain == "metadata.creationTimestamp" || known.contains(&plain),
                "{path}"
            );
        }
        assert_eq!(crd.spec.names.categories, Some(vec!["ecs".to_owned()]));
    }
}
