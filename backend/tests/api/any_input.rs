//! Whatever comes in, the answer is well-formed: no panic, no server error, no answer that breaks the service model.

use ecs_backend::ops::IMPLEMENTED;
use ecs_backend::world::ids::Ids;
use ecs_model::facts::{self, Rule, ShapeFacts};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::backend::Backend;

/// Names that calls share, so that they meet each other's resources.
const NAMES: [&str; 12] = [
    "a",
    "b",
    "a:1",
    "default",
    "FARGATE",
    "FARGATE_SPOT",
    "",
    "arn:aws:ecs:eu-west-1:123456789012:cluster/a",
    "256",
    "512",
    "attribute:x == y",
    "CMD",
];

/// Draws values that fit a shape more often than not.
struct Drawn {
    ids: Ids,
    /// Identifiers and ARNs that earlier answers gave.
    seen: Vec<String>,
}

impl Drawn {
    fn chance(&mut self, percent: u64) -> bool {
        self.ids.below(100) < percent
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.ids.below(of.len() as u64)).unwrap();
        of.get(index)
    }

    fn value(&mut self, shape: &str, depth: u32) -> Value {
        if self.chance(1) {
            return self.nonsense();
        }
        match facts::model().shape(shape) {
            Some(ShapeFacts::Structure(facts)) => {
                let mut object = Map::new();
                for (name, member) in &facts.members {
                    let likely = if facts.required.contains(name) {
                        98
                    } else {
                        60 / (depth + 1)
                    };
                    if self.chance(likely.into()) {
                        object.insert(name.clone(), self.value(member, depth + 1));
                    }
                }
                Value::Object(object)
            }
            Some(ShapeFacts::List { member, .. }) => {
                let length = self.ids.below(3);
                (0..length).map(|_| self.value(member, depth + 1)).collect()
            }
            Some(ShapeFacts::Map { value, .. }) => {
                let key = self.text();
                json!({ key: self.value(value, depth + 1) })
            }
            Some(ShapeFacts::String(facts)) if !facts.enum_values.is_empty() => {
                json!(self.pick(&facts.enum_values))
            }
            Some(ShapeFacts::Boolean) => json!(self.chance(50)),
            Some(ShapeFacts::Integer { .. } | ShapeFacts::Long { .. }) => {
                json!(self.pick(&[0, 1, 2, 10, 80, 100, 200, 256, 512, -1, i64::from(i32::MAX)]))
            }
            Some(ShapeFacts::Float { .. } | ShapeFacts::Double { .. }) => {
                json!(self.pick(&[0.0, 1.5, 100.0, -1e300]))
            }
            Some(ShapeFacts::Timestamp) => json!(self.pick(&[0.0, 1.8e9, -1e15, 1e18])),
            _ => json!(self.text()),
        }
    }

    fn text(&mut self) -> String {
        if self.chance(50) {
            let seen = std::mem::take(&mut self.seen);
            let text = self.pick(&seen).cloned();
            self.seen = seen;
            if let Some(text) = text {
                return text;
            }
        }
        self.pick(&NAMES)
            .map_or_else(String::new, |name| (*name).to_owned())
    }

    fn nonsense(&mut self) -> Value {
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!("é\u{0}\u{1F980}"),
            json!(1e308),
            json!([[[]]]),
            json!(true),
        ];
        self.pick(&values).cloned().unwrap_or_default()
    }

    /// Remembers what an answer names.
    fn learn(&mut self, answer: &Value) {
        match answer {
            Value::String(text) if text.starts_with("arn:") && self.seen.len() < 200 => {
                self.seen.push(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => members.values().for_each(|member| self.learn(member)),
            _ => {}
        }
    }
}

/// A world with something of everything, so that calls find what they name.
fn prepared() -> (Backend, Vec<Value>) {
    let ecs = Backend::new();
    let service = |name: &str, launch: &str| {
        json!({"cluster": "a", "serviceName": name, "taskDefinition": name, "desiredCount": 2, "launchType": launch,
            "networkConfiguration": if launch == "FARGATE" { json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}}) } else { Value::Null }})
    };
    let calls = [
        (
            "CreateCluster",
            json!({"clusterName": "a", "capacityProviders": ["FARGATE", "FARGATE_SPOT"]}),
        ),
        ("CreateCluster", json!({})),
        (
            "RegisterTaskDefinition",
            json!({"family": "a", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": [{"name": "a", "image": "b"}]}),
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "b", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64, "command": ["sleep", "5"]}]}),
        ),
        ("RegisterContainerInstance", json!({"cluster": "a"})),
        (
            "CreateCapacityProvider",
            json!({"name": "b", "autoScalingGroupProvider": {"autoScalingGroupArn": "g"}}),
        ),
        ("CreateService", service("a", "FARGATE")),
        ("CreateService", service("b", "EC2")),
        (
            "RunTask",
            json!({"cluster": "a", "taskDefinition": "b", "launchType": "EC2"}),
        ),
    ];
    let answers = calls.map(|(operation, body)| {
        ecs.pass(1_000);
        ecs.done(operation, &body)
    });
    (ecs, answers.into())
}

fn check_answer(operation: &str, body: &Value, response: &ecs_backend::Response) -> Value {
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert!(
        matches!(response.status, 200 | 400),
        "{operation} {body}: {} {answer}",
        response.status
    );
    if response.status == 400 {
        let code = answer["__type"].as_str().unwrap_or_default();
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(
            !code.is_empty() && !message.is_empty(),
            "{operation} {body}: {answer}"
        );
        return answer;
    }
    let output = &facts::model().operation(operation).unwrap().output;
    let broken = facts::check(output, &answer);
    let broken = broken
        .iter()
        .find(|violation| matches!(violation.rule, Rule::Type | Rule::Required | Rule::Union));
    assert!(broken.is_none(), "{operation} {body}: {broken:?}");
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_calls_is_answered_well(seed: u64) {
        let (ecs, answers) = prepared();
        let mut drawn = Drawn { ids: Ids::new(seed, "inputs"), seen: Vec::new() };
        for answer in &answers {
            drawn.learn(answer);
        }
        for _ in 0..80 {
            let operation = *drawn.pick(IMPLEMENTED).unwrap();
            let body = drawn.value(&facts::model().operation(operation).unwrap().input, 0);
            let answer = check_answer(operation, &body, &ecs.send(operation, &body));
            drawn.learn(&answer);
            ecs.pass(drawn.pick(&[0, 0, 50, 1_000, 60_000]).copied().unwrap());
        }
    }

    #[test]
    fn any_bytes_are_answered(body: Vec<u8>, target in "\\PC{0,40}", authorization in "\\PC{0,80}", path in "/(_backend/)?\\PC{0,20}") {
        let ecs = Backend::new();
        let mut request = crate::backend::request("eu-west-1", "CreateService", body);
        for method in ["POST", "GET"] {
            request.method = method.to_owned();
            prop_assert!(ecs.server.handle(&request).status >= 400);
        }
        request.headers.insert("authorization".to_owned(), authorization);
        request.headers.insert("x-amz-target".to_owned(), target);
        request.path = path;
        prop_assert!(ecs.server.handle(&request).status >= 200);
    }
}
