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
    let patched = patch(api, &*object, &add)
        .await
        .map_err(|error| Error::kubernetes("adding the finalizer", error))?;
    Ok(Arc::new(patched))
}

/// Takes our finalizer off the object. It may be gone already.
///
/// # Errors
/// When the patch is refused.
pub async fn release<K: Kept>(api: &Api<K>, object: &K) -> Result<()> {
    let Some(position) = object
        .finalizers()
        .iter()
        .position(|finalizer| finalizer == FINALIZER)
    else {
        return Ok(());
    };
    let path = format!("/metadata/finalizers/{position}");
    let remove = [
        json!({"op": "test", "path": path, "value": FINALIZER}),
        json!({"op": "remove", "path": path}),
    ];
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
    let steps = serde_json::to_value(steps)
        .and_then(serde_json::from_value)
        .map_err(kube::Error::SerdeError)?;
    api.patch(
        &object.name_any(),
        &PatchParams::default(),
        &Patch::<()>::Json(steps),
    )
    .await
}

#[cfg(test)]
mod tests {
    use ecs_crds::EcsCluster;
    use kube::Client;

    use super::*;
    use crate::k8s::fake::{self, Answer};

    fn cluster(finalizers: &[&str], deleting: bool) -> EcsCluster {
        let mut object = json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
            "metadata": {"name": "main", "namespace": "shop", "uid": "u-1", "finalizers": finalizers},
            "spec": {},
        });
        if deleting {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        serde_json::from_value(object).unwrap()
    }

    fn api(client: &Client) -> Api<EcsCluster> {
        Api::namespaced(client.clone(), "shop")
    }

    async fn pass(client: &Client, object: EcsCluster, cleanup: Cleanup) -> (Result<Action>, Vec<String>) {
        let said = std::sync::Mutex::new(Vec::new());
        let action = finalize(
            &api(client),
            Arc::new(object),
            async |object: Arc<EcsCluster>| {
                said.lock()
                    .unwrap()
                    .push(format!("apply {}", object.finalizers().join(",")));
                Ok(Action::await_change())
            },
            async |_| {
                said.lock().unwrap().push("cleanup".to_owned());
                Ok(cleanup)
            },
        )
        .await;
        (action, said.into_inner().unwrap())
    }

    #[tokio::test]
    async fn adds_the_finalizer_and_goes_on_with_the_object_that_the_server_returned() {
        let (client, log) = fake::client(|_| {
            Answer::ok(serde_json::to_value(cluster(&["other/one", FINALIZER], false)).unwrap())
        });
        let (action, said) = pass(&client, cluster(&["other/one"], false), Cleanup::Done).await;
        assert_eq!(action.unwrap(), Action::await_change());
        assert_eq!(said, ["apply other/one,ecs-operator.dev/finalizer"]);
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].content_type, "application/json-patch+json");
        let expected = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u-1"},
            {"op": "test", "path": "/metadata/finalizers", "value": ["other/one"]},
            {"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER},
        ]);
        assert_eq!(log[0].body, expected);
    }

    #[tokio::test]
    async fn does_nothing_before_the_finalizer_is_there() {
        let (client, _) = fake::client(|_| Answer::refusal(422, "Invalid"));
        let (action, said) = pass(&client, cluster(&[], false), Cleanup::Done).await;
        assert!(matches!(
            action,
            Err(Error::Kubernetes {
                during: "adding the finalizer",
                ..
            })
        ));
        assert!(said.is_empty());
    }

    #[tokio::test]
    async fn keeps_the_finalizer_while_cleaning_up_and_removes_it_after() {
        let answer = |_: &fake::Request| Answer::ok(serde_json::to_value(cluster(&[], true)).unwrap());
        let (client, log) = fake::client(answer);
        let wait = Duration::from_secs(10);
        let (action, said) = pass(&client, cluster(&[FINALIZER], true), Cleanup::Wait(wait)).await;
        assert_eq!(action.unwrap(), Action::requeue(wait));
        assert_eq!(said, ["cleanup"]);
        assert!(log.lock().unwrap().is_empty());

        pass(&client, cluster(&["a/b", FINALIZER], true), Cleanup::Done)
            .await
            .0
            .unwrap();
        let expected = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u-1"},
            {"op": "test", "path": "/metadata/finalizers/1", "value": FINALIZER},
            {"op": "remove", "path": "/metadata/finalizers/1"},
        ]);
        assert_eq!(log.lock().unwrap()[0].body, expected);
    }

    #[tokio::test]
    async fn an_object_that_is_not_held_is_let_go() {
        let (client, log) = fake::client(|_| Answer::refusal(404, "NotFound"));
        let (action, said) = pass(&client, cluster(&["other/one"], true), Cleanup::Done).await;
        assert_eq!(action.unwrap(), Action::await_change());
        assert!(said.is_empty() && log.lock().unwrap().is_empty());
        let (action, _) = pass(&client, cluster(&[FINALIZER], true), Cleanup::Done).await;
        assert!(action.is_ok(), "an object that is gone already is no error");
    }
}
