//! The laws of plans, for wishes and states that nobody thought of.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::fixture::{carry_out, desired, facts, rolled_back, settled};
use super::{Standing, plan};
use crate::diff::rollout::ROLLOUT_MEMBERS;
use crate::kinds::service::desired::{Count, Desired};
use crate::kinds::service::step::Step;

/// Values that a member may have; `null` is absent.
const MEMBERS: &[(&str, &[&str])] = &[
    ("taskDefinition", &[r#""web:1""#, r#""web:2""#, r#""web""#]),
    (
        "loadBalancers",
        &[
            "null",
            "[]",
            r#"[{"targetGroupArn": "a", "containerName": "app", "containerPort": 80}]"#,
            r#"[{"targetGroupArn": "b", "containerName": "app", "containerPort": 80}, {"targetGroupArn": "a"}]"#,
        ],
    ),
    (
        "deploymentConfiguration",
        &[
            "null",
            r#"{"maximumPercent": 150}"#,
            r#"{"maximumPercent": 200, "minimumHealthyPercent": 50}"#,
            r#"{"deploymentCircuitBreaker": {"enable": true, "rollback": true}}"#,
            r#"{"alarms": {"alarmNames": ["x", "y"], "enable": true, "rollback": false}, "bakeTimeInMinutes": 5}"#,
        ],
    ),
    (
        "networkConfiguration",
        &[
            r#"{"awsvpcConfiguration": {"subnets": ["a"]}}"#,
            r#"{"awsvpcConfiguration": {"subnets": ["b", "a"], "securityGroups": ["s"], "assignPublicIp": "ENABLED"}}"#,
        ],
    ),
    ("enableExecuteCommand", &["null", "true", "false"]),
    ("enableECSManagedTags", &["null", "true"]),
    ("propagateTags", &["null", r#""SERVICE""#, r#""NONE""#]),
    ("platformVersion", &["null", r#""LATEST""#, r#""1.4.0""#]),
    ("healthCheckGracePeriodSeconds", &["null", "0", "30"]),
    (
        "placementConstraints",
        &["null", r#"[{"type": "distinctInstance"}]"#],
    ),
    (
        "placementStrategy",
        &["null", r#"[{"type": "binpack", "field": "cpu"}]"#],
    ),
    ("serviceRegistries", &["null", r#"[{"registryArn": "r"}]"#]),
    (
        "serviceConnectConfiguration",
        &[
            "null",
            r#"{"enabled": false}"#,
            r#"{"enabled": true, "namespace": "ns", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]}"#,
        ],
    ),
    (
        "volumeConfigurations",
        &[
            "null",
            r#"[{"name": "data", "managedEBSVolume": {"roleArn": "r", "sizeInGiB": 10}}]"#,
        ],
    ),
    (
        "vpcLatticeConfigurations",
        &[
            "null",
            r#"[{"portName": "http", "roleArn": "r", "targetGroupArn": "t"}]"#,
        ],
    ),
    ("availabilityZoneRebalancing", &["null", r#""DISABLED""#]),
];

fn wish() -> impl Strategy<Value = Desired> {
    let members: Vec<_> = MEMBERS
        .iter()
        .map(|(name, values)| {
            select(*values).prop_map(move |text| (*name, serde_json::from_str::<Value>(text).unwrap()))
        })
        .collect();
    let count = prop_oneof![(0..5_i32).prop_map(Count::Enforced), Just(Count::AtCreation(1))];
    let tags = prop::collection::btree_map("[a-c]", "[xy]", 0..3);
    (members, count, tags, any::<bool>()).prop_map(|(members, count, tags, report_drift)| {
        let mut wish = Desired {
            tags,
            count,
            report_drift,
            ..desired()
        };
        for (name, value) in members {
            if value.is_null() {
                wish.input.as_object_mut().unwrap().remove(name);
            } else {
                wish.input[name] = value;
            }
        }
        wish
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn steps_lead_to_a_state_that_needs_none(before in wish(), after in wish()) {
        let mut view = settled(&before);
        prop_assert_eq!(plan(&before, &facts(&view)).steps, [], "creation is complete");
        let first = plan(&after, &facts(&view));
        prop_assert!(first.steps.len() <= 3, "one UpdateService, one UntagResource, one TagResource: {:?}", first);
        view = carry_out(&view, &first.steps);
        let second = plan(&after, &facts(&view));
        prop_assert_eq!(&second.steps, &Vec::new(), "after {:?}", first);
        prop_assert_eq!(second.standing, Standing::InStep);
    }

    #[test]
    fn the_same_facts_give_the_same_plan(before in wish(), after in wish()) {
        let view = settled(&before);
        prop_assert_eq!(plan(&after, &facts(&view)), plan(&after, &facts(&view)));
    }

    #[test]
    fn what_was_taken_back_never_starts_a_deployment(before in wish(), after in wish()) {
        let view = settled(&before);
        let taken_back = rolled_back(&after, &view);
        let plan = plan(&after, &facts(&taken_back));
        for step in &plan.steps {
            if let Step::UpdateService { members, force, .. } = step {
                prop_assert!(!force);
                let sent: Vec<_> = members.as_object().unwrap().keys().filter(|name| ROLLOUT_MEMBERS.contains(&name.as_str())).collect();
                prop_assert!(sent.is_empty(), "{sent:?} of {plan:?}");
            }
        }
    }

    #[test]
    fn the_order_of_lists_that_are_sets_changes_nothing(before in wish()) {
        let view = settled(&before);
        let mut turned = before.clone();
        for list in ["/loadBalancers", "/networkConfiguration/awsvpcConfiguration/subnets", "/deploymentConfiguration/alarms/alarmNames"] {
            if let Some(items) = turned.input.pointer_mut(list).and_then(Value::as_array_mut) {
                items.reverse();
            }
        }
        // The record of what was applied is of the text, so only the correcting policy is asked.
        turned.report_drift = false;
        prop_assert_eq!(plan(&turned, &facts(&view)).steps, []);
    }
}

#[test]
fn the_table_names_members_that_can_be_updated() {
    for (name, values) in MEMBERS {
        let input: Value = values
            .iter()
            .map(|text| serde_json::from_str::<Value>(text).unwrap())
            .rfind(|value| !value.is_null())
            .unwrap();
        let update = json!({"service": "web", *name: input});
        let read: aws_sdk_ecs::operation::update_service::UpdateServiceInput =
            ecs_model::shape::from_value(&update).unwrap();
        assert!(
            ecs_model::shape::to_value(&read).unwrap().get(*name).is_some(),
            "{name}"
        );
    }
}
