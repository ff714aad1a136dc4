//! What stays in ECS although its object goes, and who is told of it.

use std::borrow::Borrow;

use ecs_crds::Managed;

use crate::context::Ctx;
use crate::k8s::object::Kept;

/// The annotation by which a person gives up what cannot be deleted: the object goes, the resource stays as it is.
pub const ORPHAN: &str = "ecs-operator.dev/orphan";

/// An Event of what is left in ECS of an object that a person gave up.
pub fn tell_given_up<K: Managed + Kept>(ctx: &Ctx, object: &K) {
    let arn = object.common_status().and_then(|status| status.arn.as_deref());
    let left = arn.unwrap_or("nothing that is known");
    let note = format!("given up by annotation {ORPHAN}; left in ECS: {left}");
    ctx.events.warning(object, "Orphaned", "Delete", note);
}

/// An Event of a resource that was to be deleted and that ECS does not know, while it does not know much else: Kubernetes forgets
/// the object, and ECS may have the resource all the same.
pub fn tell_unknown<K: Managed + Kept>(ctx: &Ctx, object: &K) {
    let Some(arn) = object.common_status().and_then(|status| status.arn.as_deref()) else {
        return;
    };
    let note = format!(
        "nothing was deleted: ECS does not know {arn}, as so much else of this account; after an outage, or behind a wrong \
         endpoint, it is left there"
    );
    ctx.events.warning(object, "Orphaned", "Delete", note);
}

/// An Event of the resources that are left in ECS because the object is to retain them.
pub fn tell_retained<K: Kept>(ctx: &Ctx, object: &K, arns: &[impl Borrow<str>]) {
    let note = format!(
        "left in ECS as it is, without the operator's tags: {}",
        arns.join(", ")
    );
    ctx.events.normal(object, "Retained", "Delete", note);
}
