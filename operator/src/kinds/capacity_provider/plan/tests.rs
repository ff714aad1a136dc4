//! Tables of what is done about a capacity provider, and the law that it ends.

use ecs_model::shape::from_value;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diff::identity::{Owner, ResourceKind, tag_map as map_of};
use crate::kinds::keeps::Call;

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/asg";

fn owner(uid: &str) -> Owner {
    Owner {
        kind: ResourceKind::CapacityProvider,
        installation: "prod".into(),
        namespace: "shop".into(),
        name: "asg".into(),
        uid: uid.into(),
    }
}

fn group(change: &Value) -> Value {
    let mut input = json!({"name": "asg", "autoScalingGroupProvider": {"autoScalingGroupArn": "group",
        "managedScaling": {"status": "ENABLED", "targetCapacity": 80}}});
    json_patch::merge(&mut input, change);
    input
}

fn desired() -> Desired {
    Desired {
        name: "asg".into(),
        cluster: None,
        input: group(&json!({})),
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
        held: None,
        owner: owner("u1"),
        adopt: false,
        report_drift: false,
        known: true,
        users: vec![],
        holders: vec![],
        clusters: vec![],
        deletion: None,
    }
}

/// The provider as ECS shows it when it is as desired.
fn changed(change: &Value) -> Value {
    let mut tags = desired().tags;
    tags.extend(owner("u1").tags());
    let mut provider = json!({"capacityProviderArn": ARN, "name": "asg", "status": "ACTIVE", "updateStatus": "CREATE_COMPLETE",
        "tags": tag_list(&tags), "autoScalingGroupProvider": {"autoScalingGroupArn": "group",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 80, "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300},
            "managedTerminationProtection": "DISABLED", "managedDraining": "ENABLED"}});
    json_patch::merge(&mut provider, change);
    provider
}

fn seen(provider: &Value) -> Seen {
    Seen {
        provider: Some(from_value(provider).unwrap()),
        instances: None,
    }
}

/// A managed instances provider: what is wanted, and what ECS shows, its own additions among it.
fn managed(template: &Value, shown: &Value) -> (Desired, Seen) {
    let provider = |over: &Value| {
        let mut provider = json!({"infrastructureRoleArn": "role", "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": "profile", "networkConfiguration": {"subnets": ["subnet-a"]}}});
        json_patch::merge(&mut provider["instanceLaunchTemplate"], over);
        provider
    };
    let mut ours = desired();
    ours.cluster = Some("main".into());
    ours.input = json!({"name": "asg", "cluster": "main", "managedInstancesProvider": provider(template)});
    let mut theirs = changed(&json!({"autoScalingGroupProvider": null, "cluster": "main"}));
    theirs["managedInstancesProvider"] = provider(shown);
    (ours, seen(&theirs))
}

#[test]
fn what_ecs_adds_to_managed_instances_is_no_change() {
    let shown = json!({"instanceMetadataTagsPropagation": true, "fipsEnabled": true, "capacityOptionType": "ON_DEMAND"});
    let (desired, seen) = managed(&json!({}), &shown);
    assert_eq!(of(&desired, &seen).steps, []);
}

#[test]
fn what_is_taken_out_of_managed_instances_is_taken_out_of_ecs() {
    let groups = json!({"networkConfiguration": {"securityGroups": ["sg-a"]}, "instanceMetadataTagsPropagation": false});
    let (desired, seen) = managed(&json!({}), &groups);
    let plan = of(&desired, &seen);
    let [Step::Update { input, .. }] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    let template = &input["managedInstancesProvider"]["instanceLaunchTemplate"];
    assert_eq!(template["networkConfiguration"]["securityGroups"], json!([]));
    assert_eq!(template["instanceMetadataTagsPropagation"], true);
}

fn operations(plan: &Plan<Step>) -> Vec<&'static str> {
    plan.steps.iter().map(Call::operation).collect()
}

fn of(desired: &Desired, seen: &Seen) -> Plan<Step> {
    plan(desired, seen, Facts::default())
}

#[test]
fn only_what_differs_is_changed() {
    let scaling = |change: &Value| changed(&json!({"autoScalingGroupProvider": change}));
    let cases: [(&str, Value, &[&str]); 8] = [
        ("as it should be", changed(&json!({})), &[]),
        (
            "capacity",
            scaling(&json!({"managedScaling": {"targetCapacity": 100}})),
            &["UpdateCapacityProvider"],
        ),
        (
            "protection",
            scaling(&json!({"managedTerminationProtection": "ENABLED"})),
            &["UpdateCapacityProvider"],
        ),
        (
            "draining, which ECS decides",
            scaling(&json!({"managedDraining": "DISABLED"})),
            &[],
        ),
        (
            "tags",
            changed(&json!({"tags": tag_list(&owner("u1").tags())})),
            &["TagResource"],
        ),
        (
            "gone",
            changed(&json!({"status": "INACTIVE"})),
            &["CreateCapacityProvider"],
        ),
        (
            "busy",
            changed(&json!({"updateStatus": "UPDATE_IN_PROGRESS", "tags": tag_list(&owner("u1").tags())})),
            &[],
        ),
        (
            "being deleted",
            changed(&json!({"status": "DEPROVISIONING", "updateStatus": "DELETE_IN_PROGRESS"})),
            &[],
        ),
    ];
    for (what, provider, expected) in cases {
        assert_eq!(operations(&of(&desired(), &seen(&provider))), expected, "{what}");
    }
}

#[test]
fn what_is_left_out_is_set_to_the_default_and_what_cannot_change_is_not_sent() {
    let provider = changed(
        &json!({"autoScalingGroupProvider": {"managedTerminationProtection": "ENABLED",
        "managedScaling": {"instanceWarmupPeriod": 60}}}),
    );
    let plan = of(&desired(), &seen(&provider));
    let [Step::Update { input, .. }] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    let sent: aws_sdk_ecs::operation::update_capacity_provider::UpdateCapacityProviderInput =
        from_value(input).unwrap();
    assert_eq!(
        to_value(&sent).unwrap(),
        json!({"name": "asg", "autoScalingGroupProvider": {"managedTerminationProtection": "DISABLED",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 80, "instanceWarmupPeriod": 300}}})
    );
}

#[test]
fn what_ecs_never_changes_needs_a_person() {
    let cases = [
        group(&json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "another"}})),
        json!({"name": "asg", "cluster": "main", "managedInstancesProvider": {"infrastructureRoleArn": "r"}}),
    ];
    for input in cases {
        let plan = of(&Desired { input, ..desired() }, &seen(&changed(&json!({}))));
        assert_eq!(
            (operations(&plan).len(), plan.verdict.reason()),
            (0, Reason::InvalidSpec)
        );
        assert!(plan.verdict.is_stalled());
    }
}

#[test]
fn creation_waits_for_the_cluster() {
    let held = Held {
        message: "EcsCluster main is not ACTIVE in ECS yet".into(),
        stalled: false,
    };
    let waiting = of(
        &Desired {
            held: Some(held),
            ..desired()
        },
        &Seen::default(),
    );
    assert_eq!(
        (operations(&waiting).len(), waiting.verdict.reason()),
        (0, Reason::DependencyNotReady)
    );
    let plan = of(&desired(), &Seen::default());
    let [Step::Create { input }] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(owner("u1").verdict(&map_of(input.get("tags"))), Ownership::Ours);
}

/// What is wanted, the tags that are there, what is done, and whether that is a conflict.
type Owned<'a> = (&'a Desired, BTreeMap<String, String>, &'a [&'a str], bool);

#[test]
fn ownership_comes_first() {
    let others = Owner {
        name: "other".into(),
        ..owner("u9")
    }
    .tags();
    let adopting = Desired {
        adopt: true,
        ..desired()
    };
    let cases: [Owned<'_>; 5] = [
        (&desired(), owner("u0").tags(), &["TagResource"], false),
        (&desired(), BTreeMap::new(), &[], true),
        (&adopting, BTreeMap::new(), &["TagResource"], false),
        (&desired(), others.clone(), &[], true),
        (&adopting, others, &[], true),
    ];
    for (desired, tags, expected, is_conflict) in cases {
        let plan = of(desired, &seen(&changed(&json!({"tags": tag_list(&tags)}))));
        assert_eq!(operations(&plan), expected, "{tags:?}");
        assert_eq!(plan.verdict.reason() == Reason::Conflict, is_conflict, "{tags:?}");
    }
}

#[test]
fn what_ecs_failed_at_is_shown_and_asked_for_again_at_leisure() {
    let failed = |status: &str, more: &Value| {
        let mut provider = changed(more);
        provider["updateStatus"] = json!(status);
        provider["updateStatusReason"] = json!("the group has a scaling plan");
        seen(&provider)
    };
    let going = Desired {
        deletion: Some(None),
        ..desired()
    };
    let drifted = json!({"autoScalingGroupProvider": {"managedScaling": {"targetCapacity": 100}}});
    let cases: [(&str, &Desired, Seen, &[&str]); 4] = [
        (
            "creation",
            &desired(),
            failed("CREATE_FAILED", &json!({})),
            &["DeleteCapacityProvider"],
        ),
        (
            "change",
            &desired(),
            failed("UPDATE_FAILED", &drifted),
            &["UpdateCapacityProvider"],
        ),
        (
            "deletion",
            &going,
            failed("DELETE_FAILED", &json!({})),
            &["DeleteCapacityProvider"],
        ),
        (
            "an earlier object's deletion",
            &desired(),
            failed("DELETE_FAILED", &json!({})),
            &[],
        ),
    ];
    for (what, desired, seen, expected) in cases {
        let plan = of(desired, &seen);
        assert_eq!(operations(&plan), expected, "{what}");
        assert_eq!(plan.pace.is_some(), !expected.is_empty(), "{what}");
        assert_eq!(
            plan.verdict.message().contains("the group has a scaling plan"),
            plan.pace.is_some(),
            "{what}"
        );
    }
}

#[test]
fn drift_is_only_reported_where_the_policy_says_so() {
    let reporting = Desired {
        report_drift: true,
        ..desired()
    };
    let mut tags = reporting.tags.clone();
    tags.extend(owner("u1").tags());
    let unrecorded = tag_list(&tags);
    tags.extend(record::missing(reporting.record(), &tags).unwrap());
    let recorded = tag_list(&tags);
    let shown = |capacity: i32, tags: &Value| {
        seen(&changed(&json!({
            "autoScalingGroupProvider": {"managedScaling": {"targetCapacity": capacity}}, "tags": tags,
        })))
    };
    let cases: [(&str, Seen, &[&str]); 4] = [
        ("drifted", shown(100, &recorded), &[]),
        (
            "the spec's own change goes through",
            shown(100, &unrecorded),
            &["UpdateCapacityProvider"],
        ),
        ("and is recorded", shown(80, &unrecorded), &["TagResource"]),
        ("once", shown(80, &recorded), &[]),
    ];
    for (what, seen, expected) in cases {
        assert_eq!(operations(&of(&reporting, &seen)), expected, "{what}");
    }
}

#[test]
fn deletion_waits_for_users_and_for_ecs() {
    let going = |policy| Desired {
        deletion: Some(policy),
        ..desired()
    };
    let used = Desired {
        holders: vec!["EcsCluster shop/main".into()],
        ..going(None)
    };
    let mut adopted = owner("u1").tags();
    adopted.insert(ADOPTED_TAG.into(), "true".into());
    let retain = Some(DeletionPolicy::Retain);
    let cases: [(&str, Desired, Seen, &[&str], bool); 8] = [
        (
            "unused",
            going(None),
            seen(&changed(&json!({}))),
            &["DeleteCapacityProvider"],
            false,
        ),
        ("used", used.clone(), seen(&changed(&json!({}))), &[], false),
        (
            "used, retained",
            Desired {
                deletion: Some(retain),
                ..used
            },
            seen(&changed(&json!({}))),
            &["UntagResource"],
            false,
        ),
        (
            "adopted",
            going(None),
            seen(&changed(&json!({"tags": tag_list(&adopted)}))),
            &["UntagResource"],
            false,
        ),
        (
            "being deleted",
            going(None),
            seen(&changed(&json!({"updateStatus": "DELETE_IN_PROGRESS"}))),
            &[],
            false,
        ),
        (
            "gone",
            going(None),
            seen(&changed(&json!({"status": "INACTIVE"}))),
            &[],
            true,
        ),
        ("never there", going(None), Seen::default(), &[], true),
        (
            "another incarnation's",
            going(None),
            seen(&changed(&json!({"tags": tag_list(&owner("u0").tags())}))),
            &[],
            true,
        ),
    ];
    for (what, desired, seen, expected, gone) in cases {
        let plan = of(&desired, &seen);
        assert_eq!(operations(&plan), expected, "{what}");
        assert_eq!(plan.gone, gone, "{what}");
        assert!(
            plan.gone || plan.look_again.is_some() || !plan.steps.is_empty(),
            "{what}: nobody looks again"
        );
    }
}

/// What ECS has after a step, once it has finished.
fn carry_out(step: &Step, provider: Option<Value>) -> Option<Value> {
    match (step, provider) {
        (Step::Create { input }, None) => {
            let mut created = changed(&json!({"tags": null}));
            json_patch::merge(&mut created, input);
            Some(created)
        }
        (Step::Update { input, .. }, Some(mut provider)) => {
            let sent: aws_sdk_ecs::operation::update_capacity_provider::UpdateCapacityProviderInput =
                from_value(input).unwrap();
            json_patch::merge(&mut provider, &to_value(&sent).unwrap());
            provider["updateStatus"] = json!("UPDATE_COMPLETE");
            Some(provider)
        }
        (Step::Tags(tagging), Some(mut provider)) => {
            let mut all = map_of(provider.get("tags"));
            tagging.carried_out(&mut all);
            provider["tags"] = tag_list(&all);
            Some(provider)
        }
        (Step::Delete { .. }, _) => None,
        (_, provider) => provider,
    }
}

proptest! {
    /// Whatever is there, a few passes end at rest, and what is someone else's stays as it was.
    #[test]
    fn ends_at_rest(
        there in any::<bool>(),
        whose in 0..4_usize,
        capacity in 1..=100,
        warmup in prop::option::of(0..=600),
        protection in any::<bool>(),
        update in prop::sample::select(vec!["CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"]),
        adopt in any::<bool>(),
        deletion in prop::option::of(prop::option::of(any::<bool>())),
    ) {
        let owners = [BTreeMap::new(), owner("u1").tags(), owner("u0").tags(), Owner { name: "other".into(), ..owner("u9") }.tags()];
        let provider = changed(&json!({"tags": tag_list(&owners[whose]), "updateStatus": update, "autoScalingGroupProvider": {
            "managedTerminationProtection": if protection { "ENABLED" } else { "DISABLED" },
            "managedScaling": {"targetCapacity": capacity, "instanceWarmupPeriod": warmup}}}));
        let policy = |keep| if keep { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let desired = Desired { adopt, deletion: deletion.map(|said| said.map(policy)), ..desired() };
        let before = there.then_some(provider);
        let mut now = before.clone();
        for _ in 0..6 {
            for step in of(&desired, &now.as_ref().map(seen).unwrap_or_default()).steps {
                now = carry_out(&step, now);
            }
        }
        let rest = of(&desired, &now.as_ref().map(seen).unwrap_or_default());
        prop_assert_eq!(operations(&rest), [""; 0]);
        if let Some(before) = before.filter(|_| whose == 3) {
            prop_assert_eq!(Some(before), now, "someone else's was touched");
        }
    }
}
