//! Objects that have nothing in ECS yet, most likely, so that their service is created without a look first.
//!
//! The look would protect nobody: between it and the creation the name can be taken all the same. What protects is ECS,
//! which has one service of a name and refuses to create another ("Creation of service was not idempotent.", "still
//! Draining"); the token, by which repetitions are one; and the tags in the answer (`made`). A refusal for the name's sake
//! is followed by the look, and all is decided again. So a look is saved where it would show nothing, and where it would
//! have shown something one call is refused that was not needed.

use ecs_crds::{EcsService, Managed};

use crate::aws::error::{AwsError, Class};
use crate::k8s::finalize::is_held;
use crate::kinds::service::observe::Way;
use crate::kinds::service::resolve::Resolved;

/// Whether nothing was ever done for the object, and nothing tells that its name may be taken.
///
/// Our finalizer is put on an object by compare and set before the first call for it, and it outlives status, leader and
/// process: an object without it has no creation behind it that got no answer, and whoever puts it there is the only one
/// to create without a look. An object that adopts, or that is only to show its plan, is about what is there; in a
/// cluster that is no object's, others have services too; and where reads fail, or what ought to be there is missing,
/// nothing is done unseen.
pub fn is_newcomer(service: &EcsService, resolved: &Resolved, way: &Way) -> bool {
    let untouched = || !is_held(service) && !is_known(service);
    let wants_it_new = || !resolved.desired.adopt && !service.management().suspended();
    let all_is_well = || {
        let observer = &way.observer;
        observer.failure(&way.key).is_none() && !observer.expects(&way.key) && !observer.looks_emptied()
    };
    untouched() && wants_it_new() && resolved.cluster.own && all_is_well()
}

/// Whether the object had a service in ECS, as far as its status tells.
pub fn is_known(service: &EcsService) -> bool {
    let status = service.status.as_ref();
    status.is_some_and(|status| status.common.arn.is_some())
}

/// Whether a creation that was sent unseen failed because of what a look would have shown: a service of this name, or no
/// cluster.
pub fn calls_for_a_look(error: &AwsError) -> bool {
    error.class == Class::Conflict || error.is("ClusterNotFoundException")
}
