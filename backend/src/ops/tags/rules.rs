//! What ECS demands of tags, whichever operation sets them (ecs-semantics.md §0.3).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Tag;

use crate::fault::Fault;

/// The most tags that a resource has.
pub const LIMIT: usize = 50;

/// At most 50 tags, no key twice, none of AWS's own. Lengths and letters are the service model's business.
pub fn check(tags: &[Tag]) -> Result<(), Fault> {
    if tags.len() > LIMIT {
        return Err(Fault::invalid("Too many tags: a resource can have at most 50."));
    }
    let mut keys = BTreeSet::new();
    for tag in tags {
        let key = tag.key().unwrap_or_default();
        if key.is_empty() {
            return Err(Fault::invalid("Tag key should not be null or empty."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
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

/// The tags of a resource after `set` was put onto `current`.
pub fn merged(current: &[Tag], set: &[Tag]) -> Vec<Tag> {
    let kept = |tag: &&Tag| !set.iter().any(|new| new.key() == tag.key());
    current.iter().filter(kept).chain(set).cloned().collect()
}

/// Whether the tag is one of AWS's own, which do not count towards the limit.
pub fn is_reserved(tag: &Tag) -> bool {
    tag.key()
        .is_some_and(|key| key.to_ascii_lowercase().starts_with("aws:"))
}
