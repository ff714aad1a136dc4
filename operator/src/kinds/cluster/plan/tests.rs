//! Tables of what is done about a cluster, and the law that it ends.

use std::collections::BTreeSet;

use ecs_crds::policy::DeletionPolicy;
use ecs_model::shape::from_value;
use proptest::prelude::*;

use super::super::desired::Providers;
use super::*;
use crate::diff::identity::{ADOPTED_TAG, Owner, Ownership, ResourceKind, tag_list, tag_map as map_of};
use crate::kinds::keeps::Call;

const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:cluster/main";

fn owner(uid: &str) -> Owner {
    Owner {
        kind: ResourceKind::Cluster,
        installation: "prod".into(),
        namespace: "shop".into(),
        name: "main".into(),
        uid: uid.into(),
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn item(name: &str) -> Value {
    json!({"capacityProvider": name, "base": 0, "weight": 1})
}

fn desired() -> Desired {
    Desired {
        name: "main".into(),
        input: json!({"clusterName": "main", "settings": [{"name": "containerInsights", "value": "enabled"}]}),
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
        providers: Providers {
            ready: set(&["FARGATE", "asg"]),
            strategy: Some(vec![item("asg")]),
            ..Providers::default()
        },
        namespace: None,
        owner: owner("u1"),
        adopt: false,
        report_drift: false,
        known: true,
        users: vec!["EcsService shop/web".into()],
        counted_by: BTreeSet::new(),
        deletion: None,
    }
}

/// The cluster as ECS shows it when it is as desired.
fn shown() -> Value {
    let mut tags = desired().tags;
    tags.extend(owner("u1").tags());
    json!({"clusterArn": ARN, "clusterName": "main", "status": "ACTIVE", "activeServicesCount": 0, "runningTasksCount": 0,
        "pendingTasksCount": 0, "registeredContainerInstancesCount": 0,
        "settings": [{"name": "containerInsights", "value": "enabled"}], "capacityProviders": ["asg", "FARGATE"],
        "defaultCapacityProviderStrategy": [item("asg")], "attachmentsStatus": "UPDATE_COMPLETE", "tags": tag_list(&tags)})
}

fn changed(change: &Value) -> Value {
    let mut cluster = shown();
    json_patch::merge(&mut cluster, change);
    cluster
}

fn seen(cluster: &Value) -> Seen {
    Seen {
        cluster: Some(from_value(cluster).unwrap()),
        instances_known: true,
        ..Seen::default()
    }
}

fn operations(plan: &Plan<Step>) -> Vec<&'static str> {
    plan.steps.iter().map(Call::operation).collect()
}

fn of(desired: &Desired, seen: &Seen) -> Plan<Step> {
    plan(desired, seen, Facts::default())
}

fn put_of(plan: &Plan<Step>) -> (Vec<String>, Vec<String>) {
    let Some(Step::PutProviders { input, .. }) = plan.steps.last() else {
        panic!("{plan:?}")
    };
    let texts = |value: &Value| value.as_str().unwrap().to_owned();
    let list = input["capacityProviders"]
        .as_array()
        .unwrap()
        .iter()
        .map(texts)
        .collect();
    let strategy = input["defaultCapacityProviderStrategy"]
        .as_array()
        .unwrap()
        .iter();
    (
        list,
        strategy.map(|item| texts(&item["capacityProvider"])).collect(),
    )
}

#[test]
fn only_what_differs_is_changed() {
    let untagged = tag_list(&owner("u1").tags());
    let cases: [(&str, Value, &[&str]); 9] = [
        ("as it should be", shown(), &[]),
        (
            "settings",
            changed(&json!({"settings": [{"name": "containerInsights", "value": "disabled"}]})),
            &["UpdateClusterSettings"],
        ),
        (
            "configuration that nobody wants",
            changed(
                &json!({"configuration": {"executeCommandConfiguration": {"kmsKeyId": "k", "logging": "NONE"}}}),
            ),
            &["UpdateCluster"],
        ),
        (
            "ECS's default configuration",
            changed(&json!({"configuration": {"executeCommandConfiguration": {"logging": "DEFAULT"}}})),
            &[],
        ),
        (
            "a namespace that nobody wants",
            changed(&json!({"serviceConnectDefaults": {"namespace": "arn:x"}})),
            &["UpdateCluster"],
        ),
        ("tags", changed(&json!({"tags": untagged})), &["TagResource"]),
        (
            "a provider is missing",
            changed(&json!({"capacityProviders": ["asg"]})),
            &["PutClusterCapacityProviders"],
        ),
        (
            "no strategy",
            changed(&json!({"defaultCapacityProviderStrategy": []})),
            &["PutClusterCapacityProviders"],
        ),
        (
            "busy",
            changed(&json!({"capacityProviders": ["asg"], "attachmentsStatus": "UPDATE_IN_PROGRESS"})),
            &[],
        ),
    ];
    for (what, cluster, expected) in cases {
        assert_eq!(operations(&of(&desired(), &seen(&cluster))), expected, "{what}");
    }
}

#[test]
fn what_is_left_out_is_set_to_the_default() {
    let cluster = changed(
        &json!({"configuration": {"executeCommandConfiguration": {"logging": "NONE"}},
        "serviceConnectDefaults": {"namespace": "arn:x"}}),
    );
    let plan = of(&desired(), &seen(&cluster));
    let [Step::Update { input, .. }] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(
        *input,
        json!({"cluster": "main", "serviceConnectDefaults": {"namespace": ""},
            "configuration": {"executeCommandConfiguration": {"logging": "DEFAULT"}}})
    );
}

#[test]
fn another_namespace_is_seen_by_its_mark() {
    let named = |name: &str, mark: &str| {
        let mut desired = Desired {
            namespace: Some(mark.into()),
            ..desired()
        };
        desired.input["serviceConnectDefaults"] = json!({"namespace": name});
        desired
    };
    let mut tags = desired().tags;
    tags.extend(owner("u1").tags());
    tags.insert(NAMESPACE_TAG.into(), "mark-a".into());
    let cluster = seen(&changed(
        &json!({"serviceConnectDefaults": {"namespace": "arn:aws:servicediscovery:r:1:namespace/ns-1"},
        "tags": tag_list(&tags)}),
    ));
    assert_eq!(operations(&of(&named("a", "mark-a"), &cluster)), [""; 0]);
    assert_eq!(
        operations(&of(&named("b", "mark-b"), &cluster)),
        ["UpdateCluster", "TagResource"]
    );
}

#[test]
fn creation_takes_what_is_there_and_the_strategy_only_if_it_can_be_used() {
    let gone = changed(&json!({"status": "INACTIVE"}));
    for seen in [Seen::default(), seen(&gone)] {
        let plan = of(&desired(), &seen);
        let [Step::Create { input }] = plan.steps.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(input["capacityProviders"], json!(["FARGATE", "asg"]));
        assert_eq!(input["defaultCapacityProviderStrategy"], json!([item("asg")]));
        assert_eq!(owner("u1").verdict(&map_of(input.get("tags"))), Ownership::Ours);
    }
    let waiting = |strategy| Desired {
        providers: Providers {
            ready: set(&["FARGATE"]),
            own: set(&["managed"]),
            strategy,
            ..Providers::default()
        },
        ..desired()
    };
    for strategy in [None, Some(vec![item("managed")])] {
        let plan = of(&waiting(strategy), &Seen::default());
        let [Step::Create { input }] = plan.steps.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(input.get("defaultCapacityProviderStrategy"), None);
    }
}

#[test]
fn nothing_is_created_again_where_an_outage_is_likelier() {
    let suspected = Facts {
        outage_suspected: true,
    };
    let plan_ = plan(&desired(), &Seen::default(), suspected);
    assert_eq!(
        (operations(&plan_).len(), plan_.verdict.reason()),
        (0, Reason::SuspectedOutage)
    );
    assert_eq!(
        operations(&plan(
            &Desired {
                known: false,
                ..desired()
            },
            &Seen::default(),
            suspected
        )),
        ["CreateCluster"]
    );
}

#[test]
fn what_ecs_denies_having_had_is_created_again_at_leisure() {
    let inactive = seen(&changed(&json!({"status": "INACTIVE"})));
    let unknown = Desired {
        known: false,
        ..desired()
    };
    let cases = [
        (&desired(), Seen::default(), true),
        (&desired(), inactive, false),
        (&unknown, Seen::default(), false),
    ];
    for (desired, seen, paced) in cases {
        let plan = of(desired, &seen);
        assert_eq!(
            (operations(&plan), plan.pace.is_some()),
            (vec!["CreateCluster"], paced)
        );
    }
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
        let drifted = changed(&json!({"tags": tag_list(&tags), "capacityProviders": []}));
        let plan = of(desired, &seen(&drifted));
        assert_eq!(operations(&plan), expected, "{tags:?}");
        assert_eq!(plan.verdict.reason() == Reason::Conflict, is_conflict, "{tags:?}");
    }
}

#[test]
fn providers_are_added_before_others_are_removed_and_ecs_keeps_its_own() {
    let foreign = seen(&changed(
        &json!({"capacityProviders": ["FARGATE", "old"], "defaultCapacityProviderStrategy": []}),
    ));
    assert_eq!(
        put_of(&of(&desired(), &foreign)),
        (
            vec!["FARGATE".into(), "asg".into(), "old".into()],
            vec!["asg".into()]
        )
    );
    let then = seen(&changed(&json!({"capacityProviders": ["FARGATE", "asg", "old"]})));
    assert_eq!(put_of(&of(&desired(), &then)).0, ["FARGATE", "asg"]);
    let made_by_hand = Seen {
        managed: set(&["old"]),
        ..then
    };
    assert_eq!(operations(&of(&desired(), &made_by_hand)), [""; 0]);
}

#[test]
fn what_is_not_ready_holds_itself_up_and_nothing_else() {
    let held = Held {
        message: "CapacityProvider asg is not ACTIVE in ECS yet".into(),
        stalled: false,
    };
    let holding = |pending: &[&str]| Desired {
        providers: Providers {
            ready: set(&["FARGATE", "FARGATE_SPOT"]),
            pending: set(pending),
            strategy: None,
            held: vec![held.clone()],
            ..Providers::default()
        },
        ..desired()
    };
    let plan = of(&holding(&["asg"]), &seen(&shown()));
    assert_eq!(
        put_of(&plan),
        (
            vec!["FARGATE".into(), "FARGATE_SPOT".into(), "asg".into()],
            vec!["asg".into()]
        ),
        "what is there already stays, and the strategy with it"
    );
    let there = seen(&changed(
        &json!({"capacityProviders": ["FARGATE", "FARGATE_SPOT", "asg"]}),
    ));
    let plan = of(&holding(&["asg"]), &there);
    assert_eq!(
        (operations(&plan).len(), plan.verdict.reason()),
        (0, Reason::DependencyNotReady)
    );
    assert!(plan.verdict.message().contains("CapacityProvider asg"));
}

#[test]
fn a_failed_change_is_shown_and_asked_for_again_at_leisure() {
    let cluster = changed(
        &json!({"attachmentsStatus": "UPDATE_FAILED", "attachments": [{"id": "a", "type": "as_policy",
        "status": "FAILED", "details": [{"name": "capacityProviderName", "value": "asg"},
            {"name": "reason", "value": "the group has a scaling plan"}]}]}),
    );
    let plan = of(&desired(), &seen(&cluster));
    assert_eq!(
        (operations(&plan), plan.pace),
        (vec!["PutClusterCapacityProviders"], Some(RETRY))
    );
    assert_eq!(plan.verdict.reason(), Reason::Retrying);
    assert!(
        plan.verdict
            .message()
            .contains("asg: the group has a scaling plan"),
        "{}",
        plan.verdict.message()
    );
    let busy = changed(&json!({"attachmentsStatus": "UPDATE_IN_PROGRESS"}));
    let plan = of(&desired(), &seen(&busy));
    assert_eq!((operations(&plan).len(), plan.verdict.is_ready()), (0, false));
}

/// The tags of a cluster on which a spec is on record.
fn recorded(desired: &Desired) -> Value {
    let mut tags = desired.tags.clone();
    tags.extend(owner("u1").tags());
    tags.extend(record::missing(desired.record(), &tags).unwrap_or_default());
    tag_list(&tags)
}

#[test]
fn drift_is_only_reported_where_the_policy_says_so() {
    let reporting = Desired {
        report_drift: true,
        ..desired()
    };
    let drifted = |tags: Value| {
        seen(&changed(&json!({
            "capacityProviders": ["asg"], "settings": [{"name": "containerInsights", "value": "disabled"}], "tags": tags,
        })))
    };
    let reported = of(&reporting, &drifted(recorded(&reporting)));
    assert_eq!(operations(&reported), [""; 0]);
    let said = reported
        .verdict
        .findings()
        .into_iter()
        .map(|finding| finding.message)
        .collect::<String>();
    assert!(
        said.contains("FARGATE") && said.contains("containerInsights"),
        "{said}"
    );
    let before = Desired {
        input: json!({"clusterName": "main"}),
        ..reporting.clone()
    };
    assert_eq!(
        operations(&of(&reporting, &drifted(recorded(&before)))).len(),
        2,
        "the spec's own change goes through"
    );
    let settled = |tags: Value| of(&reporting, &seen(&changed(&json!({"tags": tags}))));
    assert_eq!(
        operations(&settled(recorded(&before))),
        ["TagResource"],
        "and is recorded"
    );
    assert_eq!(operations(&settled(recorded(&reporting))), [""; 0]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a story told in order")]
fn deletion_waits_for_what_is_in_it_and_lets_its_providers_go() {
    let going = |policy| Desired {
        deletion: Some(policy),
        ..desired()
    };
    let owning = Desired {
        providers: Providers {
            own: set(&["managed"]),
            ..Providers::default()
        },
        ..going(None)
    };
    let with_own = |strategy: &Value| {
        seen(&changed(
            &json!({"capacityProviders": ["FARGATE", "managed"], "defaultCapacityProviderStrategy": strategy}),
        ))
    };
    let mut adopted = owner("u1").tags();
    adopted.insert(ADOPTED_TAG.into(), "true".into());
    let adopted = seen(&changed(&json!({"tags": tag_list(&adopted)})));
    let retain = Some(DeletionPolicy::Retain);
    let cases: [(&str, Desired, Seen, &[&str], bool); 12] = [
        ("empty", going(None), seen(&shown()), &["DeleteCluster"], false),
        (
            "services",
            going(None),
            seen(&changed(&json!({"activeServicesCount": 2}))),
            &[],
            false,
        ),
        (
            "tasks",
            going(None),
            seen(&changed(&json!({"pendingTasksCount": 1}))),
            &[],
            false,
        ),
        (
            "instances",
            going(None),
            seen(&changed(&json!({"registeredContainerInstancesCount": 1}))),
            &[],
            false,
        ),
        (
            "retained",
            going(retain),
            seen(&changed(&json!({"activeServicesCount": 2}))),
            &["UntagResource"],
            false,
        ),
        ("adopted", going(None), adopted, &["UntagResource"], false),
        (
            "busy",
            going(None),
            seen(&changed(&json!({"attachmentsStatus": "UPDATE_IN_PROGRESS"}))),
            &[],
            false,
        ),
        (
            "own providers in the strategy",
            owning.clone(),
            with_own(&json!([item("managed")])),
            &["PutClusterCapacityProviders"],
            false,
        ),
        ("own providers", owning, with_own(&json!([])), &[], false),
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
    let held = of(
        &going(None),
        &seen(&changed(
            &json!({"activeServicesCount": 2, "runningTasksCount": 1}),
        )),
    );
    assert_eq!(
        held.verdict.message(),
        "ECS has 2 services, 1 task in it (EcsService shop/web); the cluster is deleted when they are gone"
    );
}

/// What ECS has after a step, once it has finished.
fn carry_out(step: &Step, cluster: Option<Value>) -> Option<Value> {
    let tags_of = |cluster: &Value| map_of(cluster.get("tags"));
    match (step, cluster) {
        (Step::Create { input }, None) => {
            let mut created =
                json!({"clusterArn": ARN, "status": "ACTIVE", "attachmentsStatus": "UPDATE_COMPLETE"});
            json_patch::merge(&mut created, input);
            Some(created)
        }
        (
            Step::Update { input, .. }
            | Step::UpdateSettings { input, .. }
            | Step::PutProviders { input, .. },
            Some(mut cluster),
        ) => {
            let mut input = input.clone();
            input.as_object_mut().unwrap().remove("cluster");
            if input["serviceConnectDefaults"]["namespace"] == "" {
                input["serviceConnectDefaults"] = Value::Null;
            }
            json_patch::merge(&mut cluster, &input);
            cluster["attachmentsStatus"] = json!("UPDATE_COMPLETE");
            Some(cluster)
        }
        (Step::Tags(tagging), Some(mut cluster)) => {
            let mut all = tags_of(&cluster);
            tagging.carried_out(&mut all);
            cluster["tags"] = tag_list(&all);
            Some(cluster)
        }
        (Step::Delete { .. }, _) => None,
        (_, cluster) => cluster,
    }
}

fn look(cluster: Option<&Value>) -> Seen {
    cluster.map(seen).unwrap_or_default()
}

proptest! {
    /// Whatever is there, a few passes end at rest, and what is someone else's stays as it was.
    #[test]
    fn ends_at_rest(
        there in any::<bool>(),
        whose in 0..4_usize,
        providers in prop::sample::subsequence(vec!["FARGATE", "FARGATE_SPOT", "asg", "old"], 0..=4),
        strategy in prop::sample::subsequence(vec!["FARGATE", "asg", "old"], 0..=1),
        insights in prop::option::of(prop::sample::select(vec!["enabled", "disabled"])),
        failed in any::<bool>(),
        adopt in any::<bool>(),
        held in any::<bool>(),
        deletion in prop::option::of(prop::option::of(any::<bool>())),
    ) {
        let owners = [BTreeMap::new(), owner("u1").tags(), owner("u0").tags(), Owner { name: "other".into(), ..owner("u9") }.tags()];
        let mut cluster = changed(&json!({"capacityProviders": providers, "tags": tag_list(&owners[whose]),
            "defaultCapacityProviderStrategy": strategy.iter().map(|name| item(name)).collect::<Vec<_>>()}));
        cluster["settings"] = insights.map_or(Value::Null, |value| json!([{"name": "containerInsights", "value": value}]));
        if failed {
            cluster["attachmentsStatus"] = json!("UPDATE_FAILED");
        }
        let policy = |keep| if keep { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let mut desired = Desired { adopt, deletion: deletion.map(|said| said.map(policy)), ..desired() };
        if held {
            desired.providers = Providers { ready: set(&["FARGATE"]), pending: set(&["asg"]), strategy: None,
                held: vec![Held { message: "x".into(), stalled: false }], ..Providers::default() };
        }
        let before = there.then_some(cluster);
        let mut now = before.clone();
        for _ in 0..6 {
            for step in of(&desired, &look(now.as_ref())).steps {
                now = carry_out(&step, now);
            }
        }
        let rest = of(&desired, &look(now.as_ref()));
        prop_assert_eq!(operations(&rest), [""; 0]);
        if let Some(before) = before.filter(|_| whose == 3) {
            prop_assert_eq!(Some(before), now, "someone else's was touched");
        }
    }
}
