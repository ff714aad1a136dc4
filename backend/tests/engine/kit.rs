//! A server whose clock stands still until a test moves it, and short ways to say what a test needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ecs_backend::{Options, Request, Server, TimingMode};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When every test begins.
const START: &str = "2026-01-01T00:00:00Z";

pub struct Kit {
    server: Server,
    now: Arc<AtomicI64>,
}

impl Kit {
    /// A server with the cluster `default`, which has both Fargate providers.
    pub fn new() -> Self {
        Self::with_seed(1)
    }

    pub fn with_seed(seed: u64) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let now = Arc::new(AtomicI64::new(start.as_millisecond()));
        let told = now.clone();
        let clock = Arc::new(move || Timestamp::from_millisecond(told.load(Ordering::SeqCst)).unwrap());
        let options = Options {
            seed,
            timing: TimingMode::Fast,
            ..Options::default()
        };
        let kit = Self {
            server: Server::new(options, clock).unwrap(),
            now,
        };
        kit.ok(
            "CreateCluster",
            json!({"capacityProviders": ["FARGATE", "FARGATE_SPOT"]}),
        );
        kit.pass(5_000);
        kit
    }

    /// Lets time pass, in milliseconds.
    pub fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn try_call(&self, operation: &str, body: Value) -> Result<Value, (String, String)> {
        let headers = BTreeMap::from([
            ("x-amz-target".to_owned(), format!("AmazonEC2ContainerServiceV20141113.{operation}")),
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            (
                "authorization".to_owned(),
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/ecs/aws4_request, SignedHeaders=host, \
                 Signature=00"
                    .to_owned(),
            ),
        ]);
        let answer = self.send("POST", "/", headers, body.to_string().into_bytes());
        match answer {
            (200, value) => Ok(value),
            (_, value) => Err((
                text(&value["__type"]).to_owned(),
                text(&value["message"]).to_owned(),
            )),
        }
    }

    /// Calls an operation that must succeed.
    pub fn ok(&self, operation: &str, body: Value) -> Value {
        self.try_call(operation, body.clone())
            .unwrap_or_else(|fault| panic!("{operation} {body}: {fault:?}"))
    }

    /// Calls an operation that must be refused; the answer is the error's name and words.
    pub fn refused(&self, operation: &str, body: Value) -> (String, String) {
        match self.try_call(operation, body) {
            Err(fault) => fault,
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
        }
    }

    /// Calls the control API.
    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let (status, answer) = self.send(
            method,
            &format!("/_backend/{path}?region=eu-central-1"),
            BTreeMap::new(),
            body,
        );
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> (u16, Value) {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
        };
        let response = self.server.handle(&request);
        (
            response.status,
            serde_json::from_slice(&response.body).unwrap_or(Value::Null),
        )
    }

    /// Registers a Fargate definition `web` of one container, with these members put over the container.
    pub fn fargate(&self, container: Value) -> String {
        let mut definition = json!({"name": "app", "image": "httpd", "essential": true});
        merge(&mut definition, container);
        self.definition(json!({
            "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [definition],
        }))
    }

    /// Registers instances through the control API; the answer are their ids.
    pub fn instances(&self, count: u32, machine: Value) -> Vec<String> {
        let answer = self.control("POST", "instances", json!({"count": count, "machine": machine}));
        answer["containerInstanceArns"]
            .as_array()
            .unwrap()
            .iter()
            .map(id)
            .collect()
    }

    /// An instance, as the API shows it.
    pub fn instance(&self, id: &str) -> Value {
        let answer = self.ok("DescribeContainerInstances", json!({"containerInstances": [id]}));
        answer["containerInstances"][0].clone()
    }

    /// Registers an EC2 definition `batch` of one container in `bridge` mode, with these members put over the container.
    pub fn bridge(&self, container: Value) -> String {
        let mut definition = json!({"name": "app", "image": "httpd", "cpu": 128, "memory": 128});
        merge(&mut definition, container);
        self.definition(json!({
            "family": "batch", "networkMode": "bridge", "requiresCompatibilities": ["EC2"],
            "containerDefinitions": [definition],
        }))
    }

    pub fn definition(&self, body: Value) -> String {
        let answer = self.ok("RegisterTaskDefinition", body);
        text(&answer["taskDefinition"]["taskDefinitionArn"]).to_owned()
    }

    /// Creates the Fargate service `web`, with these members put over the call.
    pub fn create(&self, definition: &str, desired: i32, more: Value) -> Value {
        let mut body = fargate_service(definition, desired);
        merge(&mut body, more);
        self.ok("CreateService", body)["service"].clone()
    }

    pub fn update(&self, mut body: Value) -> Value {
        body["service"] = json!("web");
        self.ok("UpdateService", body)["service"].clone()
    }

    /// The service `web`.
    pub fn service(&self) -> Value {
        let answer = self.ok(
            "DescribeServices",
            json!({"services": ["web"], "include": ["TAGS"]}),
        );
        answer["services"][0].clone()
    }

    /// Lets time pass until the condition holds, looking every 20 ms, for at most a minute.
    pub fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        for _ in 0..3_000 {
            if condition(self) {
                return;
            }
            self.pass(20);
        }
        panic!(
            "in a minute it did not come about that {what}: {:#}",
            self.service()
        );
    }

    /// Lets time pass until the waiter `ServicesStable` would end, and the rollout is complete.
    pub fn until_stable(&self) {
        self.until("the service is stable", |kit| {
            let service = kit.service();
            is_stable(&service) && service["deployments"][0]["rolloutState"] == "COMPLETED"
        });
    }

    /// The tasks of the cluster with this desired status.
    pub fn tasks(&self, status: &str) -> Vec<Value> {
        let listed = self.ok("ListTasks", json!({"desiredStatus": status}));
        let arns = listed["taskArns"].as_array().unwrap().clone();
        if arns.is_empty() {
            return Vec::new();
        }
        let answer = self.ok("DescribeTasks", json!({"tasks": arns, "include": ["TAGS"]}));
        answer["tasks"].as_array().unwrap().clone()
    }

    pub fn task(&self, arn: &Value) -> Value {
        self.ok("DescribeTasks", json!({"tasks": [arn]}))["tasks"][0].clone()
    }

    /// The messages of the service's events, oldest first, without ids.
    pub fn events(&self) -> Vec<String> {
        let service = self.service();
        let events = service["events"].as_array().unwrap().clone();
        events
            .iter()
            .rev()
            .map(|event| without_ids(text(&event["message"])))
            .collect()
    }

    /// What a task shows as its `lastStatus`, one after the other, until it shows the last.
    pub fn statuses(&self, arn: &Value, last: &str) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..10_000 {
            let status = text(&self.task(arn)["lastStatus"]).to_owned();
            if seen.last() != Some(&status) {
                seen.push(status.clone());
            }
            if status == last {
                return seen;
            }
            self.pass(10);
        }
        panic!("{arn} never was {last}: {seen:?}");
    }
}

/// The id in an ARN.
pub fn id(arn: &Value) -> String {
    text(arn).rsplit('/').next().unwrap().to_owned()
}

pub fn fargate_service(definition: &str, desired: i32) -> Value {
    json!({
        "serviceName": "web", "taskDefinition": definition, "desiredCount": desired, "launchType": "FARGATE",
        "networkConfiguration": network(),
    })
}

pub fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "assignPublicIp": "ENABLED"}})
}

pub fn is_stable(service: &Value) -> bool {
    service["deployments"].as_array().unwrap().len() == 1
        && service["runningCount"] == service["desiredCount"]
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Puts the members of an object over those of another.
pub fn merge(into: &mut Value, more: Value) {
    if let Value::Object(more) = more {
        for (name, value) in more {
            into[name] = value;
        }
    }
}

/// Replaces deployment ids, task ids and the like by `ID`.
pub fn without_ids(message: &str) -> String {
    let words = message.split(' ').map(|word| {
        let core = word.trim_matches(|letter: char| matches!(letter, '(' | ')' | '.' | ','));
        let is_id =
            core.starts_with("ecs-svc/") || (core.len() == 32 && core.bytes().all(|b| b.is_ascii_hexdigit()));
        if is_id {
            word.replace(core, "ID")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

pub fn distinct<'a>(values: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    values.map(|value| text(value).to_owned()).collect()
}
