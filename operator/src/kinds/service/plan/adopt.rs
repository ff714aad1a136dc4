//! Whose the service is that has our name: ours, to be claimed, to be adopted, or a conflict (design.md §2.3).

use aws_sdk_ecs::types::Service;

use super::{Facts, Plan, Standing, update};
use crate::kinds::claim::{Claim, claim, tag_map};
use crate::kinds::service::desired::Desired;
use crate::kinds::service::step::Step;
use crate::kinds::tagging::Tagging;

pub fn plan(desired: &Desired, service: &Service, facts: &Facts<'_>) -> Plan {
    let arn = service.service_arn().unwrap_or_default();
    match claim(&desired.owner, arn, &tag_map(service.tags()), desired.adopt) {
        Claim::Ours => update::plan(desired, service, facts),
        Claim::Take(tags) => {
            let tagging = Tagging::of(arn, tags, Vec::new());
            Plan::of(tagging.map(Step::Claim).collect())
        }
        Claim::Conflict(message) => Plan::nothing(Standing::Conflict(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{desired, facts, owned_by, settled};
    use super::super::plan;
    use super::*;
    use crate::diff::identity::{ADOPTED_TAG, Owner};

    #[test]
    fn the_tags_decide() {
        let ours = desired();
        let before = Owner {
            uid: "before".into(),
            ..ours.owner.clone()
        };
        let other = Owner {
            name: "other".into(),
            ..ours.owner.clone()
        };
        let adopting = Desired {
            adopt: true,
            ..ours.clone()
        };
        let cases = [
            (&ours, Some(&ours.owner), 0, false),
            (&ours, Some(&before), 1, false),
            (&ours, None, 0, true),
            (&ours, Some(&other), 0, true),
            (&adopting, None, 1, false),
            (&adopting, Some(&other), 0, true),
        ];
        for (desired, owner, steps, conflict) in cases {
            let view = owned_by(&settled(desired), owner);
            let plan = plan(desired, &facts(&view));
            assert_eq!(plan.steps.len(), steps, "{owner:?}: {plan:?}");
            assert_eq!(
                matches!(plan.standing, Standing::Conflict(_)),
                conflict,
                "{owner:?}: {plan:?}"
            );
        }
    }

    #[test]
    fn what_was_there_before_us_is_marked() {
        let adopting = Desired {
            adopt: true,
            ..desired()
        };
        let view = owned_by(&settled(&adopting), None);
        let plan = plan(&adopting, &facts(&view));
        let [Step::Claim(Tagging::Set { tags, .. })] = plan.steps.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(tags.get(ADOPTED_TAG).map(String::as_str), Some("true"));
        assert!(plan.needs_fresh_view());
    }
}
