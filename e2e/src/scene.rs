//! A stack for tests.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::controlplane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::process::Process;
use crate::questions::Questions;
use crate::run_dir::RunDir;
use crate::stack::{Options, Stack};
use crate::steps::Steps;
use crate::{Error, backend, samples};

/// A running stack, shared by the tests of one binary.
#[derive(Debug)]
pub struct Scene {
    stack: Stack,
}

impl Scene {
    /// Starts everything, from the binaries that lie beside the test's own folder.
    ///
    /// # Errors
    /// [`Error::Missing`] where they are not built, or whichever part does not come up.
    pub fn start() -> Result<Self, Error> {
        Ok(Self {
            stack: Stack::start(&options()?, Steps::quiet())?,
        })
    }

    /// A scene of a stack that was started otherwise.
    pub fn of(stack: Stack) -> Self {
        Self { stack }
    }

    /// The stack.
    pub fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    /// The control plane.
    pub fn plane(&self) -> &ControlPlane {
        self.stack.plane()
    }

    /// Applies one of the samples (`01-cluster.yaml`, `refused/….yaml`), rendered for this stack's backend.
    ///
    /// # Errors
    /// [`Error::Command`] with the API server's words where it refuses it.
    pub fn apply_sample(&self, name: &str) -> Result<String, Error> {
        let path = samples::folder().join(name);
        let text = fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
        self.kubectl()
            .apply(&text.replace(samples::DEFAULT_ENDPOINT, self.backend().url()))
    }

    /// `kubectl get OBJECT -w`, whose lines are in its log.
    ///
    /// # Errors
    /// [`Error::Start`] where it cannot be started.
    pub fn watch(&self, object: &str) -> Result<Process, Error> {
        let command = self
            .kubectl()
            .command(&["get", object, "--watch", "--no-headers"]);
        let name = format!("watch-{}", object.replace('/', "-"));
        Process::start(&name, command, self.stack.run(), Duration::from_secs(1))
    }

    /// Where the operator's log is.
    pub fn operator_log(&self) -> PathBuf {
        self.stack.run().path().join("ecs-operator.log")
    }
}

impl Questions for Scene {
    fn kubectl(&self) -> &Kubectl {
        self.stack.plane().kubectl()
    }

    fn backend(&self) -> &backend::Client {
        self.stack.backend()
    }

    fn run(&self) -> &RunDir {
        self.stack.run()
    }
}

/// What tests start: free ports, fast timing, and a drift sweep every ten seconds instead of every minute.
///
/// # Errors
/// As [`built_binaries`].
pub fn options() -> Result<Options, Error> {
    let flags = ["--steady-seconds", "10", "--log", "info,ecs_operator=debug"]
        .map(str::to_owned)
        .to_vec();
    Ok(Options {
        operator_flags: flags,
        ..Options::ephemeral(built_binaries()?)
    })
}

/// The folder of the binaries: two above the test's own executable, which lies in `deps`.
///
/// # Errors
/// [`Error::Missing`] where the executable does not know where it lies.
pub fn built_binaries() -> Result<PathBuf, Error> {
    let this = env::current_exe()
        .map_err(|why| Error::Missing(format!("cannot find out where the test lies: {why}")))?;
    this.parent()
        .and_then(Path::parent)
        .map(Path::to_owned)
        .ok_or_else(|| Error::Missing("the test lies in no folder".to_owned()))
}
