//! Our own descriptions of the members that users write, for `kubectl explain`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const DESCRIPTIONS: &str = include_str!("../../data/descriptions.json");

/// Our description of a structure's member, by the model's names, for example `("ContainerDefinition", "essential")`: one to three
/// short sentences with units, limits and default, at most 300 characters.
///
/// Every member that can be reached from the inputs of `CreateCluster`, `RegisterTaskDefinition`, `CreateService` and
/// `CreateCapacityProvider` has one (a test says so); others may have none.
#[must_use]
pub fn description(shape: &str, member: &str) -> Option<&'static str> {
    all().get(&format!("{shape}.{member}")).map(String::as_str)
}

/// All descriptions by `Shape.member`.
fn all() -> &'static BTreeMap<String, String> {
    // The text is a constant, so the tests below decide for every run whether it parses.
    static PARSED: LazyLock<BTreeMap<String, String>> =
        LazyLock::new(|| serde_json::from_str(DESCRIPTIONS).unwrap_or_default());
    &PARSED
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::model;
    use super::*;

    const CREATING: [&str; 4] = [
        "CreateCluster",
        "RegisterTaskDefinition",
        "CreateService",
        "CreateCapacityProvider",
    ];

    fn members_that_users_write() -> BTreeSet<String> {
        CREATING
            .iter()
            .filter_map(|name| model().operation(name))
            .flat_map(|operation| model().structures_from(&operation.input))
            .flat_map(|(shape, facts)| {
                facts
                    .members
                    .keys()
                    .map(move |member| format!("{shape}.{member}"))
            })
            .collect()
    }

    #[test]
    fn every_member_has_one_and_none_is_orphaned() {
        let wanted = members_that_users_write();
        assert!(wanted.len() > 400, "only {} members found", wanted.len());
        let described: BTreeSet<String> = all().keys().cloned().collect();
        let missing: Vec<_> = wanted.difference(&described).collect();
        let orphaned: Vec<_> = described.difference(&wanted).collect();
        assert!(
            missing.is_empty() && orphaned.is_empty(),
            "missing: {missing:?}, orphaned: {orphaned:?}"
        );
    }

    #[test]
    fn each_is_made_of_short_whole_sentences() {
        for (key, text) in all() {
            let length = text.chars().count();
            assert!((10..=300).contains(&length), "{key} has {length} characters");
            assert!(text.ends_with('.'), "{key} does not end with a period");
            assert!(
                !text.contains("  ") && text.trim() == text,
                "{key} has stray spaces"
            );
            assert!(
                !text.contains(['<', '\n', '\t']),
                "{key} has markup or a line break"
            );
            assert!(
                !text.starts_with("The "),
                "{key} begins with an article; say what it does"
            );
        }
    }

    #[test]
    fn the_file_has_one_sorted_key_a_line() -> Result<(), serde_json::Error> {
        let lines = all()
            .iter()
            .map(|(key, text)| {
                Ok(format!(
                    "{}: {}",
                    serde_json::to_string(key)?,
                    serde_json::to_string(text)?
                ))
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()?;
        assert_eq!(DESCRIPTIONS, format!("{{\n{}\n}}\n", lines.join(",\n")));
        Ok(())
    }

    #[test]
    fn limits_that_the_model_has_are_told_as_it_has_them() {
        use super::super::ShapeFacts;
        let mut told = 0;
        for (shape, facts) in CREATING
            .iter()
            .filter_map(|name| model().operation(name))
            .flat_map(|it| model().structures_from(&it.input))
        {
            for (member, of) in &facts.members {
                let Some(ShapeFacts::Integer { max: Some(max), .. }) = model().shape(of) else {
                    continue;
                };
                let text = description(shape, member).unwrap();
                // No limit at all, which the text calls by what 0 and absence mean.
                if *max == i64::from(i32::MAX) {
                    continue;
                }
                assert!(
                    text.contains(&max.to_string()),
                    "{shape}.{member} does not tell its limit {max}: {text}"
                );
                told += 1;
            }
        }
        assert!(told > 10, "only {told} limits looked at");
    }

    #[test]
    fn looks_up_by_shape_and_member() {
        let essential = description("ContainerDefinition", "essential");
        assert_eq!(
            essential,
            Some("Whether the whole task stops when this container stops. Defaults to true.")
        );
        assert_eq!(description("ContainerDefinition", "nosuch"), None);
        assert_eq!(description("NoSuchShape", "name"), None);
    }
}
