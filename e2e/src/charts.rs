//! The charts' value sets and what they render to, kept in `e2e/charts`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::helm::{self, Helm};

/// The release and the namespace that every set is rendered for.
pub const RELEASE: &str = "ecs-operator";
/// See [`RELEASE`].
pub const NAMESPACE: &str = "ecs-operator-system";

/// Values that somebody might choose, and what the chart `ecs-operator` makes of them.
#[derive(Debug, Clone)]
pub struct Set {
    /// Its name, that of its files.
    pub name: String,
    values: PathBuf,
}

/// All sets, by name.
///
/// # Errors
/// [`Error::File`] where the folder cannot be read.
pub fn sets() -> Result<Vec<Set>, Error> {
    let folder = folder().join("values");
    let mut sets = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::file("cannot read the folder", &folder))? {
        let values = entry
            .map_err(Error::file("cannot read the folder", &folder))?
            .path();
        let name = values
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        sets.push(Set { name, values });
    }
    sets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(sets)
}

impl Set {
    /// What `helm template` makes of it.
    ///
    /// # Errors
    /// [`Error::Command`] with helm's words where it refuses the values.
    pub fn render(&self, helm: &Helm) -> Result<String, Error> {
        self.render_with(helm, &[])
    }

    /// The same with further flags, as `--set-json replicaCount=3`.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_with(&self, helm: &Helm, flags: &[&str]) -> Result<String, Error> {
        let (chart, values) = (helm::charts().join("ecs-operator"), self.values.to_string_lossy());
        let chart = chart.to_string_lossy();
        let template = [
            "template",
            RELEASE,
            &chart,
            "--namespace",
            NAMESPACE,
            "--values",
            &values,
        ];
        helm.run(&[&template, flags].concat())
    }

    /// The file of its values.
    pub fn values(&self) -> &Path {
        &self.values
    }

    /// Where what it renders to is kept.
    pub fn golden(&self) -> PathBuf {
        folder().join("golden").join(format!("{}.yaml", self.name))
    }
}

/// The operator's metrics that a text names, as they are in `/metrics`.
pub fn metrics_in(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("ecs_operator_"))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts")
}
