//! Which kinds the apiserver serves: the built-in ones that an operator touches, and those of the installed CRDs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fields::{Path, Step};
use super::refusal::Refusal;
use super::schema::Schema;

/// One served resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// API group, empty for the core group.
    pub(crate) group: String,
    /// API version.
    pub(crate) version: String,
    /// Plural name, as in URLs.
    pub(crate) plural: String,
    /// Kind, as in objects.
    pub(crate) kind: String,
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
    /// Whether `/status` is a door of its own.
    pub(crate) has_status: bool,
    /// The scale subresource's paths: spec replicas, status replicas, selector.
    pub(crate) scale: Option<Scale>,
    /// Structural schema; none for built-in kinds.
    schema: Option<Value>,
}

/// The paths of a scale subresource, as a CRD gives them (`.spec.desiredCount`).
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) spec: Vec<String>,
    pub(crate) status: Vec<String>,
    pub(crate) selector: Option<Vec<String>>,
}

impl Resource {
    fn built_in(group: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: group.into(),
            version: "v1".into(),
            plural: plural.into(),
            kind: kind.into(),
            namespaced,
            has_status: false,
            scale: None,
            schema: None,
        }
    }

    /// The schema of whole objects.
    pub(crate) fn schema(&self) -> Schema<'_> {
        Schema::of(self.schema.as_ref())
    }

    /// Whether this comes from a CRD: then generation counts changes of the spec.
    pub(crate) fn is_custom(&self) -> bool {
        self.schema.is_some()
    }

    /// `group/version`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `plural.group`: how the resource is named in messages and keys.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

/// All served resources.
#[derive(Clone, Debug)]
pub(crate) struct Kinds(Vec<Arc<Resource>>);

/// What a URL points at.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    /// `""`, `status` or `scale`.
    pub(crate) subresource: String,
}

impl Kinds {
    /// The built-in kinds and those of `crds` (each a `CustomResourceDefinition` as JSON).
    pub(crate) fn new(crds: &[Value]) -> Self {
        let built_in = [
            Resource::built_in("", "namespaces", "Namespace", false),
            Resource::built_in("", "configmaps", "ConfigMap", true),
            Resource::built_in("", "secrets", "Secret", true),
            Resource::built_in("", "events", "Event", true),
            Resource::built_in("events.k8s.io", "events", "Event", true),
            Resource::built_in("coordination.k8s.io", "leases", "Lease", true),
            Resource::built_in(
                "apiextensions.k8s.io",
                "customresourcedefinitions",
                "CustomResourceDefinition",
                false,
            ),
        ];
        let custom = crds.iter().map(custom_resource);
        Self(built_in.into_iter().chain(custom).map(Arc::new).collect())
    }

    /// The resource of a kind, by the kind's name alone (custom kinds first).
    pub(crate) fn by_kind(&self, kind: &str) -> Option<Arc<Resource>> {
        self.0
            .iter()
            .rev()
            .find(|resource| resource.kind == kind)
            .cloned()
    }

    /// The resource called `plural.group`.
    pub(crate) fn by_qualified_name(&self, name: &str) -> Option<Arc<Resource>> {
        self.0
            .iter()
            .find(|resource| resource.qualified() == name)
            .cloned()
    }

    /// The resource of an object's `apiVersion` and `kind`.
    pub(crate) fn of_object(&self, object: &Value) -> Option<Arc<Resource>> {
        let found = |r: &&Arc<Resource>| object["kind"] == r.kind && object["apiVersion"] == r.api_version();
        self.0.iter().find(found).cloned()
    }

    /// Reads a URL's path.
    ///
    /// # Errors
    /// `NotFound` for a path that no served resource has.
    pub(crate) fn route(&self, path: &str) -> Result<Target, Refusal> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let unknown = || Refusal::unknown_path(path);
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(unknown()),
        };
        let find = |plural: &str, namespaced: bool| {
            let mut all = self.0.iter();
            all.find(|r| {
                r.group == group
                    && r.version == version
                    && r.plural == plural
                    && (r.namespaced || !namespaced)
            })
        };
        let (namespace, resource, tail) = match rest {
            ["namespaces", namespace, plural, tail @ ..] if find(plural, true).is_some() => {
                (Some((*namespace).to_owned()), find(plural, true), tail)
            }
            [plural, tail @ ..] => (None, find(plural, false), tail),
            [] => return Err(unknown()),
        };
        let resource = resource.ok_or_else(unknown)?.clone();
        let (name, subresource) = match tail {
            [] => (None, ""),
            [name] => (Some((*name).to_owned()), ""),
            [name, "status"] if resource.has_status => (Some((*name).to_owned()), "status"),
            [name, "scale"] if resource.scale.is_some() => (Some((*name).to_owned()), "scale"),
            _ => return Err(unknown()),
        };
        Ok(Target {
            resource,
            namespace,
            name,
            subresource: subresource.into(),
        })
    }
}

fn custom_resource(crd: &Value) -> Resource {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spec = &crd["spec"];
    let version = &spec["versions"][0];
    let subresources = &version["subresources"];
    let dotted = |path: &Value| -> Vec<String> {
        let path = path.as_str().unwrap_or_default();
        path.trim_start_matches('.')
            .split('.')
            .map(str::to_owned)
            .collect()
    };
    let scale = subresources
        .get("scale")
        .filter(|v| !v.is_null())
        .map(|scale| Scale {
            spec: dotted(&scale["specReplicasPath"]),
            status: dotted(&scale["statusReplicasPath"]),
            selector: scale
                .get("labelSelectorPath")
                .filter(|v| !v.is_null())
                .map(dotted),
        });
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    // The apiserver knows these three for every kind; a CRD's schema says no more than `type: object` of them.
    for (name, known) in [
        ("apiVersion", json!({"type": "string"})),
        ("kind", json!({"type": "string"})),
        (
            "metadata",
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        ),
    ] {
        schema["properties"][name] = known;
    }
    Resource {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        plural: text(&spec["names"]["plural"]),
        kind: text(&spec["names"]["kind"]),
        namespaced: spec["scope"] == "Namespaced",
        has_status: subresources.get("status").is_some_and(|v| !v.is_null()),
        scale,
        schema: Some(schema),
    }
}

/// A dotted path as a field path.
pub(crate) fn field_path(dotted: &[String]) -> Path {
    dotted.iter().cloned().map(Step::Field).collect()
}
