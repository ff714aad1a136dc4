//! The dependency graph, as `cargo metadata` prints it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cargo;
use crate::error::Error;

/// What we read of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub struct Graph {
    /// Every package that is built for this platform.
    pub packages: Vec<Package>,
    resolve: Resolve,
}

/// One version of one crate.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// cargo's own name for it.
    pub id: String,
    /// The crate.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as SPDX.
    pub license: Option<String>,
    /// Where it comes from; absent for our own.
    pub source: Option<String>,
    /// What it names as dependencies.
    pub dependencies: Vec<Dependency>,
}

/// A dependency as a manifest names it.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The crate.
    pub name: String,
    /// `dev`, `build`, or absent for a normal one.
    pub kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Graph {
    /// Asks cargo. On a machine that has no crates yet it downloads those that Cargo.lock names: their manifests hold the licences.
    pub fn read() -> Result<Self, Error> {
        let output = cargo::cargo(&[
            "metadata",
            "--locked",
            "--format-version=1",
            "--filter-platform=x86_64-unknown-linux-gnu",
        ])
        .output()
        .map_err(|why| Error::told(format!("cannot start cargo: {why}")))?;
        if !output.status.success() {
            return Err(Error::told(format!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr)
            )));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|why| Error::told(format!("`cargo metadata` printed something unknown: {why}")))
    }

    /// A shortest chain of crates from one of ours to the package with this id, for a person who must find out who wants it.
    pub fn why(&self, id: &str) -> String {
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for node in &self.resolve.nodes {
            for dependency in &node.dependencies {
                users.entry(dependency).or_default().push(&node.id);
            }
        }
        let mut chains = vec![vec![id]];
        let mut seen = vec![id];
        let mut next = 0;
        while let Some(chain) = chains.get(next).cloned() {
            next += 1;
            let last = chain.last().copied().unwrap_or(id);
            let Some(above) = users.get(last) else {
                return chain
                    .iter()
                    .rev()
                    .map(|id| self.name(id))
                    .collect::<Vec<_>>()
                    .join(" → ");
            };
            for user in above
                .iter()
                .filter(|user| !seen.contains(user))
                .copied()
                .collect::<Vec<_>>()
            {
                seen.push(user);
                chains.push([chain.as_slice(), &[user]].concat());
            }
        }
        self.name(id)
    }

    fn name(&self, id: &str) -> String {
        self.packages.iter().find(|package| package.id == id).map_or_else(
            || id.to_owned(),
            |package| format!("{} {}", package.name, package.version),
        )
    }
}
