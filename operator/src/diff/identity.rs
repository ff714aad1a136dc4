//! Whose a resource is, and how we recognise what we made (design.md §2.3).
//!
//! Ownership is told by tags in ECS, never by our own status: a restored backup finds its resources again, and a crash
//! between a call and its record loses nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands before every tag key of ours.
pub const TAG_PREFIX: &str = "ecs-operator.dev/";

/// The tag that carries the UID of the object that made or adopted the resource.
pub const INCARNATION_TAG: &str = "ecs-operator.dev/incarnation";

/// The tag that says that the resource was there before us, so that deleting the object leaves it by default.
pub const ADOPTED_TAG: &str = "ecs-operator.dev/adopted";

/// The tag that remembers what was applied last, where drift is only reported: what differs from the spec without the
/// spec having changed was changed by others.
pub const APPLIED_TAG: &str = "ecs-operator.dev/applied";

/// The kinds of resources that carry owner tags. Keys differ by kind, because ECS can copy the tags of a service or a
/// definition onto tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A cluster.
    Cluster,
    /// A task definition's revision.
    TaskDefinition,
    /// A service.
    Service,
    /// A capacity provider.
    CapacityProvider,
}

impl ResourceKind {
    /// The key of the tag that names the owner.
    pub const fn owner_tag(self) -> &'static str {
        match self {
            Self::Cluster => "ecs-operator.dev/cluster",
            Self::TaskDefinition => "ecs-operator.dev/task-definition",
            Self::Service => "ecs-operator.dev/service",
            Self::CapacityProvider => "ecs-operator.dev/capacity-provider",
        }
    }

    /// What people call it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::TaskDefinition => "task definition",
            Self::Service => "service",
            Self::CapacityProvider => "capacity provider",
        }
    }
}

/// The Kubernetes object on whose behalf a resource exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The installation's name; it survives the operator and its cluster's backups.
    pub installation: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object's UID: another one under the same name is another incarnation.
    pub uid: String,
}

/// What a resource's tags say about us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// This very object's.
    Ours,
    /// An earlier object's of the same name: continued, but deleted only after it was claimed.
    OursOldIncarnation,
    /// Nobody's that we know.
    Unowned,
    /// Another object's, as `installation/namespace/name`.
    SomeoneElses(String),
}

impl Owner {
    /// The owner tag's value: `installation/namespace/name`. One that is longer than a tag's value can be ends with its hash.
    pub fn tag_value(&self) -> String {
        const LONGEST: usize = 256;
        const HASH: usize = 32;
        let value = format!("{}/{}/{}", self.installation, self.namespace, self.name);
        if value.len() <= LONGEST {
            return value;
        }
        let whole = hex(&Sha256::digest(value.as_bytes()), HASH);
        let kept: String = value.chars().take(LONGEST - HASH - 1).collect();
        format!("{kept}@{whole}")
    }

    /// The tags that make a resource ours.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (self.kind.owner_tag().to_owned(), self.tag_value()),
            (INCARNATION_TAG.to_owned(), self.uid.clone()),
        ])
    }

    /// The keys that are taken off a resource that is released.
    pub fn tag_keys(&self) -> Vec<String> {
        vec![
            self.kind.owner_tag().to_owned(),
            INCARNATION_TAG.to_owned(),
            ADOPTED_TAG.to_owned(),
            APPLIED_TAG.to_owned(),
        ]
    }

    /// Whose a resource with these tags is.
    pub fn verdict(&self, tags: &BTreeMap<String, String>) -> Ownership {
        match tags.get(self.kind.owner_tag()) {
            None => Ownership::Unowned,
            Some(owner) if *owner != self.tag_value() => Ownership::SomeoneElses(owner.clone()),
            Some(_) if tags.get(INCARNATION_TAG) == Some(&self.uid) => Ownership::Ours,
            Some(_) => Ownership::OursOldIncarnation,
        }
    }

    /// The token of a creation, 32 characters: the same for every attempt to make the same thing, another one once
    /// there was a `predecessor` (anything that tells it apart, as its time of creation) that is gone now.
    pub fn client_token(&self, predecessor: &str) -> String {
        let mut hash = Sha256::new();
        for part in [self.kind.noun(), &self.uid, predecessor] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize(), 32)
    }
}

/// Whether a tag is the operator's or AWS's own, so that a manifest's tags neither contain nor remove it.
pub fn is_reserved_tag(key: &str) -> bool {
    key.starts_with(TAG_PREFIX) || ecs_model::tags::is_reserved(key)
}

/// The keys of tags as people are shown them: the operator's own are `owner`, once and first.
pub fn shown_keys(tags: &BTreeMap<String, String>) -> String {
    let owner = tags.keys().any(|key| is_reserved_tag(key)).then_some("owner");
    let own = tags
        .keys()
        .filter(|key| !is_reserved_tag(key))
        .map(String::as_str);
    owner.into_iter().chain(own).collect::<Vec<_>>().join(", ")
}

/// Tags as a map, from the list of `{key, value}` that ECS has everywhere.
pub fn tag_map(list: Option<&Value>) -> BTreeMap<String, String> {
    let text = |tag: &Value, member| {
        tag.get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let tags = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    tags.iter()
        .map(|tag| (text(tag, "key"), text(tag, "value")))
        .collect()
}

/// Tags as ECS's list, sorted by key.
pub fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| serde_json::json!({"key": key, "value": value}))
        .collect()
}

/// Which tags have to be set and which removed so that the resource has the manifest's; reserved tags are left alone.
pub fn tag_changes(
    desired: &BTreeMap<String, String>,
    observed: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let set = desired
        .iter()
        .filter(|(key, value)| !is_reserved_tag(key) && observed.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let remove = observed
        .keys()
        .filter(|key| !is_reserved_tag(key) && !desired.contains_key(*key))
        .cloned()
        .collect();
    (set, remove)
}

/// The version of [`content_hash`]: another one when what it is computed from changes, so that an update of the operator
/// never looks like a change of a manifest.
const HASH_VERSION: u8 = 1;

/// A short name for a value's content, as `1-0f8e…`; equal values have equal names, whatever the order of their members.
///
/// It only finds candidates: what is equal is decided by [`super::drift`].
pub fn content_hash(value: &Value) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, value);
    format!("{HASH_VERSION}-{}", hex(&hash.finalize(), 32))
}

/// Feeds a value with its members in order, not depending on how the JSON library keeps or prints them.
fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            hash.update(b"{");
            let sorted: BTreeMap<_, _> = members.iter().filter(|(_, value)| !value.is_null()).collect();
            for (name, value) in sorted {
                feed(hash, &Value::String(name.clone()));
                feed(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                feed(hash, item);
            }
            hash.update(b"]");
        }
        Value::String(text) => {
            hash.update(b"\"");
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        other => {
            hash.update(b"#");
            hash.update(other.to_string().as_bytes());
            hash.update(b";");
        }
    }
}

fn hex(bytes: &[u8], characters: usize) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(characters);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owner(uid: &str) -> Owner {
        Owner {
            kind: ResourceKind::Service,
            installation: "prod".into(),
            namespace: "shop".into(),
            name: "web".into(),
            uid: uid.into(),
        }
    }

    #[test]
    fn tags_tell_whose_it_is() {
        let ours = owner("u1");
        let cases = [
            (ours.tags(), Ownership::Ours),
            (owner("u0").tags(), Ownership::OursOldIncarnation),
            (BTreeMap::new(), Ownership::Unowned),
            (
                BTreeMap::from([(INCARNATION_TAG.to_owned(), "u1".to_owned())]),
                Ownership::Unowned,
            ),
            (
                Owner {
                    namespace: "other".into(),
                    ..owner("u1")
                }
                .tags(),
                Ownership::SomeoneElses("prod/other/web".into()),
            ),
            (
                Owner {
                    kind: ResourceKind::TaskDefinition,
                    ..owner("u1")
                }
                .tags(),
                Ownership::Unowned,
            ),
        ];
        for (tags, verdict) in cases {
            assert_eq!(ours.verdict(&tags), verdict, "{tags:?}");
        }
    }

    #[test]
    fn a_long_name_fits_into_a_tag_and_stays_its_own() {
        let long = |last: &str| Owner {
            name: "a".repeat(252) + last,
            ..owner("u1")
        };
        let value = long("b").tag_value();
        assert_eq!((value.len(), value.starts_with("prod/shop/aaa")), (256, true));
        assert_ne!(value, long("c").tag_value());
        assert_eq!(long("b").verdict(&long("b").tags()), Ownership::Ours);
        assert_eq!(owner("u1").tag_value(), "prod/shop/web");
    }

    #[test]
    fn tokens_fit_and_differ_with_uid_and_predecessor() {
        let token = owner("u1").client_token("");
        assert_eq!(token, owner("u1").client_token(""));
        assert_eq!(token.len(), 32);
        assert_ne!(token, owner("u2").client_token(""));
        assert_ne!(token, owner("u1").client_token("2026-11-22T02:12:00Z"));
        assert_ne!(
            token,
            Owner {
                kind: ResourceKind::Cluster,
                ..owner("u1")
            }
            .client_token("")
        );
    }

    #[test]
    fn tag_changes_leave_reserved_tags_alone() {
        let desired = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let mut observed = owner("u1").tags();
        for (key, value) in [
            ("a", "0"),
            ("b", "2"),
            ("c", "3"),
            ("aws:cloudformation:stack", "x"),
        ] {
            observed.insert(key.to_owned(), value.to_owned());
        }
        let (set, remove) = tag_changes(&desired, &observed);
        assert_eq!(set, BTreeMap::from([("a".to_owned(), "1".to_owned())]));
        assert_eq!(remove, ["c"]);
    }

    #[test]
    fn tag_lists_and_maps_are_the_same() {
        let tags = owner("u1").tags();
        assert_eq!(tag_map(Some(&tag_list(&tags))), tags);
        assert_eq!(tag_map(None), BTreeMap::new());
    }

    #[test]
    fn the_hash_is_golden() {
        // A change of these texts is a change of HASH_VERSION.
        assert_eq!(content_hash(&json!({})), "1-44136fa355b3678a1146ad16f7e8649e");
        assert_eq!(
            content_hash(
                &json!({"family": "web", "containerDefinitions": [{"name": "app", "cpu": 0, "essential": true}]})
            ),
            content_hash(
                &json!({"containerDefinitions": [{"essential": true, "cpu": 0, "name": "app"}], "family": "web", "x": null})
            ),
        );
        assert_ne!(
            content_hash(&json!(["ab", "c"])),
            content_hash(&json!(["a", "bc"]))
        );
        assert_ne!(content_hash(&json!("1")), content_hash(&json!(1)));
    }
}
