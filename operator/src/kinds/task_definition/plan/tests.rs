//! Tables of what is done about a family, and the law that it ends.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::TaskDefinition;
use ecs_crds::policy::DeletionPolicy;
use ecs_crds::status::User;
use ecs_model::shape::from_value;
use proptest::prelude::*;
use serde_json::json;

use super::super::desired::Use;
use super::*;
use crate::diff::identity::{Owner, ResourceKind, tag_map};
use crate::kinds::keeps::Call;

fn owner(uid: &str) -> Owner {
    Owner {
        kind: ResourceKind::TaskDefinition,
        installation: "prod".into(),
        namespace: "shop".into(),
        name: "web".into(),
        uid: uid.into(),
    }
}

fn input(image: &str) -> Value {
    json!({"family": "web", "containerDefinitions": [{"name": "app", "image": image, "memory": 128}]})
}

fn desired() -> Desired {
    Desired {
        family: "web".into(),
        input: input("nginx:1"),
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
        owner: owner("u1"),
        adopt: false,
        report_drift: false,
        hint: None,
        history: None,
        delete_revisions: false,
        use_: Use::default(),
        deletion: None,
    }
}

/// A revision as ECS shows it: with its own defaults.
fn revision(number: i32, image: &str, tags: BTreeMap<String, String>) -> Revision {
    let mut value = input(image);
    value["taskDefinitionArn"] = json!(format!(
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}"
    ));
    value["revision"] = json!(number);
    value["status"] = json!("ACTIVE");
    value["containerDefinitions"][0]["essential"] = json!(true);
    value["containerDefinitions"][0]["cpu"] = json!(0);
    value["placementConstraints"] = json!([]);
    Revision {
        definition: from_value::<TaskDefinition>(&value).unwrap(),
        tags,
    }
}

fn owned(number: i32, image: &str, uid: &str) -> Revision {
    let mut tags = owner(uid).tags();
    tags.insert("team".into(), "blue".into());
    revision(number, image, tags)
}

fn newest(revision: Revision) -> Seen {
    Seen {
        newest: Some(revision),
        ..Seen::default()
    }
}

fn operations(plan: &Plan<Step>) -> Vec<&'static str> {
    plan.steps.iter().map(Call::operation).collect()
}

fn of(desired: &Desired, seen: &Seen) -> Plan<Step> {
    plan(desired, seen, Facts::default())
}

#[test]
fn a_change_of_substance_is_one_revision_and_nothing_else_is() {
    let ours = |image| newest(owned(3, image, "u1"));
    let untagged = |image| newest(revision(3, image, owner("u1").tags()));
    let old = newest(owned(3, "nginx:1", "u0"));
    let cases: [(&str, Seen, &[&str]); 8] = [
        ("nothing there", Seen::default(), &["RegisterTaskDefinition"]),
        ("as it should be", ours("nginx:1"), &[]),
        ("another image", ours("nginx:0"), &["RegisterTaskDefinition"]),
        ("only a tag is missing", untagged("nginx:1"), &["TagResource"]),
        (
            "another image and a tag",
            untagged("nginx:0"),
            &["RegisterTaskDefinition"],
        ),
        ("an earlier object's of our name", old, &["TagResource"]),
        ("nobody's", newest(revision(3, "nginx:1", BTreeMap::new())), &[]),
        (
            "shown by its ARN only",
            Seen {
                ours: Some(owned(1, "nginx:1", "u1")),
                ..Seen::default()
            },
            &[],
        ),
    ];
    for (what, seen, expected) in cases {
        assert_eq!(operations(&of(&desired(), &seen)), expected, "{what}");
    }
}

#[test]
fn what_was_registered_from_this_very_content_is_never_registered_again() {
    let mut odd = owned(3, "what ECS made of it", "u1");
    odd.tags
        .insert(CONTENT_TAG.into(), content_hash(&desired().input));
    assert_eq!(operations(&of(&desired(), &newest(odd))), [""; 0]);
}

#[test]
fn a_registration_carries_owner_and_content_and_says_what_changes() {
    let plan = of(&desired(), &newest(owned(3, "nginx:0", "u1")));
    let [Step::Register { input, changes }] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    let tags = tag_map(input.get("tags"));
    assert_eq!(desired().owner.verdict(&tags), Ownership::Ours);
    assert_eq!(tags.get("team").map(String::as_str), Some("blue"));
    assert_eq!(tags.get(CONTENT_TAG), Some(&content_hash(&desired().input)));
    assert_eq!(changes, &["containerDefinitions[app].image: nginx:0 → nginx:1"]);
}

#[test]
fn ownership_is_told_by_the_newest_revision() {
    let other = Owner {
        name: "other".into(),
        ..owner("u9")
    };
    let adopting = Desired {
        adopt: true,
        ..desired()
    };
    let nobodys = |image| newest(revision(5, image, BTreeMap::new()));
    let others = newest(revision(5, "nginx:1", other.tags()));
    let by_hand = Seen {
        ours: Some(owned(4, "nginx:1", "u1")),
        ..nobodys("nginx:9")
    };
    let stale = Seen {
        ours: Some(owned(6, "nginx:1", "u1")),
        ..newest(owned(5, "nginx:0", "u1"))
    };
    let cases: [(&str, &Desired, Seen, &[&str], bool); 7] = [
        ("nobody's", &desired(), nobodys("nginx:1"), &[], true),
        (
            "nobody's, adopted",
            &adopting,
            nobodys("nginx:1"),
            &["TagResource"],
            false,
        ),
        (
            "nobody's and different, adopted",
            &adopting,
            nobodys("nginx:9"),
            &["RegisterTaskDefinition"],
            false,
        ),
        ("another object's", &desired(), others.clone(), &[], true),
        ("another object's, adopting", &adopting, others, &[], true),
        ("registered by hand over ours", &desired(), by_hand, &[], false),
        ("ECS does not show the newest yet", &desired(), stale, &[], false),
    ];
    for (what, desired, seen, expected, is_conflict) in cases {
        let plan = of(desired, &seen);
        assert_eq!(operations(&plan), expected, "{what}");
        assert_eq!(
            plan.verdict.reason() == Reason::Conflict,
            is_conflict,
            "{what}: {:?}",
            plan.verdict
        );
    }
}

#[test]
fn what_was_there_before_us_is_marked_and_stays_marked() {
    let adopting = Desired {
        adopt: true,
        ..desired()
    };
    let taken = of(&adopting, &newest(revision(5, "nginx:1", BTreeMap::new())));
    let [Step::Tags(Tagging::Set { tags, .. })] = taken.steps.as_slice() else {
        panic!("{taken:?}")
    };
    assert!(tags.contains_key(ADOPTED_TAG));
    let mut adopted = owned(5, "nginx:0", "u1");
    adopted.tags.insert(ADOPTED_TAG.into(), "true".into());
    let next = of(&desired(), &newest(adopted));
    let [Step::Register { input, .. }] = next.steps.as_slice() else {
        panic!("{next:?}")
    };
    assert!(tag_map(input.get("tags")).contains_key(ADOPTED_TAG));
}

#[test]
fn an_earlier_objects_revisions_are_all_claimed_the_newest_last() {
    let seen = Seen {
        spare: vec![owned(2, "nginx:0", "u0"), owned(1, "nginx:0", "u0")],
        ..newest(owned(3, "nginx:0", "u0"))
    };
    let plan = of(&desired(), &seen);
    let arns = plan.steps.iter().map(|step| match step {
        Step::Tags(Tagging::Set { arn, .. }) => arn.rsplit(':').next().unwrap().to_owned(),
        other => panic!("{other}"),
    });
    assert_eq!(arns.collect::<Vec<_>>(), ["2", "1", "3"]);
}

#[test]
fn tags_that_others_changed_are_only_reported_where_the_policy_says_so() {
    let reporting = Desired {
        report_drift: true,
        ..desired()
    };
    let tagged = |own: bool, recorded: bool| {
        let mut tags = owner("u1").tags();
        if own {
            tags.extend(reporting.tags.clone());
        }
        if recorded {
            tags.extend(record::missing(reporting.record(), &tags).unwrap());
        }
        newest(revision(3, "nginx:1", tags))
    };
    let cases: [(&str, &Desired, bool, bool, &[&str]); 5] = [
        ("drifted", &reporting, false, true, &[]),
        (
            "the spec's own change goes through",
            &reporting,
            false,
            false,
            &["TagResource"],
        ),
        ("and is recorded", &reporting, true, false, &["TagResource"]),
        ("once", &reporting, true, true, &[]),
        ("corrected", &desired(), false, true, &["TagResource"]),
    ];
    for (what, desired, own, recorded, expected) in cases {
        assert_eq!(
            operations(&of(desired, &tagged(own, recorded))),
            expected,
            "{what}"
        );
    }
    let registered = of(&reporting, &Seen::default());
    assert!(
        matches!(registered.steps.as_slice(), [Step::Register { input, .. }] if tag_map(input.get("tags")).contains_key(APPLIED_TAG)),
        "a new revision is on record from the start: {registered:?}"
    );
}

#[test]
fn a_registration_that_was_carried_out_twice_counts_once() {
    let content = |image: &str| (CONTENT_TAG.to_owned(), content_hash(&input(image)));
    let registered = |number: i32, image: &str, uid: &str| {
        let mut revision = owned(number, image, uid);
        revision.tags.extend([content(image)]);
        revision
    };
    let cases = [
        (
            "twice",
            registered(2, "nginx:1", "u1"),
            registered(3, "nginx:1", "u1"),
            Some(2),
        ),
        (
            "another content",
            registered(2, "nginx:0", "u1"),
            registered(3, "nginx:1", "u1"),
            Some(3),
        ),
        (
            "of an earlier object",
            registered(2, "nginx:1", "u0"),
            registered(3, "nginx:1", "u1"),
            Some(3),
        ),
    ];
    for (what, ours, newest_of_all, expected) in cases {
        let seen = Seen {
            ours: Some(ours),
            ..newest(newest_of_all)
        };
        let found = current(&desired(), &seen).map(Revision::number);
        assert_eq!(found, expected, "{what}");
        assert_eq!(operations(&of(&desired(), &seen)), [""; 0], "{what}");
    }
}

#[test]
fn only_our_own_unused_revisions_are_pruned() {
    let spare = vec![owned(2, "nginx:0", "u1"), revision(1, "nginx:0", BTreeMap::new())];
    let seen = Seen {
        spare,
        ..newest(owned(9, "nginx:1", "u1"))
    };
    let arn = |number: i32| format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}");
    let limited = Desired {
        history: Some(1),
        hint: Some(arn(9)),
        ..desired()
    };
    assert_eq!(of(&limited, &seen).steps, [Step::Deregister { arn: arn(2) }]);
    let deleting = Desired {
        delete_revisions: true,
        ..limited.clone()
    };
    assert_eq!(
        of(&deleting, &seen).steps,
        [
            Step::Deregister { arn: arn(2) },
            Step::Delete { arns: vec![arn(2)] }
        ]
    );
    let seen = Seen {
        spare: Vec::new(),
        ..seen
    };
    let waits = |limited: &Desired| of(limited, &seen).look_again;
    assert_eq!(waits(&limited), None);
    assert_eq!(
        waits(&Desired {
            hint: None,
            ..limited.clone()
        }),
        Some(ROLLING)
    );
    assert_eq!(
        waits(&Desired {
            use_: Use {
                in_motion: true,
                ..Use::default()
            },
            ..limited.clone()
        }),
        Some(ROLLING)
    );
    assert_eq!(
        waits(&Desired {
            use_: Use {
                behind: true,
                ..Use::default()
            },
            ..limited
        }),
        Some(BEHIND)
    );
}

#[test]
fn it_is_ready_once_the_services_that_follow_it_know() {
    let current = owned(3, "nginx:1", "u1");
    let aware_of = |arn: &str| {
        let use_ = Use {
            content_with: BTreeMap::from([("a".to_owned(), arn.to_owned())]),
            ..Use::default()
        };
        let plan = of(&Desired { use_, ..desired() }, &newest(current.clone()));
        assert_eq!(plan.steps, []);
        (plan.verdict.is_ready(), plan.look_again)
    };
    let new = Desired {
        hint: Some(owned(2, "nginx:1", "u1").arn().to_owned()),
        use_: Use {
            users: vec![User {
                kind: "EcsService".into(),
                namespace: None,
                name: "a".into(),
            }],
            ..Use::default()
        },
        ..desired()
    };
    assert_eq!(
        of(&new, &newest(current.clone())).look_again,
        Some(TAKING_UP),
        "nobody can know yet"
    );
    assert_eq!(aware_of(current.arn()), (true, None));
    assert_eq!(
        aware_of(owned(2, "nginx:1", "u1").arn()),
        (false, Some(TAKING_UP))
    );
}

#[test]
fn deletion_holds_releases_or_deregisters() {
    let used = Use {
        users: vec![User {
            kind: "EcsService".into(),
            namespace: None,
            name: "web".into(),
        }],
        revisions: BTreeSet::from([3]),
        ..Use::default()
    };
    let going = |policy| Desired {
        deletion: Some(policy),
        ..desired()
    };
    let ours = || Seen {
        spare: vec![owned(3, "nginx:1", "u1"), owned(2, "nginx:0", "u1")],
        ..Seen::default()
    };
    let adopted = || {
        let mut revision = owned(3, "nginx:1", "u1");
        revision.tags.insert(ADOPTED_TAG.into(), "true".into());
        Seen {
            spare: vec![revision],
            ..Seen::default()
        }
    };
    let before = Seen {
        spare: vec![owned(3, "nginx:1", "u0")],
        ..Seen::default()
    };
    let deleting = Desired {
        delete_revisions: true,
        ..going(None)
    };
    let cases: [(&str, Desired, Seen, &[&str], bool); 8] = [
        (
            "ours",
            going(None),
            ours(),
            &["DeregisterTaskDefinition", "DeregisterTaskDefinition"],
            false,
        ),
        (
            "retained",
            going(Some(DeletionPolicy::Retain)),
            ours(),
            &["UntagResource", "UntagResource"],
            false,
        ),
        (
            "in use",
            Desired {
                use_: used.clone(),
                ..going(None)
            },
            ours(),
            &[],
            false,
        ),
        (
            "in use, retained",
            Desired {
                use_: used,
                ..going(Some(DeletionPolicy::Retain))
            },
            ours(),
            &["UntagResource", "UntagResource"],
            false,
        ),
        ("adopted", going(None), adopted(), &["UntagResource"], false),
        (
            "adopted, to be deleted",
            going(Some(DeletionPolicy::Delete)),
            adopted(),
            &["DeregisterTaskDefinition"],
            false,
        ),
        ("another incarnation's", going(None), before, &[], true),
        ("nothing", deleting, Seen::default(), &[], true),
    ];
    for (what, desired, seen, expected, gone) in cases {
        let plan = of(&desired, &seen);
        assert_eq!(operations(&plan), expected, "{what}");
        assert_eq!(plan.gone, gone, "{what}");
    }
}

#[test]
fn users_are_named() {
    let users = vec![
        User {
            kind: "EcsService".into(),
            namespace: None,
            name: "web".into(),
        },
        User {
            kind: "EcsService".into(),
            namespace: Some("other".into()),
            name: "api".into(),
        },
    ];
    let held = Desired {
        deletion: Some(None),
        use_: Use {
            users,
            ..Use::default()
        },
        ..desired()
    };
    let plan = of(
        &held,
        &Seen {
            spare: vec![owned(3, "nginx:1", "u1")],
            ..Seen::default()
        },
    );
    assert_eq!(
        plan.verdict.message(),
        "still used by EcsService web, EcsService other/api"
    );
    assert_eq!(plan.look_again, Some(HELD));
}

#[test]
fn nothing_is_registered_again_where_an_outage_is_likelier() {
    let suspected = Facts {
        outage_suspected: true,
    };
    let known = Desired {
        hint: Some("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1".into()),
        ..desired()
    };
    assert_eq!(operations(&plan(&known, &Seen::default(), suspected)), [""; 0]);
    assert_eq!(
        operations(&plan(&known, &Seen::default(), Facts::default())),
        ["RegisterTaskDefinition"]
    );
    assert_eq!(
        operations(&plan(&desired(), &Seen::default(), suspected)),
        ["RegisterTaskDefinition"]
    );
}

/// What ECS has after a step.
fn carry_out(step: &Step, mut family: Vec<Revision>) -> Vec<Revision> {
    let position = |family: &[Revision], arn: &str| family.iter().position(|revision| revision.arn() == arn);
    match step {
        Step::Register { input, .. } => {
            let number = family.last().map_or(1, |last| last.number() + 1);
            let image = input["containerDefinitions"][0]["image"].as_str().unwrap();
            family.push(revision(number, image, tag_map(input.get("tags"))));
        }
        Step::Tags(tagging) => {
            if let Some(at) = position(&family, tagging.arn()) {
                tagging.carried_out(&mut family[at].tags);
            }
        }
        Step::Deregister { arn } => family.retain(|revision| revision.arn() != arn),
        Step::Delete { .. } => {}
    }
    family
}

fn look(desired: &Desired, family: &[Revision]) -> Seen {
    if desired.deletion.is_some() {
        let mine = |revision: &&Revision| desired.owner.verdict(&revision.tags) == Ownership::Ours;
        return Seen {
            spare: family.iter().filter(mine).cloned().collect(),
            ..Seen::default()
        };
    }
    let newest = family.last().cloned();
    let old = |revision: &&Revision| desired.owner.verdict(&revision.tags) == Ownership::OursOldIncarnation;
    let spare = match &newest {
        Some(newest) if old(&newest) => family
            .iter()
            .filter(old)
            .filter(|one| one.number() != newest.number())
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    Seen {
        newest,
        ours: None,
        spare,
    }
}

proptest! {
    /// Whatever is there, a few passes end at rest, with at most one new revision.
    #[test]
    fn ends_at_rest_with_at_most_one_new_revision(
        present in prop::collection::vec((0..4_usize, 0..3_usize, any::<bool>()), 0..5),
        adopt in any::<bool>(),
        deletion in prop::option::of(prop::option::of(prop::bool::ANY)),
    ) {
        let owners = [BTreeMap::new(), owner("u1").tags(), owner("u0").tags(), Owner { name: "other".into(), ..owner("u9") }.tags()];
        let family: Vec<Revision> = present.iter().zip(1..).map(|((whose, image, tagged), number)| {
            let mut tags = owners[*whose].clone();
            if *tagged {
                tags.insert("team".into(), "red".into());
            }
            revision(number, &format!("nginx:{image}"), tags)
        }).collect();
        let policy = |keep| if keep { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let desired = Desired { adopt, deletion: deletion.map(|said| said.map(policy)), ..desired() };
        let mut now = family.clone();
        for _ in 0..6 {
            for step in of(&desired, &look(&desired, &now)).steps {
                now = carry_out(&step, now);
            }
        }
        let rest = of(&desired, &look(&desired, &now));
        prop_assert_eq!(operations(&rest), [""; 0]);
        prop_assert!(now.len() <= family.len() + 1);
        for revision in &family {
            let foreign = matches!(desired.owner.verdict(&revision.tags), Ownership::SomeoneElses(_));
            prop_assert!(!foreign || now.contains(revision), "someone else's was touched");
        }
    }
}
