//! `EcsCluster`: keeps a cluster in ECS as its object describes it, with its capacity providers and default strategy.

mod apply;
mod attachment;
pub mod desired;
mod observe;
pub mod plan;
pub mod resolve;
mod status;
pub mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_ecs::types::Cluster;
use ecs_crds::{CapacityProvider, EcsCluster, EcsClusterStatus, Managed};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::authorize::Roles;
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
use resolve::{Surroundings, provider_names, uses};
use step::Step;

pub use resolve::references;

/// One pass over a cluster.
///
/// # Errors
/// What kept it from being settled.
pub async fn reconcile(object: Arc<EcsCluster>, ctx: Arc<Ctx>) -> Result<Action> {
    pass(object, ctx).await
}

impl Keeps for EcsCluster {
    type Desired = Desired;
    type Seen = Seen;
    type Step = Step;

    fn ask(&self, ctx: &Ctx) -> Ask {
        Ask {
            resource: ResourceKind::Cluster,
            cluster: None,
            uses: uses(self, &providers(self, ctx)),
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

    fn show(status: &mut EcsClusterStatus, desired: &Desired, seen: &Seen) {
        let there = seen
            .cluster
            .as_ref()
            .filter(|cluster| cluster.status() != Some("INACTIVE"));
        let foreign = |cluster: &Cluster| is_foreign(&desired.owner, &tag_map(cluster.tags()), desired.adopt);
        if there.is_some_and(foreign) {
            // A service would be created in it, and be allowed to as in a cluster of its own.
            status.common.arn = None;
            status::show(status, &Seen::default());
        } else {
            status::show(status, seen);
        }
    }
}

/// What the stores know of what is around a cluster.
fn surroundings(cluster: &EcsCluster, ctx: &Ctx) -> Surroundings {
    let referers = ctx.referers(&ObjectKey::of(cluster));
    let before: EcsClusterStatus = ctx.status.latest(cluster).unwrap_or_default();
    let mine = referers.iter().filter(|key| key.kind == Kind::CapacityProvider);
    Surroundings {
        providers: providers(cluster, ctx),
        own: mine
            .filter_map(|key| Some(ctx.get::<CapacityProvider>(key)?.ecs_name()))
            .collect(),
        known: before.common.arn.is_some(),
        home: Place::home_region(ctx, cluster.management()),
        users: referers,
    }
}

/// The `CapacityProvider`s that a cluster refers to, or names in ECS, by their objects' names.
fn providers(cluster: &EcsCluster, ctx: &Ctx) -> BTreeMap<String, Arc<CapacityProvider>> {
    let namespace = cluster.namespace().unwrap_or_default();
    let key = |name: &str| ObjectKey::namespaced(Kind::CapacityProvider, &namespace, name);
    let names = provider_names(cluster).into_iter();
    names
        .filter_map(|name| Some((name.clone(), ctx.get(&key(&name))?)))
        .collect()
}
