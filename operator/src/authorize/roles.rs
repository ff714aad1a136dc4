//! The IAM roles that an input names. Pure.

use std::collections::BTreeSet;

use ecs_model::shape::{Shape, to_value};
use serde_json::Value;

/// The IAM roles that an input names, by who takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// Taken by the containers of tasks.
    pub task: BTreeSet<String>,
    /// Taken by the ECS agent.
    pub execution: BTreeSet<String>,
    /// Taken by ECS itself, for load balancers, volumes, hooks, instances.
    pub infrastructure: BTreeSet<String>,
}

impl Roles {
    /// The roles that an input names, wherever it does.
    pub fn of(input: &Value) -> Self {
        let mut roles = Self::default();
        roles.collect(input);
        roles
    }

    /// As [`Self::of`]; none where the SDK's input is no JSON, which is then not sent either.
    pub fn of_spec<T: Shape>(spec: &T) -> Self {
        to_value(spec).map(|input| Self::of(&input)).unwrap_or_default()
    }

    fn collect(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(members) => {
                for (name, value) in members {
                    self.member(name, value);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        let place = match name {
            "taskRoleArn" => &mut self.task,
            "executionRoleArn" => &mut self.execution,
            "role" | "roleArn" | "infrastructureRoleArn" | "ec2InstanceProfileArn" => {
                &mut self.infrastructure
            }
            // Free keys of the user's, not members of the API.
            "dockerLabels" | "options" | "labels" | "driverOpts" | "hookDetails" => return,
            _ => return self.collect(value),
        };
        if let Some(role) = value.as_str().filter(|role| !role.is_empty()) {
            place.insert(role.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_of_the_users_own_are_no_roles() {
        let input = json!({"containerDefinitions": [{"dockerLabels": {"roleArn": "x"}, "logConfiguration": {"options": {"role": "y"}}}]});
        assert_eq!(Roles::of(&input), Roles::default());
    }
}
