//! `CapacityProvider`: keeps a capacity provider in ECS as its object describes it.

mod apply;
pub mod desired;
mod observe;
pub mod plan;
pub mod resolve;
mod status;
pub mod step;

use std::sync::Arc;

use aws_sdk_ecs::types::CapacityProvider as Provider;
use ecs_crds::{CapacityProvider, CapacityProviderStatus, EcsCluster, Managed};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::authorize::{Roles, Uses};
use crate::aws::error::AwsError;
use crate::context::Ctx;
use crate::diff::identity::ResourceKind;
use crate::error::Result;
use crate::k8s::object::{Kind, ObjectKey};
use crate::kinds::access::{Access, Ask};
use crate::kinds::claim::{is_foreign, tag_map};
use crate::kinds::keeps::{Facts, Keeps, Look, Plan};
use crate::kinds::pass::pass;
use crate::kinds::place::Place;
use crate::kinds::verdict::Verdict;
use desired::{Desired, Seen};
use resolve::{Surroundings, cluster_name, cluster_use};
use step::Step;

pub use resolve::references;

/// One pass over a capacity provider.
///
/// # Errors
/// What kept it from being settled.
pub async fn reconcile(object: Arc<CapacityProvider>, ctx: Arc<Ctx>) -> Result<Action> {
    pass(object, ctx).await
}

impl Keeps for CapacityProvider {
    type Desired = Desired;
    type Seen = Seen;
    type Step = Step;

    fn ask(&self, ctx: &Ctx) -> Ask {
        let home = Place::home_region(ctx, self.management());
        let cluster = cluster_use(self, cluster(self, ctx).as_deref(), home.as_deref());
        Ask {
            resource: ResourceKind::CapacityProvider,
            cluster,
            uses: Uses::default(),
            roles: Roles::of_spec(&self.spec.ecs.0),
        }
    }

    fn resolve(&self, ctx: &Ctx, _: &Access) -> Result<Desired, Verdict> {
        resolve::resolve(self, &ctx.installation, &surroundings(self, ctx))
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
        apply::apply(step, access).await.map(|()| None)
    }

    fn wrote(desired: &Desired, access: &Access) {
        access.observer.wrote(&observe::key(desired));
    }

    fn show(status: &mut CapacityProviderStatus, desired: &Desired, seen: &Seen) {
        let foreign =
            |provider: &Provider| is_foreign(&desired.owner, &tag_map(provider.tags()), desired.adopt);
        if seen.provider.as_ref().is_some_and(foreign) {
            status.common.arn = None;
            status::show(status, desired, &Seen::default());
        } else {
            status::show(status, desired, seen);
        }
    }
}

fn cluster(provider: &CapacityProvider, ctx: &Ctx) -> Option<Arc<EcsCluster>> {
    let namespace = provider.namespace().unwrap_or_default();
    ctx.get(&ObjectKey::namespaced(
        Kind::EcsCluster,
        namespace,
        cluster_name(provider)?,
    ))
}

/// What the stores know of what is around a provider.
fn surroundings(provider: &CapacityProvider, ctx: &Ctx) -> Surroundings {
    let users = ctx.referers(&ObjectKey::of(provider));
    let before: CapacityProviderStatus = ctx.status.latest(provider).unwrap_or_default();
    let clusters = users.iter().filter(|key| key.kind == Kind::EcsCluster);
    Surroundings {
        cluster: cluster(provider, ctx),
        clusters: clusters.filter_map(|key| ctx.get::<EcsCluster>(key)).collect(),
        known: before.common.arn.is_some(),
        home: Place::home_region(ctx, provider.management()),
        users,
    }
}
