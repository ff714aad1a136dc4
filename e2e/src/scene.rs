//! A stack for tests, with the questions that tests ask of it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::controlplane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::stack::{Options, Stack};
use crate::steps::Steps;
use crate::{Error, backend, poll, samples};

/// Anything in the backend's fast timing is there within this, on a machine that is busy with other tests. It is a limit, not a wait.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How often an object is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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

    /// Logs, kubeconfig, data.
    pub fn run(&self) -> &RunDir {
        self.stack.run()
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> &Kubectl {
        self.stack.plane().kubectl()
    }

    /// The backend.
    pub fn backend(&self) -> &backend::Client {
        self.stack.backend()
    }

    /// The samples, rendered for this stack's backend.
    ///
    /// # Errors
    /// [`Error::File`] where they cannot be copied.
    pub fn samples(&self) -> Result<PathBuf, Error> {
        samples::render(self.stack.run(), self.stack.backend().url())
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

    /// Three container instances in three zones, once the samples' cluster `demo` is there.
    ///
    /// # Errors
    /// [`Error::Timeout`] where the cluster does not come, [`Error::Http`] where ECS refuses.
    pub fn register_instances(&self) -> Result<(), Error> {
        self.until_ready("ecscl/demo", "True", &[])?;
        for (number, zone) in (1..).zip(["us-east-1a", "us-east-1b", "us-east-1c"]) {
            self.backend().register_instance("demo", number, zone)?;
        }
        Ok(())
    }

    /// Looks at the samples of a folder until each is as it is there to be.
    ///
    /// # Errors
    /// [`Error::Timeout`] with those that are not, and why.
    pub fn until_samples_are_as_expected(&self, folder: &str) -> Result<(), Error> {
        let what = "the samples are not as they should be";
        poll::until(what, PATIENCE, Duration::from_millis(300), || {
            let read = self
                .kubectl()
                .json(&["get", "-f", folder])
                .map_err(|why| why.to_string())?;
            let left: Vec<String> = samples::progress(&read)
                .into_iter()
                .filter(|sample| !sample.done)
                .map(|sample| {
                    format!(
                        "{} {} {}",
                        sample.object,
                        sample.counts,
                        sample.conditions.join(", ")
                    )
                })
                .collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(left.join("\n"))
            }
        })
    }

    /// Looks at an object (`ecssvc/web`) until `seen` answers.
    ///
    /// # Errors
    /// [`Error::Timeout`] with what was last seen.
    pub fn until<T>(
        &self,
        object: &str,
        mut seen: impl FnMut(&Value) -> Result<T, String>,
    ) -> Result<T, Error> {
        poll::until(
            &format!("{object} is not as it should be"),
            PATIENCE,
            LOOK_EVERY,
            || {
                let read = self
                    .kubectl()
                    .json(&["get", object])
                    .map_err(|why| why.to_string())?;
                seen(&read)
            },
        )
    }

    /// Looks at an object until its Ready condition has this status, and one of these reasons where any are given, for its present
    /// generation; gives the object.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the conditions that were last seen.
    pub fn until_ready(&self, object: &str, status: &str, reasons: &[&str]) -> Result<Value, Error> {
        self.until(object, |read| {
            let generation = read.pointer("/metadata/generation");
            let of = |name: &str| {
                samples::condition(read, "Ready")
                    .and_then(|ready| ready.get(name))
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let current = read.pointer("/status/observedGeneration") == generation;
            let as_wanted = of("status") == status && (reasons.is_empty() || reasons.contains(&of("reason")));
            if current && as_wanted {
                Ok(read.clone())
            } else {
                Err(read.pointer("/status").unwrap_or(&Value::Null).to_string())
            }
        })
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
