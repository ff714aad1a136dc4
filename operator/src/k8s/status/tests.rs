use ecs_crds::{EcsCluster, EcsClusterStatus};

use super::*;
use crate::k8s::fake::{self, Answer, Request};

fn cluster(resource_version: &str, status: &Value) -> EcsCluster {
    serde_json::from_value(json!({
        "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
        "metadata": {"name": "main", "namespace": "shop", "uid": "u-1", "resourceVersion": resource_version},
        "spec": {},
        "status": status,
    }))
    .unwrap()
}

fn status(ready: &str, message: &str) -> Value {
    let condition = json!({
        "type": "Ready", "status": ready, "reason": "Because", "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    });
    json!({"observedGeneration": 1, "conditions": [condition]})
}

fn typed(status: &Value) -> EcsClusterStatus {
    serde_json::from_value(status.clone()).unwrap()
}

fn writer(
    serve: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (StatusWriter, Arc<Mutex<Vec<Request>>>) {
    let (client, log) = fake::client(serve);
    (StatusWriter::new(client, Arc::new(Metrics::new())), log)
}

/// Answers as the API server does: the applied status, at the next resource version.
fn accepting() -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let version = std::sync::atomic::AtomicU64::new(10);
    move |request| {
        let version = version.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        Answer::ok(serde_json::to_value(cluster(&version.to_string(), &request.body["status"])).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn applies_the_whole_status_of_this_incarnation_once() {
    let (writer, log) = writer(accepting());
    let object = cluster("10", &json!({"observedGeneration": -1}));
    let desired = typed(&status("True", "m"));
    assert_eq!(writer.write(&object, &desired).await.unwrap(), Written::Yes);
    // The cache still shows the old object; what was written is remembered.
    assert_eq!(writer.write(&object, &desired).await.unwrap(), Written::Same);
    assert_eq!(writer.latest(&object), Some(desired));
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(
        log[0].path,
        "/apis/ecs-operator.dev/v1alpha1/namespaces/shop/ecsclusters/main/status"
    );
    assert!(
        log[0].query.contains("force=true") && log[0].query.contains("fieldManager=ecs-operator%2Fstatus")
    );
    assert_eq!(log[0].body["metadata"], json!({"name": "main", "uid": "u-1"}));
}

#[tokio::test(start_paused = true)]
async fn a_message_alone_waits_two_seconds_and_a_condition_does_not() {
    let (writer, log) = writer(accepting());
    let object = cluster("10", &json!({"observedGeneration": -1}));
    writer
        .write(&object, &typed(&status("False", "1 of 3")))
        .await
        .unwrap();
    tokio::time::advance(Duration::from_millis(500)).await;
    let later = writer
        .write(&object, &typed(&status("False", "2 of 3")))
        .await
        .unwrap();
    assert_eq!(later, Written::Deferred(Duration::from_millis(1500)));
    assert_eq!(writer.deferred("u-1"), Some(Duration::from_millis(1500)));
    let ready = writer
        .write(&object, &typed(&status("True", "3 of 3")))
        .await
        .unwrap();
    assert_eq!(ready, Written::Yes);
    assert_eq!(writer.deferred("u-1"), None);
    tokio::time::advance(QUIET).await;
    assert_eq!(
        writer
            .write(&object, &typed(&status("True", "4 of 4")))
            .await
            .unwrap(),
        Written::Yes
    );
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_order_in_which_the_api_server_keeps_conditions_is_no_difference() {
    let (writer, log) = writer(accepting());
    let condition = |type_: &str| {
        json!({"type": type_, "status": "True", "reason": "Because", "message": "m",
        "lastTransitionTime": "2026-01-01T00:00:00Z"})
    };
    let kept = json!({"observedGeneration": 1, "conditions": [condition("Ready"), condition("Synced"), condition("Reconciling")]});
    let ours = json!({"observedGeneration": 1, "conditions": [condition("Ready"), condition("Reconciling"), condition("Synced")]});
    assert_eq!(
        writer.write(&cluster("10", &kept), &typed(&ours)).await.unwrap(),
        Written::Same
    );
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_caught_up_counts_more_than_memory() {
    let (writer, _) = writer(accepting());
    let old = cluster("10", &json!({"observedGeneration": -1}));
    writer.write(&old, &typed(&status("True", "m"))).await.unwrap();
    let wiped = cluster("12", &json!({"observedGeneration": -1}));
    assert_eq!(
        writer.latest(&wiped),
        Some(typed(&json!({"observedGeneration": -1})))
    );
}

#[tokio::test(start_paused = true)]
async fn falls_back_to_a_merge_that_replaces_when_applying_cannot_merge() {
    let (writer, log) = writer(|request| {
        if request.content_type == "application/apply-patch+yaml" {
            return Answer::refusal(
                500,
                "failed to create typed live object: .status.arn: expected string",
            );
        }
        Answer::ok(serde_json::to_value(cluster("11", &json!({"observedGeneration": 1}))).unwrap())
    });
    let object = cluster("10", &json!({"observedGeneration": 1, "arn": "old"}));
    assert_eq!(
        writer
            .write(&object, &typed(&json!({"observedGeneration": 2})))
            .await
            .unwrap(),
        Written::Yes
    );
    let log = log.lock().unwrap();
    assert_eq!(log[1].content_type, "application/merge-patch+json");
    assert_eq!(log[1].body["status"]["observedGeneration"], json!(2));
    assert_eq!(log[1].body["status"]["arn"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_no_error_and_another_incarnation_is() {
    let object = cluster("10", &json!({"observedGeneration": -1}));
    let (gone, _) = writer(|_| Answer::refusal(404, "NotFound"));
    assert!(gone.write(&object, &typed(&status("True", "m"))).await.is_ok());
    let (replaced, _) = writer(|_| Answer::refusal(409, "Conflict"));
    assert!(
        replaced
            .write(&object, &typed(&status("True", "m")))
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_not_ours_is_noticed() {
    let (writer, _) = writer(accepting());
    let old = cluster("10", &json!({"observedGeneration": -1}));
    let ours = status("True", "m");
    assert!(!writer.was_overwritten(&old), "nothing was written yet");
    writer.write(&old, &typed(&ours)).await.unwrap();
    let cases = [
        (
            "an object from before our write",
            "10",
            json!({"observedGeneration": -1}),
            false,
        ),
        ("our write", "11", ours.clone(), false),
        ("a label, say", "12", ours, false),
        ("a late write of ours", "12", status("False", "earlier"), true),
        ("a wiped status", "12", json!({"observedGeneration": -1}), true),
    ];
    for (what, version, status, expected) in cases {
        assert_eq!(
            writer.was_overwritten(&cluster(version, &status)),
            expected,
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_was_there_already_is_remembered_like_one_of_ours() {
    let (writer, log) = writer(accepting());
    let ours = status("True", "m");
    let object = cluster("20", &ours);
    assert_eq!(writer.write(&object, &typed(&ours)).await.unwrap(), Written::Same);
    assert!(!writer.was_overwritten(&object));
    assert!(!writer.was_overwritten(&cluster("21", &ours)), "a label, say");
    let theirs = cluster("22", &json!({"observedGeneration": -1}));
    assert!(writer.was_overwritten(&theirs));
    assert!(log.lock().unwrap().is_empty());
    // It holds nothing back, and what it shows after a pass that agrees with it is right.
    let other = status("True", "another message");
    assert_eq!(writer.write(&object, &typed(&other)).await.unwrap(), Written::Yes);
    let after = cluster("30", &ours);
    assert_eq!(writer.write(&after, &typed(&ours)).await.unwrap(), Written::Same);
    assert!(!writer.was_overwritten(&cluster("31", &ours)));
}
