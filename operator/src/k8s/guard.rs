//! The wrapper around every pass over an object: time limit, panics, backoff, metrics and logs are nobody else's concern.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

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
    // A status that came too soon after the last one is written by a pass of its own.
    let deferred = ctx.status.deferred(&uid);
    Ok(match outcome {
        Ok(action) => {
            ctx.backoff.clear(&uid);
            deferred.map_or(action, Action::requeue)
        }
        Err(error) => {
            let pause = after_error(&*object, &ctx, &uid, &error);
            Action::requeue(deferred.map_or(pause, |deferred| deferred.min(pause)))
        }
    })
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

/// Tells of a failure, and how long the object is left alone.
fn after_error<K: Kept>(object: &K, ctx: &Ctx, uid: &str, error: &Error) -> Duration {
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
        ctx.events
            .warning(object, "InternalError", "Reconcile", error.to_string());
        tracing::error!(object = %key, ?pause, "{error}");
    } else if error.is_failure() {
        tracing::warn!(object = %key, ?pause, "{error}");
    } else {
        tracing::debug!(object = %key, ?pause, "{error}");
    }
    pause
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use ecs_crds::{EcsCluster, EcsClusterStatus};
    use serde_json::json;

    use super::*;
    use crate::aws::error::AwsError;
    use crate::context::testing;
    use crate::k8s::fake::{self, Answer};

    fn cluster() -> Arc<EcsCluster> {
        let object = json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster", "spec": {},
            "metadata": {"name": "main", "namespace": "shop", "uid": "u-1", "resourceVersion": "10"},
        });
        Arc::new(serde_json::from_value(object).unwrap())
    }

    async fn pass(ctx: &Arc<Ctx>, pass: impl Future<Output = Result<Action>>) -> Action {
        let Ok(action) = guarded(cluster(), ctx.clone(), pass).await;
        action
    }

    /// Whether the pause until the next pass lies in a range; the action does not tell it but in its `Debug` text.
    fn within(action: &Action, least: f64, most: f64) -> bool {
        let text = format!("{action:?}");
        let number = text
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .find_map(|part| part.parse::<f64>().ok());
        let unit = if text.contains("ms") {
            1e-3
        } else if text.contains("µs") {
            1e-6
        } else {
            1.0
        };
        (least..=most).contains(&(number.unwrap() * unit))
    }

    #[tokio::test(start_paused = true)]
    async fn a_settled_pass_goes_as_it_says() {
        let ctx = testing::ctx();
        assert_eq!(
            pass(&ctx, async { Ok(Action::await_change()) }).await,
            Action::await_change()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_an_endless_pass_are_failures_of_that_object_alone() {
        let ctx = testing::ctx();
        let action = pass(&ctx, async { panic!("a bug") }).await;
        assert!(within(&action, 0.0, 1.0), "{action:?}");
        assert!(
            ctx.metrics
                .text()
                .contains(r#"reconciles_total{kind="EcsCluster",outcome="panicked"} 1"#)
        );
        pass(&ctx, std::future::pending()).await;
        assert!(
            ctx.metrics
                .text()
                .contains(r#"reconciles_total{kind="EcsCluster",outcome="timed_out"} 1"#)
        );
        assert!(ctx.backoff.failing_for("u-1").is_some());
        pass(&ctx, async { Ok(Action::await_change()) }).await;
        assert!(ctx.backoff.failing_for("u-1").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_takes_its_own_time_and_is_no_failure() {
        let ctx = testing::ctx();
        let waiting = Error::Waiting {
            reason: "the cluster".to_owned(),
            retry_in: Duration::from_secs(7),
        };
        assert_eq!(
            pass(&ctx, async { Err(waiting) }).await,
            Action::requeue(Duration::from_secs(7))
        );
        assert!(ctx.backoff.failing_for("u-1").is_none());
        let refused = AwsError::new("CreateService", "InvalidParameterException", "no");
        let action = pass(&ctx, async { Err(refused.into()) }).await;
        assert!(within(&action, 7.5, 15.0), "{action:?}");
    }

    async fn write(ctx: &Ctx, ready: &str) -> Result<Action> {
        let status = json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "False", "reason": "Because",
            "message": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
        let status: EcsClusterStatus = serde_json::from_value(status).unwrap();
        ctx.status.write(&*cluster(), &status).await?;
        Ok(Action::await_change())
    }

    /// A status that is not written yet shortens a pause and never takes its place: an API server that refuses it would be
    /// asked again without end.
    #[tokio::test(start_paused = true)]
    async fn a_deferred_status_has_a_pass_of_its_own_and_no_second_one_at_once() {
        let down = Arc::new(AtomicBool::new(false));
        let refuses = down.clone();
        let (client, _) = fake::client(move |_| {
            if refuses.load(Ordering::Relaxed) {
                return Answer::refusal(503, "ServiceUnavailable");
            }
            let mut object = serde_json::to_value(&*cluster()).unwrap();
            object["metadata"]["resourceVersion"] = json!("11");
            Answer::ok(object)
        });
        let ctx = testing::ctx_of(client);
        pass(&ctx, write(&ctx, "1 of 3")).await;
        let action = pass(&ctx, write(&ctx, "2 of 3")).await;
        assert_eq!(action, Action::requeue(Duration::from_secs(2)));
        tokio::time::advance(Duration::from_millis(500)).await;
        let waiting = Error::Waiting {
            reason: "the cluster".to_owned(),
            retry_in: Duration::from_secs(7),
        };
        let action = pass(&ctx, async { Err(waiting) }).await;
        assert_eq!(action, Action::requeue(Duration::from_millis(1500)));

        tokio::time::advance(Duration::from_millis(1500)).await;
        down.store(true, Ordering::Relaxed);
        let action = pass(&ctx, write(&ctx, "2 of 3")).await;
        assert!(within(&action, 0.001, 1.0), "{action:?}");
        let action = pass(&ctx, async { panic!("before it writes") }).await;
        assert!(within(&action, 0.001, 1.0), "{action:?}");
        let soon = Action::requeue(Duration::from_millis(800));
        assert_eq!(pass(&ctx, async { Ok(soon.clone()) }).await, soon);
    }
}
