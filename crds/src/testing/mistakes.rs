//! Mistakes of every sort, at every place of every spec: the schema catches each and names the place, and reading an
//! object with it says what is wrong or reads it, but never panics (issue 3, item 10).

use ecs_model::facts;
use kube::CustomResourceExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::sample::full;
use super::{schema, structural};
use crate::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition};

/// A spec with one mistake.
struct Mistake {
    /// The name of the member that the message must have.
    at: String,
    spec: Value,
}

/// All mistakes that can be made in this spec, by this schema.
fn mistakes(schema: &Value, spec: &Value) -> Vec<Mistake> {
    let mut made = Vec::new();
    let mut places = Vec::new();
    walk(schema, spec, String::new(), &mut places);
    for (pointer, schema) in &places {
        let value = spec.pointer(pointer).unwrap();
        let at = pointer
            .rsplit('/')
            .find(|part| part.parse::<u32>().is_err())
            .unwrap_or_default();
        for wrong in wrong_values(schema, value) {
            let mut spec = spec.clone();
            *spec.pointer_mut(pointer).unwrap() = wrong;
            made.push(Mistake {
                at: at.to_owned(),
                spec,
            });
        }
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let mut spec = spec.clone();
            spec.pointer_mut(pointer)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
            made.push(Mistake {
                at: name.to_owned(),
                spec,
            });
        }
        if value.is_object() && schema.get("properties").is_some() {
            let mut spec = spec.clone();
            spec.pointer_mut(pointer).unwrap()["misspelt"] = json!(1);
            made.push(Mistake {
                at: "misspelt".to_owned(),
                spec,
            });
        }
    }
    made
}

/// The places of a spec, as JSON pointers, with the schema of each.
fn walk(schema: &Value, value: &Value, pointer: String, places: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let inner = schema["properties"]
                    .get(name)
                    .or_else(|| schema.get("additionalProperties"));
                if let Some(inner) = inner {
                    walk(inner, member, format!("{pointer}/{name}"), places);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(&schema["items"], item, format!("{pointer}/{index}"), places);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() {
        places.push((pointer, schema.clone()));
    }
}

/// Values that do not fit the schema.
fn wrong_values(schema: &Value, value: &Value) -> Vec<Value> {
    let mut wrong = Vec::new();
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return wrong;
    }
    wrong.push(match value {
        Value::Number(_) => json!("many"),
        Value::String(_) | Value::Array(_) => json!({"a": 1}),
        _ => json!(["yes"]),
    });
    if schema.get("enum").is_some() {
        wrong.push(json!("nonsense"));
    }
    if let Some(min) = schema["minimum"].as_f64() {
        wrong.push(json!(min - 1.0));
    }
    if let Some(max) = schema["maximum"].as_f64() {
        wrong.push(json!(max + 1.0));
    }
    if let Some(max) = schema["maxLength"].as_u64() {
        wrong.push(json!("a".repeat(usize::try_from(max).unwrap() + 1)));
    }
    if schema["minLength"].as_u64() == Some(1) {
        wrong.push(json!(""));
    }
    if schema
        .get("pattern")
        .is_some_and(|pattern| !pattern.to_string().contains("\\\\p{"))
    {
        wrong.push(json!("a\tb"));
    }
    if let (Some(max), Value::Array(items)) = (schema["maxItems"].as_u64(), value) {
        wrong.push(vec![items[0].clone(); usize::try_from(max).unwrap() + 1].into());
    }
    if schema.get("minItems").is_some() {
        wrong.push(json!([]));
    }
    if let (false, Value::Array(items)) = (schema["x-kubernetes-list-type"] == "atomic", value) {
        wrong.push(json!([items[0], items[0]]));
    }
    if schema.get("minProperties").is_some() {
        wrong.push(json!({}));
    }
    // Whole numbers stay whole: 1.0 is an integer to the API server, and a mistake of another sort here.
    wrong.into_iter().map(whole).collect()
}

fn whole(value: Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "limits are small whole numbers")]
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 => json!(number as i64),
        _ => value,
    }
}

fn all_are_caught<K: CustomResourceExt + DeserializeOwned + Serialize>() -> usize {
    let schema = schema::<K>();
    let schema = &schema["properties"]["spec"];
    let spec = full(schema);
    assert_eq!(structural::violations(schema, &spec), Vec::<String>::new());
    let mistakes = mistakes(schema, &spec);
    for Mistake { at, spec } in &mistakes {
        let said = structural::violations(schema, spec);
        assert!(
            said.iter().any(|said| said.contains(at)),
            "{at} in {spec}\nsaid {said:?}"
        );
        // What has slipped past the API server is read or refused, but never panics.
        let object = json!({"metadata": {"name": "a"}, "spec": spec});
        let _ = serde_json::from_value::<K>(object).map(|read| serde_json::to_value(read));
    }
    mistakes.len()
}

#[test]
fn every_mistake_is_caught_where_it_is() {
    let made = all_are_caught::<EcsService>()
        + all_are_caught::<EcsTaskDefinition>()
        + all_are_caught::<EcsCluster>()
        + all_are_caught::<CapacityProvider>()
        + all_are_caught::<AwsAccount>();
    assert!(made >= 1000, "only {made} mistakes");
}

/// The schema is at least as strict as the service's model: what `facts::check` finds, the schema finds.
#[test]
fn the_schema_is_no_laxer_than_the_model() {
    let roots = [
        ("CreateServiceRequest", schema::<EcsService>(), "serviceName"),
        (
            "RegisterTaskDefinitionRequest",
            schema::<EcsTaskDefinition>(),
            "family",
        ),
        ("CreateClusterRequest", schema::<EcsCluster>(), "clusterName"),
        (
            "CreateCapacityProviderRequest",
            schema::<CapacityProvider>(),
            "name",
        ),
    ];
    for (shape, schema, name) in roots {
        let schema = &schema["properties"]["spec"];
        let mut compared = 0;
        for Mistake { spec, .. } in mistakes(schema, &full(schema)) {
            let found = facts::check(shape, &spec);
            let of_ours = |path: &str| path == name || path.ends_with(".capacityProvider");
            if found.iter().any(|violation| !of_ours(&violation.path)) {
                compared += 1;
                assert!(
                    !structural::violations(schema, &spec).is_empty(),
                    "{shape}: {found:?}"
                );
            }
        }
        assert!(compared >= 40, "{shape}: only {compared}");
    }
}

/// What the schema allows, the types carry: an object with every member comes back whole.
#[test]
fn every_member_survives_the_round_trip() {
    fn round_trip<K: CustomResourceExt + DeserializeOwned + Serialize>() {
        let schema = schema::<K>();
        let spec = full(&schema["properties"]["spec"]);
        let status = full(&schema["properties"]["status"]);
        let object = json!({"metadata": {"name": "a"}, "spec": spec, "status": status});
        let read: K = serde_json::from_value(object).unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written["spec"], spec);
        assert_eq!(written["status"], status);
    }
    round_trip::<EcsService>();
    round_trip::<EcsTaskDefinition>();
    round_trip::<EcsCluster>();
    round_trip::<CapacityProvider>();
    round_trip::<AwsAccount>();
}
