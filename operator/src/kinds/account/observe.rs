//! Who uses an account, and whose its credentials are.

use std::sync::Arc;

use ecs_crds::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition, Managed};
use kube::ResourceExt;

use super::plan::{Holder, Seen};
use crate::context::Ctx;
use crate::k8s::finalize::is_held;
use crate::k8s::object::{Kept, Kind, ObjectKey};
use crate::kinds::place::Place;

/// Looks at the objects that use the account, and asks STS, rarely, whose the credentials are.
pub async fn observe(account: &Arc<AwsAccount>, ctx: &Ctx) -> Seen {
    Seen {
        caller: Place::home(account).target(ctx).caller().await,
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

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::operation::describe_clusters::DescribeClustersInput;
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::context::testing;

    /// How long three reads take, none of which is answered well.
    async fn seconds_for_three(ctx: &Ctx, request_budget: serde_json::Value) -> f64 {
        let account = json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "default"},
            "spec": {"accountId": "123456789012", "region": "eu-west-1", "requestBudget": request_budget}});
        let account = Arc::new(serde_json::from_value(account).unwrap());
        assert!(observe(&account, ctx).await.caller.is_ok());
        let target = Place::home(&account).target(ctx);
        let started = Instant::now();
        for _ in 0..3 {
            let read = DescribeClustersInput::builder().build().unwrap();
            assert!(target.call(read).await.is_err());
        }
        started.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_budget_holds_until_it_is_taken_back() {
        let ctx = testing::ctx();
        let slow = seconds_for_three(&ctx, json!({"percent": 1})).await;
        assert!(slow > 20.0, "one in five seconds, two attempts each: {slow}");
        let usual = seconds_for_three(&ctx, json!(null)).await;
        assert!(usual < 2.0, "ten a second: {usual}");
    }
}
