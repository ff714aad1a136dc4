//! Tags of every resource that has an ARN (ecs-semantics.md §1.9).

pub mod rules;
mod target;

use aws_sdk_ecs::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_ecs::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_ecs::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};

use ecs_model::tags::MAX_TAGS;

use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for TagResourceInput {
    type Output = TagResourceOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        rules::check(self.tags())?;
        let target = target::find(realm, self.resource_arn().unwrap_or_default())?;
        let merged = rules::merged(target::tags(realm, &target), self.tags());
        if merged.iter().filter(|tag| !rules::is_reserved(tag)).count() > MAX_TAGS {
            return Err(rules::too_many());
        }
        target::put(realm, &target, merged);
        Ok(TagResourceOutput::builder().build())
    }
}

impl Operation for UntagResourceInput {
    type Output = UntagResourceOutput;

    /// Keys that the resource does not have are no error.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let target = target::find(realm, self.resource_arn().unwrap_or_default())?;
        let keys = self.tag_keys();
        if let Some(key) = keys
            .iter()
            .find(|key| key.to_ascii_lowercase().starts_with("aws:"))
        {
            return Err(Fault::invalid(format!(
                "Tag key '{key}' is reserved: keys must not begin with 'aws:'."
            )));
        }
        let kept = target::tags(realm, &target)
            .iter()
            .filter(|tag| !keys.iter().any(|key| tag.key() == Some(key)));
        let kept = kept.cloned().collect();
        target::put(realm, &target, kept);
        Ok(UntagResourceOutput::builder().build())
    }
}

impl Operation for ListTagsForResourceInput {
    type Output = ListTagsForResourceOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        // Unlike the other two, this operation has no ResourceNotFoundException (ecs-semantics.md §1.9).
        let found = target::find(realm, self.resource_arn().unwrap_or_default());
        let target = found.map_err(|fault| match fault.code.as_str() {
            "ResourceNotFoundException" => Fault::invalid(fault.message),
            _ => fault,
        })?;
        let tags = target::tags(realm, &target).to_vec();
        Ok(ListTagsForResourceOutput::builder().set_tags(Some(tags)).build())
    }
}
