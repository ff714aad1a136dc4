//! Made-up input: valid values of a shape, and values with exactly one mistake. For property tests of everything that reads
//! input: the schema of the custom resources, the codec, the backend's validation.
//!
//! Pure: the caller brings the randomness, so a test can repeat what it found.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Rule, ShapeFacts, StringFacts, StructureFacts, model};

/// Below this depth optional members are left out, so that recursive shapes end.
const DEPTH: usize = 8;

/// A value of the given shape that the model allows. `choose(n)` decides between `n` ways and returns one of `0..n`.
///
/// Valid means that [`super::check`] finds nothing; ECS has more rules than the model says. An unknown shape gives `null`.
pub fn sample(shape: &str, choose: &mut dyn FnMut(usize) -> usize) -> Value {
    at_depth(shape, 0, choose)
}

fn at_depth(shape: &str, depth: usize, choose: &mut dyn FnMut(usize) -> usize) -> Value {
    let Some(facts) = model().shape(shape) else {
        return Value::Null;
    };
    match facts {
        ShapeFacts::Structure(facts) if facts.document => json!({"any": ["thing", 1, true]}),
        ShapeFacts::Structure(facts) => {
            let chosen = chosen_members(facts, depth, choose);
            let members = facts
                .members
                .iter()
                .filter(|(name, _)| chosen.contains(name.as_str()));
            Value::Object(
                members
                    .map(|(name, of)| (name.clone(), at_depth(of, depth + 1, choose)))
                    .collect(),
            )
        }
        ShapeFacts::List { member, min, max } => {
            let length = length(*min, *max, 3, choose);
            (0..length).map(|_| at_depth(member, depth + 1, choose)).collect()
        }
        ShapeFacts::Map { value, min, max, .. } => {
            let length = length(*min, *max, 3, choose);
            let entries =
                (0..length).map(|index| (format!("key-{index}"), at_depth(value, depth + 1, choose)));
            Value::Object(entries.collect())
        }
        ShapeFacts::String(facts) => Value::String(text(facts, choose)),
        ShapeFacts::Integer { min, max } | ShapeFacts::Long { min, max } => {
            let least = min.unwrap_or(0);
            let most = max.unwrap_or(least + 4096).max(least);
            // Both ends and something between: the ends are where mistakes are.
            let between = least + (most - least) / 2;
            Value::from([least, between, most].get(choose(3)).copied().unwrap_or(least))
        }
        ShapeFacts::Float { min, max } | ShapeFacts::Double { min, max } => {
            let least = min.unwrap_or(0.5);
            Value::from(
                [least, max.unwrap_or(least)]
                    .get(choose(2))
                    .copied()
                    .unwrap_or(least),
            )
        }
        ShapeFacts::Boolean => Value::Bool(choose(2) == 1),
        ShapeFacts::Timestamp => Value::from("2026-11-22T02:12:00Z"),
        ShapeFacts::Blob => Value::from("YQ=="),
    }
}

fn chosen_members<'a>(
    facts: &'a StructureFacts,
    depth: usize,
    choose: &mut dyn FnMut(usize) -> usize,
) -> BTreeSet<&'a str> {
    let names = facts.members.keys().map(String::as_str);
    if facts.union {
        let chosen = choose(facts.members.len().max(1));
        return names.skip(chosen).take(1).collect();
    }
    let required = |name: &str| facts.required.iter().any(|required| required == name);
    names
        .filter(|name| required(name) || (depth < DEPTH && choose(3) == 0))
        .collect()
}

fn length(min: Option<u64>, max: Option<u64>, usual: u64, choose: &mut dyn FnMut(usize) -> usize) -> u64 {
    let least = min.unwrap_or(0);
    let most = max.unwrap_or(usual).min(least.max(usual));
    let ways = usize::try_from(most.saturating_sub(least) + 1).unwrap_or(1);
    least + u64::try_from(choose(ways)).unwrap_or(0)
}

fn text(facts: &StringFacts, choose: &mut dyn FnMut(usize) -> usize) -> String {
    if !facts.enum_values.is_empty() {
        return facts
            .enum_values
            .get(choose(facts.enum_values.len()))
            .cloned()
            .unwrap_or_default();
    }
    // Letters and digits, which every pattern of the model allows.
    let length = length(facts.min.or(Some(1)), facts.max, 12, choose);
    (0..length)
        .map(|_| char::from(b"abcxyz0189".get(choose(10)).copied().unwrap_or(b'a')))
        .collect()
}

/// A value with one mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Where it is, in the form of [`super::Violation::path`].
    pub path: String,
    /// The rule that it breaks.
    pub rule: Rule,
    /// The whole value, mistake included.
    pub value: Value,
}

/// Every way to break a valid value of the given shape in one place: wrong types, values outside of an enum, too long, too short,
/// too small, too great, against the pattern; required members left out, unions emptied.
#[must_use]
pub fn mistakes(shape: &str, valid: &Value) -> Vec<Mistake> {
    let mut places = Vec::new();
    walk(shape, valid, &Place::default(), &mut places);
    let mut mistakes = Vec::new();
    for (shape, place) in places {
        let Some(there) = valid.pointer(&place.pointer) else {
            continue;
        };
        for (member, rule, broken) in ways_to_break(shape, there) {
            let mut value = valid.clone();
            if let Some(target) = value.pointer_mut(&place.pointer) {
                *target = broken;
            }
            let path = member.map_or_else(|| place.path.clone(), |member| place.member(member).path);
            mistakes.push(Mistake { path, rule, value });
        }
    }
    mistakes
}

/// A place in a value, as a violation names it and as a JSON pointer.
#[derive(Debug, Clone, Default)]
struct Place {
    path: String,
    pointer: String,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self {
            path,
            pointer: self.pointer_to(name),
        }
    }

    fn item(&self, index: usize) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            pointer: format!("{}/{index}", self.pointer),
        }
    }

    fn entry(&self, key: &str) -> Self {
        Self {
            path: format!("{}[{}]", self.path, Value::from(key)),
            pointer: self.pointer_to(key),
        }
    }

    fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }
}

/// Lists every place of a value with the name of its shape.
fn walk<'a>(shape: &'a str, value: &Value, place: &Place, places: &mut Vec<(&'a str, Place)>) {
    let Some(facts) = model().shape(shape) else { return };
    places.push((shape, place.clone()));
    match (facts, value) {
        (ShapeFacts::Structure(facts), Value::Object(members)) => {
            for (name, value) in members {
                if let Some(of) = facts.members.get(name) {
                    walk(of, value, &place.member(name), places);
                }
            }
        }
        (ShapeFacts::List { member, .. }, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(member, item, &place.item(index), places);
            }
        }
        (ShapeFacts::Map { value: of, .. }, Value::Object(entries)) => {
            for (key, entry) in entries {
                walk(of, entry, &place.entry(key), places);
            }
        }
        _ => {}
    }
}

/// What can be put in the place of a valid value: the member that the violation will name (else the place itself), the rule that
/// breaks, and the broken value.
fn ways_to_break<'a>(shape: &'a str, valid: &Value) -> Vec<(Option<&'a str>, Rule, Value)> {
    let Some(facts) = model().shape(shape) else {
        return Vec::new();
    };
    let mut ways = Vec::new();
    let mut broken = |rule, value| ways.push((None, rule, value));
    match facts {
        ShapeFacts::Structure(facts) if facts.document => {}
        ShapeFacts::Structure(facts) => {
            broken(Rule::Type, json!(["not", "an", "object"]));
            if facts.union {
                broken(Rule::Union, json!({}));
            }
            ways.extend(facts.required.iter().filter_map(|name| {
                let mut members: Map<String, Value> = valid.as_object()?.clone();
                members.remove(name)?;
                Some((Some(name.as_str()), Rule::Required, Value::Object(members)))
            }));
        }
        ShapeFacts::List { min, max, .. } => {
            broken(Rule::Type, json!("not a list"));
            if min.is_some_and(|min| min > 0) {
                broken(Rule::Length, json!([]));
            }
            let first = valid.as_array().and_then(|items| items.first());
            if let (Some(max), Some(first)) = (max, first) {
                broken(Rule::Length, (0..=*max).map(|_| first.clone()).collect());
            }
        }
        ShapeFacts::Map { .. } => broken(Rule::Type, json!("not an object")),
        ShapeFacts::String(facts) => {
            broken(Rule::Type, json!({"not": "a string"}));
            if !facts.enum_values.is_empty() {
                broken(Rule::Enum, json!("no-such-value"));
            }
            if facts.min.is_some_and(|min| min > 0) {
                broken(Rule::Length, json!(""));
            }
            if let Some(max) = facts.max {
                broken(Rule::Length, (0..=max).map(|_| 'a').collect::<String>().into());
            }
            if facts.pattern.is_some() {
                broken(Rule::Pattern, json!("#,;"));
            }
        }
        ShapeFacts::Integer { min, max } | ShapeFacts::Long { min, max } => {
            broken(Rule::Type, json!("not a number"));
            broken(Rule::Type, json!(1.5));
            if let Some(below) = min.and_then(|min| min.checked_sub(1)) {
                broken(Rule::Range, json!(below));
            }
            if let Some(above) = max.and_then(|max| max.checked_add(1)) {
                broken(Rule::Range, json!(above));
            }
        }
        ShapeFacts::Float { min, max } | ShapeFacts::Double { min, max } => {
            broken(Rule::Type, json!("not a number"));
            if let Some(min) = min {
                broken(Rule::Range, json!(min - 0.5));
            }
            if let Some(max) = max {
                broken(Rule::Range, json!(max + 0.5));
            }
        }
        ShapeFacts::Boolean => broken(Rule::Type, json!("yes")),
        ShapeFacts::Timestamp => broken(Rule::Type, json!("yesterday")),
        ShapeFacts::Blob => broken(Rule::Type, json!(1)),
    }
    ways
}
