//! Holds the Dockerfile to what `cargo xtask image` assembles. Tests only: nothing else reads a Dockerfile.

use std::collections::BTreeMap;
use std::fs;

use ecs_e2e::image::{self as content, BINARIES, LICENSE, Origin, PROGRAMS};

use crate::cargo;

/// The instructions, with continued lines joined and comments left out.
fn instructions() -> Vec<String> {
    let text = fs::read_to_string(cargo::root().join("Dockerfile")).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    lines
        .join("\n")
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// The arguments of each instruction of this name in the last stage.
fn last_stage(name: &str) -> Vec<String> {
    let all = instructions();
    let start = all.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    all[start..]
        .iter()
        .filter_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned))
        .collect()
}

fn origin() -> Origin {
    Origin {
        version: "${VERSION}".to_owned(),
        revision: "${REVISION}".to_owned(),
        created: "${CREATED}".to_owned(),
    }
}

#[test]
fn user_and_entrypoint_agree() {
    let config = content::config("ecs-operator:1", "amd64", &origin());
    assert_eq!(last_stage("USER"), [config.user]);
    let entrypoint: Vec<String> = serde_json::from_str(&last_stage("ENTRYPOINT")[0]).unwrap();
    assert_eq!(entrypoint, config.entrypoint);
}

#[test]
fn labels_agree() {
    let config = content::config("ecs-operator:1", "amd64", &origin());
    let labels = last_stage("LABEL").join(" ");
    let written: BTreeMap<String, String> = labels
        .split_terminator('"')
        .collect::<Vec<_>>()
        .chunks(2)
        .map(|pair| {
            (
                pair[0].trim().trim_end_matches('=').to_owned(),
                pair[1].to_owned(),
            )
        })
        .collect();
    assert_eq!(written, config.labels);
    assert_eq!(last_stage("ARG"), ["VERSION", "REVISION", "CREATED"]);
}

/// What the base image sets itself is the rest.
#[test]
fn environments_agree() {
    let config = content::config("ecs-operator:1", "amd64", &origin());
    let set = last_stage("ENV");
    assert!(!set.is_empty());
    let base = ["PATH", "SSL_CERT_FILE"];
    let ours = config
        .environment
        .into_iter()
        .filter(|variable| !base.iter().any(|name| variable.starts_with(&format!("{name}="))));
    assert_eq!(set, ours.collect::<Vec<_>>());
}

#[test]
fn files_agree() {
    let programs: Vec<String> = BINARIES.iter().map(|name| format!("/out/{name}")).collect();
    assert_eq!(
        last_stage("COPY"),
        [
            format!("LICENSE {LICENSE}"),
            format!("--from=builder {} {PROGRAMS}/", programs.join(" ")),
        ]
    );
}

#[test]
fn the_compiler_is_that_of_the_toolchain_file() {
    let toolchain = fs::read_to_string(cargo::root().join("rust-toolchain.toml")).unwrap();
    let toolchain: toml::Value = toml::from_str(&toolchain).unwrap();
    let version = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert!(instructions().contains(&format!("ARG RUST_VERSION={version}")));
}

#[test]
fn the_build_sees_every_crate_of_the_workspace() {
    let manifest = fs::read_to_string(cargo::root().join("Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    let ignored = fs::read_to_string(cargo::root().join(".dockerignore")).unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let line = format!("!{}", member.as_str().unwrap());
        assert!(ignored.lines().any(|found| found == line), "{line}");
    }
}
