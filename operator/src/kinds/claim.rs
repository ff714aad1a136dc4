//! Whose the resource is that has our name: ours, to be claimed, to be adopted, or a conflict (design.md §2.3). Pure.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Tag;
use ecs_crds::conditions::Reason;

use crate::diff::identity::{ADOPTED_TAG, Owner, Ownership};
use crate::kinds::verdict::Verdict;

/// What may be done with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is ours.
    Ours,
    /// It is ours once it has these tags; until then nothing else is done to it.
    Take(BTreeMap<String, String>),
    /// It is not to be touched; why, in one sentence.
    Conflict(String),
}

/// Decides about the resource called `what` (its ARN) that has these tags.
pub fn claim(owner: &Owner, what: &str, tags: &BTreeMap<String, String>, adopt: bool) -> Claim {
    match owner.verdict(tags) {
        Ownership::Ours => Claim::Ours,
        // Our own of an earlier life, as after a restored backup.
        Ownership::OursOldIncarnation => Claim::Take(owner.tags()),
        Ownership::Unowned if adopt => {
            let mut tags = owner.tags();
            tags.insert(ADOPTED_TAG.to_owned(), "true".to_owned());
            Claim::Take(tags)
        }
        Ownership::Unowned => Claim::Conflict(format!(
            "{} {what} is in ECS already and no object's; set management.adoptionPolicy to Adopt to take it over, or choose \
             another name",
            owner.kind.noun()
        )),
        Ownership::SomeoneElses(other) => Claim::Conflict(format!(
            "{} {what} belongs to {other} (installation/namespace/name); nothing is done until it is released",
            owner.kind.noun()
        )),
    }
}

/// Whether a resource with these tags is another's, or nobody's and not to be taken: of such a one nothing is told but the
/// conflict, and nothing else is built on it.
pub fn is_foreign(owner: &Owner, tags: &BTreeMap<String, String>, adopt: bool) -> bool {
    matches!(claim(owner, "", tags, adopt), Claim::Conflict(_))
}

/// What a conflict means for the object: a person has to decide, though a release heals it too.
pub fn conflict(message: impl Into<String>) -> Verdict {
    Verdict::stalled(Reason::Conflict, message)
}

/// Tags of the SDK as a map.
pub fn tag_map(tags: &[Tag]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

/// A map as tags of the SDK, sorted by key.
pub fn tags_of(map: &BTreeMap<String, String>) -> Vec<Tag> {
    map.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::identity::ResourceKind;

    fn owner(uid: &str) -> Owner {
        Owner {
            kind: ResourceKind::Cluster,
            installation: "prod".into(),
            namespace: "shop".into(),
            name: "main".into(),
            uid: uid.into(),
        }
    }

    #[test]
    fn the_tags_decide() {
        let ours = owner("u1");
        let other = Owner {
            name: "other".into(),
            ..owner("u2")
        };
        let cases = [
            (ours.tags(), false, "ours"),
            (ours.tags(), true, "ours"),
            (owner("u0").tags(), false, "take 2"),
            (BTreeMap::new(), false, "conflict"),
            (BTreeMap::new(), true, "take 3"),
            (other.tags(), false, "conflict"),
            (other.tags(), true, "conflict"),
        ];
        for (tags, adopt, expected) in cases {
            let found = match claim(&ours, "arn:aws:ecs:r:1:cluster/main", &tags, adopt) {
                Claim::Ours => "ours".to_owned(),
                Claim::Take(tags) => format!("take {}", tags.len()),
                Claim::Conflict(message) => {
                    assert!(
                        message.starts_with("cluster arn:aws:ecs:r:1:cluster/main "),
                        "{message}"
                    );
                    "conflict".to_owned()
                }
            };
            assert_eq!(found, expected, "{tags:?}, adopting {adopt}");
        }
    }

    #[test]
    fn maps_and_lists_are_the_same() {
        let tags = owner("u1").tags();
        assert_eq!(tag_map(&tags_of(&tags)), tags);
    }
}
