//! The control API.

use serde_json::{Value, json};

use crate::backend::Backend;

#[test]
fn calls_are_counted_until_they_are_reset() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({}));
    ecs.done("DescribeClusters", &json!({}));
    ecs.call("DeleteCluster", &json!({"cluster": "nobody"}))
        .unwrap_err();
    let expected = json!({"total": 3, "mutations": 2,
        "calls": {"CreateCluster": 1, "DeleteCluster": 1, "DescribeClusters": 1},
        "errors": {"DeleteCluster ClusterNotFoundException": 1}});
    assert_eq!(ecs.control("GET", "calls", &Value::Null).unwrap(), expected);
    assert_eq!(
        ecs.control("POST", "calls/reset", &Value::Null).unwrap()["total"],
        0
    );
}

#[test]
fn faults_strike_and_are_used_up() {
    let ecs = Backend::new();
    let fault = |fault: Value| ecs.control("POST", "faults", &fault).unwrap();
    let clusters = || {
        ecs.done("ListClusters", &json!({}))["clusterArns"]
            .as_array()
            .unwrap()
            .len()
    };
    fault(json!({"operation": "CreateCluster", "error": "ThrottlingException"}));
    ecs.refused(
        "CreateCluster",
        &json!({}),
        "ThrottlingException",
        "Rate exceeded",
    );
    assert_eq!(clusters(), 0);
    fault(json!({"operation": "CreateCluster", "mode": "after"}));
    let response = ecs.send("CreateCluster", &json!({}));
    assert_eq!(response.status, 500);
    assert_eq!(clusters(), 1);
    fault(json!({"operation": "*", "mode": "drop"}));
    assert_eq!(ecs.send("CreateCluster", &json!({"clusterName": "b"})).status, 0);
    assert_eq!(clusters(), 2);
    fault(json!({"operation": "*", "mode": "lose", "count": null}));
    assert_eq!(ecs.send("CreateCluster", &json!({"clusterName": "c"})).status, 0);
    ecs.control("DELETE", "faults", &Value::Null).unwrap();
    assert_eq!(clusters(), 2);
    let refused = ecs
        .control("POST", "faults", &json!({"operation": "Nothing"}))
        .unwrap_err();
    assert_eq!(
        refused,
        (
            400,
            "there is no operation \"Nothing\"; * means every one".to_owned()
        )
    );
    assert_eq!(
        ecs.control("POST", "faults", &json!({"operation": "*", "modus": 1}))
            .unwrap_err()
            .0,
        400
    );
}

#[test]
fn the_clock_moves_and_the_world_begins_again() {
    let ecs = Backend::new();
    assert_eq!(
        ecs.control("GET", "health", &Value::Null).unwrap()["status"],
        "ok"
    );
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    ecs.done(
        "PutClusterCapacityProviders",
        &json!({"cluster": "web", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}),
    );
    let moved = ecs
        .control("POST", "clock/advance?seconds=0.5", &Value::Null)
        .unwrap();
    assert_eq!(
        moved,
        json!({"now": "2026-11-22T02:12:00.5Z", "nextEvent": "2026-11-22T02:12:00.8Z"})
    );
    let moved = ecs
        .control("POST", "clock/advance?seconds=3600", &Value::Null)
        .unwrap();
    assert_eq!(moved, json!({"now": "2026-11-22T03:12:00.5Z", "nextEvent": null}));
    ecs.pass(1000);
    assert_eq!(
        ecs.control("GET", "clock", &Value::Null).unwrap()["now"],
        "2026-11-22T03:12:01.5Z"
    );
    for wrong in [
        "clock/advance",
        "clock/advance?seconds=-1",
        "clock/advance?seconds=NaN",
        "clock/advance?seconds=1e300",
    ] {
        assert_eq!(
            ecs.control("POST", wrong, &Value::Null).unwrap_err().0,
            400,
            "{wrong}"
        );
    }
    ecs.control("POST", "reset", &Value::Null).unwrap();
    assert_eq!(ecs.done("ListClusters", &json!({})), json!({"clusterArns": []}));
    assert_eq!(ecs.control("GET", "nothing", &Value::Null).unwrap_err().0, 404);
}

#[test]
fn machines_are_made_and_unmade() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    let at = "?region=eu-west-1";
    let made = ecs
        .control(
            "POST",
            &format!("instances{at}"),
            &json!({"cluster": "web", "count": 2, "machine": {"cpu": 4096}}),
        )
        .unwrap();
    let arns = made["containerInstanceArns"].as_array().unwrap();
    assert_eq!(arns.len(), 2);
    let id = arns[0].as_str().unwrap().rsplit('/').next().unwrap();
    ecs.control("POST", &format!("instances/{id}/disconnect{at}"), &Value::Null)
        .unwrap();
    let described = ecs.done(
        "DescribeContainerInstances",
        &json!({"cluster": "web", "containerInstances": [id]}),
    );
    assert_eq!(described["containerInstances"][0]["agentConnected"], false);
    ecs.control("POST", &format!("instances/{id}/terminate{at}"), &Value::Null)
        .unwrap();
    let described = ecs.done(
        "DescribeContainerInstances",
        &json!({"cluster": "web", "containerInstances": [id]}),
    );
    assert_eq!(described["containerInstances"][0]["status"], "INACTIVE");
    let refused = ecs
        .control("POST", "instances", &json!({"cluster": "nobody"}))
        .unwrap_err();
    assert_eq!(refused, (400, "Cluster not found.".to_owned()));
    assert_eq!(
        ecs.control("POST", "instances", &json!({"count": 0}))
            .unwrap_err()
            .0,
        400
    );
    assert_eq!(
        ecs.control("POST", "instances", &json!({"machine": {"gpus": 65}}))
            .unwrap_err(),
        (400, "machine.gpus: a number from 0 to 64 is expected".to_owned())
    );
    assert!(ecs.control("GET", &format!("events{at}"), &Value::Null).unwrap()["events"].is_array());
}
