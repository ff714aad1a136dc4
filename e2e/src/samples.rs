//! The samples in `examples/`, what is expected of each, and how far it is.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Error;
use crate::run_dir::RunDir;

/// Says on a sample how it ends: `Ready` (the default), or the reason of a `Ready=False` that the sample is there to show. Several reasons are separated by commas.
pub const EXPECT: &str = "ecs-operator.dev/expect";
/// The endpoint that is written in the samples: where `ecs-backend` listens when it is started by hand.
pub const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4510";

/// One object's state as a person wants it in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// `EcsService/web`, with the namespace before it where it is not `default`.
    pub object: String,
    /// Whether it is as the sample wants it.
    pub done: bool,
    /// `3/3 running`, where it counts something.
    pub counts: String,
    /// The status, reason and message of its Ready condition.
    pub ready: String,
    /// The same of every condition, for who must find out why it is not Ready.
    pub conditions: Vec<String>,
}

/// Where the checkout keeps its samples.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The samples copied into the run's folder, with the account's endpoint set to the backend's; those in `changes/`, which come after
/// the rest is Ready, into a folder of that name inside it.
///
/// # Errors
/// [`Error::File`] where they cannot be read or written.
pub fn render(run: &RunDir, endpoint: &str) -> Result<PathBuf, Error> {
    let to = run.folder("samples")?;
    copy(&folder(), &to, endpoint)?;
    copy(
        &folder().join("changes"),
        &run.folder("samples/changes")?,
        endpoint,
    )?;
    Ok(to)
}

fn copy(from: &Path, to: &Path, endpoint: &str) -> Result<(), Error> {
    for entry in fs::read_dir(from).map_err(Error::file("cannot read the folder", from))? {
        let path = entry.map_err(Error::file("cannot read the folder", from))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
            let copy = to.join(path.file_name().unwrap_or_default());
            fs::write(&copy, text.replace(DEFAULT_ENDPOINT, endpoint))
                .map_err(Error::file("cannot write", &copy))?;
        }
    }
    Ok(())
}

/// How far each object of a list (`kubectl get … -o json`) is.
pub fn progress(list: &Value) -> Vec<Progress> {
    let items = list
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    items.iter().map(of_object).collect()
}

fn of_object(object: &Value) -> Progress {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (namespace, kind, name) = (text("/metadata/namespace"), text("/kind"), text("/metadata/name"));
    let place = if namespace.is_empty() || namespace == "default" {
        String::new()
    } else {
        format!("{namespace}/")
    };
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    Progress {
        object: format!("{place}{kind}/{name}"),
        done: is_as_expected(object),
        counts: if kind == "EcsService" {
            counts(object)
        } else {
            String::new()
        },
        ready: condition(object, "Ready").map_or_else(|| "not reconciled yet".to_owned(), line),
        conditions: conditions
            .map(|all| all.iter().map(line).collect())
            .unwrap_or_default(),
    }
}

/// Whether the operator has seen this generation, and Ready is what the sample's annotation wants.
fn is_as_expected(object: &Value) -> bool {
    let expected = object
        .pointer("/metadata/annotations")
        .and_then(|all| all.get(EXPECT))
        .and_then(Value::as_str);
    let current = number(object, "/status/observedGeneration") == number(object, "/metadata/generation");
    let Some(ready) = condition(object, "Ready").filter(|_| current) else {
        return false;
    };
    match expected {
        None | Some("Ready") => member(ready, "status") == "True",
        Some(reasons) => {
            member(ready, "status") == "False"
                && reasons
                    .split(',')
                    .any(|one| one.trim() == member(ready, "reason"))
        }
    }
}

fn counts(service: &Value) -> String {
    let running = number(service, "/status/runningCount").unwrap_or(0);
    number(service, "/spec/desiredCount")
        .or_else(|| number(service, "/status/desiredCount"))
        .map_or_else(String::new, |desired| format!("{running}/{desired} running"))
}

/// The condition `kind` of an object.
pub fn condition<'o>(object: &'o Value, kind: &str) -> Option<&'o Value> {
    object
        .pointer("/status/conditions")?
        .as_array()?
        .iter()
        .find(|condition| member(condition, "type") == kind)
}

/// `Ready=False RolloutFailed: message`.
fn line(condition: &Value) -> String {
    let [kind, status, reason, message] =
        ["type", "status", "reason", "message"].map(|name| member(condition, name));
    let message = if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    };
    format!("{kind}={status} {reason}{message}")
}

fn member<'o>(object: &'o Value, name: &str) -> &'o str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(expect: Option<&str>, observed: i64, status: &str, reason: &str) -> Value {
        let annotations = expect.map_or(json!({}), |expect| json!({EXPECT: expect}));
        json!({"items": [{
            "kind": "EcsService", "metadata": {"name": "web", "namespace": "default", "generation": 2, "annotations": annotations},
            "spec": {"desiredCount": 3},
            "status": {"observedGeneration": observed, "runningCount": 1, "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": "m"}]},
        }]})
    }

    #[test]
    fn a_sample_is_done_when_this_generation_is_as_expected() {
        for (expect, observed, status, reason, done) in [
            (None, 2, "True", "Completed", true),
            (None, 1, "True", "Completed", false),
            (None, 2, "False", "Progressing", false),
            (Some("RolloutFailed"), 2, "False", "RolloutFailed", true),
            (Some("RolloutFailed, RolledBack"), 2, "False", "RolledBack", true),
            (Some("RolloutFailed"), 2, "False", "Progressing", false),
            (Some("RolloutFailed"), 2, "True", "Completed", false),
        ] {
            let seen = progress(&service(expect, observed, status, reason));
            assert_eq!(seen[0].done, done, "{expect:?} {observed} {status} {reason}");
            assert_eq!(
                (seen[0].object.as_str(), seen[0].counts.as_str()),
                ("EcsService/web", "1/3 running")
            );
            assert_eq!(seen[0].ready, format!("Ready={status} {reason}: m"));
        }
    }

    #[test]
    fn an_object_without_status_is_not_done() {
        let seen = progress(
            &json!({"items": [{"kind": "EcsCluster", "metadata": {"name": "c", "namespace": "team", "generation": 1}}]}),
        );
        let expected = Progress {
            object: "team/EcsCluster/c".to_owned(),
            done: false,
            counts: String::new(),
            ready: "not reconciled yet".to_owned(),
            conditions: Vec::new(),
        };
        assert_eq!(seen, [expected]);
    }
}
