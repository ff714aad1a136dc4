//! The service model's verdict on an input, as ECS says it.

use ecs_model::facts::{self, Rule, Violation};
use serde_json::Value;

use crate::fault::Fault;

/// Checks the input of an operation against the service model.
///
/// # Errors
/// The first violation: a `ClientException` for what concerns task definitions, else an `InvalidParameterException`
/// (ecs-semantics.md §2, §1.16).
pub fn check(operation: &str, body: &Value) -> Result<(), Fault> {
    let Some(facts) = facts::model().operation(operation) else {
        return Ok(());
    };
    let violations = facts::check(&facts.input, body);
    match violations
        .iter()
        .find(|violation| !tolerated(operation, violation))
    {
        None => Ok(()),
        Some(violation) => Err(refusal(operation, violation)),
    }
}

/// What the model forbids and ECS takes, or refuses with better words in the operation itself.
fn tolerated(operation: &str, violation: &Violation) -> bool {
    match (operation, violation.rule) {
        // ecs-semantics.md §2.5: any unknown protocol is tcp.
        ("RegisterTaskDefinition", Rule::Enum) => violation.path.ends_with(".protocol"),
        _ => false,
    }
}

fn refusal(operation: &str, violation: &Violation) -> Fault {
    let message = message(violation);
    if operation.contains("TaskDefinition") {
        Fault::client(message)
    } else {
        Fault::invalid(message)
    }
}

fn message(violation: &Violation) -> String {
    match violation.rule {
        Rule::Required if violation.path == "containerDefinitions" => {
            "Container list cannot be empty.".to_owned()
        }
        Rule::Required => format!("{} should not be null or empty.", titled(&violation.path)),
        _ => violation.to_string(),
    }
}

/// `clusterName` as ECS names it in its own messages: `ClusterName`.
fn titled(path: &str) -> String {
    let mut letters = path.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_violation_is_refused_in_the_operations_way() {
        let cases = [
            (
                "CreateService",
                json!({}),
                "InvalidParameterException",
                "ServiceName should not be null or empty.",
            ),
            (
                "RegisterTaskDefinition",
                json!({"containerDefinitions": []}),
                "ClientException",
                "Family should not be null or empty.",
            ),
            (
                "CreateService",
                json!({"serviceName": "a", "launchType": "fargate"}),
                "InvalidParameterException",
                "launchType: \"fargate\" is not one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES",
            ),
            (
                "RegisterTaskDefinition",
                json!({"family": "a", "containerDefinitions": [{"cpu": "1"}]}),
                "ClientException",
                "containerDefinitions[0].cpu: expected an integer, found a string",
            ),
        ];
        for (operation, body, code, message) in cases {
            let fault = check(operation, &body).unwrap_err();
            assert_eq!(
                (fault.code.as_str(), fault.message.as_str()),
                (code, message),
                "{operation} {body}"
            );
        }
    }

    #[test]
    fn good_input_and_what_ecs_tolerates_pass() {
        let protocol =
            json!({"family": "a", "containerDefinitions": [{"portMappings": [{"protocol": "sctp"}]}]});
        assert_eq!(check("RegisterTaskDefinition", &protocol), Ok(()));
        assert_eq!(check("CreateCluster", &json!({"unheardOf": 1})), Ok(()));
    }
}
