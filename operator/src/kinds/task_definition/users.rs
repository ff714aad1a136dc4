//! Who uses a family, as far as objects tell. Pure.

use std::collections::BTreeSet;

use ecs_crds::conditions::{self, Type};
use ecs_crds::policy::Management;
use ecs_crds::status::User;
use ecs_crds::{EcsService, EcsServiceStatus, Managed, Rollout};
use ecs_model::arn::TaskDefinitionId;
use kube::ResourceExt;

use super::desired::Use;

/// The family in question.
#[derive(Debug, Clone, Copy)]
pub struct Family<'a> {
    /// The namespace of its object.
    pub namespace: &'a str,
    /// The name of its object.
    pub object: &'a str,
    /// Its own name.
    pub family: &'a str,
    /// What its object says of its place.
    pub management: &'a Management,
    /// The account's own region.
    pub home: Option<&'a str>,
    /// The revision that the status of its object names.
    pub revision: Option<i32>,
}

/// How a service names a family.
struct Mention {
    /// The revision that it stays on, if it does.
    pinned: Option<i32>,
}

/// Finds out who uses the family among these services; `latest` gives the newest known status of one.
pub fn of<'s>(
    family: &Family<'_>,
    services: impl Iterator<Item = &'s EcsService>,
    latest: impl Fn(&EcsService) -> Option<EcsServiceStatus>,
) -> Use {
    let mut found = Use::default();
    for service in services {
        if let Some(mention) = mention(family, service) {
            found.users.push(user(family, service));
            let status = latest(service);
            if follows(family, service, &mention) {
                found.content_with.extend(content_with(service, status.as_ref()));
            }
            add(&mut found, family, service, status.as_ref(), &mention);
        } else if service.management().is_where(family.management, family.home)
            && let Some(status) = latest(service)
        {
            leave(&mut found, family, service, &status);
        }
    }
    found.users.sort();
    found
}

fn mention(family: &Family<'_>, service: &EcsService) -> Option<Mention> {
    if let Some(reference) = &service.spec.task_definition_ref {
        let meant =
            reference.name == family.object && service.namespace().as_deref() == Some(family.namespace);
        return meant.then_some(Mention {
            pinned: reference.revision,
        });
    }
    // Whoever has nothing in ECS of another namespace may not be allowed to have anything, and holds nothing here.
    let near = service.namespace().as_deref() == Some(family.namespace);
    let there = || service.common_status().is_some_and(|status| status.arn.is_some());
    if !service.management().is_where(family.management, family.home) || !(near || there()) {
        return None;
    }
    let id: TaskDefinitionId = service.spec.ecs.0.task_definition()?.parse().ok()?;
    let pinned = id.revision.and_then(|revision| i32::try_from(revision).ok());
    (id.family == family.family).then_some(Mention { pinned })
}

fn user(family: &Family<'_>, service: &EcsService) -> User {
    let namespace = service
        .namespace()
        .filter(|namespace| namespace != family.namespace);
    User {
        kind: "EcsService".to_owned(),
        namespace,
        name: service.name_any(),
    }
}

/// Adds what a service uses: the revision that it stays on or runs, and those of its deployments and of tasks that live.
fn add(
    found: &mut Use,
    family: &Family<'_>,
    service: &EcsService,
    status: Option<&EcsServiceStatus>,
    mention: &Mention,
) {
    found.revisions.extend(mention.pinned);
    let Some(status) = status else {
        found.in_motion = true;
        return;
    };
    let living = status
        .tasks
        .iter()
        .filter(|task| task.last_status.as_deref() != Some("STOPPED"));
    let in_use: BTreeSet<i32> = deployed(family, status)
        .chain(living.filter_map(|task| task.revision))
        .collect();
    found.in_motion |= is_moving(status, service.metadata.generation.unwrap_or_default());
    let runs = status
        .task_definition
        .as_deref()
        .and_then(|name| revision_of(family, name));
    let follows = mention.pinned.is_none();
    found.behind |= follows && runs != family.revision;
    found.behind |= in_use.iter().any(|revision| Some(*revision) != runs);
    let taken = status.task_definition_arn.as_deref();
    found.revisions.extend(in_use);
    found.revisions.extend(runs);
    found
        .revisions
        .extend(taken.and_then(|name| revision_of(family, name)));
}

/// Adds what a service uses that names another family by now: what it ran before, until its rollout is over, and what ECS went
/// back to.
fn leave(found: &mut Use, family: &Family<'_>, service: &EcsService, status: &EcsServiceStatus) {
    let revisions: BTreeSet<i32> = deployed(family, status).collect();
    if !revisions.is_empty() {
        found.users.push(user(family, service));
        found.behind = true;
        found.revisions.extend(revisions);
    }
}

/// The family's revisions that deployments of a service are of.
fn deployed(family: &Family<'_>, status: &EcsServiceStatus) -> impl Iterator<Item = i32> {
    let named = status
        .deployments
        .iter()
        .filter_map(|deployment| deployment.task_definition.as_deref());
    named.filter_map(|name| revision_of(family, name))
}

/// Whether the service takes the ARN that the family's object shows.
fn follows(family: &Family<'_>, service: &EcsService, mention: &Mention) -> bool {
    let by_name = family.object == family.family;
    mention.pinned.is_none()
        && (service.spec.task_definition_ref.is_some() || by_name)
        && service.namespace().as_deref() == Some(family.namespace)
        && service.management().is_where(family.management, family.home)
}

/// The name of a service that is Ready and stays, and the ARN that it took for its definition's.
fn content_with(service: &EcsService, status: Option<&EcsServiceStatus>) -> Option<(String, String)> {
    let status = status?;
    let generation = service.metadata.generation.unwrap_or_default();
    let ready = conditions::is_true_of(&status.common.conditions, Type::Ready, generation);
    let stays = service.metadata.deletion_timestamp.is_none();
    (ready && stays).then_some((service.name_any(), status.task_definition_arn.clone()?))
}

fn is_moving(status: &EcsServiceStatus, generation: i64) -> bool {
    let rolling = matches!(
        status.rollout,
        Some(Rollout::Waiting | Rollout::Progressing | Rollout::Paused | Rollout::RollingBack) | None
    );
    rolling || status.common.observed_generation != generation
}

fn revision_of(family: &Family<'_>, name: &str) -> Option<i32> {
    let id: TaskDefinitionId = name.parse().ok()?;
    (id.family == family.family)
        .then_some(id.revision)?
        .and_then(|revision| i32::try_from(revision).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PLAIN: Management = Management {
        account_ref: None,
        region: None,
        deletion_policy: None,
        adoption_policy: None,
        drift_policy: None,
        suspend: None,
    };

    const FAMILY: Family<'_> = Family {
        namespace: "shop",
        object: "web",
        family: "web",
        management: &PLAIN,
        home: None,
        revision: Some(3),
    };

    fn service(name: &str, namespace: &str, spec: &Value, status: &Value) -> EcsService {
        serde_json::from_value(json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsService",
            "metadata": {"name": name, "namespace": namespace, "generation": 1}, "spec": spec, "status": status}))
        .unwrap()
    }

    fn runs(revision: i32, rollout: &str) -> Value {
        json!({"observedGeneration": 1, "rollout": rollout, "taskDefinition": format!("web:{revision}"),
            "deployments": [{"id": "ecs-svc/1", "taskDefinition": format!("web:{revision}")}],
            "tasks": [{"id": "a", "revision": revision, "lastStatus": "RUNNING"}, {"id": "b", "revision": 1, "lastStatus": "STOPPED"}]})
    }

    fn found(services: &[EcsService]) -> Use {
        of(&FAMILY, services.iter(), |service| service.status.clone())
    }

    #[test]
    fn finds_those_that_refer_and_those_that_name() {
        let by_ref = json!({"taskDefinitionRef": {"name": "web"}});
        let cases = [
            (service("a", "shop", &by_ref, &runs(3, "Completed")), true),
            (service("a", "other", &by_ref, &Value::Null), false),
            (
                service(
                    "a",
                    "other",
                    &json!({"taskDefinition": "web"}),
                    &runs(3, "Completed"),
                ),
                true,
            ),
            (
                service(
                    "a",
                    "other",
                    &json!({"taskDefinition": "web:2"}),
                    &runs(2, "Completed"),
                ),
                true,
            ),
            (
                service("a", "other", &json!({"taskDefinition": "web2"}), &json!({})),
                false,
            ),
            (
                service(
                    "a",
                    "other",
                    &json!({"taskDefinition": "web", "management": {"accountRef": {"name": "x"}}}),
                    &json!({}),
                ),
                false,
            ),
        ];
        for (service, expected) in cases {
            assert_eq!(
                !found(std::slice::from_ref(&service)).users.is_empty(),
                expected,
                "{:?}",
                service.spec
            );
        }
    }

    #[test]
    fn says_which_revisions_are_in_use_and_whether_that_will_change() {
        let following = json!({"taskDefinitionRef": {"name": "web"}});
        let pinned = json!({"taskDefinitionRef": {"name": "web", "revision": 1}});
        let mut draining = runs(3, "Completed");
        draining["tasks"][1] = json!({"id": "b", "revision": 2, "lastStatus": "DEACTIVATING"});
        let cases = [
            (&following, runs(3, "Completed"), vec![3], false, false),
            (&following, draining, vec![2, 3], false, true),
            (&following, runs(2, "Progressing"), vec![2], true, true),
            (&following, runs(2, "RolledBack"), vec![2], false, true),
            (&pinned, runs(1, "Completed"), vec![1], false, false),
            (&following, Value::Null, vec![], true, false),
            (
                &following,
                json!({"observedGeneration": 0, "rollout": "Completed", "taskDefinition": "web:3"}),
                vec![3],
                true,
                false,
            ),
        ];
        for (spec, status, revisions, in_motion, behind) in cases {
            let found = found(&[service("a", "shop", spec, &status)]);
            assert_eq!(
                found.revisions.iter().copied().collect::<Vec<_>>(),
                revisions,
                "{status}"
            );
            assert_eq!((found.in_motion, found.behind), (in_motion, behind), "{status}");
        }
    }

    #[test]
    fn tells_what_those_take_for_the_newest_that_are_ready() {
        let ready = |status: &str, generation: i64| {
            json!({"taskDefinitionArn": "web:2", "conditions": [{"type": "Ready", "status": status, "reason": "r",
                "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation}]})
        };
        let by_ref = json!({"taskDefinitionRef": {"name": "web"}});
        let elsewhere = json!({"taskDefinitionRef": {"name": "web"}, "management": {"region": "eu-west-1"}});
        let cases = [
            ("by reference", "shop", &by_ref, ready("True", 1), true),
            (
                "by name",
                "shop",
                &json!({"taskDefinition": "web"}),
                ready("True", 1),
                true,
            ),
            ("not ready", "shop", &by_ref, ready("False", 1), false),
            ("for an earlier spec", "shop", &by_ref, ready("True", 0), false),
            ("another region", "shop", &elsewhere, ready("True", 1), false),
            (
                "by name in another namespace",
                "other",
                &json!({"taskDefinition": "web"}),
                ready("True", 1),
                false,
            ),
            (
                "pinned",
                "shop",
                &json!({"taskDefinitionRef": {"name": "web", "revision": 2}}),
                ready("True", 1),
                false,
            ),
        ];
        for (what, namespace, spec, status, expected) in cases {
            let found = found(&[service("a", namespace, spec, &status)]).content_with;
            let expected = expected.then(|| ("a".to_owned(), "web:2".to_owned()));
            assert_eq!(found.into_iter().next(), expected, "{what}");
        }
    }

    #[test]
    fn what_a_service_ran_before_is_in_use_until_its_deployments_are_over() {
        let renamed = json!({"taskDefinitionRef": {"name": "renamed"}});
        let elsewhere =
            json!({"taskDefinitionRef": {"name": "renamed"}, "management": {"region": "eu-west-1"}});
        for (spec, expected) in [(&renamed, vec![2]), (&elsewhere, vec![])] {
            let found = found(&[service("a", "shop", spec, &runs(2, "RolledBack"))]);
            let revisions: Vec<_> = found.revisions.into_iter().collect();
            assert_eq!((&revisions, found.users.len()), (&expected, expected.len()));
        }
    }

    #[test]
    fn a_rollback_target_is_in_use() {
        let mut status = runs(3, "Progressing");
        status["deployments"]
            .as_array_mut()
            .unwrap()
            .push(json!({"id": "ecs-svc/0", "taskDefinition": "web:2"}));
        let found = found(&[service(
            "a",
            "shop",
            &json!({"taskDefinitionRef": {"name": "web"}}),
            &status,
        )]);
        assert_eq!(found.revisions.into_iter().collect::<Vec<_>>(), [2, 3]);
    }
}
