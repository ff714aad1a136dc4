//! Evaluating a kind's rules on raw JSON, as the API server does: on what the user wrote, not on what our types make of it.

use kube::CustomResourceExt;
use kube::core::cel::Validator;
use serde_json::{Value, json};

/// An object, or a change of one, and what must be said about it.
pub(crate) struct Case {
    name: &'static str,
    old: Option<Value>,
    spec: Value,
    refused: Option<&'static str>,
}

impl Case {
    /// A spec that passes.
    pub(crate) fn fine(spec: Value) -> Self {
        Self {
            name: "a",
            old: None,
            spec,
            refused: None,
        }
    }

    /// A spec that is refused with a message that has these words.
    pub(crate) fn bad(spec: Value, words: &'static str) -> Self {
        Self {
            name: "a",
            old: None,
            spec,
            refused: Some(words),
        }
    }

    /// A change from one spec to another.
    pub(crate) fn change(old: Value, spec: Value, refused: Option<&'static str>) -> Self {
        Self {
            name: "a",
            old: Some(old),
            spec,
            refused,
        }
    }

    /// A spec in an object of this name.
    pub(crate) fn named(name: &'static str, spec: Value, refused: Option<&'static str>) -> Self {
        Self {
            name,
            old: None,
            spec,
            refused,
        }
    }
}

/// Checks that the rules of a kind say about each case what they should, and nothing else.
pub(crate) fn check<K: CustomResourceExt>(cases: &[Case]) {
    let schema = schema::<K>();
    for case in cases {
        let said = violations(&schema, case);
        let as_said = match case.refused {
            None => said.is_empty(),
            Some(words) => said.iter().any(|message| message.contains(words)),
        };
        assert!(
            as_said,
            "{}\nbefore {:?}\nwanted {:?}\nsaid {said:?}",
            case.spec, case.old, case.refused
        );
    }
}

fn violations(schema: &Value, case: &Case) -> Vec<String> {
    let object = |spec: &Value| json!({"metadata": {"name": case.name}, "spec": spec});
    let old = case.old.as_ref().map(object);
    match Validator::new().validate(schema, &object(&case.spec), old.as_ref()) {
        Ok(()) => Vec::new(),
        Err(found) => found
            .into_vec()
            .into_iter()
            .map(|violation| violation.message)
            .collect(),
    }
}

/// The kind's schema as it is in the CRD.
pub(crate) fn schema<K: CustomResourceExt>() -> Value {
    let crd = serde_json::to_value(K::crd()).unwrap();
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema")
        .unwrap()
        .clone()
}
