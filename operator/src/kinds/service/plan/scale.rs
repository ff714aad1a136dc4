//! The number of tasks: a change of its own, that no rollout holds back (design.md §2.4).

use aws_sdk_ecs::types::Service;

use crate::diff::drift::Change;
use crate::kinds::service::desired::Count;

/// The change of the count, where the spec enforces one and ECS has another.
pub fn change(count: Count, service: &Service) -> Option<Change> {
    let Count::Enforced(wanted) = count else {
        return None;
    };
    let found = service.desired_count();
    (found != wanted).then(|| Change {
        path: "desiredCount".to_owned(),
        from: Some(found.into()),
        to: Some(wanted.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_enforced_count_is_sent() {
        let service = Service::builder().desired_count(40).build();
        let cases = [
            (Count::Enforced(40), None),
            (Count::Enforced(3), Some("desiredCount: 40 → 3")),
            (Count::Enforced(0), Some("desiredCount: 40 → 0")),
            (Count::AtCreation(1), None),
            (Count::Daemon, None),
        ];
        for (count, expected) in cases {
            assert_eq!(
                change(count, &service)
                    .map(|change| change.to_string())
                    .as_deref(),
                expected,
                "{count:?}"
            );
        }
    }
}
