//! Tests of checking JSON against the model.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn messages(shape: &str, value: &Value) -> Vec<String> {
    check(shape, value).iter().map(ToString::to_string).collect()
}

#[test]
fn good_input_has_no_violation() {
    let cases = [
        ("CreateClusterRequest", json!({})),
        (
            "CreateClusterRequest",
            json!({"clusterName": null, "tags": [{"key": "team", "value": ""}]}),
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": "web", "desiredCount": 3, "launchType": "FARGATE",
            "deploymentConfiguration": {"maximumPercent": 200, "canaryConfiguration": {"canaryPercent": 5}}}),
        ),
        (
            "RegisterTaskDefinitionRequest",
            json!({"family": "web", "containerDefinitions": [
            {"name": "app", "dockerLabels": {"a.b/c": "d"}, "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]}]}),
        ),
        (
            "DeploymentLifecycleHook",
            json!({"hookDetails": [1, {"any": null}]}),
        ),
        (
            "SubmitTaskStateChangeRequest",
            json!({"pullStartedAt": "2026-11-22T02:00:00.5Z", "pullStoppedAt": 1.5}),
        ),
        ("NoSuchShape", json!(1)),
    ];
    for (shape, value) in cases {
        assert_eq!(messages(shape, &value), [""; 0], "{shape} {value}");
    }
}

#[test]
fn each_rule_says_where_and_what_would_be_right() {
    let register = |container: Value| json!({"family": "web", "containerDefinitions": [container]});
    let cases = [
        (
            "CreateServiceRequest",
            json!({"launchType": "fargate"}),
            vec![
                "serviceName: is required",
                "launchType: \"fargate\" is not one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES",
            ],
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": null}),
            vec!["serviceName: is required"],
        ),
        (
            "CreateServiceRequest",
            json!([]),
            vec!["the input: expected an object, found a list"],
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": 3, "desiredCount": "3", "loadBalancers": {}}),
            vec![
                "desiredCount: expected an integer, found a string",
                "loadBalancers: expected a list, found an object",
                "serviceName: expected a string, found a number",
            ],
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": "a", "desiredCount": 1.5, "enableECSManagedTags": "yes"}),
            vec![
                "desiredCount: expected an integer, found 1.5",
                "enableECSManagedTags: expected true or false, found a string",
            ],
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": "a", "desiredCount": 3_000_000_000_u64}),
            vec!["desiredCount: 3000000000 is not within -2147483648 to 2147483647"],
        ),
        (
            "CapacityProviderStrategyItem",
            json!({"capacityProvider": "a", "weight": 1001, "base": u64::MAX}),
            vec![
                "base: 18446744073709551615 is not within 0 to 100000",
                "weight: 1001 is not within 0 to 1000",
            ],
        ),
        (
            "RegisterTaskDefinitionRequest",
            register(json!({"dockerLabels": {"a.b": 1}, "portMappings": [{"protocol": "icmp"}]})),
            vec![
                "containerDefinitions[0].dockerLabels[\"a.b\"]: expected a string, found a number",
                "containerDefinitions[0].portMappings[0].protocol: \"icmp\" is not one of tcp, udp",
            ],
        ),
        (
            "RegisterTaskDefinitionRequest",
            register(json!({"secrets": [{"name": "A"}]})),
            vec!["containerDefinitions[0].secrets[0].valueFrom: is required"],
        ),
        (
            "Tag",
            json!({"key": "", "value": "a,b"}),
            vec![
                "key: has 0 characters, but must have 1 to 128",
                r#"value: "a,b" does not match ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"#,
            ],
        ),
        (
            "CreateClusterRequest",
            json!({"tags": vec![json!({"key": "a"}); 51]}),
            vec!["tags: has 51 items, but must have 0 to 50"],
        ),
        (
            "DaemonDeploymentConfiguration",
            json!({"drainPercent": 100.5}),
            vec!["drainPercent: 100.5 is not within 0 to 100"],
        ),
        (
            "ManagedInstancesStorageConfiguration",
            json!({"storageSizeGiB": 0}),
            vec!["storageSizeGiB: 0 is not within 1 to 2147483647"],
        ),
        (
            "SubmitTaskStateChangeRequest",
            json!({"pullStartedAt": "yesterday"}),
            vec!["pullStartedAt: expected a time (RFC 3339, or seconds since 1970), found a string"],
        ),
    ];
    for (shape, value, expected) in cases {
        assert_eq!(messages(shape, &value), expected, "{shape} {value}");
    }
}

#[test]
fn a_union_has_exactly_one_member() {
    // All unions of today's model have one member; the facts of two are made here.
    let facts = StructureFacts {
        members: ["a", "b"]
            .map(|name| (name.to_owned(), "Boolean".to_owned()))
            .into(),
        union: true,
        ..StructureFacts::default()
    };
    let cases = [
        (json!({}), vec!["spec.u: exactly one of a, b must be set"]),
        (
            json!({"a": true, "b": true}),
            vec!["spec.u: exactly one of a, b must be set"],
        ),
        (
            json!({"c": true}),
            vec!["spec.u: exactly one of a, b must be set"],
        ),
        (json!({"a": true, "b": null}), vec![]),
    ];
    for (value, expected) in cases {
        let mut found = Found::default();
        found.structure(&facts, value.as_object().unwrap(), "spec.u");
        let messages: Vec<_> = found.violations.iter().map(ToString::to_string).collect();
        assert_eq!(messages, expected, "{value}");
    }
    assert_eq!(
        messages("SharingStrategy", &json!({})),
        ["the input: exactly one of nvidiaMps must be set"]
    );
}

#[test]
fn unknown_members_are_listed_and_no_violation() {
    let value = json!({"serviceName": "a", "x": null, "y": 1, "networkConfiguration": {"awsvpcConfiguration": {"subnets": [], "z": 1}}});
    assert_eq!(check("CreateServiceRequest", &value), []);
    assert_eq!(
        unknown("CreateServiceRequest", &value),
        ["networkConfiguration.awsvpcConfiguration.z", "y"]
    );
}

#[test]
fn long_values_are_shortened() {
    let long = "x".repeat(1000);
    let violations = messages(
        "CreateServiceRequest",
        &json!({"serviceName": "a", "launchType": long}),
    );
    assert!(
        violations.iter().all(|message| message.chars().count() < 200),
        "{violations:?}"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let members: Vec<String> = model()
        .structures_from("CreateServiceRequest")
        .values()
        .flat_map(|facts| facts.members.keys().cloned())
        .collect();
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(members.clone()), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_judged_without_panic_and_at_an_existing_place(value in any_json()) {
        for violation in check("CreateServiceRequest", &value) {
            // `a[0]["b"].c` as a JSON pointer: `/a/0/b/c`.
            let place = violation.path.replace("[\"", "/").replace("\"]", "").replace(['[', '.'], "/").replace(']', "");
            let pointer = if place.is_empty() { place } else { format!("/{place}") };
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            let place = if violation.rule == Rule::Required { parent } else { &pointer };
            prop_assert!(value.pointer(place).is_some(), "{} in {}", violation, value);
        }
    }
}
