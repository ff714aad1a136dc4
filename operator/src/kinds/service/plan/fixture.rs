//! A service to test plans with, and an ECS in a hundred lines that carries out their steps.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{Service, ServiceDeployment, ServiceRevision};
use ecs_model::shape;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Facts, plan};
use crate::diff::identity::{Owner, ResourceKind, tag_list, tag_map};
use crate::diff::rollout::ROLLOUT_MEMBERS;
use crate::kinds::service::desired::{Count, Desired};
use crate::kinds::service::step::Step;
use crate::observer::ServiceView;

const BEGINNING: i64 = 1_767_225_600;

pub fn desired() -> Desired {
    Desired {
        input: json!({
            "serviceName": "web", "cluster": "shop", "taskDefinition": "web:1", "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
        }),
        tags: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        count: Count::Enforced(3),
        owner: Owner {
            kind: ResourceKind::Service,
            installation: "test".into(),
            namespace: "shop".into(),
            name: "web".into(),
            uid: "uid-1".into(),
        },
        adopt: false,
        report_drift: false,
        restart_at: None,
        creation_held: None,
        rollout_held: None,
    }
}

pub fn with(desired: &Desired, member: &str, value: impl Into<Value>) -> Desired {
    let mut changed = desired.clone();
    changed.input[member] = value.into();
    changed
}

pub fn without(desired: &Desired, member: &str) -> Desired {
    let mut changed = desired.clone();
    changed.input.as_object_mut().unwrap().remove(member);
    changed
}

pub fn facts(view: &ServiceView) -> Facts<'_> {
    Facts {
        view,
        now: DateTime::from_secs(BEGINNING + 1_000_000),
        quiet_for: Duration::from_mins(1),
        outage_suspected: false,
    }
}

pub fn blank() -> ServiceView {
    ServiceView::absent(Timestamp::UNIX_EPOCH, false)
}

/// The service after it was deleted.
pub fn gone() -> ServiceView {
    with_status(&settled(&desired()), "INACTIVE")
}

pub fn with_status(view: &ServiceView, status: &str) -> ServiceView {
    let mut view = view.clone();
    view.service.as_mut().unwrap().status = Some(status.to_owned());
    view
}

/// What ECS shows once it has done all that is wanted.
pub fn settled(desired: &Desired) -> ServiceView {
    let view = blank();
    let created = plan(desired, &facts(&view));
    let view = carry_out(&view, &created.steps);
    owned_by(&view, Some(&desired.owner))
}

/// The same service with another owner, or none.
pub fn owned_by(view: &ServiceView, owner: Option<&Owner>) -> ServiceView {
    let mut service = value(view);
    let mut tags = tag_map(service.get("tags"));
    tags.remove("ecs-operator.dev/service");
    tags.remove("ecs-operator.dev/incarnation");
    tags.extend(owner.map(Owner::tags).unwrap_or_default());
    service["tags"] = tag_list(&tags);
    showing(view, &service)
}

/// The same service with another value of a tag, or without it.
pub fn tagged(view: &ServiceView, key: &str, tag: Option<&str>) -> ServiceView {
    let mut service = value(view);
    let mut tags = tag_map(service.get("tags"));
    tags.remove(key);
    tags.extend(tag.map(|tag| (key.to_owned(), tag.to_owned())));
    service["tags"] = tag_list(&tags);
    showing(view, &service)
}

/// The same service after ECS rolled `desired` out and took it back.
pub fn rolled_back(desired: &Desired, view: &ServiceView) -> ServiceView {
    let mut view = view.clone();
    view.revisions
        .push(revision("r-bad", &definition_resolved(&desired.input)));
    view.deployments
        .insert(0, deployment(500, "ROLLBACK_SUCCESSFUL", "r-bad"));
    view
}

fn deployment(second: i64, status: &str, target: &str) -> ServiceDeployment {
    shape::from_wire(&json!({
        "serviceDeploymentArn": format!("sd-{second}"), "status": status, "createdAt": BEGINNING + second,
        "targetServiceRevision": {"arn": target}, "rollback": {"reason": "Service deployment rolled back because the circuit breaker threshold was exceeded."}
    }))
    .unwrap()
}

fn revision(arn: &str, input: &Value) -> ServiceRevision {
    let mut revision: Map<String, Value> = input
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| ROLLOUT_MEMBERS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    revision.insert("serviceRevisionArn".into(), arn.into());
    shape::from_value(&Value::Object(revision)).unwrap()
}

fn definition_resolved(input: &Value) -> Value {
    let mut input = input.clone();
    if let Some(name) = input.get("taskDefinition").and_then(Value::as_str)
        && !name.starts_with("arn:")
    {
        input["taskDefinition"] = format!("arn:aws:ecs:eu-west-1:1:task-definition/{name}").into();
    }
    input
}

fn value(view: &ServiceView) -> Value {
    shape::to_value(view.service.as_ref().unwrap()).unwrap()
}

fn showing(view: &ServiceView, service: &Value) -> ServiceView {
    let service: Service = shape::from_value(service).unwrap();
    ServiceView {
        service: Some(service),
        ..view.clone()
    }
}

/// What ECS shows after the steps.
pub fn carry_out(view: &ServiceView, steps: &[Step]) -> ServiceView {
    steps.iter().fold(view.clone(), |view, step| one(&view, step))
}

fn one(view: &ServiceView, step: &Step) -> ServiceView {
    match step {
        Step::CreateService { input } => {
            let input = definition_resolved(input);
            let mut service = json!({
                "serviceArn": "arn:aws:ecs:eu-west-1:1:service/shop/web", "clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/shop",
                "status": "ACTIVE", "createdAt": "2026-01-01T00:00:00Z", "schedulingStrategy": "REPLICA",
                "platformVersion": "LATEST", "propagateTags": "NONE", "deploymentController": {"type": "ECS"},
                "availabilityZoneRebalancing": "ENABLED", "loadBalancers": [],
                "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING",
                    "deploymentCircuitBreaker": {"enable": false, "rollback": false}},
            });
            merge(&mut service, &input);
            deployed(
                &ServiceView {
                    service: None,
                    ..view.clone()
                },
                service,
                &input,
            )
        }
        Step::UpdateService { members, force, .. } => {
            let members = definition_resolved(members);
            let mut service = value(view);
            merge(&mut service, &members);
            // ECS shows no launch type beside a strategy.
            if service
                .get("capacityProviderStrategy")
                .and_then(Value::as_array)
                .is_some_and(|items| !items.is_empty())
            {
                service.as_object_mut().unwrap().remove("launchType");
            }
            let starts = *force
                || members
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|name| ROLLOUT_MEMBERS.contains(&name.as_str()));
            if starts {
                deployed(view, service, &members)
            } else {
                showing(view, &service)
            }
        }
        Step::Claim(tagging) | Step::Tags(tagging) => {
            let mut service = value(view);
            let mut all = tag_map(service.get("tags"));
            tagging.carried_out(&mut all);
            service["tags"] = tag_list(&all);
            showing(view, &service)
        }
        Step::StopDeployment { .. } => panic!("no plan stops a deployment"),
        Step::DeleteService { .. } => with_status(view, "DRAINING"),
    }
}

/// Lists are replaced; of structures, only the members that are given.
fn merge(into: &mut Value, given: &Value) {
    match (into, given) {
        (Value::Object(into), Value::Object(given)) if !given.is_empty() => {
            for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, given) => *into = given.clone(),
    }
}

/// The service with a new PRIMARY deployment and a new revision.
fn deployed(before: &ServiceView, mut service: Value, input: &Value) -> ServiceView {
    let number = before.revisions.len() + 1;
    let arn = format!("r-{number}");
    let count = service.get("desiredCount").cloned().unwrap_or(json!(0));
    let earlier = service
        .pointer("/deployments/0")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let mut primary = json!({
        "id": format!("ecs-svc/{number}"), "status": "PRIMARY", "rolloutState": "COMPLETED", "desiredCount": count, "runningCount": count,
        "createdAt": DateTime::from_secs(BEGINNING + 100 * i64::try_from(number).unwrap()).to_string(),
    });
    for name in [
        "serviceConnectConfiguration",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
    ] {
        primary[name] = input
            .get(name)
            .or_else(|| earlier.get(name))
            .cloned()
            .unwrap_or(Value::Null);
    }
    primary["taskDefinition"] = service["taskDefinition"].clone();
    service["deployments"] = json!([primary]);
    service["currentServiceRevisions"] = json!([{"arn": arn}]);
    let mut all = before
        .revisions
        .last()
        .map_or_else(|| json!({}), |revision| shape::to_value(revision).unwrap());
    merge(&mut all, &service);
    merge(&mut all, input);
    let mut view = showing(before, &service);
    view.revisions.push(revision(&arn, &all));
    view
}
