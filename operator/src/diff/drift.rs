//! Semantic comparison: what has to change in ECS so that it is what the manifest says (engineering.md §3.6).
//!
//! Laws, each a property test: a value has no drift from itself; replacing the drifted members by the desired ones leaves
//! no drift; the order of a set and of a keyed list means nothing; leaving out a member and writing its default are the
//! same.
//!
//! What means the same everywhere, without a rule: `null`, `[]`, `{}` and an absent member; `false` and an absent
//! boolean (unless a rule gives another default); `10` and `10.0`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::rules::Rules;

/// One place where ECS has something else than the manifest wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where, as `deploymentConfiguration.maximumPercent` or `containerDefinitions[app].environment[LOG]`.
    pub path: String,
    /// What ECS has; `None` when it has nothing there.
    pub from: Option<Value>,
    /// What the manifest wants; `None` when it wants nothing there.
    pub to: Option<Value>,
}

impl Change {
    /// The input's member in which the change lies: `deploymentConfiguration`.
    pub fn member(&self) -> &str {
        self.path.split(['.', '[']).next().unwrap_or_default()
    }
}

impl fmt::Display for Change {
    /// For people, in conditions and plans: `desiredCount: 3 → 5`. Long values are only named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} → {}",
            self.path,
            Brief(self.from.as_ref()),
            Brief(self.to.as_ref())
        )
    }
}

struct Brief<'a>(Option<&'a Value>);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        match self.0 {
            None | Some(Value::Null) => f.write_str("(none)"),
            Some(Value::String(text)) if text.chars().count() <= LONGEST => f.write_str(text),
            Some(Value::Array(items)) if items.len() > 4 => write!(f, "({} items)", items.len()),
            Some(other) => {
                let text = other.to_string();
                if text.chars().count() <= LONGEST {
                    f.write_str(&text)
                } else {
                    f.write_str("(…)")
                }
            }
        }
    }
}

/// The members of the input in which something changes.
pub fn changed_members(changes: &[Change]) -> BTreeSet<&str> {
    changes.iter().map(Change::member).collect()
}

/// What differs, in the order of the members' names. Both sides are objects of the input's members.
pub fn drift(desired: &Value, observed: &Value, rules: &Rules) -> Vec<Change> {
    let mut walk = Walk {
        rules,
        changes: Vec::new(),
    };
    walk.compare(&Place::default(), Some(desired), Some(observed));
    walk.changes
}

/// Where the comparison is: as people read it, and with `[]` for every element as the rules name it.
#[derive(Debug, Clone, Default)]
struct Place {
    shown: String,
    pattern: String,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        let join = |at: &str| {
            if at.is_empty() {
                name.to_owned()
            } else {
                format!("{at}.{name}")
            }
        };
        Self {
            shown: join(&self.shown),
            pattern: join(&self.pattern),
        }
    }

    fn element(&self, which: impl fmt::Display) -> Self {
        Self {
            shown: format!("{}[{which}]", self.shown),
            pattern: format!("{}[]", self.pattern),
        }
    }
}

struct Walk<'a> {
    rules: &'a Rules,
    changes: Vec<Change>,
}

/// Nothing, an empty list and an empty object are the same.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    })
}

impl Walk<'_> {
    fn compare(&mut self, at: &Place, desired: Option<&Value>, observed: Option<&Value>) {
        let (desired, observed) = (present(desired), present(observed));
        if desired.is_none() && (observed.is_none() || self.rules.server_owned(&at.pattern)) {
            return;
        }
        match (desired, observed) {
            (Some(Value::Object(_)) | None, Some(Value::Object(_)) | None) => {
                self.objects(at, desired, observed)
            }
            (Some(Value::Array(_)) | None, Some(Value::Array(_)) | None) => self.lists(at, desired, observed),
            _ => {
                if !self.same_scalar(&at.pattern, desired, observed) {
                    self.changed(at, desired, observed);
                }
            }
        }
    }

    fn changed(&mut self, at: &Place, desired: Option<&Value>, observed: Option<&Value>) {
        self.changes.push(Change {
            path: at.shown.clone(),
            from: observed.cloned(),
            to: desired.cloned(),
        });
    }

    fn objects(&mut self, at: &Place, desired: Option<&Value>, observed: Option<&Value>) {
        let none = Map::new();
        let desired = desired.and_then(Value::as_object).unwrap_or(&none);
        let observed = observed.and_then(Value::as_object).unwrap_or(&none);
        let names: BTreeSet<&String> = desired.keys().chain(observed.keys()).collect();
        for name in names {
            self.compare(&at.member(name), desired.get(name), observed.get(name));
        }
    }

    fn lists(&mut self, at: &Place, desired: Option<&Value>, observed: Option<&Value>) {
        let wanted = items(desired);
        let found = items(observed);
        let one_is_empty = wanted.is_empty() || found.is_empty();
        if one_is_empty && !self.rules.server_owned(&at.element("").pattern) {
            self.changed(at, desired, observed);
        } else if let Some(key) = self.rules.key(&at.pattern)
            && let (Some(wanted), Some(found)) = (self.by_key(at, wanted, key), self.by_key(at, found, key))
        {
            let keys: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
            for key in keys {
                self.keyed(
                    &at.element(key),
                    wanted.get(key).copied(),
                    found.get(key).copied(),
                );
            }
        } else if self.rules.is_set(&at.pattern) || self.rules.key(&at.pattern).is_some() {
            if !self.same_set(at, wanted, found) {
                self.changed(at, desired, observed);
            }
        } else if wanted.len() == found.len() {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                self.compare(&at.element(index), Some(wanted), Some(found));
            }
        } else {
            self.changed(at, desired, observed);
        }
    }

    /// An element that is only on one side is one change, not one for each of its members.
    fn keyed(&mut self, at: &Place, desired: Option<&Value>, observed: Option<&Value>) {
        match (desired, observed) {
            (None, Some(_)) if self.rules.server_owned(&at.pattern) => {}
            (None, _) | (_, None) => self.changed(at, desired, observed),
            _ => self.compare(at, desired, observed),
        }
    }

    /// The list as a map, if every element has the key and no two have the same.
    fn by_key<'v>(&self, at: &Place, list: &'v [Value], key: &str) -> Option<BTreeMap<String, &'v Value>> {
        let pattern = format!("{}[].{key}", at.pattern);
        let mut map = BTreeMap::new();
        for item in list {
            let name = self.rules.short(&pattern, item.get(key)?.as_str()?).to_owned();
            if map.insert(name, item).is_some() {
                return None;
            }
        }
        Some(map)
    }

    fn same_set(&self, at: &Place, wanted: &[Value], found: &[Value]) -> bool {
        let contains = |all: &[Value], one: &Value, one_is_wanted: bool| {
            all.iter().any(|other| {
                let (desired, observed) = if one_is_wanted { (one, other) } else { (other, one) };
                let mut inner = Walk {
                    rules: self.rules,
                    changes: Vec::new(),
                };
                inner.compare(&at.element(""), Some(desired), Some(observed));
                inner.changes.is_empty()
            })
        };
        wanted.iter().all(|one| contains(found, one, true))
            && found.iter().all(|one| contains(wanted, one, false))
    }

    fn same_scalar(&self, pattern: &str, desired: Option<&Value>, observed: Option<&Value>) -> bool {
        let default = self.rules.default(pattern);
        let desired = desired.cloned().or_else(|| default.clone());
        let observed = observed.cloned().or(default);
        match (desired, observed) {
            (None, None) => true,
            (Some(Value::Bool(flag)), None) | (None, Some(Value::Bool(flag))) => !flag,
            (None, _) | (_, None) => false,
            (Some(desired), Some(observed)) => self.rules.same(pattern, &desired, &observed),
        }
    }
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
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
}
