//! What is denied of one hides nothing of another.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_denied_name_does_not_hide_the_others() {
    let aws = FakeAws::new(|call| {
        let answer = ecs(call, &["a", "b", "c", "d"], "theirs");
        if answer.0 == 400 {
            return refusal(400, "AccessDeniedException", "not authorized on resource theirs");
        }
        answer
    });
    let observer = observer(&aws);
    for name in ["a", "b", "theirs", "c", "d"] {
        observer.watch(&named(name), &object(name));
    }
    seconds(31).await;
    for name in ["a", "b", "c", "d"] {
        assert!(observer.service(&named(name)).is_some(), "{name}");
    }
    let error = observer.failure(&named("theirs")).unwrap();
    assert!(error.is("AccessDeniedException"), "{error}");
}

/// Two services with a history: twenty deployments fill a batch, so that of the other is in another.
#[tokio::test(start_paused = true)]
async fn deployments_that_cannot_be_read_fail_their_own_service_only() {
    let arn = |service: &str, number: usize| {
        format!("arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/{service}/{number:02}")
    };
    let aws = FakeAws::new(move |call| match call.operation.as_str() {
        "DescribeServices" => {
            let mut answer = ecs(call, &["many", "web"], "");
            for service in answer.1["services"].as_array_mut().unwrap() {
                service["deployments"][0]["rolloutState"] = json!("FAILED");
            }
            answer
        }
        "ListServiceDeployments" => {
            let service = call.input["service"].as_str().unwrap();
            let number = if service == "many" { 20 } else { 1 };
            let all = (0..number).map(|number| {
                json!({"serviceDeploymentArn": arn(service, number), "status": "ROLLBACK_SUCCESSFUL"})
            });
            (200, json!({"serviceDeployments": all.collect::<Vec<_>>()}))
        }
        "DescribeServiceDeployments" => {
            let asked = call.input["serviceDeploymentArns"].as_array().unwrap();
            if asked.contains(&json!(arn("many", 0))) {
                return refusal(400, "AccessDeniedException", "no");
            }
            let all = asked
                .iter()
                .map(|arn| json!({"serviceDeploymentArn": arn, "status": "ROLLBACK_SUCCESSFUL"}));
            (200, json!({"serviceDeployments": all.collect::<Vec<_>>()}))
        }
        "DescribeServiceRevisions" => (200, json!({"serviceRevisions": []})),
        _ => ecs(call, &["many", "web"], ""),
    });
    let observer = observer(&aws);
    for name in ["many", "web"] {
        observer.watch(&named(name), &object(name));
    }
    seconds(31).await;
    assert_eq!(observer.service(&named("web")).unwrap().deployments.len(), 1);
    assert!(observer.failure(&named("web")).is_none());
    let error = observer.failure(&named("many")).unwrap();
    assert!(error.is("AccessDeniedException"), "{error}");
}
