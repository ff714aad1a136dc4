//! The wrapper around every pass over an object: time limit, panics, backoff, metrics and logs are nobody else's concern.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::context::Ctx;
use crate::error::{Error, Result, Retry};
use crate::k8s::object::{Kept, ObjectKey};

/// Runs one pass to its end, whatever that is, and says when the object is looked at again.
///
/// # Errors
/// None: a failed pass is an [`Action`] as well.
pub async fn guarded<K, F>(object: Arc<K>, ctx: Arc<Ctx>, pass: F) -> Result<Action, Infallible>
where
    K: Kept,
    F: Future<Output = Result<Action>>,
{
    ctx.stores.ready().await;
    let started = Instant::now();
    let outcome = within_limits(&ctx, pass).await;
    let word = outcome.as_ref().map_or_else(Error::discriminant, |_| "ok");
    ctx.metrics.reconcile(K::KIND.as_str(), word, started.elapsed());
    let uid = object.uid().unwrap_or_default();
    let action = match outcome {
        Ok(action) => {
            ctx.backoff.clear(&uid);
            action
        }
        Err(error) => after_error(&*object, &ctx, &uid, &error),
    };
    // A status that came too soon after the last one is written by a pass of its own.
    Ok(ctx.status.deferred(&uid).map_or(action, Action::requeue))
}

async fn within_limits<F>(ctx: &Ctx, pass: F) -> Result<Action>
where
    F: Future<Output = Result<Action>>,
{
    let limit = ctx.limits.pass;
    let pass = AssertUnwindSafe(tokio::time::timeout(limit, pass)).catch_unwind();
    match pass.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Error::TimedOut(limit)),
        Err(panic) => Err(Error::Panicked(words_of(&*panic))),
    }
}

fn after_error<K: Kept>(object: &K, ctx: &Ctx, uid: &str, error: &Error) -> Action {
    let pause = match error.retry() {
        Retry::After(time) => {
            ctx.backoff.clear(uid);
            time
        }
        Retry::Backoff => ctx.backoff.failed(uid),
        Retry::Slowly => ctx.backoff.refused(uid),
    };
    let key = ObjectKey::of(object);
    if matches!(error, Error::Panicked(_)) {
        ctx.events.warning(object, "InternalError", "Reconcile", error.to_string());
        tracing::error!(object = %key, ?pause, "{error}");
    } else if error.is_failure() {
        tracing::warn!(object = %key, ?pause, "{error}");
    } else {
        tracing::debug!(object = %key, ?pause, "{error}");
    }
    Action::requeue(pause)
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
