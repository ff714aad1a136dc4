//! Creating a service, for the first time or after it was deleted behind our back.

use aws_sdk_ecs::types::Service;
use serde_json::Value;

use super::{Facts, PATIENCE, Plan, QUIET, Standing};
use crate::diff::identity::tag_list;
use crate::kinds::outage::suspicion;
use crate::kinds::service::desired::{Count, Desired};
use crate::kinds::service::step::Step;

/// `gone` is the INACTIVE service that had the name before, where ECS still shows one.
pub fn plan(desired: &Desired, facts: &Facts<'_>, gone: Option<&Service>) -> Plan {
    if let Some(held) = desired.creation_held.as_ref().or(desired.rollout_held.as_ref()) {
        return Plan {
            look_again: Some(PATIENCE),
            ..Plan::nothing(Standing::Blocked(held.clone()))
        };
    }
    if facts.view.cluster_missing {
        return Plan::wait("the cluster to be there", PATIENCE);
    }
    if facts.outage_suspected {
        return Plan {
            look_again: Some(PATIENCE),
            ..Plan::nothing(Standing::OutageSuspected(suspicion()))
        };
    }
    if facts.quiet_for < QUIET {
        return Plan::wait("a second without changes", QUIET.saturating_sub(facts.quiet_for));
    }
    Plan::of(vec![Step::CreateService {
        input: input(desired, gone),
    }])
}

fn input(desired: &Desired, gone: Option<&Service>) -> Value {
    let predecessor = gone
        .and_then(Service::created_at)
        .map(|time| time.as_nanos().to_string())
        .unwrap_or_default();
    let mut tags = desired.tags.clone();
    tags.extend(desired.own_tags());
    let mut input = desired.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.insert(
            "clientToken".into(),
            desired.owner.client_token(&predecessor).into(),
        );
        members.insert("tags".into(), tag_list(&tags));
        if let Count::Enforced(count) | Count::AtCreation(count) = desired.count {
            members.insert("desiredCount".into(), count.into());
        }
    }
    input
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{blank, desired, facts, gone};
    use super::super::plan;
    use super::*;
    use crate::kinds::held::Held;
    use std::time::Duration;

    fn created(plan: &Plan) -> &Value {
        match plan.steps.as_slice() {
            [Step::CreateService { input }] => input,
            other => panic!("expected one CreateService, found {other:?}"),
        }
    }

    #[test]
    fn the_input_carries_the_token_the_owner_and_the_count() {
        let view = blank();
        let plan = plan(&desired(), &facts(&view));
        let input = created(&plan);
        assert_eq!(input["desiredCount"], 3);
        assert_eq!(input["clientToken"], desired().owner.client_token("").as_str());
        let tags: Vec<_> = input["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["key"].as_str().unwrap())
            .collect();
        assert_eq!(
            tags,
            ["ecs-operator.dev/incarnation", "ecs-operator.dev/service", "team"]
        );
    }

    #[test]
    fn the_count_is_one_unless_said_and_a_daemons_is_not_sent() {
        let view = blank();
        for (count, expected) in [
            (Count::AtCreation(1), Some(1)),
            (Count::Enforced(0), Some(0)),
            (Count::Daemon, None),
        ] {
            let plan = plan(&Desired { count, ..desired() }, &facts(&view));
            assert_eq!(
                created(&plan).get("desiredCount").and_then(Value::as_i64),
                expected,
                "{count:?}"
            );
        }
    }

    #[test]
    fn what_was_deleted_is_created_again_under_a_new_token() {
        let (blank, gone) = (blank(), gone());
        let (first, again) = (plan(&desired(), &facts(&blank)), plan(&desired(), &facts(&gone)));
        assert_ne!(created(&first)["clientToken"], created(&again)["clientToken"]);
        assert_eq!(
            created(&again)["clientToken"],
            created(&plan(&desired(), &facts(&gone)))["clientToken"]
        );
    }

    #[test]
    fn waits_for_what_it_needs() {
        let held = || {
            Some(Held {
                message: "EcsTaskDefinition web is not registered yet".into(),
                stalled: false,
            })
        };
        let view = blank();
        let nobody = ServiceViewWithoutCluster::of(&view);
        let cases: [(Desired, Facts<'_>); 5] = [
            (
                Desired {
                    rollout_held: held(),
                    ..desired()
                },
                facts(&view),
            ),
            (
                Desired {
                    creation_held: held(),
                    ..desired()
                },
                facts(&view),
            ),
            (desired(), facts(&nobody.0)),
            (
                desired(),
                Facts {
                    outage_suspected: true,
                    ..facts(&view)
                },
            ),
            (
                desired(),
                Facts {
                    quiet_for: Duration::from_millis(300),
                    ..facts(&view)
                },
            ),
        ];
        for (desired, facts) in cases {
            let plan = plan(&desired, &facts);
            assert_eq!(plan.steps, [], "{plan:?}");
            assert!(plan.look_again.is_some(), "{plan:?}");
        }
    }

    struct ServiceViewWithoutCluster(crate::observer::ServiceView);

    impl ServiceViewWithoutCluster {
        fn of(view: &crate::observer::ServiceView) -> Self {
            Self(crate::observer::ServiceView {
                cluster_missing: true,
                ..view.clone()
            })
        }
    }
}
