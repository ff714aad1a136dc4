//! Deleting a service: drain, delete, and wait until ECS says gone (ecs-semantics.md §3.15). Only what is this very
//! object's is touched.

use aws_sdk_ecs::types::{DeploymentControllerType, SchedulingStrategy, Service};
use serde_json::json;

use super::{PATIENCE, Plan};
use crate::diff::drift::Change;
use crate::diff::identity::{ADOPTED_TAG, Owner, Ownership};
use crate::kinds::claim::tag_map;
use crate::kinds::service::step::Step;
use crate::kinds::tagging::Tagging;
use crate::observer::ServiceView;

/// What deleting the object means for the service.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// Nothing of the object is left in ECS.
    Done,
    /// Steps are to be carried out, or ECS is busy.
    Going(Plan),
    /// The tags are taken off, and that is all.
    Release(Plan),
}

/// Decides how a service goes. `retain` says whether the service stays, given whether it was there before us.
pub fn plan_deletion(owner: &Owner, view: &ServiceView, retain: impl FnOnce(bool) -> bool) -> Deletion {
    let Some(service) = view.service.as_ref().filter(|_| !view.cluster_missing) else {
        return Deletion::Done;
    };
    let tags = tag_map(service.tags());
    if service.status() == Some("INACTIVE") || owner.verdict(&tags) != Ownership::Ours {
        return Deletion::Done;
    }
    if retain(tags.contains_key(ADOPTED_TAG)) {
        let arn = service.service_arn().unwrap_or_default();
        let release = Tagging::release(arn, &tags, owner, &[]);
        return Deletion::Release(Plan::of(vec![Step::Tags(release)]));
    }
    if service.status() == Some("DRAINING") {
        return Deletion::Going(Plan::wait("its tasks to stop", PATIENCE));
    }
    let drain = drain(service).into_iter();
    let force = controller(service) == Some(&DeploymentControllerType::External);
    let steps = drain.chain([Step::DeleteService { force }]).collect();
    Deletion::Going(Plan {
        look_again: Some(PATIENCE),
        ..Plan::of(steps)
    })
}

/// A REPLICA service is scaled to nothing first: without force ECS refuses to delete it otherwise.
fn drain(service: &Service) -> Option<Step> {
    let daemon = service.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let count = service.desired_count();
    (!daemon && count > 0).then(|| Step::UpdateService {
        changes: vec![Change {
            path: "desiredCount".into(),
            from: Some(count.into()),
            to: Some(0.into()),
        }],
        members: json!({"desiredCount": 0}),
        force: false,
    })
}

fn controller(service: &Service) -> Option<&DeploymentControllerType> {
    service
        .deployment_controller()
        .map(|controller| &controller.r#type)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{blank, desired, gone, owned_by, settled, with_status};
    use super::*;

    fn operations(deletion: &Deletion) -> Vec<&'static str> {
        match deletion {
            Deletion::Done => Vec::new(),
            Deletion::Going(plan) | Deletion::Release(plan) => {
                plan.steps.iter().map(Step::operation).collect()
            }
        }
    }

    #[test]
    fn drains_deletes_and_waits() {
        let owner = desired().owner;
        let active = settled(&desired());
        let drained = {
            let mut view = active.clone();
            view.service.as_mut().unwrap().desired_count = 0;
            view
        };
        let cases = [
            (active.clone(), vec!["UpdateService", "DeleteService"]),
            (drained, vec!["DeleteService"]),
            (with_status(&active, "DRAINING"), vec![]),
        ];
        for (view, expected) in cases {
            let deletion = plan_deletion(&owner, &view, |_| false);
            assert_eq!(operations(&deletion), expected);
            assert_ne!(deletion, Deletion::Done, "gone is gone only when ECS says so");
        }
    }

    #[test]
    fn ends_when_nothing_of_ours_is_there() {
        let owner = desired().owner;
        let active = settled(&desired());
        let before = Owner {
            uid: "before".into(),
            ..owner.clone()
        };
        let other = Owner {
            namespace: "other".into(),
            ..owner.clone()
        };
        let cases = [
            blank(),
            gone(),
            ServiceView {
                cluster_missing: true,
                ..active.clone()
            },
            owned_by(&active, None),
            owned_by(&active, Some(&before)),
            owned_by(&active, Some(&other)),
            owned_by(&with_status(&active, "DRAINING"), Some(&other)),
        ];
        for view in cases {
            assert_eq!(
                plan_deletion(&owner, &view, |_| false),
                Deletion::Done,
                "{view:?}"
            );
        }
    }

    #[test]
    fn retaining_takes_the_tags_off_and_nothing_else() {
        let owner = desired().owner;
        let deletion = plan_deletion(&owner, &settled(&desired()), |_| true);
        let Deletion::Release(plan) = &deletion else {
            panic!("{deletion:?}")
        };
        assert_eq!(
            plan.steps,
            [Step::Tags(Tagging::Remove {
                arn: "arn:aws:ecs:eu-west-1:1:service/shop/web".into(),
                keys: vec![
                    "ecs-operator.dev/service".into(),
                    "ecs-operator.dev/incarnation".into()
                ]
            })]
        );
    }
}
