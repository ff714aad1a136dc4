//! What ECS's answer to `CreateService` shows. Pure.
//!
//! A creation that repeats an earlier one is answered with the service that is there already (ecs-semantics.md §3.1), and
//! ECS does not promise which differences it overlooks then. So a service in an answer is this object's only if its tags
//! say so, and new only if it looks new.

use aws_sdk_ecs::types::{Service, ServiceRevision};
use ecs_model::shape::from_value;
use serde_json::Value;

use crate::aws::error::{AwsError, Class};
use crate::diff::identity::{self, INCARNATION_TAG};
use crate::diff::read_path::pick;
use crate::diff::rollout::ROLLOUT_MEMBERS;
use crate::kinds::claim;

/// A service that a call has just made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The service.
    pub service: Service,
    /// Its first revision: what was asked for.
    pub first: Option<ServiceRevision>,
}

/// The service that a creation with this input made; `None` when the answer does not tell whether it did.
///
/// # Errors
/// That the service of this name is another's, so that nothing was created.
pub fn made(input: &Value, answer: Option<Service>) -> Result<Option<Made>, AwsError> {
    let Some(service) = answer.filter(|service| !service.tags().is_empty()) else {
        return Ok(None);
    };
    let sent = identity::tag_map(input.get("tags"));
    if claim::tag_map(service.tags()).get(INCARNATION_TAG) != sent.get(INCARNATION_TAG) {
        let words = "ECS answered with a service of this name that was there before and is not this object's";
        return Err(AwsError::local(
            "CreateService",
            Class::Conflict,
            "NotOurs",
            words,
        ));
    }
    let first = first_revision(input, &service);
    Ok(is_new(&service).then_some(Made { service, first }))
}

fn is_new(service: &Service) -> bool {
    let nothing_runs = service.running_count() == 0 && service.pending_count() == 0;
    service.status() == Some("ACTIVE") && nothing_runs && service.deployments().len() <= 1
}

fn first_revision(input: &Value, service: &Service) -> Option<ServiceRevision> {
    let asked = pick(input, ROLLOUT_MEMBERS.iter().copied());
    let mut revision: ServiceRevision = from_value(&asked).ok()?;
    // The call may name a family; ECS chose the revision of it.
    revision.task_definition.clone_from(&service.task_definition);
    Some(revision)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input() -> Value {
        json!({
            "serviceName": "web", "taskDefinition": "web", "desiredCount": 2,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
            "tags": [{"key": "team", "value": "blue"}, {"key": INCARNATION_TAG, "value": "uid-1"}],
        })
    }

    /// The answer to [`input`], changed.
    fn answer(change: &Value) -> Service {
        let mut service = json!({
            "serviceName": "web", "status": "ACTIVE", "taskDefinition": "arn:aws:ecs:r:1:task-definition/web:7",
            "tags": input()["tags"], "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY"}],
        });
        json_patch::merge(&mut service, change);
        from_value(&service).unwrap()
    }

    #[test]
    fn the_first_revision_is_what_was_asked_for() {
        let made = made(&input(), Some(answer(&json!({})))).unwrap().unwrap();
        let first = made.first.unwrap();
        assert_eq!(first.service_revision_arn(), None);
        assert_eq!(
            first.task_definition(),
            Some("arn:aws:ecs:r:1:task-definition/web:7")
        );
        let network = first.network_configuration().unwrap().awsvpc_configuration();
        assert_eq!(network.unwrap().subnets(), ["subnet-a"]);
    }

    #[test]
    fn what_was_there_before_was_not_made() {
        let cases = [
            ("it runs", json!({"runningCount": 1})),
            ("it starts tasks", json!({"pendingCount": 1})),
            ("it is gone", json!({"status": "INACTIVE"})),
            ("it rolls", json!({"deployments": [{"id": "a"}, {"id": "b"}]})),
            ("no word of its tags", json!({"tags": []})),
        ];
        for (what, change) in cases {
            assert_eq!(made(&input(), Some(answer(&change))), Ok(None), "{what}");
        }
        assert_eq!(made(&input(), None), Ok(None));
    }

    #[test]
    fn what_is_anothers_is_a_conflict() {
        let foreign = json!({"tags": [{"key": "team", "value": "blue"}]});
        let before = json!({"tags": [{"key": INCARNATION_TAG, "value": "uid-0"}]});
        for tags in [foreign, before] {
            let refused = made(&input(), Some(answer(&tags))).unwrap_err();
            assert_eq!(refused.class, Class::Conflict, "{refused}");
        }
    }
}
