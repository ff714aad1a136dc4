//! When a change that starts a deployment may go out, and when one is started although nothing changed (design.md §2.5).

use std::time::Duration;

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::Service;

use super::{Facts, PATIENCE, QUIET, Standing};
use crate::diff::drift::Change;
use crate::diff::rollout::{Memory, memory, newest_first, primary};
use crate::kinds::service::desired::Desired;

/// What is to happen with the changes that start a deployment.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// They go out.
    Go {
        /// Whether a deployment is started even if there is nothing to go out.
        restart: bool,
    },
    /// They stay here, for this reason; look again after this time.
    Stay(Standing, Option<Duration>),
}

/// Decides about `changes`, all of which start a deployment; there may be none. While nobody knows yet which revision is wanted,
/// there may be more.
pub fn decide(desired: &Desired, service: &Service, changes: &[Change], facts: &Facts<'_>) -> Verdict {
    let restart = restart_due(desired, service, facts);
    if changes.is_empty() && !restart && !desired.definition_unknown() {
        return Verdict::Go { restart };
    }
    if let Some(held) = &desired.rollout_held {
        return Verdict::Stay(Standing::Blocked(held.clone()), Some(PATIENCE));
    }
    if !changes.is_empty() {
        match memory(
            &desired.input,
            desired.restart_at.filter(|_| restart),
            &facts.view.deployments,
            &facts.view.revisions,
        ) {
            Memory::Free => {}
            Memory::TakenBack { rollback, finished } => {
                return Verdict::Stay(Standing::TakenBack { rollback, finished }, None);
            }
            Memory::Unread => {
                let what = "the revisions of a rollout that ECS took back to be read";
                return Verdict::Stay(Standing::Waiting(what.to_owned()), Some(Duration::from_secs(2)));
            }
        }
    }
    if facts.quiet_for < QUIET {
        let standing = Standing::Waiting("a second without changes".to_owned());
        return Verdict::Stay(standing, Some(QUIET.saturating_sub(facts.quiet_for)));
    }
    Verdict::Go { restart }
}

/// ECS refuses a change of the strategy that is not forced (ecs-semantics.md §3.4).
pub fn needs_force(changes: &[Change]) -> bool {
    changes
        .iter()
        .any(|change| change.member() == "capacityProviderStrategy")
}

/// A restart is due once its time has come and no deployment is younger.
fn restart_due(desired: &Desired, service: &Service, facts: &Facts<'_>) -> bool {
    let Some(at) = desired.restart_at.filter(|at| *at <= facts.now) else {
        return false;
    };
    let listed = newest_first(&facts.view.deployments)
        .into_iter()
        .next()
        .and_then(|newest| newest.created_at().copied());
    let youngest = primary(service)
        .and_then(|primary| primary.created_at().copied())
        .max(listed);
    youngest.is_none_or(|youngest| youngest < at)
}

/// How long until a restart is due; `None` when none is to come.
pub fn restart_in(at: Option<DateTime>, now: DateTime) -> Option<Duration> {
    let pause = at?.as_nanos() - now.as_nanos();
    u64::try_from(pause)
        .ok()
        .filter(|pause| *pause > 0)
        .map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{desired, facts, rolled_back, settled, with};
    use super::super::{Facts, Plan, plan};
    use super::*;
    use crate::kinds::held::Held;
    use crate::kinds::service::desired::Count;
    use crate::kinds::service::step::Step;
    use crate::observer::ServiceView;

    fn updated(plan: &Plan) -> Vec<&str> {
        plan.steps
            .iter()
            .flat_map(|step| match step {
                Step::UpdateService { changes, .. } => changes.iter().map(Change::member).collect(),
                _ => Vec::new(),
            })
            .collect()
    }

    fn forced(plan: &Plan) -> bool {
        plan.steps
            .iter()
            .any(|step| matches!(step, Step::UpdateService { force: true, .. }))
    }

    /// The spec wants :2 and 5 tasks; ECS has :1 and 3.
    fn both() -> (Desired, ServiceView) {
        let view = settled(&desired());
        (
            Desired {
                count: Count::Enforced(5),
                ..with(&desired(), "taskDefinition", "web:2")
            },
            view,
        )
    }

    #[test]
    fn one_update_carries_the_rollout_and_the_count() {
        let (desired, view) = both();
        let plan = plan(&desired, &facts(&view));
        assert_eq!(updated(&plan), ["desiredCount", "taskDefinition"]);
        assert_eq!((plan.steps.len(), forced(&plan)), (1, false));
    }

    #[test]
    fn scaling_goes_through_whatever_holds_the_rollout() {
        let (desired, view) = both();
        let taken_back = rolled_back(&desired, &view);
        let held = Some(Held::for_now("EcsTaskDefinition web is not registered yet"));
        let cases: [(Desired, Facts<'_>); 3] = [
            (
                Desired {
                    rollout_held: held,
                    ..desired.clone()
                },
                facts(&view),
            ),
            (
                desired.clone(),
                Facts {
                    quiet_for: Duration::ZERO,
                    ..facts(&view)
                },
            ),
            (desired, facts(&taken_back)),
        ];
        for (desired, facts) in cases {
            let plan = plan(&desired, &facts);
            assert_eq!(updated(&plan), ["desiredCount"], "{plan:?}");
            assert_ne!(plan.standing, Standing::InStep);
        }
    }

    #[test]
    fn what_ecs_took_back_is_not_repeated_but_another_rollout_may_come() {
        let (desired, view) = both();
        let view = rolled_back(&desired, &view);
        let again = plan(
            &Desired {
                count: Count::Enforced(3),
                ..desired.clone()
            },
            &facts(&view),
        );
        assert_eq!(again.steps, []);
        assert!(
            matches!(again.standing, Standing::TakenBack { finished: true, .. }),
            "{again:?}"
        );
        let other = plan(&with(&desired, "taskDefinition", "web:3"), &facts(&view));
        assert!(updated(&other).contains(&"taskDefinition"));
        let back = plan(
            &Desired {
                count: Count::Enforced(3),
                ..with(&desired, "taskDefinition", "web:1")
            },
            &facts(&view),
        );
        assert_eq!((back.steps.len(), back.standing), (0, Standing::InStep));
    }

    #[test]
    fn a_restart_starts_one_deployment() {
        let view = settled(&desired());
        let deployed = primary(view.service.as_ref().unwrap())
            .unwrap()
            .created_at()
            .unwrap()
            .secs();
        let at = |second: i64| Some(DateTime::from_secs(second));
        let now = DateTime::from_secs(deployed + 100);
        let cases = [
            (at(deployed + 50), true),
            (at(deployed), false),
            (at(deployed - 1), false),
            (at(deployed + 200), false),
            (None, false),
        ];
        for (restart_at, expected) in cases {
            let plan = plan(
                &Desired {
                    restart_at,
                    ..desired()
                },
                &Facts { now, ..facts(&view) },
            );
            assert_eq!(forced(&plan), expected, "{restart_at:?}");
            assert_eq!(plan.steps.len(), usize::from(expected), "{restart_at:?}");
        }
        assert_eq!(
            restart_in(at(deployed + 200), now),
            Some(Duration::from_secs(100))
        );
        assert_eq!(restart_in(at(deployed), now), None);
    }

    #[test]
    fn another_strategy_is_forced() {
        let wanted = with(
            &desired(),
            "capacityProviderStrategy",
            serde_json::json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]),
        );
        let view = settled(&desired());
        let plan = plan(&wanted, &facts(&view));
        assert!(
            forced(&plan) && updated(&plan).contains(&"capacityProviderStrategy"),
            "{plan:?}"
        );
    }
}
