//! The JSON samples of the project's seeds, as they stand there, under `spec`.

use kube::CustomResourceExt;
use kube::core::cel::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{schema, structural};
use crate::{EcsService, EcsTaskDefinition, Managed};

/// Checks that the API server takes the spec, and that it comes back as it was, but for what the SDK adds (zeros).
fn paste<K: CustomResourceExt + DeserializeOwned + Serialize>(text: &str, added: &[(&str, Value)]) -> K {
    let spec: Value = serde_json::from_str(text).unwrap();
    let object = json!({"metadata": {"name": "pasted"}, "spec": spec});
    let schema = schema::<K>();
    assert_eq!(
        structural::violations(&schema["properties"]["spec"], &spec),
        Vec::<String>::new()
    );
    Validator::new().validate(&schema, &object, None).unwrap();
    let read: K = serde_json::from_value(object).unwrap();
    let mut expected = spec;
    for (pointer, value) in added {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        expected.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    assert_eq!(serde_json::to_value(&read).unwrap()["spec"], expected);
    read
}

#[test]
fn the_fargate_definition_of_the_first_seed() {
    let text = include_str!("seeds/sample-fargate.json");
    let read: EcsTaskDefinition = paste(text, &[("/containerDefinitions/0/cpu", json!(0))]);
    assert_eq!(read.ecs_name(), "sample-fargate");
    assert_eq!(
        read.spec.ecs.0.container_definitions()[0].image(),
        Some("public.ecr.aws/docker/library/httpd:latest")
    );
}

#[test]
fn definition_and_service_of_the_second_seed() {
    let definition: EcsTaskDefinition = paste(include_str!("seeds/my-app-task.json"), &[]);
    assert_eq!(definition.ecs_name(), "my-app-task");
    let service: EcsService = paste(include_str!("seeds/my-app-service.json"), &[]);
    assert_eq!(service.ecs_name(), "my-app-service");
    assert_eq!(service.spec.ecs.0.desired_count(), Some(3));
}

/// The fifth seed's sample has comments, snake case and numbers as text; this is the nearest that ECS takes.
#[test]
fn two_containers_share_the_limits_of_the_task() {
    let text = r#"{
        "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "memory": "4096", "cpu": "2048",
        "containerDefinitions": [
            {"name": "frontend-react-app", "image": "node", "memory": 2048, "cpu": 1024},
            {"name": "backend-python", "image": "python", "memory": 1934, "cpu": 999}
        ]}"#;
    let read: EcsTaskDefinition = paste(text, &[]);
    assert_eq!(read.ecs_name(), "pasted");
    assert_eq!(read.spec.ecs.0.container_definitions().len(), 2);
}
