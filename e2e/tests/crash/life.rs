//! The life that is led over and over: what is applied in each of its phases, and what Kubernetes and ECS show in the end.

use ecs_e2e::backend::{self, Client};
use ecs_e2e::kubectl::Kubectl;
use ecs_e2e::samples;
use serde_json::{Value, json};

/// A part of the life: something is done to Kubernetes, and the operator makes ECS follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A cluster, a definition and a service come; a service that is in ECS already is adopted.
    Create,
    /// Another image and one task more, in one apply.
    Roll,
    /// An image that cannot be pulled: ECS takes the rollout back.
    Break,
    /// Everything goes; the adopted service stays in ECS.
    Delete,
}

impl Phase {
    /// In the order of a life.
    pub const ALL: [Self; 4] = [Self::Create, Self::Roll, Self::Break, Self::Delete];
}

/// The cluster that was there before, with the services that are adopted.
const ELSEWHERE: &str = "elsewhere";

/// Makes what is in ECS before anybody has heard of the operator.
pub fn prepare(ecs: &Client) {
    ecs.ecs("CreateCluster", &json!({"clusterName": ELSEWHERE}))
        .unwrap();
    let definition = json!({
        "family": ELSEWHERE, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "app"}],
    });
    ecs.ecs("RegisterTaskDefinition", &definition).unwrap();
}

/// One life, by the name of its objects.
pub struct Life<'a> {
    pub name: &'a str,
    pub kubectl: &'a Kubectl,
    pub ecs: &'a Client,
    /// Where the operator finds ECS.
    pub endpoint: &'a str,
    /// The API server, through `kubectl proxy`: it is asked many times a second, and a kubectl for each question would take the
    /// processors from the operator.
    pub api: &'a str,
}

impl Life<'_> {
    /// Does what begins the phase.
    pub fn begin(&self, phase: Phase) {
        match phase {
            Phase::Create => {
                self.make_what_is_adopted();
                self.kubectl.apply(&self.account()).unwrap();
                self.kubectl.apply(&self.manifest("app:1", 2)).unwrap();
            }
            Phase::Roll => drop(self.kubectl.apply(&self.manifest("app:2", 3)).unwrap()),
            Phase::Break => drop(
                self.kubectl
                    .apply(&self.manifest("registry.invalid/app:3", 3))
                    .unwrap(),
            ),
            Phase::Delete => {
                let objects = self.objects().map(|(kind, name)| format!("{kind}/{name}"));
                let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
                self.kubectl
                    .run(&[&["delete", "--wait=false"], objects.as_slice()].concat())
                    .unwrap();
            }
        }
    }

    /// Whether the phase has come to its end, or what is missing.
    pub fn is_done(&self, phase: Phase) -> Result<(), String> {
        if phase == Phase::Delete {
            return self.is_gone();
        }
        let mut all = Vec::new();
        for (kind, name) in self.objects() {
            all.push(self.get(&format!("{kind}/{name}"))?);
        }
        let left: Vec<String> = all
            .iter()
            .filter_map(|object| self.is_settled(phase, object).err())
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(left.join("; "))
        }
    }

    /// What is in ECS, without what differs from life to life.
    pub fn outcome(&self) -> Value {
        let ask = |operation: &str, input: Value| self.ecs.ecs(operation, &input).unwrap_or_default();
        let shown = |cluster: &str, service: &str| {
            let described = ask(
                "DescribeServices",
                json!({"cluster": cluster, "services": [service], "include": ["TAGS"]}),
            );
            let service = &described["services"][0];
            let text = |member: &str| service[member].as_str().unwrap_or_default().to_owned();
            json!({
                "status": service["status"], "desired": service["desiredCount"], "running": service["runningCount"],
                "image": self.image(&text("taskDefinition")),
                "tags": service["tags"].as_array().map_or(0, Vec::len),
            })
        };
        let clusters = ask("DescribeClusters", json!({"clusters": [self.name]}));
        let deployments = ask(
            "ListServiceDeployments",
            json!({"cluster": self.name, "service": self.name}),
        );
        json!({
            "cluster": clusters.pointer("/clusters/0/status"),
            "service": shown(self.name, self.name),
            "deployments": deployments["serviceDeployments"].as_array().map(Vec::len),
            "adopted": shown(ELSEWHERE, self.name),
        })
    }

    /// How many revisions of the definition there are that are in use or could be.
    pub fn revisions(&self) -> usize {
        let input = json!({"familyPrefix": self.name, "status": "ACTIVE"});
        let listed = self.ecs.ecs("ListTaskDefinitions", &input).unwrap();
        listed["taskDefinitionArns"].as_array().map_or(0, Vec::len)
    }

    fn image(&self, definition: &str) -> Value {
        let read = self
            .ecs
            .ecs("DescribeTaskDefinition", &json!({"taskDefinition": definition}))
            .unwrap_or_default();
        read.pointer("/taskDefinition/containerDefinitions/0/image")
            .cloned()
            .unwrap_or_default()
    }

    /// Kinds, in the plural, and names.
    fn objects(&self) -> [(&'static str, String); 4] {
        let name = self.name;
        [
            ("ecsservices", name.to_owned()),
            ("ecsservices", format!("{name}-adopted")),
            ("ecstaskdefinitions", name.to_owned()),
            ("ecsclusters", name.to_owned()),
        ]
    }

    /// What the API server has under this path of the namespace.
    fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!(
            "{}/apis/ecs-operator.dev/v1alpha1/namespaces/default/{path}",
            self.api
        );
        backend::get(&url).map_err(|why| why.to_string())
    }

    fn is_settled(&self, phase: Phase, object: &Value) -> Result<(), String> {
        let breaks = phase == Phase::Break
            && object["kind"] == "EcsService"
            && object["metadata"]["name"] == self.name;
        let expected = if breaks {
            ("False", "RolledBack")
        } else {
            ("True", "Completed")
        };
        let ready = samples::condition(object, "Ready").cloned().unwrap_or_default();
        let current = object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation");
        if current && ready["status"] == expected.0 && ready["reason"] == expected.1 {
            Ok(())
        } else {
            Err(format!(
                "{} {}: {ready}",
                object["kind"], object["metadata"]["name"]
            ))
        }
    }

    fn is_gone(&self) -> Result<(), String> {
        for (kind, name) in self.objects() {
            let list = self.get(kind)?;
            let items = list["items"]
                .as_array()
                .ok_or_else(|| format!("{list} is no list"))?;
            if items.iter().any(|object| object["metadata"]["name"] == name) {
                return Err(format!("{kind}/{name}"));
            }
        }
        Ok(())
    }

    fn make_what_is_adopted(&self) {
        let service = json!({
            "cluster": ELSEWHERE, "serviceName": self.name, "taskDefinition": ELSEWHERE, "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-abc123"]}},
        });
        self.ecs.ecs("CreateService", &service).unwrap();
    }

    fn account(&self) -> String {
        format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: AwsAccount, metadata: {{name: default}}, spec: {{accountId: '123456789012', region: us-east-1, endpoint: '{}', namespaces: {{selector: {{}}}}, allow: {{resourceNames: ['*'], clusters: [{ELSEWHERE}], adoption: true}}}}}}",
            self.endpoint
        )
    }

    fn manifest(&self, image: &str, count: u32) -> String {
        let name = self.name;
        let network = "networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-abc123]}}";
        format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsCluster, metadata: {{name: {name}}}, spec: {{}}}}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsTaskDefinition, metadata: {{name: {name}}}, spec: {{requiresCompatibilities: [FARGATE], networkMode: awsvpc, cpu: 256, memory: 512, containerDefinitions: [{{name: app, image: '{image}'}}]}}}}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {{name: {name}}}, spec: {{clusterRef: {{name: {name}}}, taskDefinitionRef: {{name: {name}}}, desiredCount: {count}, launchType: FARGATE, {network}, deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}}}}}
---
{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {{name: {name}-adopted}}, spec: {{serviceName: {name}, cluster: {ELSEWHERE}, taskDefinition: {ELSEWHERE}:1, desiredCount: 1, launchType: FARGATE, {network}, management: {{adoptionPolicy: Adopt}}}}}}
"
        )
    }
}
