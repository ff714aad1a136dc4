//! Real helm, run to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::command::run_to_end;
use crate::run_dir::RunDir;
use crate::steps::Steps;
use crate::tools;

/// helm with caches of its own, untouched by what the person who runs us has configured.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    home: PathBuf,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Finds or builds helm; what it keeps goes into the run's folder.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Command`] where it can be neither found nor built.
    pub fn find_or_build(run: &RunDir, steps: Steps) -> Result<Self, Error> {
        Ok(Self {
            program: tools::helm(steps)?,
            home: run.folder("helm")?,
            kubeconfig: None,
        })
    }

    /// The same for a cluster.
    #[must_use]
    pub fn for_cluster(&self, kubeconfig: &Path) -> Self {
        Self {
            kubeconfig: Some(kubeconfig.to_owned()),
            ..self.clone()
        }
    }

    /// Which helm it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs it and gives what it wrote to standard output.
    ///
    /// # Errors
    /// [`Error::Command`] with what it wrote to standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("HOME", &self.home)
            .env("HELM_CACHE_HOME", self.home.join("cache"))
            .env("HELM_CONFIG_HOME", self.home.join("config"))
            .env("HELM_DATA_HOME", self.home.join("data"))
            // The API server is on this machine, though not always at a loopback address.
            .env("NO_PROXY", "*")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null());
        if let Some(kubeconfig) = &self.kubeconfig {
            command.arg("--kubeconfig").arg(kubeconfig);
        }
        run_to_end(command, &format!("helm {}", arguments.join(" ")))
    }
}

/// Where the checkout keeps its charts.
pub fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts")
}
