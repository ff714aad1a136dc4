//! Looking for the programs before building them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pins::{Family, Program, Version};
use crate::Error;

/// The folder that holds what we built: `$XDG_CACHE_HOME/ecs-operator/tools`, by default under `~/.cache`.
pub(super) fn cache() -> Result<PathBuf, Error> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("ecs-operator").join("tools"))
        .ok_or_else(|| Error::Missing("there is no folder for the programs we build: set HOME or XDG_CACHE_HOME to an absolute path".to_owned()))
}

/// The family's programs in the order of its list, if one place or another has each of them in a version that fits; and what a
/// person should know about places that were passed over.
pub(super) fn find(family: &Family, cache: &Path) -> (Option<Vec<PathBuf>>, Vec<String>) {
    let mut notes = Vec::new();
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let path: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    let built = cache.join(family.cached_as());
    let found = family.programs.iter().map(|program| {
        if let Some(assets) = &assets {
            match version(&assets.join(program.name), program) {
                Some(found) if family.version.fits(found) => return Some(assets.join(program.name)),
                Some(found) => notes.push(format!(
                    "KUBEBUILDER_ASSETS has {} {found}, which is passed over: {} is needed",
                    program.name, family.version
                )),
                None => {}
            }
        }
        let ours = built.join(program.name);
        if ours.is_file() {
            return Some(ours);
        }
        path.iter()
            .map(|folder| folder.join(program.name))
            .find(|file| version(file, program).is_some_and(|found| family.version.fits(found)))
    });
    (found.collect(), notes)
}

fn version(file: &Path, program: &Program) -> Option<Version> {
    if !file.is_file() {
        return None;
    }
    let output = Command::new(file).args(program.version_arguments).output().ok()?;
    Version::read(&String::from_utf8_lossy(&output.stdout))
}
