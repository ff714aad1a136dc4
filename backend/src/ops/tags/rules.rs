//! What ECS demands of tags, whichever operation sets them (ecs-semantics.md §0.3).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Tag;
use ecs_model::tags;

use crate::fault::Fault;

/// At most 50 tags, no key twice, none of AWS's own. Lengths and letters are the service model's business.
pub fn check(given: &[Tag]) -> Result<(), Fault> {
    if given.len() > tags::MAX_TAGS {
        return Err(too_many());
    }
    let mut keys = BTreeSet::new();
    for tag in given {
        let key = tag.key().unwrap_or_default();
        if key.is_empty() {
            return Err(Fault::invalid("Tag key should not be null or empty."));
        }
        if tags::is_reserved(key) {
            return Err(Fault::invalid(format!(
                "Tag key '{key}' is reserved: keys must not begin with 'aws:'."
            )));
        }
        if !keys.insert(key) {
            return Err(Fault::invalid(format!("Duplicate tag key '{key}'.")));
        }
    }
    Ok(())
}

/// What ECS says of more tags than a resource can have.
pub fn too_many() -> Fault {
    Fault::invalid(format!(
        "Too many tags: a resource can have at most {}.",
        tags::MAX_TAGS
    ))
}

/// The tags of a resource after `set` was put onto `current`.
pub fn merged(current: &[Tag], set: &[Tag]) -> Vec<Tag> {
    let kept = |tag: &&Tag| !set.iter().any(|new| new.key() == tag.key());
    current.iter().filter(kept).chain(set).cloned().collect()
}

/// Whether the tag is one of AWS's own, which do not count towards the limit.
pub fn is_reserved(tag: &Tag) -> bool {
    tag.key().is_some_and(tags::is_reserved)
}
