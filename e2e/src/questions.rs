//! What tests ask of the objects of a cluster and of ECS behind them, whatever the two run in.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::kubectl::Kubectl;
use crate::run_dir::RunDir;
use crate::{Error, backend, poll, samples};

/// Anything in the backend's fast timing is there within this, on a machine that is busy with other tests. It is a limit, not a wait.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How often an object is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A cluster with the operator in it, and ECS behind it.
pub trait Questions {
    /// kubectl as the administrator.
    fn kubectl(&self) -> &Kubectl;
    /// ECS.
    fn backend(&self) -> &backend::Client;
    /// Logs, kubeconfig, data.
    fn run(&self) -> &RunDir;

    /// The samples, rendered for this backend.
    ///
    /// # Errors
    /// [`Error::File`] where they cannot be copied.
    fn samples(&self) -> Result<PathBuf, Error> {
        samples::render(self.run(), self.backend().url())
    }

    /// Three container instances in three zones, once the samples' cluster `demo` is there.
    ///
    /// # Errors
    /// [`Error::Timeout`] where the cluster does not come, [`Error::Http`] where ECS refuses.
    fn register_instances(&self) -> Result<(), Error> {
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
    fn until_samples_are_as_expected(&self, folder: &str) -> Result<(), Error> {
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
    fn until<T>(&self, object: &str, mut seen: impl FnMut(&Value) -> Result<T, String>) -> Result<T, Error> {
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
    fn until_ready(&self, object: &str, status: &str, reasons: &[&str]) -> Result<Value, Error> {
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
}
