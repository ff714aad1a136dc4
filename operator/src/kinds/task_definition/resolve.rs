//! The spec with what the stores know of its surroundings. Pure.

use ecs_crds::policy::DriftPolicy;
use ecs_crds::{EcsTaskDefinition, Managed};
use ecs_model::arn::TaskDefinitionId;
use kube::ResourceExt;

use super::desired::{Desired, Use};
use super::users::Family;
use crate::diff::identity::ResourceKind;
use crate::kinds::access::owner_of;
use crate::kinds::send::spec_of;
use crate::kinds::verdict::Verdict;

/// What is wanted of the family.
///
/// # Errors
/// A spec that cannot be sent.
pub fn resolve(
    object: &EcsTaskDefinition,
    installation: &str,
    hint: Option<String>,
    use_: Use,
) -> Result<Desired, Verdict> {
    let management = &object.spec.management;
    let family = object.ecs_name();
    let (input, tags) = spec_of(&object.spec.ecs.0, "family", &family)?;
    let going = object.metadata.deletion_timestamp.is_some();
    Ok(Desired {
        family,
        input,
        tags,
        owner: owner_of(object, ResourceKind::TaskDefinition, installation),
        adopt: object.management().adoption() == ecs_crds::policy::AdoptionPolicy::Adopt,
        report_drift: object.management().drift() == DriftPolicy::Report,
        hint,
        history: management
            .revision_history_limit
            .and_then(|limit| usize::try_from(limit).ok()),
        delete_revisions: management.delete_revisions.unwrap_or_default(),
        use_,
        deletion: going.then_some(management.common.deletion_policy),
    })
}

/// The family of an object, for finding its users. `hint` is the ARN in its status.
pub fn family_of<'a>(
    object: &'a EcsTaskDefinition,
    namespace: &'a str,
    name: &'a str,
    hint: Option<&str>,
    home: Option<&'a str>,
) -> Family<'a> {
    let id = hint.and_then(|arn| arn.parse::<TaskDefinitionId>().ok());
    Family {
        namespace,
        object: object.metadata.name.as_deref().unwrap_or_default(),
        family: name,
        management: object.management(),
        home,
        revision: id
            .and_then(|id| id.revision)
            .and_then(|revision| i32::try_from(revision).ok()),
    }
}

/// The namespace of an object.
pub fn namespace_of(object: &EcsTaskDefinition) -> String {
    object.namespace().unwrap_or_default()
}
