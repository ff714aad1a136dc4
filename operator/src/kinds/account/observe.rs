//! Who uses an account, and whose its credentials are.

use std::sync::Arc;

use ecs_crds::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition, Managed};
use kube::ResourceExt;

use super::plan::{Holder, Seen};
use crate::aws::account::TargetKey;
use crate::context::Ctx;
use crate::k8s::finalize::is_held;
use crate::k8s::object::{Kept, Kind, ObjectKey};

/// Looks at the objects that use the account, and asks STS at most once an hour whose the credentials are.
pub async fn observe(account: &AwsAccount, ctx: &Ctx) -> Seen {
    let spec = &account.spec;
    let key = TargetKey {
        account: spec.account_id.clone(),
        region: spec.region.clone(),
        role: spec.role_arn.clone(),
        external_id: spec.external_id.clone(),
        endpoint: spec.endpoint.clone(),
    };
    Seen { caller: ctx.target(&key).caller().await, users: users(account, ctx) }
}

/// The objects that use the account, in order.
fn users(account: &AwsAccount, ctx: &Ctx) -> Vec<Holder> {
    let referers = ctx.referers(&ObjectKey::account(account.name_any()));
    referers.into_iter().filter_map(|key| holder(&key, ctx)).collect()
}

fn holder(key: &ObjectKey, ctx: &Ctx) -> Option<Holder> {
    match key.kind {
        Kind::EcsCluster => of(ctx.get::<EcsCluster>(key)?, key),
        Kind::EcsTaskDefinition => of(ctx.get::<EcsTaskDefinition>(key)?, key),
        Kind::EcsService => of(ctx.get::<EcsService>(key)?, key),
        Kind::CapacityProvider => of(ctx.get::<CapacityProvider>(key)?, key),
        Kind::AwsAccount => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what the store gives is an Arc of its own")]
fn of<K: Managed + Kept>(object: Arc<K>, key: &ObjectKey) -> Option<Holder> {
    Some(Holder {
        key: key.clone(),
        holds: is_held(&*object),
        going: object.meta().deletion_timestamp.is_some(),
        arn: object.common_status().and_then(|status| status.arn.clone()),
    })
}
