//! etcd, kube-apiserver, kubectl and helm: from `KUBEBUILDER_ASSETS`, our cache or PATH where the version fits, else built from the Go
//! modules in `e2e/tools`, pinned by their go.sum.
//!
//! Measured on two cores with empty Go caches: etcd 29 s, helm 63 s, kube-apiserver and kubectl 173 s (and 108 s and 337 s while six other builds
//! ran). Go keeps 1.5 GB of modules and 3.1 GB of build cache for it; our cache folder holds the 190 MB of programs.

mod build;
mod locate;
mod node;
mod pins;

use std::path::PathBuf;

use crate::Error;
use crate::steps::Steps;
pub use node::NodeTools;
use pins::{ETCD, Family, HELM, KUBERNETES};

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The etcd server.
    pub etcd: PathBuf,
    /// The Kubernetes API server.
    pub kube_apiserver: PathBuf,
    /// The command line client.
    pub kubectl: PathBuf,
}

impl Tools {
    /// Finds the programs, and builds the families of which one is nowhere.
    ///
    /// # Errors
    /// [`Error::Missing`] where a build is needed and there is no Go; [`Error::Command`] where the build fails.
    pub fn find_or_build(steps: Steps) -> Result<Self, Error> {
        let cache = locate::cache()?;
        let etcd = family(&ETCD, &cache, steps)?;
        let kubernetes = family(&KUBERNETES, &cache, steps)?;
        let [etcd] = programs(&ETCD, etcd)?;
        let [kube_apiserver, kubectl] = programs(&KUBERNETES, kubernetes)?;
        Ok(Self {
            etcd,
            kube_apiserver,
            kubectl,
        })
    }
}

/// Finds helm, or builds it.
///
/// # Errors
/// As [`Tools::find_or_build`].
pub fn helm(steps: Steps) -> Result<PathBuf, Error> {
    let [helm] = programs(&HELM, family(&HELM, &locate::cache()?, steps)?)?;
    Ok(helm)
}

fn family(family: &Family, cache: &std::path::Path, steps: Steps) -> Result<Vec<PathBuf>, Error> {
    let (found, notes) = locate::find(family, cache);
    for note in notes {
        steps.note(&note);
    }
    match found {
        Some(programs) => Ok(programs),
        None => build::build(family, cache, steps),
    }
}

fn programs<const N: usize>(family: &Family, found: Vec<PathBuf>) -> Result<[PathBuf; N], Error> {
    found.try_into().map_err(|found: Vec<PathBuf>| {
        Error::Missing(format!(
            "{} has {N} programs, {} were found",
            family.name,
            found.len()
        ))
    })
}
