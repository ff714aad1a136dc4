//! What the tests of this crate share: CEL and structural validation as the API server does them, and objects to try.

pub(crate) mod cel;
mod mistakes;
mod sample;
mod seeds;
pub(crate) mod structural;

use kube::CustomResourceExt;
use serde_json::Value;

/// The kind's schema as it is in the CRD.
pub(crate) fn schema<K: CustomResourceExt>() -> Value {
    let crd = serde_json::to_value(K::crd()).unwrap();
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema")
        .unwrap()
        .clone()
}

/// A spec with these members over it; `null` takes a member out.
pub(crate) fn over(mut spec: Value, members: Value) -> Value {
    if let (Value::Object(spec), Value::Object(members)) = (&mut spec, members) {
        for (name, value) in members {
            spec.insert(name, value);
        }
        spec.retain(|_, value| !value.is_null());
    }
    spec
}
