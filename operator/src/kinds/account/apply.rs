//! Lets go of what is given up.

use ecs_crds::{AwsAccount, CapacityProvider, EcsCluster, EcsService, EcsTaskDefinition};

use super::plan::Holder;
use crate::context::Ctx;
use crate::error::Result;
use crate::k8s::finalize::release;
use crate::k8s::object::{Kept, Kind};
use crate::kinds::orphan::ORPHAN;

/// How many ARNs one Event names.
const NAMED: usize = 8;

/// Names what is left in ECS, and lets those objects go that are being deleted. The others stay, and need another account.
pub async fn give_up(account: &AwsAccount, left: &[Holder], ctx: &Ctx) -> Result<()> {
    let arns: Vec<&str> = left.iter().filter_map(|holder| holder.arn.as_deref()).collect();
    for (number, named) in arns.chunks(NAMED).enumerate() {
        let note = format!(
            "given up by annotation {ORPHAN}; left in ECS ({}): {}",
            number + 1,
            named.join(", ")
        );
        tracing::warn!("{note}");
        ctx.events.warning(account, "Orphaned", "Delete", note);
    }
    for holder in left.iter().filter(|holder| holder.going) {
        match holder.key.kind {
            Kind::EcsCluster => let_go::<EcsCluster>(holder, ctx).await?,
            Kind::EcsTaskDefinition => let_go::<EcsTaskDefinition>(holder, ctx).await?,
            Kind::EcsService => let_go::<EcsService>(holder, ctx).await?,
            Kind::CapacityProvider => let_go::<CapacityProvider>(holder, ctx).await?,
            Kind::AwsAccount => {}
        }
    }
    Ok(())
}

async fn let_go<K: Kept>(holder: &Holder, ctx: &Ctx) -> Result<()> {
    match ctx.get::<K>(&holder.key) {
        Some(object) => release(&ctx.api(&*object), &*object).await,
        None => Ok(()),
    }
}
