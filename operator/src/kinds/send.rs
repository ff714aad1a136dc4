//! From specs and plans to what the SDK sends, and back from its times. Pure but for the two calls about tags.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::tag_resource::TagResourceInput;
use aws_sdk_ecs::operation::untag_resource::UntagResourceInput;
use aws_sdk_ecs::primitives::DateTime;
use ecs_crds::conditions::Reason;
use ecs_model::shape::{Shape, from_value, to_value};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::{AwsError, Class};
use crate::diff::identity;
use crate::kinds::claim::tags_of;
use crate::kinds::verdict::Verdict;

/// The input in a spec as JSON, with the name that ECS is to use.
///
/// # Errors
/// What the SDK cannot express.
pub fn spec_of<T: Shape>(input: &T, name_member: &str, name: &str) -> Result<Value, Verdict> {
    let mut value = to_value(input).map_err(|error| Verdict::stalled(Reason::InvalidSpec, error.to_string()))?;
    if let Some(members) = value.as_object_mut() {
        members.insert(name_member.to_owned(), name.into());
    }
    Ok(value)
}

/// An input apart from its tags, and those.
pub fn tags_in(mut input: Value) -> (Value, BTreeMap<String, String>) {
    let tags = input.as_object_mut().and_then(|members| members.remove("tags"));
    let tags = identity::tag_map(tags.as_ref());
    (input, tags)
}

/// The SDK's input of this JSON.
///
/// # Errors
/// [`Class::Invalid`] with the path of what does not fit.
pub fn sendable<T: Shape>(operation: &'static str, input: &Value) -> Result<T, AwsError> {
    from_value(input).map_err(|error| AwsError::local(operation, Class::Invalid, "Unsendable", error.to_string()))
}

/// Sets tags.
///
/// # Errors
/// What AWS answered.
pub async fn tag(target: &Target, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let input = TagResourceInput::builder().resource_arn(arn).set_tags(Some(tags_of(tags))).build();
    target.call(built("TagResource", input)?).await.map(drop)
}

/// Removes tags.
///
/// # Errors
/// What AWS answered.
pub async fn untag(target: &Target, arn: &str, keys: &[String]) -> Result<(), AwsError> {
    let input = UntagResourceInput::builder().resource_arn(arn).set_tag_keys(Some(keys.to_vec())).build();
    target.call(built("UntagResource", input)?).await.map(drop)
}

/// A moment of AWS's as Kubernetes writes it: whole seconds.
pub fn time_of(time: &DateTime) -> Option<Time> {
    Timestamp::from_second(time.secs()).ok().map(Time)
}
