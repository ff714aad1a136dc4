//! Evaluating a kind's rules on raw JSON, as the API server does: on what the user wrote, not on what our types make of it.

use kube::CustomResourceExt;
use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use serde_json::{Value, json};

use super::{schema, structural};

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

    fn object(&self, spec: &Value) -> Value {
        json!({"metadata": {"name": self.name}, "spec": spec})
    }
}

/// Checks that the rules of a kind say about each case what they should. The cases must fit the schema: the API server
/// looks at the rules only then.
pub(crate) fn check<K: CustomResourceExt>(cases: &[Case]) {
    let schema = schema::<K>();
    let compiled = compile_schema(&schema);
    assert!(!compiled.has_errors(), "{:?}", compiled.compilation_errors());
    let spec_schema = &schema["properties"]["spec"];
    for case in cases {
        for spec in case.old.iter().chain([&case.spec]) {
            assert_eq!(
                structural::violations(spec_schema, spec),
                Vec::<String>::new(),
                "{spec}"
            );
        }
        let said = violations(&compiled, case);
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

fn violations(schema: &CompiledSchema, case: &Case) -> Vec<String> {
    let old = case.old.as_ref().map(|old| case.object(old));
    match Validator::new().validate_compiled(schema, &case.object(&case.spec), old.as_ref()) {
        Ok(()) => Vec::new(),
        Err(found) => found
            .into_vec()
            .into_iter()
            .map(|violation| violation.message)
            .collect(),
    }
}
