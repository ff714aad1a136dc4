//! The facts of the ECS API that the SDK's types do not carry: which members are required, enum values, limits, patterns, the
//! errors of each operation; and our own descriptions of the members that users write.
//!
//! The facts are botocore's service model, trimmed ([`trim`]) and pinned in `model/data/ecs.json`, which
//! `cargo xtask model path/to/service-2.json --botocore 1.44.5` renews. The descriptions are ours and are kept by hand in
//! `model/data/descriptions.json`. Both are compiled in: their tests prove that they parse and are complete, so reading them cannot
//! fail at run time.

mod check;
mod descriptions;
mod model;
mod pattern;
pub mod sample;
pub mod trim;

use std::sync::LazyLock;

pub use check::{Rule, Violation, check, unknown};
pub use descriptions::description;
pub use model::{Model, Operation, ShapeFacts, Source, StringFacts, StructureFacts};

const MODEL: &str = include_str!("../../data/ecs.json");

/// The service model that this crate was built with.
#[must_use]
pub fn model() -> &'static Model {
    // The text is a constant, so the test `the_embedded_model_is_whole` decides for every run whether it parses.
    static PARSED: LazyLock<Model> = LazyLock::new(|| serde_json::from_str(MODEL).unwrap_or_default());
    &PARSED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_model_is_whole() -> Result<(), serde_json::Error> {
        let parsed: Model = serde_json::from_str(MODEL)?;
        assert_eq!(&parsed, model());
        assert_eq!(parsed.operations.len(), 88);
        assert_eq!(parsed.source.target_prefix, "AmazonEC2ContainerServiceV20141113");
        for (name, operation) in &parsed.operations {
            for shape in [&operation.input, &operation.output]
                .into_iter()
                .chain(&operation.errors)
            {
                assert!(
                    parsed.structure(shape).is_some(),
                    "{name} names {shape}, which is no structure"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn every_name_in_a_shape_is_known() {
        for (name, shape) in &model().shapes {
            let named: Vec<&String> = match shape {
                ShapeFacts::Structure(facts) => {
                    for required in &facts.required {
                        assert!(
                            facts.members.contains_key(required),
                            "{name} requires {required}, which it has not"
                        );
                    }
                    facts.members.values().collect()
                }
                ShapeFacts::List { member, .. } => vec![member],
                ShapeFacts::Map { key, value, .. } => vec![key, value],
                _ => Vec::new(),
            };
            for other in named {
                assert!(
                    model().shape(other).is_some(),
                    "{name} names {other}, which is not there"
                );
            }
        }
    }

    #[test]
    fn the_text_is_what_trimming_prints() -> Result<(), serde_json::Error> {
        let value: serde_json::Value = serde_json::from_str(MODEL)?;
        assert_eq!(trim::to_lines(&value), MODEL);
        Ok(())
    }

    #[test]
    fn known_facts() {
        let service = model().structure("CreateServiceRequest").unwrap();
        assert_eq!(service.required, ["serviceName"]);
        assert_eq!(service.members.len(), 28);
        let ShapeFacts::String(launch_type) = model().shape("LaunchType").unwrap() else {
            panic!("LaunchType is no string")
        };
        assert_eq!(
            launch_type.enum_values,
            ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]
        );
        let status = |error: &str| model().structure(error).unwrap().http_status();
        assert_eq!(
            ["ServerException", "ClientException", "Cluster"].map(status),
            [Some(500), Some(400), None]
        );
        assert!(model().operation("DescribeServices").unwrap().readonly);
        assert!(!model().operation("CreateService").unwrap().readonly);
    }

    #[test]
    fn structures_from_reaches_leaves_and_ends() {
        let reached = model().structures_from("RegisterTaskDefinitionRequest");
        for name in [
            "RegisterTaskDefinitionRequest",
            "ContainerDefinition",
            "EFSAuthorizationConfig",
            "Tag",
        ] {
            assert!(reached.contains_key(name), "{name} not reached");
        }
        assert!(!reached.contains_key("CreateServiceRequest"));
        assert!(model().structures_from("NoSuchShape").is_empty());
    }
}
