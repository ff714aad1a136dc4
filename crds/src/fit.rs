//! Whether the CRDs that are installed have all that this release needs: the schemas that the API server publishes against our own.
//!
//! Not by a hash: newer CRDs than ours are as good, since a version only ever gains members. Reading what the API server
//! publishes under `/openapi/v3` needs no right that a ServiceAccount does not have. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{GROUP, VERSION, all_crds};

/// Where the API server publishes the schemas of our group.
pub fn published_at() -> String {
    format!("/openapi/v3/apis/{GROUP}/{VERSION}")
}

/// What the published schemas lack, one line each, as `EcsService.spec.deploymentConfiguration.strategy: the value "CANARY" is
/// missing`. Empty where they fit.
pub fn misfits(published: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for crd in all_crds() {
        let kind = &crd.spec.names.kind;
        let Some(theirs) = published_schema(published, kind) else {
            found.push(format!("{kind}: the kind is missing"));
            continue;
        };
        let version = crd.spec.versions.iter().find(|version| version.name == VERSION);
        let ours = version
            .and_then(|version| version.schema.as_ref())
            .and_then(|schema| schema.open_api_v3_schema.as_ref());
        let ours = serde_json::to_value(ours).unwrap_or_default();
        for part in ["spec", "status"] {
            let (ours, theirs) = (member(&ours, part), member(theirs, part));
            match (ours, theirs) {
                (Some(ours), Some(theirs)) => {
                    Comparison { found: &mut found }.schemas(&format!("{kind}.{part}"), ours, theirs);
                }
                (Some(_), None) => found.push(format!("{kind}.{part} is missing")),
                (None, _) => {}
            }
        }
    }
    found
}

fn published_schema<'a>(published: &'a Value, kind: &str) -> Option<&'a Value> {
    let schemas = published.pointer("/components/schemas")?.as_object()?;
    let is_ours = |schema: &&Value| {
        let known = schema
            .get("x-kubernetes-group-version-kind")
            .and_then(Value::as_array);
        known.is_some_and(|all| {
            all.iter()
                .any(|known| known["group"] == GROUP && known["kind"] == kind)
        })
    };
    schemas.values().find(is_ours)
}

fn member<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties")?.get(name)
}

struct Comparison<'a> {
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn schemas(&mut self, path: &str, ours: &Value, theirs: &Value) {
        if theirs.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true))
            && theirs.get("properties").is_none()
        {
            return;
        }
        if let (Some(our), Some(their)) = (ours.get("type"), theirs.get("type"))
            && our != their
        {
            self.found
                .push(format!("{path}: the type is {their}, {our} is needed"));
            return;
        }
        self.enums(path, ours, theirs);
        self.required(path, ours, theirs);
        let none = Map::new();
        let members = ours.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for (name, our) in members {
            let path = format!("{path}.{name}");
            match member(theirs, name) {
                Some(their) => self.schemas(&path, our, their),
                None => self.found.push(format!("{path} is missing")),
            }
        }
        for inner in ["items", "additionalProperties"] {
            if let (Some(our), Some(their)) = (ours.get(inner), theirs.get(inner)) {
                self.schemas(&format!("{path}[]"), our, their);
            }
        }
    }

    /// A value that we may write, and that they refuse.
    fn enums(&mut self, path: &str, ours: &Value, theirs: &Value) {
        let Some(allowed) = theirs.get("enum").and_then(Value::as_array) else {
            return;
        };
        let needed = ours.get("enum").and_then(Value::as_array);
        for value in needed
            .into_iter()
            .flatten()
            .filter(|value| !allowed.contains(value))
        {
            self.found.push(format!("{path}: the value {value} is missing"));
        }
    }

    /// A member that they ask for, and that we may leave out.
    fn required(&mut self, path: &str, ours: &Value, theirs: &Value) {
        let names = |schema: &Value| -> BTreeSet<String> {
            let names = schema.get("required").and_then(Value::as_array);
            names
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        };
        for name in names(theirs).difference(&names(ours)) {
            self.found.push(format!("{path}.{name} is required"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Our own schemas, as an API server publishes them.
    fn published() -> Value {
        let mut schemas = Map::new();
        for crd in all_crds() {
            let kind = crd.spec.names.kind.clone();
            let schema = crd.spec.versions[0].schema.as_ref().unwrap();
            let mut schema = serde_json::to_value(&schema.open_api_v3_schema).unwrap();
            schema["x-kubernetes-group-version-kind"] =
                json!([{"group": GROUP, "version": VERSION, "kind": kind}]);
            schemas.insert(format!("dev.ecs-operator.v1alpha1.{kind}"), schema);
        }
        json!({"components": {"schemas": schemas}})
    }

    fn of<'a>(published: &'a mut Value, kind: &str, pointer: &str) -> &'a mut Value {
        let name = format!("dev.ecs-operator.v1alpha1.{kind}");
        published["components"]["schemas"][&name]
            .pointer_mut(pointer)
            .unwrap()
    }

    #[test]
    fn our_own_schemas_fit() {
        assert_eq!(misfits(&published()), Vec::<String>::new());
    }

    #[test]
    fn newer_schemas_fit() {
        let mut newer = published();
        of(&mut newer, "EcsCluster", "/properties/spec/properties")["future"] = json!({"type": "string"});
        let provider = of(
            &mut newer,
            "CapacityProvider",
            "/properties/spec/properties/management/properties/driftPolicy/enum",
        );
        provider.as_array_mut().unwrap().push(json!("Ask"));
        assert_eq!(misfits(&newer), Vec::<String>::new());
    }

    #[test]
    fn what_older_schemas_lack_is_named_by_its_path() {
        let mut older = published();
        let removed = of(&mut older, "EcsService", "/properties/spec/properties")
            .as_object_mut()
            .unwrap();
        removed.remove("deploymentConfiguration");
        *of(
            &mut older,
            "EcsCluster",
            "/properties/spec/properties/management/properties/driftPolicy/enum",
        ) = json!(["Report"]);
        *of(
            &mut older,
            "EcsCluster",
            "/properties/spec/properties/clusterName/type",
        ) = json!("integer");
        of(&mut older, "EcsTaskDefinition", "/properties/spec")["required"] = json!(["family"]);
        older["components"]["schemas"]
            .as_object_mut()
            .unwrap()
            .remove("dev.ecs-operator.v1alpha1.AwsAccount");
        assert_eq!(
            misfits(&older),
            [
                "AwsAccount: the kind is missing",
                "EcsCluster.spec.clusterName: the type is \"integer\", \"string\" is needed",
                "EcsCluster.spec.management.driftPolicy: the value \"Correct\" is missing",
                "EcsService.spec.deploymentConfiguration is missing",
                "EcsTaskDefinition.spec.family is required",
            ]
        );
    }

    #[test]
    fn a_text_that_is_no_such_document_lacks_every_kind() {
        assert_eq!(misfits(&Value::Null).len(), all_crds().len());
    }
}
