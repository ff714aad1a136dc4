//! What is done to ECS for a service, one call each, by name.

use std::fmt;

use ecs_model::arn::name_of;
use serde_json::Value;

use crate::diff::drift::Change;
use crate::diff::rollout::ROLLOUT_MEMBERS;
use crate::kinds::tagging::Tagging;

/// One call. Each is safe to repeat: by its token, or because the plan looks before it repeats.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `CreateService`.
    CreateService {
        /// The whole input, token and tags included.
        input: Value,
    },
    /// `UpdateService` with the changed members only.
    UpdateService {
        /// What differs, for people.
        changes: Vec<Change>,
        /// The changed members, in full.
        members: Value,
        /// Whether a deployment is started though nothing that starts one changed.
        force: bool,
    },
    /// `TagResource` that makes the service ours, and so is decided on a fresh read.
    Claim(Tagging),
    /// `TagResource` and `UntagResource`.
    Tags(Tagging),
    /// `StopServiceDeployment`, which rolls back.
    StopDeployment {
        /// The service deployment's ARN.
        arn: String,
    },
    /// `DeleteService`.
    DeleteService {
        /// Whether task sets and tasks may still be there.
        force: bool,
    },
}

impl Step {
    /// The call's name, for events and metrics.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreateService { .. } => "CreateService",
            Self::UpdateService { .. } => "UpdateService",
            Self::Claim(tagging) | Self::Tags(tagging) => tagging.operation(),
            Self::StopDeployment { .. } => "StopServiceDeployment",
            Self::DeleteService { .. } => "DeleteService",
        }
    }

    /// Whether the step is decided on a view that was read for it: creating (but for newcomers), taking over, deleting, and
    /// rolling out, which ECS's whole memory of earlier rollouts decides.
    pub fn needs_fresh_view(&self) -> bool {
        match self {
            Self::StopDeployment { .. }
            | Self::DeleteService { .. }
            | Self::Claim(_)
            | Self::Tags(Tagging::Remove { .. }) => true,
            Self::Tags(Tagging::Set { .. }) => false,
            Self::CreateService { .. } | Self::UpdateService { .. } => self.starts_rollout(),
        }
    }

    /// Whether the step starts a deployment.
    pub fn starts_rollout(&self) -> bool {
        match self {
            Self::CreateService { .. } => true,
            Self::UpdateService { changes, force, .. } => *force || changes.iter().any(starts_deployment),
            Self::Claim(_) | Self::Tags(_) | Self::StopDeployment { .. } | Self::DeleteService { .. } => {
                false
            }
        }
    }

    /// Of an update that starts a deployment and does more, the rest: the count above all, which no rollout holds back.
    pub fn without_rollout(&self) -> Option<Self> {
        let Self::UpdateService { changes, members, .. } = self else {
            return None;
        };
        let rest: Vec<Change> = changes
            .iter()
            .filter(|change| !starts_deployment(change))
            .cloned()
            .collect();
        let mut members = members.clone();
        if let Some(members) = members.as_object_mut() {
            members.retain(|name, _| !ROLLOUT_MEMBERS.contains(&name.as_str()));
        }
        (self.starts_rollout() && !rest.is_empty()).then_some(Self::UpdateService {
            changes: rest,
            members,
            force: false,
        })
    }
}

/// Whether a change starts a deployment (ecs-semantics.md §3.4).
pub fn starts_deployment(change: &Change) -> bool {
    ROLLOUT_MEMBERS.contains(&change.member())
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self {
            Self::CreateService { input } => {
                let count = input.get("desiredCount").and_then(Value::as_i64);
                let definition = input
                    .get("taskDefinition")
                    .and_then(Value::as_str)
                    .unwrap_or("(none)");
                match count {
                    Some(count) => write!(f, ": {count} × {definition}"),
                    None => write!(f, ": {definition}"),
                }
            }
            Self::UpdateService { changes, force, .. } => {
                let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
                let forced = force.then(|| "forceNewDeployment".to_owned());
                let all: Vec<_> = changes.into_iter().chain(forced).collect();
                write!(f, ": {}", all.join(", "))
            }
            Self::Claim(tagging) | Self::Tags(tagging) => write!(f, ": {tagging}"),
            Self::StopDeployment { arn } => write!(f, ": {}", name_of(arn)),
            Self::DeleteService { force } => f.write_str(if *force { ": force" } else { "" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_rollout_does_not_need_can_go_alone() {
        let change = |path: &str| Change {
            path: path.into(),
            from: None,
            to: Some(json!(1)),
        };
        let update = |paths: &[&str], force| Step::UpdateService {
            changes: paths.iter().map(|path| change(path)).collect(),
            members: paths.iter().map(|path| ((*path).to_owned(), json!(1))).collect(),
            force,
        };
        let cases = [
            (
                update(&["desiredCount", "loadBalancers"], false),
                Some(update(&["desiredCount"], false)),
            ),
            (
                update(&["desiredCount"], true),
                Some(update(&["desiredCount"], false)),
            ),
            (update(&["desiredCount"], false), None),
            (update(&["loadBalancers"], false), None),
            (update(&[], true), None),
            (Step::DeleteService { force: false }, None),
        ];
        for (step, expected) in cases {
            assert_eq!(step.without_rollout(), expected, "{step}");
        }
    }

    #[test]
    fn steps_read_well() {
        let cases = [
            (
                Step::CreateService {
                    input: json!({"taskDefinition": "web:1", "desiredCount": 3}),
                },
                "CreateService: 3 × web:1",
            ),
            (
                Step::UpdateService {
                    changes: vec![Change {
                        path: "desiredCount".into(),
                        from: Some(json!(3)),
                        to: Some(json!(5)),
                    }],
                    members: json!({"desiredCount": 5}),
                    force: true,
                },
                "UpdateService: desiredCount: 3 → 5, forceNewDeployment",
            ),
            (
                Step::Claim(Tagging::Set {
                    arn: "a".into(),
                    tags: BTreeMap::from([
                        ("team".into(), "x".into()),
                        ("ecs-operator.dev/service".into(), "y".into()),
                    ]),
                }),
                "TagResource: owner, team",
            ),
            (
                Step::Tags(Tagging::Remove {
                    arn: "a".into(),
                    keys: vec!["team".into()],
                }),
                "UntagResource: team",
            ),
            (Step::DeleteService { force: false }, "DeleteService"),
        ];
        for (step, expected) in cases {
            assert_eq!(step.to_string(), expected);
        }
    }
}
