//! Who uses an account, and whose its credentials are.

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
    Seen {
        caller: ctx.target(&key).caller().await,
        users: users(account, ctx),
    }
}

/// The objects that use the account, in order.
fn users(account: &AwsAccount, ctx: &Ctx) -> Vec<Holder> {
    let referers = ctx.referers(&ObjectKey::account(account.name_any()));
    referers.into_iter().filter_map(|key| holder(&key, ctx)).collect()
}

fn holder(key: &ObjectKey, ctx: &Ctx) -> Option<Holder> {
    match key.kind {
        Kind::EcsCluster => known::<EcsCluster>(key, ctx),
        Kind::EcsTaskDefinition => known::<EcsTaskDefinition>(key, ctx),
        Kind::EcsService => known::<EcsService>(key, ctx),
        Kind::CapacityProvider => known::<CapacityProvider>(key, ctx),
        Kind::AwsAccount => None,
    }
}

fn known<K: Managed + Kept>(key: &ObjectKey, ctx: &Ctx) -> Option<Holder> {
    let object = ctx.get::<K>(key)?;
    Some(Holder {
        key: key.clone(),
        holds: is_held(&*object),
        going: object.meta().deletion_timestamp.is_some(),
        arn: object.common_status().and_then(|status| status.arn.clone()),
    })
}
