//! The control API: what no AWS client can do, under `/_backend/`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::server::{self, Options, Request, Response, State};

/// What the paths of the control API begin with.
pub const PREFIX: &str = "/_backend/";

/// Counts of calls since the start or the last reset.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    by_operation: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
}

impl Calls {
    /// Counts a call and the error that it was answered with.
    pub fn count(&mut self, operation: &str, error: Option<&Fault>) {
        *self.by_operation.entry(operation.to_owned()).or_default() += 1;
        if let Some(error) = error {
            *self.errors.entry(format!("{operation} {}", error.code)).or_default() += 1;
        }
    }

    fn shown(&self) -> Value {
        let total: u64 = self.by_operation.values().sum();
        json!({ "total": total, "calls": self.by_operation, "errors": self.errors })
    }
}

/// The faults that were asked for.
#[derive(Debug, Clone, Default)]
pub struct Faults {}

/// Answers a request to the control API.
pub(crate) fn answer(state: &mut State, _options: &Options, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/_backend/health") => server::json(200, &json!({"status": "ok"})),
        ("GET", "/_backend/calls") => server::json(200, &state.calls.shown()),
        _ => server::json(404, &json!({"message": "no such path"})),
    }
}
