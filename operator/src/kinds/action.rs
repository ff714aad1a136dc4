//! What a person asks for once, by annotation, and how it is answered (design.md §2.5).
//!
//! A request is answered when the status shows it as its `lastAction`; the same text is not carried out again. Should the answer
//! be lost, it is carried out again, so a request names what it is about.

use std::collections::BTreeMap;

use ecs_crds::Managed;
use ecs_crds::status::LastAction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::core::object::HasStatus;

use crate::context::Ctx;
use crate::error::Result;
use crate::k8s::object::Kept;
use crate::kinds::keeps::StatusOf;

/// The annotation that asks.
pub const ACTION: &str = "ecs-operator.dev/action";
/// The answer to a request to reconcile.
pub const LOOKED: &str = "ECS was read, and what it had refused may be tried again";

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// To read ECS now, and to try again what it refused.
    Reconcile,
    /// To roll back a deployment that is under way, by its id.
    RollBack(String),
}

/// What a person asks for of an object that has no answer yet. The status is looked at only where somebody asked.
pub fn request<K>(ctx: &Ctx, object: &K) -> Option<String>
where
    K: Managed + Kept + HasStatus<Status: StatusOf>,
{
    object.annotations().get(ACTION)?;
    let mut status: K::Status = ctx.status.latest(object).unwrap_or_default();
    asked(object.annotations(), status.common().last_action.as_ref()).map(str::to_owned)
}

fn asked<'a>(annotations: &'a BTreeMap<String, String>, last: Option<&LastAction>) -> Option<&'a str> {
    let request = annotations.get(ACTION)?.trim();
    let answered = last.is_some_and(|last| last.request == request);
    (!answered && !request.is_empty()).then_some(request)
}

/// What a request asks for. Words after it make it another request than the one before.
///
/// # Errors
/// The answer to what nobody understands.
pub fn read(request: &str) -> std::result::Result<Action, String> {
    let mut words = request.split_whitespace();
    match (words.next(), words.next()) {
        (Some("reconcile"), _) => Ok(Action::Reconcile),
        (Some("roll-back"), Some(deployment)) => Ok(Action::RollBack(deployment.to_owned())),
        (Some("roll-back"), None) => Err(
            "refused: roll-back needs the id of a deployment, one of status.deployments, as in \"roll-back ecs-svc/123\""
                .to_owned(),
        ),
        _ => Err("refused: what can be asked for is \"reconcile\" and \"roll-back ID\"".to_owned()),
    }
}

/// Puts the answer into the status.
///
/// # Errors
/// When the API server refuses it.
pub async fn answer<K>(ctx: &Ctx, object: &K, request: &str, outcome: String) -> Result<()>
where
    K: Managed + Kept + HasStatus<Status: StatusOf>,
{
    let mut status: K::Status = ctx.status.latest(object).unwrap_or_default();
    ctx.events
        .normal(object, "Answered", "Action", format!("{request}: {outcome}"));
    status.common().last_action = Some(LastAction {
        request: request.to_owned(),
        at: Time(ctx.now()),
        outcome,
    });
    ctx.status.write(object, &status).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_request_is_open_until_it_is_answered() {
        let annotated = |value: &str| BTreeMap::from([(ACTION.to_owned(), value.to_owned())]);
        let answered = LastAction {
            request: "reconcile".to_owned(),
            at: Time(Timestamp::UNIX_EPOCH),
            outcome: LOOKED.to_owned(),
        };
        let cases = [
            (BTreeMap::new(), None, None),
            (annotated(" "), None, None),
            (annotated("reconcile"), None, Some("reconcile")),
            (annotated(" reconcile "), Some(&answered), None),
            (
                annotated("reconcile again"),
                Some(&answered),
                Some("reconcile again"),
            ),
        ];
        for (annotations, last, expected) in cases {
            assert_eq!(asked(&annotations, last), expected, "{annotations:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_understood_or_explained() {
        let cases = [
            ("reconcile", Ok(Action::Reconcile)),
            ("reconcile 2026-11-28T10:00:00Z", Ok(Action::Reconcile)),
            (
                "roll-back ecs-svc/1",
                Ok(Action::RollBack("ecs-svc/1".to_owned())),
            ),
            ("roll-back", Err("roll-back needs the id")),
            ("rollback ecs-svc/1", Err("what can be asked for")),
        ];
        for (request, expected) in cases {
            match (read(request), expected) {
                (Ok(action), Ok(expected)) => assert_eq!(action, expected),
                (Err(answer), Err(expected)) => assert!(answer.contains(expected), "{answer}"),
                other => panic!("{request}: {other:?}"),
            }
        }
    }
}
