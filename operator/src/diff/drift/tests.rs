use super::super::rules::{Equivalence, Plain, Rule, Unit};
use super::*;
use proptest::prelude::*;
use serde_json::json;

const RULES: &[Rule] = &[
    Rule::Set("net.subnets"),
    Rule::Set("constraints"),
    Rule::Default("constraints[].mode", Plain::Text("plain")),
    Rule::KeyedBy("env", "name"),
    Rule::KeyedBy("strategy", "provider"),
    Rule::Equivalent("strategy[].provider", Equivalence::ArnOrName),
    Rule::Default("strategy[].weight", Plain::Number(0)),
    Rule::Default("percent", Plain::Number(200)),
    Rule::Default("mode", Plain::Text("plain")),
    Rule::Default("flag", Plain::Flag(true)),
    Rule::ServerOwned("count"),
    Rule::ServerOwned("settings[]"),
    Rule::KeyedBy("settings", "name"),
    Rule::Equivalent("role", Equivalence::ArnOrName),
    Rule::Equivalent("definition", Equivalence::TaskDefinition),
    Rule::Equivalent("field", Equivalence::IgnoringCase),
    Rule::Quantity("cpu", Unit::Cpu),
    Rule::Quantity("memory", Unit::Memory),
];

fn rules() -> Rules {
    Rules::of(RULES)
}

fn paths(desired: &Value, observed: &Value) -> Vec<String> {
    drift(desired, observed, &rules())
        .into_iter()
        .map(|change| change.path)
        .collect()
}

#[test]
fn means_the_same() {
    let cases = [
        (
            json!({}),
            json!({"percent": 200, "mode": "plain", "flag": true, "list": [], "map": {}, "off": false, "n": null}),
        ),
        (
            json!({"net": {"subnets": ["a", "b"]}}),
            json!({"net": {"subnets": ["b", "a", "b"]}}),
        ),
        (
            json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
            json!({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}),
        ),
        (json!({}), json!({"count": 7})),
        (
            json!({}),
            json!({"settings": [{"name": "containerInsights", "value": "disabled"}]}),
        ),
        (
            json!({"strategy": [{"provider": "FARGATE"}]}),
            json!({"strategy": [{"provider": "arn:aws:ecs:r:1:capacity-provider/FARGATE", "weight": 0}]}),
        ),
        (
            json!({"role": "exec"}),
            json!({"role": "arn:aws:iam::1:role/path/exec"}),
        ),
        (
            json!({"definition": "web"}),
            json!({"definition": "arn:aws:ecs:r:1:task-definition/web:7"}),
        ),
        (
            json!({"definition": "web:7"}),
            json!({"definition": "arn:aws:ecs:r:1:task-definition/web:7"}),
        ),
        (json!({"field": "CPU"}), json!({"field": "cpu"})),
        (
            json!({"cpu": ".5 vCPU", "memory": "1GB"}),
            json!({"cpu": "512", "memory": "1024"}),
        ),
        (json!({"step": 10}), json!({"step": 10.0})),
        (
            json!({"constraints": [{"expression": "x"}, {"expression": "y", "mode": "other"}]}),
            json!({"constraints": [{"expression": "y", "mode": "other"}, {"expression": "x", "mode": "plain"}]}),
        ),
    ];
    for (desired, observed) in cases {
        assert_eq!(
            drift(&desired, &observed, &rules()),
            [],
            "{desired} and {observed}"
        );
    }
}

#[test]
fn differs_and_says_where() {
    let cases: [(Value, Value, &[&str]); 13] = [
        (json!({}), json!({"percent": 150}), &["percent"]),
        (json!({"flag": false}), json!({}), &["flag"]),
        (
            json!({}),
            json!({"net": {"subnets": ["a"], "public": "ENABLED"}}),
            &["net.public", "net.subnets"],
        ),
        (
            json!({"net": {"subnets": ["a"]}}),
            json!({"net": {"subnets": ["a", "b"]}}),
            &["net.subnets"],
        ),
        (
            json!({"env": [{"name": "A", "value": "1"}]}),
            json!({"env": [{"name": "A", "value": "2"}, {"name": "B"}]}),
            &["env[A].value", "env[B]"],
        ),
        (
            json!({"env": [{"name": "A", "value": ""}]}),
            json!({"env": [{"name": "A"}]}),
            &["env[A].value"],
        ),
        (json!({"count": 3}), json!({"count": 7}), &["count"]),
        (
            json!({"settings": [{"name": "i", "value": "on"}]}),
            json!({"settings": [{"name": "i", "value": "off"}]}),
            &["settings[i].value"],
        ),
        (
            json!({"command": ["a", "b"]}),
            json!({"command": ["b", "a"]}),
            &["command[0]", "command[1]"],
        ),
        (
            json!({"command": ["a"]}),
            json!({"command": ["a", "b"]}),
            &["command"],
        ),
        (
            json!({"definition": "web:8"}),
            json!({"definition": "arn:aws:ecs:r:1:task-definition/web:7"}),
            &["definition"],
        ),
        (
            json!({"role": "arn:aws:iam::1:role/exec"}),
            json!({"role": "arn:aws:iam::2:role/exec"}),
            &["role"],
        ),
        (json!({"labels": {"a": ""}}), json!({}), &["labels.a"]),
    ];
    for (desired, observed, expected) in cases {
        assert_eq!(paths(&desired, &observed), expected, "{desired} and {observed}");
    }
}

#[test]
fn reads_well() {
    let changes = drift(&json!({"count": 5}), &json!({"count": 3, "mode": "x"}), &rules());
    let shown: Vec<_> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["count: 3 → 5", "mode: x → (none)"]);
    assert_eq!(changed_members(&changes), BTreeSet::from(["count", "mode"]));
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[ab]?".prop_map(Value::from),
        Just(Value::Null),
    ]
}

/// Inputs that touch every sort of rule.
fn input() -> impl Strategy<Value = Value> {
    let env = prop::collection::btree_map("[A-C]", "[xy]", 0..3).prop_map(|map| {
        Value::from(
            map.into_iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect::<Vec<_>>(),
        )
    });
    let subnets = prop::collection::btree_set("[a-d]", 0..4).prop_map(|set| json!(set));
    let rest = prop::collection::btree_map("percent|mode|flag|count|other|step", scalar(), 0..5);
    let command = prop::collection::vec("[ab]", 0..3);
    (env, subnets, rest, command).prop_map(|(env, subnets, rest, command)| {
        let mut value = json!({"env": env, "net": {"subnets": subnets}, "command": command});
        for (name, scalar) in rest {
            value[name] = scalar;
        }
        value
    })
}

fn reversed(value: &Value, list: &str) -> Value {
    let mut value = value.clone();
    if let Some(list) = value.pointer_mut(list).and_then(Value::as_array_mut) {
        list.reverse();
    }
    value
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(value in input()) {
        prop_assert_eq!(drift(&value, &value, &rules()), []);
    }

    #[test]
    fn replacing_what_changed_leaves_nothing(desired in input(), observed in input()) {
        let mut settled = observed.clone();
        for member in changed_members(&drift(&desired, &observed, &rules())) {
            settled[member] = desired.get(member).cloned().unwrap_or(Value::Null);
        }
        prop_assert_eq!(drift(&desired, &settled, &rules()), []);
    }

    #[test]
    fn order_means_nothing_where_the_rules_say_so(desired in input(), observed in input()) {
        let changes = drift(&desired, &observed, &rules()).len();
        for list in ["/env", "/net/subnets"] {
            prop_assert_eq!(drift(&reversed(&desired, list), &observed, &rules()).len(), changes);
            prop_assert_eq!(drift(&desired, &reversed(&observed, list), &rules()).len(), changes);
        }
    }

    #[test]
    fn writing_a_default_is_leaving_it_out(desired in input(), observed in input()) {
        let mut written = desired.clone();
        for (member, default) in [("percent", json!(200)), ("mode", json!("plain")), ("flag", json!(true))] {
            if written.get(member).is_none_or(Value::is_null) {
                written[member] = default;
            }
        }
        let paths = |value: &Value| drift(value, &observed, &rules()).into_iter().map(|change| change.path).collect::<Vec<_>>();
        prop_assert_eq!(paths(&written), paths(&desired));
    }
}
