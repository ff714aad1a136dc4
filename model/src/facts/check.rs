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
        if path.is_empty() {
            write!(f, "the input: {what}")
        } else {
            write!(f, "{path}: {what}")
        }
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
        self.violations.push(Violation {
            path: path.to_owned(),
            rule,
            what,
        });
    }

    fn expected(&mut self, path: &str, expected: &str, value: &Value) {
        self.violation(
            path,
            Rule::Type,
            format!("expected {expected}, found {}", kind(value)),
        );
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
            (
                ShapeFacts::Map {
                    key,
                    value: of,
                    min,
                    max,
                },
                Value::Object(entries),
            ) => {
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
        let inside = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        // Sorted whatever the map's own order, so that the same input always reads the same.
        let present: BTreeMap<_, _> = members.iter().filter(|(_, value)| !value.is_null()).collect();
        for name in facts.required.iter().filter(|name| !present.contains_key(name)) {
            self.violation(&inside(name), Rule::Required, "is required".to_owned());
        }
        if facts.union
            && present
                .keys()
                .filter(|name| facts.members.contains_key(**name))
                .count()
                != 1
        {
            let names: Vec<_> = facts.members.keys().map(String::as_str).collect();
            self.violation(
                path,
                Rule::Union,
                format!("exactly one of {} must be set", names.join(", ")),
            );
        }
        for (name, value) in present {
            match facts.members.get(name) {
                Some(shape) => self.look(shape, value, &inside(name)),
                None => self.unknown.push(inside(name)),
            }
        }
    }

    fn string(&mut self, facts: &StringFacts, text: &str, path: &str) {
        let shown = if facts.sensitive {
            "the value".to_owned()
        } else {
            quoted(text)
        };
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
        self.violation(
            path,
            Rule::Length,
            format!("has {}, but must have {right}", things(length)),
        );
    }

    fn integer(&mut self, value: &Value, min: i64, max: i64, path: &str) {
        match value {
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                if !number
                    .as_i64()
                    .is_some_and(|number| (min..=max).contains(&number))
                {
                    self.violation(
                        path,
                        Rule::Range,
                        format!("{number} is not within {min} to {max}"),
                    );
                }
            }
            Value::Number(number) => {
                self.violation(path, Rule::Type, format!("expected an integer, found {number}"));
            }
            _ => self.expected(path, "an integer", value),
        }
    }

    fn float(&mut self, value: &Value, min: Option<f64>, max: Option<f64>, path: &str) {
        let Some(number) = value.as_f64() else {
            return self.expected(path, "a number", value);
        };
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            let within = if min.and(max).is_some() { "within " } else { "" };
            self.violation(
                path,
                Rule::Range,
                format!("{value} is not {within}{}", limits(min, max)),
            );
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
mod tests;
