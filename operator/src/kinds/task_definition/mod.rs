//! `EcsTaskDefinition`: keeps a family in ECS as its object describes it; each change of substance is a new revision.

mod apply;
pub mod desired;
mod observe;
pub mod plan;
pub mod resolve;
mod status;
pub mod step;
pub mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use ecs_crds::{EcsService, EcsTaskDefinition, EcsTaskDefinitionStatus, Managed};
use kube::runtime::controller::Action;

use crate::authorize::{Roles, Uses};
use crate::aws::error::AwsError;
use crate::context::Ctx;
use crate::diff::identity::ResourceKind;
use crate::error::Result;
use crate::k8s::object::ObjectKey;
use crate::kinds::access::{Access, Ask};
use crate::kinds::keeps::{Facts, Keeps, Look, Plan};
use crate::kinds::pass::pass;
use crate::kinds::place::Place;
use crate::kinds::verdict::Verdict;
use desired::{Desired, Seen};
use step::Step;

/// One pass over a family.
///
/// # Errors
/// What kept it from being settled.
pub async fn reconcile(object: Arc<EcsTaskDefinition>, ctx: Arc<Ctx>) -> Result<Action> {
    pass(object, ctx).await
}

/// The objects that a family refers to.
pub fn references(object: &EcsTaskDefinition) -> BTreeSet<ObjectKey> {
    BTreeSet::from([ObjectKey::account(object.management().account())])
}

impl Keeps for EcsTaskDefinition {
    type Desired = Desired;
    type Seen = Seen;
    type Step = Step;

    fn ask(&self, _: &Ctx) -> Ask {
        Ask {
            resource: ResourceKind::TaskDefinition,
            cluster: None,
            uses: Uses::default(),
            roles: Roles::of_spec(&self.spec.ecs.0),
        }
    }

    fn resolve(&self, ctx: &Ctx, _: &Access) -> Result<Desired, Verdict> {
        let before: EcsTaskDefinitionStatus = ctx.status.latest(self).unwrap_or_default();
        let hint = before.common.arn;
        let (namespace, name) = (resolve::namespace_of(self), self.ecs_name());
        let services = ctx.stores.all::<EcsService>();
        let home = Place::home_region(ctx, self.management());
        let family = resolve::family_of(self, &namespace, &name, hint.as_deref(), home.as_deref());
        let latest = |service: &EcsService| ctx.status.latest(service);
        let use_ = users::of(&family, services.iter().map(AsRef::as_ref), latest);
        resolve::resolve(self, &ctx.installation, hint, use_)
    }

    async fn observe(
        desired: &Desired,
        access: &Access,
        me: &ObjectKey,
        look: Look,
    ) -> Result<Seen, AwsError> {
        observe::observe(desired, access, me, look).await
    }

    fn plan(desired: &Desired, seen: &Seen, facts: Facts) -> Plan<Step> {
        plan::plan(desired, seen, facts)
    }

    async fn apply(_: &Desired, step: &Step, access: &Access) -> Result<Option<Seen>, AwsError> {
        apply::apply(step, access).await
    }

    fn wrote(desired: &Desired, access: &Access) {
        access.observer.wrote(&observe::key(desired));
    }

    fn show(status: &mut EcsTaskDefinitionStatus, desired: &Desired, seen: &Seen) {
        status::show(status, desired, seen);
    }
}
