//! What is done to the tags of a resource, the same for every kind.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_ecs::operation::tag_resource::TagResourceInput;
use aws_sdk_ecs::operation::untag_resource::UntagResourceInput;

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::AwsError;
use crate::diff::identity::{Owner, shown_keys};
use crate::kinds::claim::tags_of;

/// One call about tags. Each is safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagging {
    /// `TagResource`.
    Set {
        /// The resource's ARN.
        arn: String,
        /// The tags to set.
        tags: BTreeMap<String, String>,
    },
    /// `UntagResource`.
    Remove {
        /// The resource's ARN.
        arn: String,
        /// The keys to remove.
        keys: Vec<String>,
    },
}

impl Tagging {
    /// The calls that set these tags and remove those keys. Removing comes first, since ECS counts what a resource has (50 at
    /// most), and since a record of what was applied has to come last.
    pub fn of(arn: &str, set: BTreeMap<String, String>, remove: Vec<String>) -> impl Iterator<Item = Self> {
        let arn = || arn.to_owned();
        let remove = (!remove.is_empty()).then(|| Self::Remove {
            arn: arn(),
            keys: remove,
        });
        let set = (!set.is_empty()).then(|| Self::Set {
            arn: arn(),
            tags: set,
        });
        remove.into_iter().chain(set)
    }

    /// Lets go of a resource that has these tags: takes off the owner's, and what else a kind writes.
    pub fn release(arn: &str, tags: &BTreeMap<String, String>, owner: &Owner, further: &[&str]) -> Self {
        let further = further.iter().map(|key| (*key).to_owned());
        let keys = owner.tag_keys().into_iter().chain(further);
        Self::Remove {
            arn: arn.to_owned(),
            keys: keys.filter(|key| tags.contains_key(key)).collect(),
        }
    }

    /// The resource's ARN.
    pub fn arn(&self) -> &str {
        match self {
            Self::Set { arn, .. } | Self::Remove { arn, .. } => arn,
        }
    }

    /// The call's name.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Set { .. } => "TagResource",
            Self::Remove { .. } => "UntagResource",
        }
    }

    /// Makes the call.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn apply(&self, target: &Target) -> Result<(), AwsError> {
        match self {
            Self::Set { arn, tags } => {
                let input = TagResourceInput::builder()
                    .resource_arn(arn)
                    .set_tags(Some(tags_of(tags)));
                target
                    .call(built(self.operation(), input.build())?)
                    .await
                    .map(drop)
            }
            Self::Remove { arn, keys } => {
                let input = UntagResourceInput::builder()
                    .resource_arn(arn)
                    .set_tag_keys(Some(keys.clone()));
                target
                    .call(built(self.operation(), input.build())?)
                    .await
                    .map(drop)
            }
        }
    }

    /// What tags become.
    #[cfg(test)]
    pub fn carried_out(&self, tags: &mut BTreeMap<String, String>) {
        match self {
            Self::Set { tags: set, .. } => tags.extend(set.clone()),
            Self::Remove { keys, .. } => tags.retain(|key, _| !keys.contains(key)),
        }
    }
}

/// The keys, for people.
impl fmt::Display for Tagging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { tags, .. } => f.write_str(&shown_keys(tags)),
            Self::Remove { keys, .. } => f.write_str(&keys.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(keys: &[&str]) -> BTreeMap<String, String> {
        keys.iter()
            .map(|key| ((*key).to_owned(), "x".to_owned()))
            .collect()
    }

    fn told(all: impl Iterator<Item = Tagging>) -> Vec<String> {
        all.map(|one| format!("{} {}: {one}", one.operation(), one.arn()))
            .collect()
    }

    #[test]
    fn removing_comes_before_setting_and_nothing_is_no_call() {
        let both = Tagging::of(
            "a",
            map(&["team", "ecs-operator.dev/service"]),
            vec!["old".into()],
        );
        assert_eq!(told(both), ["UntagResource a: old", "TagResource a: owner, team"]);
        assert_eq!(told(Tagging::of("a", map(&[]), vec![])), [""; 0]);
    }

    #[test]
    fn who_lets_go_takes_off_what_is_there_of_ours() {
        let owner = Owner {
            kind: crate::diff::identity::ResourceKind::Cluster,
            installation: "prod".into(),
            namespace: "shop".into(),
            name: "main".into(),
            uid: "u1".into(),
        };
        let mut tags = owner.tags();
        tags.extend(map(&["team", "ecs-operator.dev/a"]));
        let release = Tagging::release("a", &tags, &owner, &["ecs-operator.dev/a", "ecs-operator.dev/b"]);
        release.carried_out(&mut tags);
        assert_eq!(tags, map(&["team"]));
    }
}
