//! Whose the service is that has our name: ours, to be claimed, to be adopted, or a conflict (design.md §2.3).

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Service;

use super::{Facts, Plan, Standing, update};
use crate::diff::identity::{ADOPTED_TAG, Ownership};
use crate::kinds::service::desired::Desired;
use crate::kinds::service::step::Step;

pub fn plan(desired: &Desired, service: &Service, facts: &Facts<'_>) -> Plan {
    let arn = || service.service_arn().unwrap_or_default().to_owned();
    let claim = |tags: BTreeMap<String, String>| {
        Plan::of(vec![Step::TagResource {
            arn: arn(),
            tags,
            claims: true,
        }])
    };
    match desired.owner.verdict(&tags(service)) {
        Ownership::Ours => update::plan(desired, service, facts),
        // Our own of an earlier life (a restored backup): nothing else is done before the tag says so.
        Ownership::OursOldIncarnation => claim(desired.owner.tags()),
        Ownership::Unowned if desired.adopt => {
            let mut tags = desired.owner.tags();
            tags.insert(ADOPTED_TAG.to_owned(), "true".to_owned());
            claim(tags)
        }
        Ownership::Unowned => Plan::nothing(Standing::Conflict(format!(
            "service {} is in ECS already and no object's; set management.adoptionPolicy to Adopt to take it over, or choose \
             another serviceName",
            arn()
        ))),
        Ownership::SomeoneElses(owner) => Plan::nothing(Standing::Conflict(format!(
            "service {} belongs to {owner} (installation/namespace/name); nothing is done until it is released",
            arn()
        ))),
    }
}

/// The service's tags as a map.
pub fn tags(service: &Service) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    service
        .tags()
        .iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{desired, facts, owned_by, settled};
    use super::super::plan;
    use super::*;
    use crate::diff::identity::Owner;

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
        let [
            Step::TagResource {
                tags, claims: true, ..
            },
        ] = plan.steps.as_slice()
        else {
            panic!("{plan:?}")
        };
        assert_eq!(tags.get(ADOPTED_TAG).map(String::as_str), Some("true"));
        assert!(plan.needs_fresh_view());
    }
}
