//! How often each operation was called, and how it was answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fault::Fault;

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
            *self
                .errors
                .entry(format!("{operation} {}", error.code))
                .or_default() += 1;
        }
    }

    /// The counts by operation, how many of them change something by the service model, and the errors by operation and
    /// name.
    pub fn shown(&self) -> Value {
        let total: u64 = self.by_operation.values().sum();
        let changes = |operation: &str| {
            let facts = ecs_model::facts::model().operation(operation);
            facts.is_some_and(|facts| !facts.readonly) && !is_read(operation)
        };
        let mutations: u64 = self
            .by_operation
            .iter()
            .filter(|(operation, _)| changes(operation))
            .map(|(_, count)| count)
            .sum();
        json!({ "total": total, "mutations": mutations, "calls": self.by_operation, "errors": self.errors })
    }
}

/// Reads go by their names too, since the model does not mark all of them.
fn is_read(operation: &str) -> bool {
    ["Describe", "List", "Get", "Discover"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_changes_and_errors_are_counted() {
        let mut calls = Calls::default();
        calls.count("DescribeServices", None);
        calls.count("CreateService", Some(&Fault::client("x")));
        calls.count("CreateService", None);
        calls.count("GetCallerIdentity", None);
        let expected = json!({"total": 4, "mutations": 2,
            "calls": {"CreateService": 2, "DescribeServices": 1, "GetCallerIdentity": 1},
            "errors": {"CreateService ClientException": 1}});
        assert_eq!(calls.shown(), expected);
    }
}
