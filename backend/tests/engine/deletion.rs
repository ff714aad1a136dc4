//! Services end (ecs-semantics.md §3.15, §13.1 item 12).

use serde_json::json;

use crate::kit::{Kit, fargate_service, text};

#[test]
fn a_service_is_deleted_when_it_is_scaled_to_zero_or_by_force() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 2, json!({}));
    kit.until_stable();
    let (code, message) = kit.refused("DeleteService", json!({"service": "web"}));
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(
        message,
        "The service cannot be stopped while it is scaled above 0."
    );

    let deleted = kit.ok("DeleteService", json!({"service": "web", "force": true}));
    assert_eq!(deleted["service"]["status"], "DRAINING");
    let refused = kit.refused("CreateService", fargate_service(&definition, 1));
    assert_eq!(refused.1, "Unable to Start a service that is still Draining.");
    let not_active = (
        "ServiceNotActiveException".to_owned(),
        "Service was not ACTIVE.".to_owned(),
    );
    let update = json!({"service": "web", "desiredCount": 1});
    assert_eq!(kit.refused("UpdateService", update.clone()), not_active);
    assert_eq!(kit.ok("ListServices", json!({}))["serviceArns"], json!([]));
    kit.until("it is INACTIVE", |kit| kit.service()["status"] == "INACTIVE");
    assert_eq!(kit.tasks("RUNNING").len(), 0);
    let stopped = "(service web) has stopped 2 running tasks: (task ID) (task ID).";
    assert_eq!(kit.events().iter().filter(|event| *event == stopped).count(), 1);
    assert_eq!(kit.refused("UpdateService", update), not_active);
    assert_eq!(
        kit.refused("DeleteService", json!({"service": "web"})).0,
        "ServiceNotFoundException"
    );
    let created = kit.create(&definition, 1, json!({}));
    assert_eq!(
        (&created["status"], &created["events"]),
        (&json!("ACTIVE"), &json!([]))
    );
    kit.until_stable();
    kit.pass(2 * 3_600_000);
    assert_eq!(
        kit.service()["status"],
        "ACTIVE",
        "what is remembered of the old service does not end the new one"
    );
}

#[test]
fn a_call_that_comes_after_its_service_was_deleted_makes_no_other() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let token = json!({"clientToken": "first"});
    let made = kit.create(&definition, 0, token.clone());
    kit.ok("DeleteService", json!({"service": "web"}));
    kit.until("it is INACTIVE", |kit| kit.service()["status"] == "INACTIVE");
    let late = kit.create(&definition, 0, token);
    assert_eq!(
        (&late["status"], &late["createdAt"]),
        (&json!("INACTIVE"), &made["createdAt"])
    );
    let next = kit.create(&definition, 0, json!({"clientToken": "second"}));
    assert_eq!(next["status"], "ACTIVE");
}

#[test]
fn what_is_inactive_is_forgotten_after_an_hour() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 0, json!({}));
    kit.ok("DeleteService", json!({"service": "web"}));
    kit.pass(60_000);
    assert_eq!(kit.service()["status"], "INACTIVE");
    kit.pass(3_600_000);
    let described = kit.ok("DescribeServices", json!({"services": ["web"]}));
    assert_eq!(described["services"], json!([]));
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    assert!(text(&described["failures"][0]["arn"]).ends_with(":service/default/web"));
}

#[test]
fn a_cluster_with_a_service_stays() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 1, json!({}));
    kit.until_stable();
    assert_eq!(
        kit.refused("DeleteCluster", json!({"cluster": "default"})).0,
        "ClusterContainsServicesException"
    );
    kit.ok("DeleteService", json!({"service": "web", "force": true}));
    kit.until("it is INACTIVE", |kit| kit.service()["status"] == "INACTIVE");
    kit.pass(60_000);
    kit.ok("DeleteCluster", json!({"cluster": "default"}));
}
