//! Rolling deployments (ecs-semantics.md §13.1, item 5).

use serde_json::{Value, json};

use crate::kit::{Kit, text};

/// Rolls a service of `desired` tasks while its counts are watched.
fn roll(desired: i64, minimum: i64, maximum: i64) {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let configuration = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
    let count = i32::try_from(desired).unwrap();
    kit.create(
        &definition,
        count,
        json!({"deploymentConfiguration": configuration}),
    );
    kit.until_stable();
    let next = kit.fargate(json!({"image": "httpd:2"}));
    let updated = kit.update(json!({"taskDefinition": next}));
    assert_eq!(updated["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(updated["deployments"][1]["status"], "ACTIVE");
    let lower = (desired * minimum + 99) / 100;
    let upper = desired * maximum / 100;
    for _ in 0..2_000 {
        let service = kit.service();
        let running = service["runningCount"].as_i64().unwrap();
        let total = running + service["pendingCount"].as_i64().unwrap();
        assert!(
            running >= lower,
            "{desired} {minimum}/{maximum}: {running} < {lower}"
        );
        assert!(total <= upper, "{desired} {minimum}/{maximum}: {total} > {upper}");
        if service["deployments"].as_array().unwrap().len() == 1 {
            break;
        }
        kit.pass(50);
    }
    let service = kit.service();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1, "{service:#}");
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    let tasks = kit.tasks("RUNNING");
    assert!(
        i64::try_from(tasks.len()).unwrap() == desired
            && tasks.iter().all(|task| text(&task["taskDefinitionArn"]) == next)
    );
}

#[test]
fn a_rollout_keeps_its_bounds_and_leaves_one_deployment() {
    for (minimum, maximum) in [(100, 200), (50, 100), (0, 100), (100, 150)] {
        for desired in 1..=10 {
            let rounded_away =
                desired * maximum / 100 == desired && (desired * minimum + 99) / 100 == desired;
            if !rounded_away {
                roll(desired, minimum, maximum);
            }
        }
    }
}

#[test]
fn a_rollout_that_cannot_move_says_so() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let configuration = json!({"minimumHealthyPercent": 100, "maximumPercent": 150});
    kit.create(&definition, 1, json!({"deploymentConfiguration": configuration}));
    kit.until_stable();
    kit.update(json!({"forceNewDeployment": true}));
    kit.pass(10_000);
    assert_eq!(kit.service()["deployments"].as_array().unwrap().len(), 2);
    let stuck = "(service web) was unable to stop or start tasks during a deployment because of the service deployment \
                 configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
    assert_eq!(kit.events().last().unwrap(), stuck);
    kit.update(json!({"deploymentConfiguration": {"maximumPercent": 200}}));
    kit.until_stable();
}

#[test]
fn a_newer_update_supersedes_the_one_that_runs() {
    let kit = Kit::new();
    let first = kit.fargate(json!({}));
    kit.create(&first, 2, json!({}));
    kit.until_stable();
    let bad = kit.fargate(json!({"image": "registry.invalid/web"}));
    kit.update(json!({"taskDefinition": bad}));
    kit.pass(2_000);
    let good = kit.fargate(json!({"image": "httpd:3"}));
    let updated = kit.update(json!({"taskDefinition": good}));
    assert_eq!(updated["deployments"].as_array().unwrap().len(), 3);
    kit.until_stable();
    let listed = kit.ok("ListServiceDeployments", json!({"service": "web"}))["serviceDeployments"].clone();
    let statuses: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["status"]))
        .collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
    assert!(
        kit.tasks("RUNNING")
            .iter()
            .all(|task| text(&task["taskDefinitionArn"]) == good)
    );
}

#[test]
fn what_starts_a_deployment_and_what_does_not() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 1, json!({}));
    kit.until_stable();
    let other_network = json!({"awsvpcConfiguration": {"subnets": ["subnet-c"]}});
    let cases = [
        (json!({"desiredCount": 1}), false),
        (json!({"taskDefinition": definition}), false),
        (
            json!({"deploymentConfiguration": {"minimumHealthyPercent": 50}}),
            false,
        ),
        (json!({"healthCheckGracePeriodSeconds": 5}), false),
        (json!({"enableExecuteCommand": true}), false),
        (json!({"propagateTags": "SERVICE"}), false),
        (json!({"forceNewDeployment": true}), true),
        (json!({"networkConfiguration": other_network}), true),
        (json!({"platformVersion": "1.3.0"}), true),
        (json!({"serviceConnectConfiguration": {"enabled": false}}), true),
        (json!({"taskDefinition": kit.fargate(json!({}))}), true),
    ];
    for (change, starts) in cases {
        let before = kit.service()["deployments"][0]["id"].clone();
        let after = kit.update(change.clone())["deployments"][0]["id"].clone();
        assert_eq!(before != after, starts, "{change}");
        kit.until("the deployment is over", |kit| {
            kit.service()["deployments"].as_array().unwrap().len() == 1
                && kit.service()["deployments"][0]["rolloutState"] == "COMPLETED"
        });
    }
}

#[test]
fn revisions_say_what_was_deployed() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    let service = kit.create(&definition, 1, json!({}));
    kit.until_stable();
    let current = kit.service();
    let revision = current["currentServiceRevisions"][0]["arn"].clone();
    let described = kit.ok(
        "DescribeServiceRevisions",
        json!({"serviceRevisionArns": [revision]}),
    );
    let shown = &described["serviceRevisions"][0];
    assert_eq!(shown["taskDefinition"], definition.as_str());
    assert!(text(&shown["containerImages"][0]["imageDigest"]).starts_with("sha256:"));
    let deployment = service["currentServiceDeployment"].clone();
    let described = kit.ok(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [deployment]}),
    );
    let shown = &described["serviceDeployments"][0];
    assert_eq!(shown["targetServiceRevision"]["arn"], revision);
    assert_eq!(shown["targetServiceRevision"]["runningTaskCount"], 1);
    let unknown = text(&deployment).replace("/web/", "/other/");
    let described = kit.ok(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [unknown]}),
    );
    assert_eq!(described["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_person_rolls_back() {
    let kit = Kit::new();
    let first = kit.fargate(json!({}));
    kit.create(&first, 2, json!({}));
    let deployment = |kit: &Kit| kit.service()["currentServiceDeployment"].clone();
    let stop = |kit: &Kit| {
        kit.try_call(
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": deployment(kit)}),
        )
    };
    assert_eq!(
        stop(&kit).unwrap_err().0,
        "ConflictException",
        "nothing to go back to"
    );
    kit.until_stable();
    assert_eq!(stop(&kit).unwrap_err().0, "ConflictException", "nothing to stop");
    let second = kit.fargate(json!({"image": "httpd:2"}));
    kit.update(json!({"taskDefinition": second}));
    kit.pass(300);
    let abort = json!({"serviceDeploymentArn": deployment(&kit), "stopType": "ABORT"});
    assert_eq!(
        kit.refused("StopServiceDeployment", abort).0,
        "InvalidParameterException"
    );
    let arn = deployment(&kit);
    assert_eq!(stop(&kit).unwrap()["serviceDeploymentArn"], arn);
    kit.until_stable();
    let described = kit.ok(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [arn]}),
    );
    assert_eq!(
        described["serviceDeployments"][0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    assert_eq!(text(&kit.service()["taskDefinition"]), first);
}

#[test]
fn old_tasks_take_new_settings_only_with_a_deployment() {
    let kit = Kit::new();
    let definition = kit.fargate(json!({}));
    kit.create(&definition, 1, json!({"tags": [{"key": "team", "value": "a"}]}));
    kit.until_stable();
    kit.update(json!({"propagateTags": "SERVICE", "enableECSManagedTags": true}));
    let keys = |task: &Value| -> Vec<String> {
        task["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| text(&tag["key"]).to_owned())
            .collect()
    };
    kit.pass(5_000);
    assert!(keys(&kit.tasks("RUNNING")[0]).is_empty());
    kit.update(json!({"forceNewDeployment": true}));
    kit.until_stable();
    assert_eq!(
        keys(&kit.tasks("RUNNING")[0]),
        ["team", "aws:ecs:clusterName", "aws:ecs:serviceName"]
    );
}
