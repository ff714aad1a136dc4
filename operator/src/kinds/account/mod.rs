//! `AwsAccount`: whether the credentials are those of the account, who uses it, and when it may go (design.md §2.2).

mod apply;
mod observe;
pub mod plan;
mod status;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ecs_crds::AwsAccount;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::aws::error::Class;
use crate::context::Ctx;
use crate::error::{Error, Result};
use crate::k8s::finalize::{ensure, is_held, release};
use crate::k8s::object::ObjectKey;
use crate::kinds::orphan::ORPHAN;
use plan::{Plan, Seen, plan};

/// When an account in order is looked at again. What STS said is believed for an hour, so this costs one call an hour.
const RENEWAL: Duration = Duration::from_mins(61);
/// When an account in another's hands, or one that is held, is looked at again if nothing wakes it.
const SLOWLY: Duration = Duration::from_mins(5);

/// One pass over an account.
///
/// # Errors
/// What kept it from being verified.
pub async fn reconcile(account: Arc<AwsAccount>, ctx: Arc<Ctx>) -> Result<Action> {
    let going = account.metadata.deletion_timestamp.is_some();
    if going && !is_held(&*account) {
        return Ok(Action::await_change());
    }
    let api = ctx.api(&*account);
    let account = if going {
        account
    } else {
        ensure(&api, account).await?
    };
    let seen = observe::observe(&account, &ctx).await;
    let verdict = match plan(
        &account.spec,
        &seen,
        going,
        account.annotations().contains_key(ORPHAN),
    ) {
        Plan::Stay(verdict) => verdict,
        Plan::Go => {
            release(&api, &*account).await?;
            return Ok(Action::await_change());
        }
        Plan::GiveUp(left) => {
            apply::give_up(&account, &left, &ctx).await?;
            release(&api, &*account).await?;
            return Ok(Action::await_change());
        }
    };
    if matches!(&seen.caller, Err(error) if error.class == Class::Standby) {
        return next(&seen, false);
    }
    let before = ctx.status.latest(&*account).unwrap_or_default();
    let generation = account.metadata.generation.unwrap_or_default();
    let status = status::status(&before, &seen, &verdict, going, generation, ctx.now());
    ctx.status.write(&*account, &status).await?;
    next(&seen, verdict.is_ready())
}

/// An account refers to nothing.
pub fn references(_: &AwsAccount) -> BTreeSet<ObjectKey> {
    BTreeSet::new()
}

fn next(seen: &Seen, ready: bool) -> Result<Action> {
    match &seen.caller {
        Err(error) => Err(Error::Aws(error.clone())),
        Ok(_) => Ok(Action::requeue(if ready { RENEWAL } else { SLOWLY })),
    }
}
