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

/// Puts a value at a path such as `deploymentConfiguration.deploymentCircuitBreaker.enable`; structures on the way are made.
pub fn put(value: &mut Value, path: &str, leaf: Value) {
    let mut place = value;
    for name in path.split('.') {
        let Some(members) = place.as_object_mut() else {
            return;
        };
        place = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = leaf;
}

/// What says "the default" at the place of a change whose member the manifest leaves out.
pub fn cleared(change: &Change, rules: &Rules) -> Option<Value> {
    if change.path.contains('[') {
        return None;
    }
    rules.default(&change.path).or_else(|| match change.from {
        Some(Value::Bool(_)) => Some(false.into()),
        Some(Value::Array(_)) => Some(Value::Array(Vec::new())),
        Some(Value::Object(_)) => Some(Value::Object(Map::new())),
        Some(Value::Number(_)) => Some(0.into()),
        _ => None,
    })
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
                self.objects(at, desired, observed);
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
mod tests;
