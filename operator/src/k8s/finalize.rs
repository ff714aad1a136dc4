//! The finalizer: nothing is created in ECS before it is on the object, and it stays until cleaning up is done, which for
//! a draining service takes minutes.
//!
//! Unlike kube's own helper this one can say "not finished yet", and goes on in the same pass after adding the finalizer
//! (engineering.md §1.7).

use std::sync::Arc;
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::k8s::object::Kept;

/// Our finalizer.
pub const FINALIZER: &str = "ecs-operator.dev/finalizer";

/// How far cleaning up has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Nothing of the object is left; Kubernetes may forget it.
    Done,
    /// ECS is still busy; look again after this time.
    Wait(Duration),
}

/// Runs `apply` for an object that is to be, with the finalizer on it, or `cleanup` for one that is being deleted.
///
/// # Errors
/// What `apply` and `cleanup` return, or a failed patch of the finalizers.
pub async fn finalize<K, A, C>(
    api: &Api<K>,
    object: Arc<K>,
    apply: impl FnOnce(Arc<K>) -> A,
    cleanup: impl FnOnce(Arc<K>) -> C,
) -> Result<Action>
where
    K: Kept,
    A: Future<Output = Result<Action>>,
    C: Future<Output = Result<Cleanup>>,
{
    if object.meta().deletion_timestamp.is_none() {
        return apply(ensure(api, object).await?).await;
    }
    if !is_held(&*object) {
        return Ok(Action::await_change());
    }
    match cleanup(object.clone()).await? {
        Cleanup::Done => {
            release(api, &*object).await?;
            Ok(Action::await_change())
        }
        Cleanup::Wait(time) => Ok(Action::requeue(time)),
    }
}

/// Whether our finalizer is on the object.
pub fn is_held<K: Kept>(object: &K) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// The object with our finalizer on it, as the API server returned it where it had to be added.
///
/// # Errors
/// When the patch is refused, also because the object changed or was replaced meanwhile.
pub async fn ensure<K: Kept>(api: &Api<K>, object: Arc<K>) -> Result<Arc<K>> {
    if is_held(&*object) {
        return Ok(object);
    }
    let present = object.finalizers();
    let add = if present.is_empty() {
        [
            json!({"op": "test", "path": "/metadata/finalizers", "value": null}),
            json!({"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}),
        ]
    } else {
        [
            json!({"op": "test", "path": "/metadata/finalizers", "value": present}),
            json!({"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER}),
        ]
    };
    let patched = patch(api, &*object, &add).await.map_err(|error| Error::kubernetes("adding the finalizer", error))?;
    Ok(Arc::new(patched))
}

/// Takes our finalizer off the object. It may be gone already.
///
/// # Errors
/// When the patch is refused.
pub async fn release<K: Kept>(api: &Api<K>, object: &K) -> Result<()> {
    let Some(position) = object.finalizers().iter().position(|finalizer| finalizer == FINALIZER) else {
        return Ok(());
    };
    let path = format!("/metadata/finalizers/{position}");
    let remove =
        [json!({"op": "test", "path": path, "value": FINALIZER}), json!({"op": "remove", "path": path})];
    match patch(api, object, &remove).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(Error::kubernetes("removing the finalizer", error)),
    }
}

/// Patches exactly this incarnation: an object of the same name with another UID fails the first test.
async fn patch<K: Kept>(api: &Api<K>, object: &K, steps: &[Value]) -> Result<K, kube::Error> {
    let this_one = json!({"op": "test", "path": "/metadata/uid", "value": object.uid()});
    let steps: Vec<&Value> = std::iter::once(&this_one).chain(steps).collect();
    let steps = serde_json::to_value(steps).and_then(serde_json::from_value).map_err(kube::Error::SerdeError)?;
    api.patch(&object.name_any(), &PatchParams::default(), &Patch::<()>::Json(steps)).await
}
