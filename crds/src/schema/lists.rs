//! How server-side apply merges the lists of the ECS API (engineering.md §8.3).

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// Item by item, by this member.
    By(&'static str),
    /// As a set of scalars.
    Set,
    /// Not at all: whoever applies it owns the whole list.
    Whole,
}

/// The lists that are merged, by structure and member. All others are applied as a whole: their order counts, or nothing in
/// an item is sure to be there and to be unique.
const MERGED: [(&str, &str, Merge); 18] = [
    (
        "RegisterTaskDefinitionRequest",
        "containerDefinitions",
        Merge::By("name"),
    ),
    ("RegisterTaskDefinitionRequest", "volumes", Merge::By("name")),
    ("RegisterTaskDefinitionRequest", "tags", Merge::By("key")),
    ("ContainerDefinition", "environment", Merge::By("name")),
    ("ContainerDefinition", "secrets", Merge::By("name")),
    ("ContainerDefinition", "ulimits", Merge::By("name")),
    ("ContainerDefinition", "dependsOn", Merge::By("containerName")),
    ("LogConfiguration", "secretOptions", Merge::By("name")),
    ("ProxyConfiguration", "properties", Merge::By("name")),
    ("CreateServiceRequest", "tags", Merge::By("key")),
    ("CreateServiceRequest", "volumeConfigurations", Merge::By("name")),
    ("EBSTagSpecification", "tags", Merge::By("key")),
    ("AwsVpcConfiguration", "subnets", Merge::Set),
    ("AwsVpcConfiguration", "securityGroups", Merge::Set),
    ("CreateClusterRequest", "tags", Merge::By("key")),
    ("CreateClusterRequest", "settings", Merge::By("name")),
    ("CreateClusterRequest", "capacityProviders", Merge::Set),
    ("CreateCapacityProviderRequest", "tags", Merge::By("key")),
];

/// How the list that is this member of this structure is merged.
pub(super) fn merge(structure: &str, member: &str) -> Merge {
    MERGED
        .iter()
        .find(|(of, list, _)| (*of, *list) == (structure, member))
        .map_or(Merge::Whole, |(_, _, merge)| *merge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::facts::{ShapeFacts, model};

    #[test]
    fn every_entry_is_a_list_of_the_model_with_such_items() {
        for (structure, member, merge) in MERGED {
            let of = &model().structure(structure).unwrap().members[member];
            let Some(ShapeFacts::List { member: item, .. }) = model().shape(of) else {
                panic!("{structure}.{member} is no list")
            };
            match merge {
                Merge::By(key) => assert!(
                    model().structure(item).unwrap().members.contains_key(key),
                    "{structure}.{member}"
                ),
                Merge::Set => assert!(
                    matches!(model().shape(item), Some(ShapeFacts::String(_))),
                    "{structure}.{member}"
                ),
                Merge::Whole => panic!("{structure}.{member} need not be listed"),
            }
        }
    }
}
