//! cargo-deny's rules as far as they run without a network, read from the same `deny.toml`: bans, duplicates, licences, sources.
//!
//! Advisories need a database from outside; whoever has cargo-deny runs `cargo deny check` over the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::graph::{Graph, Package};
use crate::cargo;
use crate::error::Error;

#[derive(Debug, Deserialize)]
struct Rules {
    bans: Bans,
    licenses: Licences,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
    #[serde(default)]
    skip: Vec<Skipped>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    /// `name` or `name@version-prefix`.
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Skipped {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Holds the dependency graph against `deny.toml`.
pub fn deny() -> Result<(), Error> {
    let path = cargo::root().join("deny.toml");
    let text = fs::read_to_string(&path).map_err(ecs_e2e::Error::file("cannot read", &path))?;
    let rules: Rules = toml::from_str(&text).map_err(|why| Error::told(format!("deny.toml: {why}")))?;
    let graph = Graph::read()?;
    let mut found = Vec::new();
    for package in &graph.packages {
        found.extend(
            banned(&rules.bans, package)
                .map(|what| format!("{what}\n    wanted by {}", graph.why(&package.id))),
        );
        found.extend(licence(&rules.licenses, package));
        found.extend(source(&rules.sources, package));
    }
    found.extend(duplicates(&rules.bans, &graph.packages));
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::told(format!(
            "deny.toml is broken:\n  {}",
            found.join("\n  ")
        )))
    }
}

fn banned(bans: &Bans, package: &Package) -> Option<String> {
    let rule = bans.deny.iter().find(|rule| names(&rule.name, package))?;
    Some(format!(
        "{} {} is banned: {}",
        package.name, package.version, rule.reason
    ))
}

/// Whether `name` or `name@0.14` names the package; a version is a prefix of whole numbers, as cargo reads `0.14`.
fn names(rule: &str, package: &Package) -> bool {
    match rule.split_once('@') {
        None => rule == package.name,
        Some((name, version)) => {
            name == package.name
                && (package.version == version || package.version.starts_with(&format!("{version}.")))
        }
    }
}

fn licence(licences: &Licences, package: &Package) -> Option<String> {
    let told = |what: &str| Some(format!("{} {}: {what}", package.name, package.version));
    let Some(licence) = &package.license else {
        return told("has no licence");
    };
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return told(&format!("licence {licence:?} is no SPDX expression"));
    };
    if expression.evaluate(|needed| licences.allow.contains(&needed.to_string())) {
        None
    } else {
        told(&format!("licence {licence} is not allowed"))
    }
}

fn source(sources: &Sources, package: &Package) -> Option<String> {
    let source = package.source.as_ref()?;
    let allowed = sources
        .allow_registry
        .iter()
        .any(|registry| source.strip_prefix("registry+") == Some(registry.as_str()));
    if allowed {
        None
    } else {
        Some(format!(
            "{} {} comes from {source}, which is not allowed",
            package.name, package.version
        ))
    }
}

/// Two versions of one crate that are not in the list of those we live with.
fn duplicates(bans: &Bans, packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    let skipped = |name: &str| {
        bans.skip
            .iter()
            .any(|skip| skip.name.split('@').next() == Some(name))
    };
    versions
        .into_iter()
        .filter(|(name, versions)| versions.len() > 1 && !skipped(name))
        .map(|(name, versions)| {
            format!(
                "{name} is there in {} versions: {}",
                versions.len(),
                versions.into_iter().collect::<Vec<_>>().join(", ")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, license: Option<&str>) -> Package {
        Package {
            id: format!("{name}@{version}"),
            name: name.to_owned(),
            version: version.to_owned(),
            license: license.map(str::to_owned),
            source: Some("registry+https://example.invalid/index".to_owned()),
            dependencies: Vec::new(),
        }
    }

    fn bans() -> Bans {
        let banned = |name: &str| Banned {
            name: name.to_owned(),
            reason: "r".to_owned(),
        };
        Bans {
            deny: vec![banned("openssl-sys"), banned("hyper@0.14")],
            skip: vec![Skipped {
                name: "base64".to_owned(),
            }],
        }
    }

    #[test]
    fn a_ban_names_a_crate_or_a_version_of_it() {
        for (name, version, found) in [
            ("openssl-sys", "0.9.1", true),
            ("hyper", "0.14.30", true),
            ("hyper", "0.140.0", false),
            ("hyper", "1.5.0", false),
            ("hyper-util", "0.14.0", false),
        ] {
            assert_eq!(
                banned(&bans(), &package(name, version, None)).is_some(),
                found,
                "{name} {version}"
            );
        }
    }

    #[test]
    fn licences_are_evaluated_as_expressions() {
        let licences = Licences {
            allow: BTreeSet::from([
                "MIT".to_owned(),
                "Unicode-3.0".to_owned(),
                "Apache-2.0 WITH LLVM-exception".to_owned(),
            ]),
        };
        for (licence, allowed) in [
            (Some("MIT OR GPL-3.0-only"), true),
            (Some("(MIT OR Apache-2.0) AND Unicode-3.0"), true),
            (Some("MIT AND GPL-3.0-only"), false),
            (Some("MIT/Apache-2.0"), true),
            (Some("Apache-2.0 WITH LLVM-exception"), true),
            (Some("Apache-2.0"), false),
            (Some("who knows"), false),
            (None, false),
        ] {
            assert_eq!(licence_of(&licences, licence), allowed, "{licence:?}");
        }
    }

    fn licence_of(licences: &Licences, text: Option<&str>) -> bool {
        licence(licences, &package("p", "1.0.0", text)).is_none()
    }

    #[test]
    fn two_versions_are_told_unless_we_live_with_them() {
        let two = |name| [package(name, "1.0.0", None), package(name, "2.0.0", None)];
        assert_eq!(
            duplicates(&bans(), &two("http")),
            ["http is there in 2 versions: 1.0.0, 2.0.0"]
        );
        assert!(duplicates(&bans(), &two("base64")).is_empty());
        assert!(duplicates(&bans(), &[package("http", "1.0.0", None)]).is_empty());
    }

    #[test]
    fn a_foreign_source_is_told() {
        let sources = Sources {
            allow_registry: vec!["https://example.invalid/index".to_owned()],
        };
        assert!(source(&sources, &package("p", "1.0.0", None)).is_none());
        let foreign = Package {
            source: Some("git+https://example.invalid/p".to_owned()),
            ..package("p", "1.0.0", None)
        };
        assert!(source(&sources, &foreign).is_some());
    }
}
