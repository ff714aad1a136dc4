//! Tags of ECS resources: what ECS allows, and how two sets differ (ecs-semantics.md §0.3).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::Tag;

/// The greatest number of tags on one resource, not counting those of AWS (`aws:…`).
pub const MAX_TAGS: usize = 50;
/// The greatest length of a key, in characters; the least is 1.
pub const MAX_KEY: usize = 128;
/// The greatest length of a value, in characters; the least is 0.
pub const MAX_VALUE: usize = 256;
/// What the keys of AWS's own tags begin with. Nobody else may set or remove such a tag.
pub const RESERVED_PREFIX: &str = "aws:";

/// Tags by key. A tag without a value has the empty one.
pub type Tags = BTreeMap<String, String>;

/// Why ECS would refuse a list of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// More tags than a resource can have.
    #[error("{count} tags are too many: at most {MAX_TAGS} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// Two tags have the same key.
    #[error("the tag key {key:?} is there twice")]
    Twice {
        /// The key.
        key: String,
    },
    /// The key is empty or too long.
    #[error("the tag key {key:?} has {length} characters: 1 to {MAX_KEY} are allowed")]
    KeyLength {
        /// The key.
        key: String,
        /// Its length in characters.
        length: usize,
    },
    /// The value is too long.
    #[error("the value of tag {key:?} has {length} characters: at most {MAX_VALUE} are allowed")]
    ValueLength {
        /// The key.
        key: String,
        /// The value's length in characters.
        length: usize,
    },
    /// The key or the value has a character that is not allowed.
    #[error("tag {key:?}: {character:?} is not allowed; letters, digits, spaces and + - = . _ : / @ are")]
    Character {
        /// The key.
        key: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// The key belongs to AWS.
    #[error("the tag key {key:?} begins with {RESERVED_PREFIX}, which is reserved for AWS")]
    Reserved {
        /// The key.
        key: String,
    },
}

/// What turns one set of tags into another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct TagDiff {
    /// The tags to add or to overwrite (`TagResource`).
    pub set: Tags,
    /// The keys to remove (`UntagResource`).
    pub remove: BTreeSet<String>,
}

impl TagDiff {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

/// Whether a key is one of AWS's own, in any case.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}

/// Everything that ECS would refuse about a list of tags that a user gives.
#[must_use]
pub fn check<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<TagError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for (key, value) in tags {
        count += 1;
        let owned = || key.to_owned();
        if !seen.insert(key) {
            errors.push(TagError::Twice { key: owned() });
        }
        let length = key.chars().count();
        if !(1..=MAX_KEY).contains(&length) {
            errors.push(TagError::KeyLength { key: owned(), length });
        }
        let length = value.chars().count();
        if length > MAX_VALUE {
            errors.push(TagError::ValueLength { key: owned(), length });
        }
        if let Some(character) = key
            .chars()
            .chain(value.chars())
            .find(|character| !is_allowed(*character))
        {
            errors.push(TagError::Character {
                key: owned(),
                character,
            });
        }
        if is_reserved(key) {
            errors.push(TagError::Reserved { key: owned() });
        }
    }
    if count > MAX_TAGS {
        errors.push(TagError::TooMany { count });
    }
    errors
}

/// What has to change so that `observed` becomes `desired`. AWS's own tags are left alone on both sides.
pub fn diff(desired: &Tags, observed: &Tags) -> TagDiff {
    let ours = |key: &str| !is_reserved(key);
    TagDiff {
        set: desired
            .iter()
            .filter(|(key, value)| ours(key) && observed.get(*key) != Some(*value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        remove: observed
            .keys()
            .filter(|key| ours(key) && !desired.contains_key(*key))
            .cloned()
            .collect(),
    }
}

/// Tags as the SDK has them, by key. A tag without a key is left out; of two with one key the last counts.
#[must_use]
pub fn from_sdk(tags: &[Tag]) -> Tags {
    tags.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}

/// Tags as the SDK has them, sorted by key.
#[must_use]
pub fn to_sdk(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

fn is_allowed(character: char) -> bool {
    // The model's pattern: letters, numbers and separators of any script, and a few signs.
    character.is_alphanumeric()
        || (character.is_whitespace() && !character.is_control())
        || "+-=._:/@".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn good_tags_pass() {
        let long = ("k".repeat(128), "v".repeat(256));
        let good = [
            ("team", ""),
            ("größe +-=._:/@ 1", "x y"),
            ("myaws:x", "a"),
            (&long.0, &long.1),
        ];
        assert_eq!(check(good), []);
        let fifty: Vec<String> = (0..50).map(|index| index.to_string()).collect();
        assert_eq!(check(fifty.iter().map(|key| (key.as_str(), ""))), []);
    }

    #[test]
    fn bad_tags_are_named() {
        let long = "x".repeat(257);
        let cases = [
            (
                vec![("a", ""), ("a", "b")],
                "the tag key \"a\" is there twice".to_owned(),
            ),
            (
                vec![("", "")],
                "the tag key \"\" has 0 characters: 1 to 128 are allowed".to_owned(),
            ),
            (
                vec![(&long, "")],
                format!("the tag key {long:?} has 257 characters: 1 to 128 are allowed"),
            ),
            (
                vec![("a", &long)],
                "the value of tag \"a\" has 257 characters: at most 256 are allowed".to_owned(),
            ),
            (
                vec![("a", "b,c")],
                "tag \"a\": ',' is not allowed; letters, digits, spaces and + - = . _ : / @ are".to_owned(),
            ),
            (
                vec![("AWS:x", "")],
                "the tag key \"AWS:x\" begins with aws:, which is reserved for AWS".to_owned(),
            ),
        ];
        for (bad, expected) in cases {
            let messages: Vec<_> = check(bad).iter().map(ToString::to_string).collect();
            assert_eq!(messages, [expected]);
        }
        let many: Vec<String> = (0..51).map(|index| index.to_string()).collect();
        assert_eq!(
            check(many.iter().map(|key| (key.as_str(), ""))),
            [TagError::TooMany { count: 51 }]
        );
    }

    #[test]
    fn diffs() {
        let cases = [
            (tags(&[]), tags(&[]), tags(&[]), vec![]),
            (tags(&[("a", "1")]), tags(&[]), tags(&[("a", "1")]), vec![]),
            (
                tags(&[("a", "1")]),
                tags(&[("a", "2"), ("b", "")]),
                tags(&[("a", "1")]),
                vec!["b"],
            ),
            (
                tags(&[("a", "1")]),
                tags(&[("a", "1"), ("aws:ecs:clusterName", "x")]),
                tags(&[]),
                vec![],
            ),
            (
                tags(&[("a", "")]),
                tags(&[("A", "")]),
                tags(&[("a", "")]),
                vec!["A"],
            ),
        ];
        for (desired, observed, set, remove) in cases {
            let remove = remove.into_iter().map(str::to_owned).collect();
            assert_eq!(
                diff(&desired, &observed),
                TagDiff { set, remove },
                "{desired:?} {observed:?}"
            );
        }
    }

    #[test]
    fn the_limits_are_those_of_the_model() {
        use crate::facts::{ShapeFacts, model};
        let max = |shape: &str| match model().shape(shape) {
            Some(ShapeFacts::String(facts)) => facts.max,
            Some(ShapeFacts::List { max, .. }) => *max,
            _ => None,
        };
        let limits = [MAX_TAGS, MAX_KEY, MAX_VALUE].map(|limit| u64::try_from(limit).ok());
        assert_eq!(["Tags", "TagKey", "TagValue"].map(max), limits);
    }

    fn any_tags() -> impl Strategy<Value = Tags> {
        prop::collection::btree_map("(aws:)?[a-c]{1,2}", "[0-1]{0,1}", 0..8)
    }

    proptest! {
        #[test]
        fn a_diff_leads_to_what_is_desired_and_then_is_empty(desired in any_tags(), observed in any_tags()) {
            let change = diff(&desired, &observed);
            prop_assert_eq!(change.is_empty(), change == TagDiff::default());
            let mut result = observed.clone();
            result.retain(|key, _| !change.remove.contains(key));
            result.extend(change.set);
            prop_assert!(diff(&desired, &result).is_empty());
            let of_aws = |tags: &Tags| -> Tags { tags.clone().into_iter().filter(|(key, _)| is_reserved(key)).collect() };
            prop_assert_eq!(of_aws(&result), of_aws(&observed));
        }

        #[test]
        fn the_sdk_form_keeps_everything(tags in any_tags()) {
            prop_assert_eq!(from_sdk(&to_sdk(&tags)), tags);
        }
    }
}
