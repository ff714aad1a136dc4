//! What a resource uses of ECS by its name, and who decides about that: not whether it is written as a name, as an ARN or as a
//! reference, but the name that it has in ECS. Pure.

use std::collections::BTreeSet;

use ecs_model::arn::{TaskDefinitionId, name_of};

/// The capacity providers that AWS itself has in every account.
const OF_AWS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// Families of task definitions and capacity providers that a resource uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    families: BTreeSet<String>,
    providers: BTreeSet<String>,
}

impl Uses {
    /// These task definitions (family, family and revision, or ARN) and capacity providers (name or ARN). AWS's own providers
    /// are everybody's, and left out.
    pub fn of<D: AsRef<str>, P: AsRef<str>>(
        definitions: impl IntoIterator<Item = D>,
        providers: impl IntoIterator<Item = P>,
    ) -> Self {
        let mut uses = Self::default();
        for definition in definitions {
            uses.families.insert(family_of(definition.as_ref()));
        }
        for provider in providers {
            uses.providers.insert(name_of(provider.as_ref()).to_owned());
        }
        uses.families.remove("");
        uses.providers
            .retain(|provider| !provider.is_empty() && !OF_AWS.contains(&provider.as_str()));
        uses
    }

    /// Each with what people call it.
    pub fn named(&self) -> Vec<(&'static str, &str)> {
        let families = self
            .families
            .iter()
            .map(|name| ("task definition", name.as_str()));
        let providers = self
            .providers
            .iter()
            .map(|name| ("capacity provider", name.as_str()));
        families.chain(providers).collect()
    }
}

/// The family of a task definition. What cannot be one stands for itself, so that it is held against the patterns as a whole.
fn family_of(definition: &str) -> String {
    definition
        .parse::<TaskDefinitionId>()
        .map_or_else(|_| definition.to_owned(), |id| id.family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_counts_however_it_is_written() {
        let arn = |rest: &str| format!("arn:aws:ecs:eu-west-1:123456789012:{rest}");
        let cases = [
            ("app".to_owned(), "group".to_owned()),
            ("app:7".to_owned(), arn("capacity-provider/group")),
            (arn("task-definition/app:7"), "group".to_owned()),
        ];
        for (definition, provider) in cases {
            let uses = Uses::of([&definition], [&provider]);
            assert_eq!(
                uses.named(),
                [("task definition", "app"), ("capacity provider", "group")],
                "{definition}, {provider}"
            );
        }
    }

    #[test]
    fn what_is_aws_s_or_nothing_is_not_used() {
        assert_eq!(Uses::of([""], ["", "FARGATE", "FARGATE_SPOT"]), Uses::default());
        assert_eq!(
            Uses::of([""; 0], ["fargate"]).named(),
            [("capacity provider", "fargate")]
        );
    }

    #[test]
    fn what_is_no_definition_is_looked_at_as_a_whole() {
        let text = "shop-a:task-definition/billing-app";
        assert_eq!(Uses::of([text], [""; 0]).named(), [("task definition", text)]);
    }
}
