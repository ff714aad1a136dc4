//! What is told to `EventBridge` (ecs-semantics.md §8): the details of events, in ECS's form.

use aws_sdk_ecs::types::ContainerInstance;
use ecs_model::shape;
use serde_json::{Value, json};

use crate::world::{Realm, ServiceKey};

/// How grave an event about a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// As it should be.
    Info,
    /// To be looked at.
    Warn,
    /// Something did not work.
    Error,
}

impl Gravity {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// `ECS Task State Change`: the task as it is now. A network interface's attachment is of type `eni` here.
pub fn task_changed(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get(task) else {
        return;
    };
    let arn = record.task.task_arn().unwrap_or_default().to_owned();
    let Ok(mut detail) = shape::to_value(&record.task) else {
        return;
    };
    for attachment in detail
        .get_mut("attachments")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(kind) = attachment
            .get_mut("type")
            .filter(|kind| *kind == "ElasticNetworkInterface")
        {
            *kind = json!("eni");
        }
    }
    if let Some(members) = detail.as_object_mut() {
        members.insert("updatedAt".to_owned(), json!(realm.now.to_string()));
        members.remove("tags");
    }
    realm.log("ECS Task State Change", vec![arn], detail);
}

/// `ECS Container Instance State Change`: the instance as it is now.
pub fn instance_changed(realm: &mut Realm, instance: &str) {
    if let Some(record) = realm.container_instances.get(instance) {
        log_instance(realm, &record.instance.clone());
    }
}

/// As [`instance_changed`], of an instance that is no longer kept.
pub fn log_instance(realm: &mut Realm, instance: &ContainerInstance) {
    let arn = instance.container_instance_arn().unwrap_or_default().to_owned();
    let Ok(mut detail) = shape::to_value(instance) else {
        return;
    };
    if let Some(members) = detail.as_object_mut() {
        members.insert("updatedAt".to_owned(), json!(realm.now.to_string()));
        members.remove("tags");
    }
    realm.log("ECS Container Instance State Change", vec![arn], detail);
}

/// `ECS Service Action`.
pub fn service_action(
    realm: &mut Realm,
    key: &ServiceKey,
    gravity: Gravity,
    name: &str,
    reason: Option<&str>,
) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let arn = record.service.service_arn().unwrap_or_default().to_owned();
    let mut detail = json!({
        "eventType": gravity.name(), "eventName": name, "clusterArn": record.service.cluster_arn(),
        "createdAt": realm.now.to_string(),
    });
    if let (Some(reason), Some(members)) = (reason, detail.as_object_mut()) {
        members.insert("reason".to_owned(), json!(reason));
    }
    realm.log("ECS Service Action", vec![arn], detail);
}

/// `ECS Deployment State Change`.
pub fn deployment_changed(realm: &mut Realm, key: &ServiceKey, deployment: &str, name: &str, reason: &str) {
    let Some(record) = realm.services.get(key) else {
        return;
    };
    let arn = record.service.service_arn().unwrap_or_default().to_owned();
    let gravity = if name.ends_with("FAILED") {
        Gravity::Error
    } else {
        Gravity::Info
    };
    let detail = json!({
        "eventType": gravity.name(), "eventName": name, "deploymentId": deployment, "reason": reason,
        "updatedAt": realm.now.to_string(),
    });
    realm.log("ECS Deployment State Change", vec![arn], detail);
}
