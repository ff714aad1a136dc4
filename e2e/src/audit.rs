//! The API server's audit log: who asked for what, and whether that was allowed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Error;
use crate::run_dir::RunDir;

/// The log's name in the run's folder.
const LOG: &str = "audit.log";

/// Where an event says what RBAC decided.
const DECISION: &str = "/annotations/authorization.k8s.io~1decision";

/// A request as RBAC sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `list`, `patch` …
    pub verb: String,
    /// The API group; empty for the core.
    pub group: String,
    /// The resource, as `ecsservices` or `ecsservices/status`.
    pub resource: String,
    /// The namespace; empty where there is none.
    pub namespace: String,
    /// The object's name; empty where there is none.
    pub name: String,
    /// Whether RBAC forbade it; a namespace that ends refuses new objects as well, which is another thing.
    pub forbidden: bool,
}

/// The flags that make the API server write it.
///
/// # Errors
/// [`Error::File`] where the policy cannot be written.
pub(crate) fn flags(run: &RunDir) -> Result<Vec<String>, Error> {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}],
    });
    let policy = run.write("audit-policy.json", &policy.to_string())?;
    Ok(vec![
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", log(run).display()),
        // Written before the request is answered: whoever has the answer finds it in the log.
        "--audit-log-mode=blocking-strict".to_owned(),
    ])
}

fn log(run: &RunDir) -> PathBuf {
    run.path().join(LOG)
}

/// What the user of this name asked for so far, each once.
///
/// # Errors
/// [`Error::File`] where there is no log, [`Error::Json`] where a line is none.
pub fn requests(run: &RunDir, user: &str) -> Result<BTreeSet<Request>, Error> {
    let path = log(run);
    let text = fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
    // The last line may be half written.
    let whole = text
        .rfind('\n')
        .map_or("", |end| text.get(..end).unwrap_or_default());
    let mut requests = BTreeSet::new();
    for line in whole.lines() {
        let event: Value = serde_json::from_str(line).map_err(|why| bad(&path, &why))?;
        if event.pointer("/user/username").and_then(Value::as_str) == Some(user)
            && let Some(request) = request(&event)
        {
            requests.insert(request);
        }
    }
    Ok(requests)
}

fn bad(path: &Path, why: &serde_json::Error) -> Error {
    Error::Json {
        what: path.display().to_string(),
        problem: why.to_string(),
    }
}

/// A request for a resource; none for others, as those for schemas.
fn request(event: &Value) -> Option<Request> {
    let object = event.get("objectRef")?;
    let text = |of: &Value, name: &str| {
        of.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (resource, part) = (text(object, "resource"), text(object, "subresource"));
    let slash = if part.is_empty() { "" } else { "/" };
    Some(Request {
        verb: text(event, "verb"),
        group: text(object, "apiGroup"),
        resource: format!("{resource}{slash}{part}"),
        namespace: text(object, "namespace"),
        name: text(object, "name"),
        forbidden: event.pointer(DECISION) == Some(&json!("forbid")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_rbac_sees_of_it() {
        let event = json!({"verb": "patch", "objectRef": {"apiGroup": "ecs-operator.dev", "resource": "ecsservices", "subresource": "status",
            "namespace": "shop", "name": "web"}, "annotations": {"authorization.k8s.io/decision": "forbid"}});
        let expected = Request {
            verb: "patch".into(),
            group: "ecs-operator.dev".into(),
            resource: "ecsservices/status".into(),
            namespace: "shop".into(),
            name: "web".into(),
            forbidden: true,
        };
        assert_eq!(request(&event), Some(expected));
        assert_eq!(
            request(&json!({"verb": "get", "requestURI": "/openapi/v3"})),
            None
        );
    }
}
