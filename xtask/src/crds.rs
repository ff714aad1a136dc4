//! `cargo xtask crds`: the committed manifests are what the Rust types say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Args;
use ecs_e2e::stack;

use crate::cargo;
use crate::error::Error;

/// Options of `crds`
#[derive(Args)]
pub struct Options {
    /// Write nothing; fail where the committed manifests differ from the Rust types
    #[arg(long)]
    check: bool,
}

/// Writes `crds/manifests`, or checks it.
pub fn crds(options: &Options) -> Result<(), Error> {
    cargo::run(&["build", "--quiet", "-p", "ecs-operator"])?;
    let wanted = generated()?;
    let folder = stack::crds();
    let committed = read(&folder)?;
    if options.check {
        return check(&wanted, &committed);
    }
    fs::create_dir_all(&folder).map_err(ecs_e2e::Error::file("cannot make the folder", &folder))?;
    for name in committed.keys().filter(|name| !wanted.contains_key(*name)) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(ecs_e2e::Error::file("cannot remove", &path))?;
    }
    for (name, manifest) in &wanted {
        let path = folder.join(name);
        fs::write(&path, manifest).map_err(ecs_e2e::Error::file("cannot write", &path))?;
        println!("wrote crds/manifests/{name} ({} bytes)", manifest.len());
    }
    Ok(())
}

/// Compares without building, for `cargo xtask test`, which has built already.
pub fn check_built() -> Result<(), Error> {
    check(&generated()?, &read(&stack::crds())?)
}

/// The manifests as the built operator prints them, by their file's name.
pub fn generated() -> Result<BTreeMap<String, String>, Error> {
    split(&cargo::printed_by_the_operator(&["crds"])?)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).map_err(ecs_e2e::Error::file("cannot read the folder", folder))? {
            let path = entry
                .map_err(ecs_e2e::Error::file("cannot read the folder", folder))?
                .path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                found.insert(
                    name,
                    fs::read_to_string(&path).map_err(ecs_e2e::Error::file("cannot read", &path))?,
                );
            }
        }
    }
    Ok(found)
}

/// One file a CRD, named after its plural (`ecsservices.yaml`).
fn split(documents: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    let mut current = String::new();
    for line in documents.lines().chain(["---"]) {
        if line == "---" {
            let document = std::mem::take(&mut current);
            if !document.trim().is_empty() {
                files.insert(format!("{}.yaml", plural(&document)?), document);
            }
        } else {
            current.push_str(line);
            current.push('\n');
        }
    }
    Ok(files)
}

/// A CRD's name is `<plural>.<group>` and stands two spaces deep, under `metadata`.
fn plural(document: &str) -> Result<&str, Error> {
    document
        .lines()
        .find_map(|line| line.strip_prefix("  name: "))
        .and_then(|name| name.split('.').next())
        .ok_or_else(|| Error::told("`ecs-operator crds` printed a document without `metadata.name`"))
}

fn check(wanted: &BTreeMap<String, String>, committed: &BTreeMap<String, String>) -> Result<(), Error> {
    let names = wanted
        .keys()
        .chain(committed.keys().filter(|name| !wanted.contains_key(*name)));
    let differing: Vec<&str> = names
        .filter(|name| wanted.get(*name) != committed.get(*name))
        .map(String::as_str)
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::told(format!(
        "crds/manifests is not what the Rust types say ({}): run `cargo xtask crds` and commit the result",
        differing.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "---\napiVersion: a\nmetadata:\n  name: ecsclusters.ecs-operator.dev\nspec: {}\n---\nmetadata:\n  name: ecsservices.ecs-operator.dev\n";

    #[test]
    fn each_crd_gets_a_file_named_after_its_plural() {
        let files = split(TWO).unwrap();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["ecsclusters.yaml", "ecsservices.yaml"]
        );
        assert_eq!(
            files["ecsservices.yaml"],
            "metadata:\n  name: ecsservices.ecs-operator.dev\n"
        );
    }

    #[test]
    fn a_document_without_a_name_is_told() {
        assert!(
            split("spec: {}\n")
                .unwrap_err()
                .to_string()
                .contains("metadata.name")
        );
    }

    #[test]
    fn a_changed_a_missing_and_a_surplus_file_are_named() {
        let wanted = split(TWO).unwrap();
        assert!(check(&wanted, &wanted).is_ok());
        let mut committed = wanted.clone();
        committed.insert("ecsclusters.yaml".to_owned(), "other".to_owned());
        committed.remove("ecsservices.yaml");
        committed.insert("ecsold.yaml".to_owned(), "old".to_owned());
        let told = check(&wanted, &committed).unwrap_err().to_string();
        assert!(
            told.contains("ecsclusters.yaml, ecsservices.yaml, ecsold.yaml"),
            "{told}"
        );
    }
}
