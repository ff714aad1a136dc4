//! The dependency rule of ARCHITECTURE.md: who may look at whom, among the crates and among the operator's folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::graph::{Graph, Package};
use crate::cargo;
use crate::error::Error;

/// Each of our crates with the ones of ours that it may name as normal dependencies.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("ecs-model", &[]),
    ("ecs-crds", &["ecs-model"]),
    ("ecs-operator", &["ecs-crds", "ecs-model"]),
    ("ecs-backend", &["ecs-model"]),
    (
        "ecs-e2e",
        &["ecs-model", "ecs-crds", "ecs-operator", "ecs-backend"],
    ),
    (
        "xtask",
        &["ecs-model", "ecs-crds", "ecs-operator", "ecs-backend", "ecs-e2e"],
    ),
];

/// Dependencies that would bring into a crate what it must not know.
const MUST_NOT_DEPEND_ON: &[(&str, &[&str])] = &[
    (
        "ecs-model",
        &["kube", "k8s-openapi", "tokio", "axum", "aws-config"],
    ),
    ("ecs-crds", &["tokio", "axum", "aws-config"]),
    ("ecs-backend", &["kube", "k8s-openapi", "aws-config"]),
];

/// What the source under a path must not say, and why.
const MUST_NOT_SAY: &[(&str, &[&str], &str)] = &[
    (
        "operator/src/diff",
        &[
            "async ",
            ".await",
            "use kube",
            "aws_sdk_ecs::Client",
            "SystemTime::now",
            "Timestamp::now",
        ],
        "diff is pure",
    ),
    (
        "operator/src/kinds/*/plan",
        &["async ", ".await", "SystemTime::now", "Timestamp::now"],
        "a plan is pure",
    ),
    (
        "operator/src/kinds/*/resolve",
        &["async ", ".await", "SystemTime::now", "Timestamp::now"],
        "resolving is pure",
    ),
    (
        "operator/src/aws",
        &["crate::k8s"],
        "the two rims do not know each other",
    ),
    (
        "operator/src/k8s",
        &["crate::aws"],
        "the two rims do not know each other",
    ),
    (
        "crds/src",
        &["aws_smithy_schema"],
        "only model/src/shape names the codec",
    ),
    (
        "operator/src",
        &["aws_smithy_schema", "ecs_backend"],
        "only model/src/shape names the codec, and only tests name the backend",
    ),
    (
        "backend/src",
        &["kube::", "k8s_openapi", "Instant::now", "SystemTime::now"],
        "the backend knows no Kubernetes and no clock but its own",
    ),
];

/// Where the tests in a file begin, which end it.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

/// Files that may say what their folder may not, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("backend/src/main.rs", "the binary starts the real clock"),
    (
        "backend/src/http.rs",
        "how often the state is written follows how long that really takes",
    ),
];

/// Holds the crates and the sources against the rule.
pub fn direction() -> Result<(), Error> {
    let graph = Graph::read()?;
    let mut found: Vec<String> = graph
        .packages
        .iter()
        .filter(|package| package.source.is_none())
        .flat_map(wrong_dependencies)
        .collect();
    for (place, words, why) in MUST_NOT_SAY {
        for file in sources(&cargo::root(), place)? {
            let text = fs::read_to_string(&file).map_err(ecs_e2e::Error::file("cannot read", &file))?;
            let name = file
                .strip_prefix(cargo::root())
                .unwrap_or(&file)
                .display()
                .to_string();
            if !EXCEPTIONS.iter().any(|(excepted, _)| *excepted == name) {
                found.extend(wrong_words(&name, &text, words, why));
            }
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::told(format!(
            "the dependency rule of ARCHITECTURE.md is broken:\n  {}",
            found.join("\n  ")
        )))
    }
}

fn wrong_dependencies(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{} is new: say in xtask/src/check/direction.rs what it may depend on",
            package.name
        )];
    };
    let forbidden = MUST_NOT_DEPEND_ON
        .iter()
        .find(|(name, _)| *name == package.name)
        .map_or(&[][..], |(_, forbidden)| forbidden);
    let ours = |name: &str| MAY_DEPEND_ON.iter().any(|(our, _)| *our == name);
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .map(|dependency| dependency.name.as_str())
        .filter(|name| (ours(name) && !allowed.contains(name)) || forbidden.contains(name))
        .map(|name| format!("{} must not depend on {name}", package.name))
        .collect()
}

/// The lines outside comments and tests that say one of the words.
fn wrong_words(name: &str, text: &str, words: &[&str], why: &str) -> Vec<String> {
    // A test module that is a file of its own (`#[cfg(test)] mod laws;`) may stand at the head, and the code goes on after it.
    let code = text.split(TESTS).next().unwrap_or_default();
    code.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(number, line)| {
            words
                .iter()
                .filter(|word| line.contains(**word))
                .map(move |word| format!("{name}:{}: says `{}`: {why}", number + 1, word.trim()))
        })
        .collect()
}

/// The Rust files of a place: a folder, or `folder/*/stem`, which is each subfolder's `stem.rs` and everything under its `stem/`.
fn sources(root: &Path, place: &str) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    match place.split_once("/*/") {
        None => walk(&root.join(place), &mut found)?,
        Some((folder, stem)) => {
            let folder = root.join(folder);
            for kind in entries(&folder)?.into_iter().filter(|path| path.is_dir()) {
                let file = kind.join(stem).with_extension("rs");
                if file.is_file() {
                    found.push(file);
                }
                walk(&kind.join(stem), &mut found)?;
            }
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in entries(folder)? {
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_none_or(|stem| stem != "tests")
        {
            found.push(path);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = fs::read_dir(folder).map_err(ecs_e2e::Error::file("cannot read the folder", folder))?;
    let mut paths: Vec<PathBuf> = read.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::super::graph::Dependency;
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: kind.map(str::to_owned),
            })
            .collect();
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            license: None,
            source: None,
            dependencies,
        }
    }

    #[test]
    fn a_dependency_against_the_rule_is_told() {
        for (package, wrong) in [
            (
                package(
                    "ecs-operator",
                    &[("ecs-crds", None), ("kube", None), ("ecs-backend", Some("dev"))],
                ),
                0,
            ),
            (package("ecs-operator", &[("ecs-backend", None)]), 1),
            (
                package(
                    "ecs-model",
                    &[("ecs-crds", None), ("tokio", None), ("serde_json", None)],
                ),
                2,
            ),
            (
                package("ecs-backend", &[("kube", None), ("ecs-crds", Some("build"))]),
                2,
            ),
            (package("ecs-new", &[]), 1),
        ] {
            assert_eq!(wrong_dependencies(&package).len(), wrong, "{package:?}");
        }
    }

    #[test]
    fn words_count_in_code_and_not_in_comments_or_tests() {
        let text =
            "//! No async here.\nfn a() {}\nasync fn b() {}\n#[cfg(test)]\nmod tests { async fn c() {} }\n";
        assert_eq!(
            wrong_words("f.rs", text, &["async ", ".await"], "it is pure"),
            ["f.rs:3: says `async`: it is pure"]
        );
    }

    #[test]
    fn words_count_after_a_test_module_in_another_file() {
        let text =
            "#[cfg(test)]\nmod laws;\nasync fn a() {}\n#[cfg(test)]\nmod tests {\n    async fn b() {}\n}\n";
        assert_eq!(
            wrong_words("f.rs", text, &["async ", ".await"], "it is pure"),
            ["f.rs:3: says `async`: it is pure"]
        );
    }

    #[test]
    fn the_places_are_there() {
        for (place, _, _) in MUST_NOT_SAY {
            assert!(
                !sources(&cargo::root(), place).unwrap().is_empty(),
                "{place} holds no Rust file: has it moved?"
            );
        }
    }
}
