//! The typed service model: operations and the facts of their shapes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Where the facts came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The botocore version whose `service-2.json` was trimmed, for example `1.44.5`.
    pub botocore: String,
    /// The service's endpoint prefix, `ecs`.
    pub service: String,
    /// The version of the API, `2014-11-13`.
    pub api_version: String,
    /// What stands before the dot of the `X-Amz-Target` header.
    pub target_prefix: String,
}

/// The service model: all operations and all shapes that they use.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Model {
    /// Where the facts came from.
    pub source: Source,
    /// The operations by name, for example `CreateService`.
    pub operations: BTreeMap<String, Operation>,
    /// The shapes by the model's name, for example `CreateServiceRequest` or `ContainerDefinition`.
    pub shapes: BTreeMap<String, ShapeFacts>,
}

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Operation {
    /// The structure of the request.
    pub input: String,
    /// The structure of the answer.
    pub output: String,
    /// The modelled errors, sorted.
    pub errors: Vec<String>,
    /// Whether the model marks the operation as one that changes nothing.
    #[serde(default)]
    pub readonly: bool,
    /// Whether the model marks the operation as safe to repeat.
    #[serde(default)]
    pub idempotent: bool,
}

/// What the model says about one shape. Limits are inclusive; absent means that the model has none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ShapeFacts {
    /// An object with named members.
    Structure(StructureFacts),
    /// An array.
    List {
        /// The shape of each item.
        member: String,
        /// The least number of items.
        min: Option<u64>,
        /// The greatest number of items.
        max: Option<u64>,
    },
    /// An object whose member names are data.
    Map {
        /// The shape of each key.
        key: String,
        /// The shape of each value.
        value: String,
        /// The least number of entries.
        min: Option<u64>,
        /// The greatest number of entries.
        max: Option<u64>,
    },
    /// A string, possibly one of a closed set.
    String(StringFacts),
    /// A 32-bit integer.
    Integer {
        /// The least value.
        min: Option<i64>,
        /// The greatest value.
        max: Option<i64>,
    },
    /// A 64-bit integer.
    Long {
        /// The least value.
        min: Option<i64>,
        /// The greatest value.
        max: Option<i64>,
    },
    /// A 32-bit floating point number.
    Float {
        /// The least value.
        min: Option<f64>,
        /// The greatest value.
        max: Option<f64>,
    },
    /// A 64-bit floating point number.
    Double {
        /// The least value.
        min: Option<f64>,
        /// The greatest value.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Boolean,
    /// A point in time: epoch seconds on the wire, RFC 3339 in manifests.
    Timestamp,
    /// Bytes, base64 in JSON.
    Blob,
}

/// What the model says about a structure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StructureFacts {
    /// The members and the name of each one's shape.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
    /// The members that must be there, in the model's order.
    #[serde(default)]
    pub required: Vec<String>,
    /// Whether exactly one member may be set.
    #[serde(default)]
    pub union: bool,
    /// Whether any JSON is allowed (a Smithy document); such a structure has no members.
    #[serde(default)]
    pub document: bool,
    /// Whether the structure is an error.
    #[serde(default)]
    pub exception: bool,
    /// Whether the error is the server's fault.
    #[serde(default)]
    pub fault: bool,
    /// Whether the content must stay out of logs.
    #[serde(default)]
    pub sensitive: bool,
}

impl StructureFacts {
    /// The HTTP status with which ECS answers this error: 500 for the server's faults, 400 for the caller's, `None` for what is
    /// no error (ecs-semantics.md §0.1).
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match (self.exception, self.fault) {
            (true, true) => Some(500),
            (true, false) => Some(400),
            (false, _) => None,
        }
    }
}

/// What the model says about a string. Lengths are in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StringFacts {
    /// The allowed values, in the model's order; empty when any string is allowed.
    #[serde(default, rename = "enum")]
    pub enum_values: Vec<String>,
    /// The least length.
    pub min: Option<u64>,
    /// The greatest length.
    pub max: Option<u64>,
    /// A regular expression that the whole string matches (the model leaves `^…$` out).
    pub pattern: Option<String>,
    /// Whether the content must stay out of logs.
    #[serde(default)]
    pub sensitive: bool,
}

impl Model {
    /// The operation of this name, for example `CreateService`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// The facts of a shape, by the model's name, for example `CreateServiceRequest`.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&ShapeFacts> {
        self.shapes.get(name)
    }

    /// The facts of a shape that is a structure; `None` for what is unknown or no structure.
    #[must_use]
    pub fn structure(&self, name: &str) -> Option<&StructureFacts> {
        match self.shape(name)? {
            ShapeFacts::Structure(facts) => Some(facts),
            _ => None,
        }
    }

    /// Every structure that can be reached from the given shape, itself included. Ends on recursive shapes too.
    #[must_use]
    pub fn structures_from(&self, shape: &str) -> BTreeMap<&str, &StructureFacts> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![shape];
        while let Some((name, facts)) = open.pop().and_then(|name| self.shapes.get_key_value(name)) {
            if !seen.insert(name) {
                continue;
            }
            match facts {
                ShapeFacts::Structure(structure) => {
                    found.insert(name.as_str(), structure);
                    open.extend(structure.members.values().map(String::as_str));
                }
                ShapeFacts::List { member, .. } => open.push(member),
                ShapeFacts::Map { key, value, .. } => open.extend([key.as_str(), value.as_str()]),
                _ => {}
            }
        }
        found
    }
}
