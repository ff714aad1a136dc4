//! What the chart lets the operator do in Kubernetes, against what it did.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Error;
use crate::audit::Request;
use crate::kubectl::Kubectl;

/// One thing that a rule of a Role permits.
#[derive(Debug)]
struct Right {
    verb: String,
    group: String,
    resource: String,
    /// Empty where it holds in all namespaces.
    namespace: String,
    /// Empty where it holds for every name.
    name: String,
}

/// Requests that were forbidden, and rights that no request used; none where the chart gives just what is needed.
///
/// # Errors
/// As [`Kubectl::json`].
pub fn findings(kubectl: &Kubectl, requests: &BTreeSet<Request>) -> Result<Vec<String>, Error> {
    let forbidden = requests
        .iter()
        .filter(|request| request.forbidden)
        .map(|request| format!("forbidden: {request:?}"));
    let rights = given(kubectl)?;
    let unused = rights
        .iter()
        .filter(|right| !right.is_used(requests))
        .map(|right| format!("never used: {right:?}"));
    Ok(forbidden.chain(unused).collect())
}

/// Every right that the chart gave the operator.
fn given(kubectl: &Kubectl) -> Result<Vec<Right>, Error> {
    let mut rights = Vec::new();
    for (kind, all) in [("clusterroles", &[][..]), ("roles", &["--all-namespaces"][..])] {
        let ours = ["get", kind, "--selector=app.kubernetes.io/name=ecs-operator"];
        let roles = kubectl.json(&[&ours[..], all].concat())?;
        for role in values(&roles, "/items") {
            let text = |pointer: &str| role.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            // Those for people, and that of the self-test, are not the operator's.
            let name = text("/metadata/name");
            if name.contains(':') || name.ends_with("-selftest") {
                continue;
            }
            for rule in values(role, "/rules") {
                rights.extend(of_rule(rule, text("/metadata/namespace")));
            }
        }
    }
    Ok(rights)
}

fn of_rule(rule: &Value, namespace: &str) -> Vec<Right> {
    let mut names = words(rule, "/resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut rights = Vec::new();
    for group in words(rule, "/apiGroups") {
        for resource in words(rule, "/resources") {
            for verb in words(rule, "/verbs") {
                rights.extend(names.iter().map(|name| Right {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    namespace: namespace.to_owned(),
                    name: name.clone(),
                }));
            }
        }
    }
    rights
}

impl Right {
    fn is_used(&self, requests: &BTreeSet<Request>) -> bool {
        requests.iter().any(|request| {
            (self.namespace.is_empty() || self.namespace == request.namespace)
                && (self.name.is_empty() || self.name == request.name)
                && self.verb == request.verb
                && self.group == request.group
                && self.resource == request.resource
        })
    }
}

fn values<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn words(rule: &Value, pointer: &str) -> Vec<String> {
    values(rule, pointer)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_gives_a_right_for_each_verb_of_each_resource() {
        let rule = json!({"apiGroups": [""], "resources": ["events", "namespaces"], "verbs": ["list"]});
        let rights = of_rule(&rule, "");
        assert_eq!(rights.len(), 2);
        let mut request = Request {
            verb: "list".into(),
            group: String::new(),
            resource: "namespaces".into(),
            namespace: String::new(),
            name: String::new(),
            forbidden: false,
        };
        let used = |request: &Request| {
            let requests = BTreeSet::from([request.clone()]);
            rights.iter().filter(|right| right.is_used(&requests)).count()
        };
        assert_eq!(used(&request), 1);
        request.verb = "watch".into();
        assert_eq!(used(&request), 0);
    }

    #[test]
    fn a_right_in_a_namespace_or_of_a_name_is_not_used_by_another() {
        let rule = json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"], "resourceNames": ["ours"]});
        let rights = of_rule(&rule, "system");
        let used = |namespace: &str, name: &str| {
            let requests = BTreeSet::from([Request {
                verb: "get".into(),
                group: "coordination.k8s.io".into(),
                resource: "leases".into(),
                namespace: namespace.into(),
                name: name.into(),
                forbidden: false,
            }]);
            rights.iter().all(|right| right.is_used(&requests))
        };
        assert!(used("system", "ours"));
        assert!(!used("system", "other"));
        assert!(!used("elsewhere", "ours"));
    }
}
