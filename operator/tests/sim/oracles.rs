//! What must be true of a settled world, whatever happened before.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::apiserver::ApiServer;
use super::aws::Aws;

/// The operator's kinds with the tag by which each owns its resource.
pub(crate) const KINDS: [&str; 5] = [
    "AwsAccount",
    "EcsCluster",
    "EcsTaskDefinition",
    "EcsService",
    "CapacityProvider",
];

/// A condition's status, e.g. `True`; empty where the object does not have it.
pub(crate) fn condition<'o>(object: &'o Value, kind: &str) -> &'o str {
    let all = object["status"]["conditions"].as_array().into_iter().flatten();
    let found = all
        .filter(|condition| condition["type"] == kind)
        .find_map(|condition| condition["status"].as_str());
    found.unwrap_or_default()
}

/// `Ready=True (Completed: all is well)`, every condition, for messages.
pub(crate) fn conditions(object: &Value) -> String {
    let all = object["status"]["conditions"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |c: &Value| {
        format!(
            "{}={} ({}: {})",
            text(&c["type"]),
            text(&c["status"]),
            text(&c["reason"]),
            text(&c["message"])
        )
    };
    let all: Vec<String> = all.map(one).collect();
    format!(
        "{} {}: {}",
        text(&object["kind"]),
        text(&object["metadata"]["name"]),
        all.join(", ")
    )
}

/// What is wrong with an object's conditions (engineering.md §5.5).
pub(crate) fn illegal(object: &Value) -> Vec<String> {
    let (status, generation) = (&object["status"], &object["metadata"]["generation"]);
    let mut wrong = Vec::new();
    let ready = condition(object, "Ready") == "True";
    if ready && status["observedGeneration"] != *generation {
        wrong.push(format!(
            "Ready=True of generation {}, the spec's is {generation}",
            status["observedGeneration"]
        ));
    }
    if ready && condition(object, "Stalled") == "True" {
        wrong.push("Ready=True and Stalled=True".to_owned());
    }
    for abnormal in ["Stalled", "Reconciling"] {
        if condition(object, abnormal) == "False" {
            wrong.push(format!("{abnormal}=False: it is to be present only when true"));
        }
    }
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let observed = &condition["observedGeneration"];
        if observed.as_i64() > generation.as_i64() {
            wrong.push(format!(
                "{} of generation {observed}, which does not exist yet",
                condition["type"]
            ));
        }
        for member in ["reason", "lastTransitionTime"] {
            if condition[member].as_str().unwrap_or_default().is_empty() {
                wrong.push(format!("{} has no {member}", condition["type"]));
            }
        }
    }
    wrong
        .into_iter()
        .map(|what| format!("{what}; {}", conditions(object)))
        .collect()
}

/// What ECS has, read past the operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct EcsView {
    pub(crate) clusters: Vec<Value>,
    pub(crate) services: Vec<Value>,
    pub(crate) providers: Vec<Value>,
    /// Service → how many service deployments it has had.
    pub(crate) rollouts: BTreeMap<String, usize>,
    /// Family → its ACTIVE revisions, oldest first.
    pub(crate) families: BTreeMap<String, Vec<Value>>,
}

impl EcsView {
    /// Looks at everything that is not INACTIVE.
    pub(crate) fn read(aws: &Aws) -> Self {
        let live = |resource: &Value| resource["status"] != "INACTIVE";
        let ask = |operation: &str, input: Value| {
            aws.ask(operation, &input)
                .unwrap_or_else(|e| panic!("{operation}: {e}"))
        };
        let list = |operation: &str, input: Value, member: &str| -> Vec<Value> {
            ask(operation, input)[member]
                .as_array()
                .cloned()
                .unwrap_or_default()
        };
        let mut view = Self::default();
        let clusters = list("ListClusters", json!({}), "clusterArns");
        if !clusters.is_empty() {
            let include = json!(["TAGS", "SETTINGS", "CONFIGURATIONS", "ATTACHMENTS"]);
            view.clusters = list(
                "DescribeClusters",
                json!({"clusters": clusters, "include": include}),
                "clusters",
            );
            view.clusters.retain(live);
        }
        for cluster in &view.clusters {
            let name = &cluster["clusterName"];
            let arns = list(
                "ListServices",
                json!({"cluster": name, "maxResults": 100}),
                "serviceArns",
            );
            for ten in arns.chunks(10) {
                let input = json!({"cluster": name, "services": ten, "include": ["TAGS"]});
                view.services.extend(
                    list("DescribeServices", input, "services")
                        .into_iter()
                        .filter(live),
                );
            }
        }
        for service in &view.services {
            let input = json!({"cluster": service["clusterArn"], "service": service["serviceName"]});
            let rollouts = list("ListServiceDeployments", input, "serviceDeployments").len();
            let name = service["serviceName"].as_str().unwrap_or_default();
            view.rollouts.insert(name.to_owned(), rollouts);
        }
        view.providers = list(
            "DescribeCapacityProviders",
            json!({"include": ["TAGS"]}),
            "capacityProviders",
        );
        view.providers
            .retain(|p| live(p) && !matches!(p["name"].as_str(), Some("FARGATE" | "FARGATE_SPOT")));
        for arn in list(
            "ListTaskDefinitions",
            json!({"status": "ACTIVE"}),
            "taskDefinitionArns",
        ) {
            let described = ask(
                "DescribeTaskDefinition",
                json!({"taskDefinition": arn, "include": ["TAGS"]}),
            );
            let mut definition = described["taskDefinition"].clone();
            definition["tags"] = described["tags"].clone();
            let family = definition["family"].as_str().unwrap_or_default().to_owned();
            view.families.entry(family).or_default().push(definition);
        }
        for revisions in view.families.values_mut() {
            revisions.sort_by_key(|definition| definition["revision"].as_i64());
        }
        view
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.clusters.is_empty()
            && self.services.is_empty()
            && self.providers.is_empty()
            && self.families.is_empty()
    }

    /// The service of a name, in whatever cluster.
    pub(crate) fn service(&self, name: &str) -> Option<&Value> {
        self.services
            .iter()
            .find(|service| service["serviceName"] == name)
    }

    fn tagged(&self) -> impl Iterator<Item = (&'static str, &Value, String)> {
        let name = |member: &'static str| move |v: &Value| v[member].as_str().unwrap_or_default().to_owned();
        let clusters = self
            .clusters
            .iter()
            .map(move |v| ("EcsCluster", v, name("clusterName")(v)));
        let services = self
            .services
            .iter()
            .map(move |v| ("EcsService", v, name("serviceName")(v)));
        let providers = self
            .providers
            .iter()
            .map(move |v| ("CapacityProvider", v, name("name")(v)));
        let newest = self.families.values().filter_map(|revisions| revisions.last());
        let families = newest.map(move |v| ("EcsTaskDefinition", v, name("family")(v)));
        clusters.chain(services).chain(providers).chain(families)
    }
}

/// The tags of a resource, as a map.
pub(crate) fn tags(resource: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = resource["tags"].as_array().into_iter().flatten();
    all.map(|tag| (text(&tag["key"]), text(&tag["value"]))).collect()
}

/// The tag that says which object's UID owns a resource.
pub(crate) const INCARNATION: &str = "ecs-operator.dev/incarnation";

/// Resources that carry an incarnation whose object is gone, and owners with two resources of a kind.
pub(crate) fn orphans_and_duplicates(api: &ApiServer, view: &EcsView) -> Vec<String> {
    let uids: Vec<String> = KINDS
        .iter()
        .flat_map(|kind| api.list(kind))
        .filter_map(|object| object["metadata"]["uid"].as_str().map(str::to_owned))
        .collect();
    let mut wrong = Vec::new();
    let mut owners: BTreeMap<(&str, String), String> = BTreeMap::new();
    for (kind, resource, name) in view.tagged() {
        let Some(uid) = tags(resource).remove(INCARNATION) else {
            continue;
        };
        if !uids.contains(&uid) {
            wrong.push(format!("orphan: {kind} {name} belongs to {uid}, which is gone"));
        }
        if let Some(other) = owners.insert((kind, uid), name.clone()) {
            wrong.push(format!("duplicate: {kind} {other} and {name} have one owner"));
        }
    }
    wrong
}

/// Everything that two runs of a scenario must have in common in the end, and nothing that may differ (ids, times, how
/// many revisions there were).
pub(crate) fn ending(api: &ApiServer, view: &EcsView) -> Value {
    let objects = KINDS.iter().flat_map(|kind| api.list(kind)).map(|object| {
        let ready = condition(&object, "Ready");
        json!({"kind": object["kind"], "name": object["metadata"]["name"], "ready": ready, "stalled": condition(&object, "Stalled"),
            "dying": object["metadata"]["deletionTimestamp"].is_string(), "spec": object["spec"]})
    });
    let own_tags = |resource: &Value| {
        let mut tags = tags(resource);
        // UIDs depend on how many Events were written before.
        tags.entry(INCARNATION.to_owned())
            .and_modify(|uid| "some".clone_into(uid));
        json!(tags)
    };
    let content = |definition: &Value| {
        let members = [
            "family",
            "containerDefinitions",
            "cpu",
            "memory",
            "networkMode",
            "requiresCompatibilities",
            "volumes",
        ];
        let picked = members.map(|member| (member.to_owned(), definition[member].clone()));
        Value::Object(picked.into_iter().collect())
    };
    let revision_of = |service: &Value| {
        let all = view.families.values().flatten();
        all.filter(|d| d["taskDefinitionArn"] == service["taskDefinition"])
            .map(content)
            .next()
            .unwrap_or_default()
    };
    let services = view.services.iter().map(|s| {
        json!({"name": s["serviceName"], "cluster": s["clusterArn"], "status": s["status"], "desired": s["desiredCount"],
            "running": s["runningCount"], "pending": s["pendingCount"], "definition": revision_of(s), "tags": own_tags(s),
            "loadBalancers": s["loadBalancers"], "network": s["networkConfiguration"],
            "deployments": s["deployments"].as_array().map(Vec::len), "rollout": s["deployments"][0]["rolloutState"]})
    });
    let clusters = view.clusters.iter().map(|c| {
        json!({"name": c["clusterName"], "status": c["status"], "settings": c["settings"], "providers": c["capacityProviders"],
            "strategy": c["defaultCapacityProviderStrategy"], "tags": own_tags(c), "running": c["runningTasksCount"]})
    });
    let providers = view
        .providers
        .iter()
        .map(|p| json!({"name": p["name"], "status": p["status"], "tags": own_tags(p)}));
    let families = view.families.iter().map(|(family, revisions)| {
        json!({"family": family, "newest": revisions.last().map(content), "tags": revisions.last().map(own_tags)})
    });
    json!({
        "objects": objects.collect::<Vec<_>>(), "services": services.collect::<Vec<_>>(), "clusters": clusters.collect::<Vec<_>>(),
        "providers": providers.collect::<Vec<_>>(), "families": families.collect::<Vec<_>>(),
    })
}

/// Where two endings differ, path by path.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut out = Vec::new();
    compare("", expected, found, &mut out);
    out
}

fn compare(path: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                compare(
                    &format!("{path}.{name}"),
                    value,
                    b.get(name).unwrap_or(&Value::Null),
                    out,
                );
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                out.push(format!("{path}.{name}: {value} instead of nothing"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{index}]"), a, b, out);
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{path}: {b} instead of {a}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(generation: i64, observed: i64, conditions: &[(&str, &str)]) -> Value {
        let all = conditions.iter().map(|(kind, status)| {
            json!({"type": kind, "status": status, "reason": "X", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": observed})
        });
        json!({"metadata": {"generation": generation}, "status": {"observedGeneration": observed, "conditions": all.collect::<Vec<_>>()}})
    }

    #[test]
    fn illegal_conditions_are_named() {
        let cases = [
            (object(2, 2, &[("Ready", "True")]), 0),
            (object(2, 1, &[("Ready", "False")]), 0),
            (object(2, 1, &[("Ready", "True")]), 1),
            (object(2, 2, &[("Ready", "True"), ("Stalled", "True")]), 1),
            (object(2, 2, &[("Ready", "False"), ("Stalled", "False")]), 1),
            (object(2, 3, &[("Ready", "False")]), 1),
        ];
        for (object, expected) in cases {
            assert_eq!(illegal(&object).len(), expected, "{:?}", illegal(&object));
        }
    }

    #[test]
    fn differences_name_their_paths() {
        let found = differences(
            &json!({"a": [{"b": 1}], "c": 1}),
            &json!({"a": [{"b": 2}], "d": 1}),
        );
        assert_eq!(
            found,
            [
                ".a[0].b: 2 instead of 1",
                ".c: null instead of 1",
                ".d: 1 instead of nothing"
            ]
        );
    }
}
