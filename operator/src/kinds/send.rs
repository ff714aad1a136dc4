//! From specs and plans to what the SDK sends, and back from its times. Pure.

use std::collections::BTreeMap;

use aws_sdk_ecs::primitives::DateTime;
use ecs_crds::conditions::Reason;
use ecs_model::facts;
use ecs_model::shape::{Shape, from_value, name_of, to_value};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use crate::aws::error::{AwsError, Class};
use crate::diff::identity::{self, TAG_PREFIX, is_reserved_tag};
use crate::kinds::verdict::Verdict;

/// The input in a spec as JSON, with the name that ECS is to use, and apart from it the tags.
///
/// # Errors
/// What the SDK cannot express, or what ECS's own model says is wrong, with the members' paths.
pub fn spec_of<T: Shape>(
    input: &T,
    name_member: &str,
    name: &str,
) -> Result<(Value, BTreeMap<String, String>), Verdict> {
    let invalid = |message: String| Verdict::stalled(Reason::InvalidSpec, message);
    let mut value = to_value(input).map_err(|error| invalid(format!("spec.{error}")))?;
    if let Some(members) = value.as_object_mut() {
        members.insert(name_member.to_owned(), name.into());
    }
    checked(&modelled_as::<T>(), value).map_err(invalid)
}

/// An input of this name in the model, without its tags, and those. What was put in the place of references is checked too.
///
/// # Errors
/// What ECS's own model says is wrong, with the members' paths, before ECS does; as one sentence.
pub fn checked(shape: &str, mut input: Value) -> Result<(Value, BTreeMap<String, String>), String> {
    let mut wrong: Vec<String> = facts::check(shape, &input)
        .iter()
        .map(|violation| format!("spec.{violation}"))
        .collect();
    let tags = input.as_object_mut().and_then(|members| members.remove("tags"));
    let tags = identity::tag_map(tags.as_ref());
    wrong.extend(tags.keys().filter(|key| is_reserved_tag(key)).map(|key| {
        format!("spec.tags: {key} is reserved; choose a key that begins with neither aws: nor {TAG_PREFIX}")
    }));
    if wrong.is_empty() {
        Ok((input, tags))
    } else {
        Err(wrong.join("; "))
    }
}

/// The model's name of an input: the SDK's `CreateClusterInput` is its `CreateClusterRequest`.
fn modelled_as<T: Shape>() -> String {
    let name = name_of::<T>();
    name.strip_suffix("Input")
        .map_or_else(|| name.to_owned(), |operation| format!("{operation}Request"))
}

/// The SDK's input of this JSON.
///
/// # Errors
/// [`Class::Invalid`] with the path of what does not fit.
pub fn sendable<T: Shape>(operation: &'static str, input: &Value) -> Result<T, AwsError> {
    from_value(input)
        .map_err(|error| AwsError::local(operation, Class::Invalid, "Unsendable", error.to_string()))
}

/// A moment of AWS's as Kubernetes writes it: whole seconds.
pub fn time_of(time: &DateTime) -> Option<Time> {
    Timestamp::from_second(time.secs()).ok().map(Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
    use serde_json::json;

    fn spec(change: &Value) -> Result<(Value, BTreeMap<String, String>), Verdict> {
        let mut spec = json!({"containerDefinitions": [{"name": "app", "image": "httpd"}]});
        json_patch::merge(&mut spec, change);
        spec_of(
            &from_value::<RegisterTaskDefinitionInput>(&spec).unwrap(),
            "family",
            "web",
        )
    }

    #[test]
    fn the_name_goes_in_and_the_tags_come_out() {
        let (input, tags) = spec(&json!({"tags": [{"key": "team", "value": "blue"}]})).unwrap();
        assert_eq!(input["family"], "web");
        assert_eq!(input.get("tags"), None);
        assert_eq!(tags, BTreeMap::from([("team".to_owned(), "blue".to_owned())]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_path() {
        let cases = [
            (json!({"networkMode": "flat"}), "spec.networkMode: "),
            (
                json!({"containerDefinitions": [{"name": "app", "image": "httpd", "portMappings": [{"protocol": "icmp"}]}]}),
                "spec.containerDefinitions[0].portMappings[0].protocol: ",
            ),
            (
                json!({"tags": [{"key": "ecs-operator.dev/x", "value": "y"}]}),
                "spec.tags: ecs-operator.dev/x is reserved",
            ),
        ];
        for (change, expected) in cases {
            let refused = spec(&change).unwrap_err();
            assert_eq!(refused.reason(), Reason::InvalidSpec);
            assert!(refused.message().contains(expected), "{}", refused.message());
        }
    }

    #[test]
    fn what_does_not_fit_is_not_sent() {
        let refused =
            sendable::<RegisterTaskDefinitionInput>("RegisterTaskDefinition", &json!({"cpu": ["a"]}))
                .unwrap_err();
        assert_eq!(
            (refused.class, refused.message.starts_with("cpu: ")),
            (Class::Invalid, true)
        );
    }
}
