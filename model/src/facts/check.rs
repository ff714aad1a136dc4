//! Checking of JSON against the service model.
//!
//! Every violation is found in one pass and says where it is and what would be right. Unknown members are no violations, because
//! ECS ignores them; [`unknown`] lists them for those who want to warn.

use std::collections::BTreeMap;
use std::fmt;

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::{ShapeFacts, StringFacts, StructureFacts, model};

/// A place where a value breaks the service model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, for example `containerDefinitions[0].portMappings[1].protocol`; empty for the value as a whole.
    pub path: String,
    /// Which sort of rule is broken.
    pub rule: Rule,
    /// What is wrong and what would be right, as the rest of a sentence that begins with the path.
    pub what: String,
}

/// The sorts of rules that a service model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A required member is absent.
    Required,
    /// The JSON type is another.
    Type,
    /// The string is not of the closed set.
    Enum,
    /// Too short or too long: a string in characters, a list in items, a map in entries.
    Length,
    /// A number is too small or too great.
    Range,
    /// A string does not match the pattern.
    Pattern,
    /// A union does not have exactly one member.
    Union,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, what, .. } = self;
        if path.is_empty() { write!(f, "the input: {what}") } else { write!(f, "{path}: {what}") }
    }
}

/// All violations of a value that should be of the given shape (the model's name, for example `CreateServiceRequest`), in the
/// order of the members. A `null` member counts as absent (ecs-semantics.md §0.1). An unknown shape has no rules.
#[must_use]
pub fn check(shape: &str, value: &Value) -> Vec<Violation> {
    let mut found = Found::default();
    found.look(shape, value, "");
    found.violations
}

/// The paths of all members of a value that the given shape does not have, for example `containerDefinitions[0].imagee`.
#[must_use]
pub fn unknown(shape: &str, value: &Value) -> Vec<String> {
    let mut found = Found::default();
    found.look(shape, value, "");
    found.unknown
}

#[derive(Default)]
struct Found {
    violations: Vec<Violation>,
    unknown: Vec<String>,
}

impl Found {
    fn violation(&mut self, path: &str, rule: Rule, what: String) {
        self.violations.push(Violation { path: path.to_owned(), rule, what });
    }

    fn expected(&mut self, path: &str, expected: &str, value: &Value) {
        self.violation(path, Rule::Type, format!("expected {expected}, found {}", kind(value)));
    }

    fn look(&mut self, shape: &str, value: &Value, path: &str) {
        let Some(facts) = model().shape(shape) else { return };
        match (facts, value) {
            (ShapeFacts::Structure(facts), _) if facts.document => {}
            (ShapeFacts::Structure(facts), Value::Object(members)) => self.structure(facts, members, path),
            (ShapeFacts::Structure(_) | ShapeFacts::Map { .. }, _) if !value.is_object() => {
                self.expected(path, "an object", value);
            }
            (ShapeFacts::List { member, min, max }, Value::Array(items)) => {
                self.length(path, items.len(), "item", *min, *max);
                for (index, item) in items.iter().enumerate() {
                    self.look(member, item, &format!("{path}[{index}]"));
                }
            }
            (ShapeFacts::List { .. }, _) => self.expected(path, "a list", value),
            (ShapeFacts::Map { key, value: of, min, max }, Value::Object(entries)) => {
                self.length(path, entries.len(), "entry", *min, *max);
                for (name, entry) in entries {
                    let path = format!("{path}[{}]", Value::from(name.as_str()));
                    self.look(key, &Value::from(name.as_str()), &path);
                    self.look(of, entry, &path);
                }
            }
            (ShapeFacts::String(facts), Value::String(text)) => self.string(facts, text, path),
            (ShapeFacts::String(_) | ShapeFacts::Blob, _) if !value.is_string() => {
                self.expected(path, "a string", value);
            }
            (ShapeFacts::Integer { min, max }, _) => {
                let (min, max) = (min.unwrap_or(i32::MIN.into()), max.unwrap_or(i32::MAX.into()));
                self.integer(value, min, max, path);
            }
            (ShapeFacts::Long { min, max }, _) => {
                self.integer(value, min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX), path);
            }
            (ShapeFacts::Float { min, max } | ShapeFacts::Double { min, max }, _) => {
                self.float(value, *min, *max, path);
            }
            (ShapeFacts::Boolean, _) if !value.is_boolean() => self.expected(path, "true or false", value),
            (ShapeFacts::Timestamp, _) if !is_time(value) => {
                self.expected(path, "a time (RFC 3339, or seconds since 1970)", value);
            }
            _ => {}
        }
    }

    fn structure(&mut self, facts: &StructureFacts, members: &Map<String, Value>, path: &str) {
        let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        // Sorted whatever the map's own order, so that the same input always reads the same.
        let present: BTreeMap<_, _> = members.iter().filter(|(_, value)| !value.is_null()).collect();
        for name in facts.required.iter().filter(|name| !present.contains_key(name)) {
            self.violation(&inside(name), Rule::Required, "is required".to_owned());
        }
        if facts.union && present.keys().filter(|name| facts.members.contains_key(**name)).count() != 1 {
            let names: Vec<_> = facts.members.keys().map(String::as_str).collect();
            self.violation(path, Rule::Union, format!("exactly one of {} must be set", names.join(", ")));
        }
        for (name, value) in present {
            match facts.members.get(name) {
                Some(shape) => self.look(shape, value, &inside(name)),
                None => self.unknown.push(inside(name)),
            }
        }
    }

    fn string(&mut self, facts: &StringFacts, text: &str, path: &str) {
        let shown = if facts.sensitive { "the value".to_owned() } else { quoted(text) };
        if !facts.enum_values.is_empty() && !facts.enum_values.iter().any(|allowed| allowed == text) {
            let allowed = facts.enum_values.join(", ");
            self.violation(path, Rule::Enum, format!("{shown} is not one of {allowed}"));
        }
        self.length(path, text.chars().count(), "character", facts.min, facts.max);
        let pattern = facts.pattern.as_deref();
        if let Some(pattern) = pattern.filter(|it| Pattern::parse(it).is_some_and(|it| !it.matches(text))) {
            self.violation(path, Rule::Pattern, format!("{shown} does not match {pattern}"));
        }
    }

    fn length(&mut self, path: &str, length: usize, of: &str, min: Option<u64>, max: Option<u64>) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max) {
            return;
        }
        let things = |count: u64| match (of, count) {
            (_, 1) => format!("1 {of}"),
            ("entry", count) => format!("{count} entries"),
            (of, count) => format!("{count} {of}s"),
        };
        let right = limits(min, max);
        self.violation(path, Rule::Length, format!("has {}, but must have {right}", things(length)));
    }

    fn integer(&mut self, value: &Value, min: i64, max: i64, path: &str) {
        match value {
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                if !number.as_i64().is_some_and(|number| (min..=max).contains(&number)) {
                    self.violation(path, Rule::Range, format!("{number} is not within {min} to {max}"));
                }
            }
            Value::Number(number) => {
                self.violation(path, Rule::Type, format!("expected an integer, found {number}"));
            }
            _ => self.expected(path, "an integer", value),
        }
    }

    fn float(&mut self, value: &Value, min: Option<f64>, max: Option<f64>, path: &str) {
        let Some(number) = value.as_f64() else { return self.expected(path, "a number", value) };
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            self.violation(path, Rule::Range, format!("{value} is not {}", limits(min, max)));
        }
    }
}

fn limits<T: fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any".to_owned(),
    }
}

/// The text in quotes, shortened so that a message stays one line.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    Value::from(shown + more).to_string()
}

fn is_time(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => DateTime::from_str(text, Format::DateTimeWithOffset).is_ok(),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn messages(shape: &str, value: &Value) -> Vec<String> {
        check(shape, value).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_input_has_no_violation() {
        let cases = [
            ("CreateClusterRequest", json!({})),
            ("CreateClusterRequest", json!({"clusterName": null, "tags": [{"key": "team", "value": ""}]})),
            ("CreateServiceRequest", json!({"serviceName": "web", "desiredCount": 3, "launchType": "FARGATE",
                "deploymentConfiguration": {"maximumPercent": 200, "canaryConfiguration": {"canaryPercent": 5}}})),
            ("RegisterTaskDefinitionRequest", json!({"family": "web", "containerDefinitions": [
                {"name": "app", "dockerLabels": {"a.b/c": "d"}, "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]}]})),
            ("DeploymentLifecycleHook", json!({"hookDetails": [1, {"any": null}]})),
            ("SubmitTaskStateChangeRequest", json!({"pullStartedAt": "2026-11-22T02:00:00.5Z", "pullStoppedAt": 1.5})),
            ("NoSuchShape", json!(1)),
        ];
        for (shape, value) in cases {
            assert_eq!(messages(shape, &value), [""; 0], "{shape} {value}");
        }
    }

    #[test]
    fn each_rule_says_where_and_what_would_be_right() {
        let register = |container: Value| json!({"family": "web", "containerDefinitions": [container]});
        let cases = [
            ("CreateServiceRequest", json!({"launchType": "fargate"}),
                vec!["serviceName: is required", "launchType: \"fargate\" is not one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES"]),
            ("CreateServiceRequest", json!({"serviceName": null}), vec!["serviceName: is required"]),
            ("CreateServiceRequest", json!([]), vec!["the input: expected an object, found a list"]),
            ("CreateServiceRequest", json!({"serviceName": 3, "desiredCount": "3", "loadBalancers": {}}),
                vec!["desiredCount: expected an integer, found a string", "loadBalancers: expected a list, found an object",
                    "serviceName: expected a string, found a number"]),
            ("CreateServiceRequest", json!({"serviceName": "a", "desiredCount": 1.5, "enableECSManagedTags": "yes"}),
                vec!["desiredCount: expected an integer, found 1.5", "enableECSManagedTags: expected true or false, found a string"]),
            ("CreateServiceRequest", json!({"serviceName": "a", "desiredCount": 3_000_000_000_u64}),
                vec!["desiredCount: 3000000000 is not within -2147483648 to 2147483647"]),
            ("CapacityProviderStrategyItem", json!({"capacityProvider": "a", "weight": 1001, "base": u64::MAX}),
                vec!["base: 18446744073709551615 is not within 0 to 100000", "weight: 1001 is not within 0 to 1000"]),
            ("RegisterTaskDefinitionRequest", register(json!({"dockerLabels": {"a.b": 1}, "portMappings": [{"protocol": "icmp"}]})),
                vec!["containerDefinitions[0].dockerLabels[\"a.b\"]: expected a string, found a number",
                    "containerDefinitions[0].portMappings[0].protocol: \"icmp\" is not one of tcp, udp"]),
            ("RegisterTaskDefinitionRequest", register(json!({"secrets": [{"name": "A"}]})),
                vec!["containerDefinitions[0].secrets[0].valueFrom: is required"]),
            ("Tag", json!({"key": "", "value": "a,b"}),
                vec!["key: has 0 characters, but must have 1 to 128", r#"value: "a,b" does not match ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"#]),
            ("CreateClusterRequest", json!({"tags": vec![json!({"key": "a"}); 51]}), vec!["tags: has 51 items, but must have 0 to 50"]),
            ("DaemonDeploymentConfiguration", json!({"drainPercent": 100.5}), vec!["drainPercent: 100.5 is not 0 to 100"]),
            ("TaskManagedEBSVolumeConfiguration", json!({"roleArn": "r", "sizeInGiB": 0}),
                vec!["sizeInGiB: 0 is not within 1 to 2147483647"]),
            ("SubmitTaskStateChangeRequest", json!({"pullStartedAt": "yesterday"}),
                vec!["pullStartedAt: expected a time (RFC 3339, or seconds since 1970), found a string"]),
        ];
        for (shape, value, expected) in cases {
            assert_eq!(messages(shape, &value), expected, "{shape} {value}");
        }
    }

    #[test]
    fn a_union_has_exactly_one_member() {
        let (name, facts) = model()
            .shapes
            .iter()
            .find_map(|(name, shape)| match shape {
                ShapeFacts::Structure(facts) if facts.union && facts.members.len() > 1 => Some((name, facts)),
                _ => None,
            })
            .unwrap();
        let two: Map<_, _> = facts.members.keys().take(2).map(|member| (member.clone(), json!({}))).collect();
        for value in [json!({}), Value::Object(two)] {
            let rules: Vec<_> = check(name, &value).iter().map(|violation| violation.rule).collect();
            assert!(rules.contains(&Rule::Union), "{name} {value}");
        }
    }

    #[test]
    fn unknown_members_are_listed_and_no_violation() {
        let value = json!({"serviceName": "a", "x": null, "y": 1, "networkConfiguration": {"awsvpcConfiguration": {"subnets": [], "z": 1}}});
        assert_eq!(check("CreateServiceRequest", &value), []);
        assert_eq!(unknown("CreateServiceRequest", &value), ["networkConfiguration.awsvpcConfiguration.z", "y"]);
    }

    #[test]
    fn long_and_secret_values_are_not_shown() {
        let long = "x".repeat(1000);
        let violations = messages("CreateServiceRequest", &json!({"serviceName": "a", "launchType": long}));
        assert!(violations.iter().all(|message| message.chars().count() < 200), "{violations:?}");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        let members: Vec<String> = model()
            .structures_from("CreateServiceRequest")
            .values()
            .flat_map(|facts| facts.members.keys().cloned())
            .collect();
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(prop::sample::select(members.clone()), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_judged_without_panic_and_at_an_existing_place(value in any_json()) {
            for violation in check("CreateServiceRequest", &value) {
                let pointer: String = violation.path.split(['.', '[']).filter(|part| !part.is_empty())
                    .map(|part| format!("/{}", part.trim_end_matches(']').trim_matches('"'))).collect();
                let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                let place = if violation.rule == Rule::Required { parent } else { &pointer };
                prop_assert!(value.pointer(place).is_some(), "{} in {}", violation, value);
            }
        }
    }
}
