//! The rules that an operator relies on, each against the in-memory server. Their sources are engineering.md §8.4 and
//! the Kubernetes API conventions; a real apiserver holds them in the other tests.

use futures::StreamExt;

use super::*;

fn crd() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "apps.sim.test"},
    "spec": {"group": "sim.test", "scope": "Namespaced", "names": {"plural": "apps", "kind": "App"},
        "versions": [{"name": "v1", "subresources": {"status": {}, "scale": {
            "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.running", "labelSelectorPath": ".status.selector"}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}, "image": {"type": "string"}}},
            "status": {"type": "object", "default": {}, "properties": {
                "observedGeneration": {"type": "integer", "default": -1}, "running": {"type": "integer"}, "selector": {"type": "string"},
                "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                    "items": {"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}},
        }}}}]}})
}

fn server() -> ApiServer {
    ApiServer::new(&[crd()], || "2026-01-01T00:00:00Z".parse().expect("a timestamp"))
}

fn app(spec: &Value) -> Value {
    json!({"apiVersion": "sim.test/v1", "kind": "App", "metadata": {"name": "a", "namespace": "default"}, "spec": spec})
}

fn patch_status(server: &ApiServer, status: &Value) -> Result<Value, Refusal> {
    let mut body = app(&json!(null));
    body["status"] = status.clone();
    let resource = server.kinds().by_kind("App").expect("served");
    let mut call = Call::apply(resource, Some("default".into()), Some("a"), &body, "op/status");
    call.target.subresource = "status".into();
    server.answer(&call)
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .expect("one")
        .parse()
        .expect("a number")
}

#[test]
fn generation_counts_changes_of_the_spec_and_the_deletion_mark_once() {
    let server = server();
    let generation = |server: &ApiServer| {
        server.get("App", "default", "a").expect("there")["metadata"]["generation"].clone()
    };
    let mut first = app(&json!({"size": 1}));
    first["metadata"]["finalizers"] = json!(["sim.test/a"]);
    server.apply(&first, "kubectl").expect("accepted");
    assert_eq!(generation(&server), 1);
    server
        .merge(
            "App",
            "default",
            "a",
            &json!({"metadata": {"labels": {"x": "y"}}}),
        )
        .expect("accepted");
    patch_status(&server, &json!({"running": 1})).expect("accepted");
    assert_eq!(generation(&server), 1, "labels and status do not count");
    server
        .merge("App", "default", "a", &json!({"spec": {"size": 2}}))
        .expect("accepted");
    assert_eq!(generation(&server), 2);
    server.delete("App", "default", "a").expect("accepted");
    server.delete("App", "default", "a").expect("accepted");
    assert_eq!(generation(&server), 3, "the mark counts once");
    let more = server.merge(
        "App",
        "default",
        "a",
        &json!({"metadata": {"finalizers": ["sim.test/a", "sim.test/b"]}}),
    );
    assert_eq!(
        more.map_err(|refusal| refusal.code),
        Err(422),
        "no new finalizer on a dying object"
    );
    server
        .merge("App", "default", "a", &json!({"metadata": {"finalizers": null}}))
        .expect("accepted");
    assert_eq!(server.get("App", "default", "a"), None);
}

#[test]
fn the_status_is_defaulted_and_only_its_own_door_changes_it() {
    let server = server();
    let mut given = app(&json!({"size": 1, "sise": 2}));
    given["status"] = json!({"running": 7});
    let created = server.apply(&given, "kubectl").expect("accepted");
    assert_eq!(created["status"], json!({"observedGeneration": -1}));
    assert_eq!(
        created["spec"],
        json!({"size": 1}),
        "what the schema does not know is pruned"
    );
    let conditions = json!([{"type": "Ready", "status": "True"}]);
    patch_status(
        &server,
        &json!({"observedGeneration": 1, "conditions": conditions}),
    )
    .expect("accepted");
    let again = server.apply(&given, "kubectl").expect("accepted");
    assert_eq!(again["status"]["conditions"], conditions);
    let dropped = patch_status(&server, &json!({"observedGeneration": 1})).expect("accepted");
    assert_eq!(
        dropped["status"],
        json!({"observedGeneration": 1}),
        "what the writer leaves out goes"
    );
}

#[test]
fn writes_that_change_nothing_leave_no_revision() {
    let server = server();
    let first = server
        .apply(&app(&json!({"size": 1})), "kubectl")
        .expect("accepted");
    patch_status(&server, &json!({"running": 1})).expect("accepted");
    let revision = server.revision();
    server
        .apply(&app(&json!({"size": 1})), "kubectl")
        .expect("accepted");
    server
        .merge("App", "default", "a", &json!({"spec": {"size": 1}}))
        .expect("accepted");
    patch_status(&server, &json!({"running": 1})).expect("accepted");
    assert_eq!(server.revision(), revision);
    let stale = json!({"metadata": {"resourceVersion": version(&first).to_string()}, "spec": {"size": 2}});
    let refused = server.merge("App", "default", "a", &stale);
    assert_eq!(
        refused.map_err(|refusal| (refusal.code, refusal.reason)),
        Err((409, "Conflict"))
    );
}

#[test]
fn scaling_a_field_that_nobody_owned_outlives_an_apply_without_it() {
    let server = server();
    server
        .apply(&app(&json!({"image": "x"})), "kubectl")
        .expect("accepted");
    let resource = server.kinds().by_kind("App").expect("served");
    let mut read = Call::merge(resource, "default", "a", "scale", &Value::Null);
    read.method = http::Method::GET;
    let absent = server.answer(&read).expect_err("there is no number yet");
    assert!(absent.message.contains(".spec.size"), "{absent:?}");
    let scaled = server.scale("App", "default", "a", 40).expect("accepted");
    assert_eq!(
        (&scaled["kind"], &scaled["spec"]["replicas"]),
        (&json!("Scale"), &json!(40))
    );
    let size = |object: Value| object["spec"]["size"].clone();
    assert_eq!(
        size(
            server
                .apply(&app(&json!({"image": "y"})), "kubectl")
                .expect("accepted")
        ),
        40
    );
    assert_eq!(
        size(
            server
                .apply(&app(&json!({"image": "y", "size": 3})), "kubectl")
                .expect("accepted")
        ),
        3
    );
    server.scale("App", "default", "a", 5).expect("accepted");
    assert_eq!(
        size(
            server
                .apply(&app(&json!({"image": "y"})), "kubectl")
                .expect("accepted")
        ),
        5
    );
}

#[test]
fn a_namespace_goes_with_what_is_in_it() {
    let server = server();
    let mut held = app(&json!({"size": 1}));
    held["metadata"]["finalizers"] = json!(["sim.test/a"]);
    server.apply(&held, "kubectl").expect("accepted");
    server.delete("Namespace", "", "default").expect("accepted");
    let mut second = app(&json!({"size": 1}));
    second["metadata"]["name"] = json!("b");
    assert_eq!(
        server.apply(&second, "kubectl").map_err(|refusal| refusal.code),
        Err(403)
    );
    server
        .merge("App", "default", "a", &json!({"metadata": {"finalizers": null}}))
        .expect("accepted");
    assert_eq!(server.get("Namespace", "", "default"), None);
}

#[test]
fn what_is_not_served_is_not_found() {
    for path in [
        "/apis/sim.test/v1/unknowns",
        "/apis/sim.test/v2/apps",
        "/apis/sim.test/v1/namespaces/default/apps/a/log",
        "/nonsense",
    ] {
        let refused = server().kinds().route(path).map(|target| target.name);
        assert_eq!(refused.map_err(|refusal| refusal.code), Err(404), "{path}");
    }
}

async fn kinds_of_events(server: &ApiServer, from: Option<u64>, labels: &str, count: usize) -> Vec<String> {
    let query = std::collections::BTreeMap::from([("labelSelector".to_owned(), labels.to_owned())]);
    let watch = watch::Watch {
        resource: server.kinds().by_kind("App").expect("served"),
        namespace: None,
        selector: Selector::from_query(&query).expect("a selector"),
        from,
        mark_initial: from.is_none(),
        ends: tokio::time::Instant::now() + Duration::from_mins(1),
    };
    let lines = watch_lines(server.clone(), watch)
        .take(count)
        .collect::<Vec<_>>()
        .await;
    let read = |line: &bytes::Bytes| {
        serde_json::from_slice::<Value>(line).expect("JSON")["type"]
            .as_str()
            .map(str::to_owned)
    };
    lines.iter().filter_map(read).collect()
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_every_change_from_its_revision_on() {
    let server = server();
    let start = server.revision();
    let label = |value: &str| json!({"metadata": {"labels": {"x": value}}});
    server
        .apply(&app(&json!({"size": 1})), "kubectl")
        .expect("accepted");
    server
        .merge("App", "default", "a", &label("1"))
        .expect("accepted");
    server
        .merge("App", "default", "a", &label("2"))
        .expect("accepted");
    let all = ["ADDED", "MODIFIED", "MODIFIED", "BOOKMARK"];
    assert_eq!(kinds_of_events(&server, Some(start), "", 9).await, all);
    assert_eq!(
        kinds_of_events(&server, Some(start), "x=1", 9).await,
        ["ADDED", "DELETED", "BOOKMARK"]
    );
    assert_eq!(kinds_of_events(&server, None, "", 2).await, ["ADDED", "BOOKMARK"]);
    server.set_delivery(Delivery {
        delay: Duration::from_secs(1),
        coalesce: true,
        ..Delivery::default()
    });
    assert_eq!(
        kinds_of_events(&server, Some(start), "", 9).await,
        ["ADDED", "BOOKMARK"]
    );
    server.break_watches(true);
    assert_eq!(kinds_of_events(&server, Some(start), "", 9).await, ["ERROR"]);
}
