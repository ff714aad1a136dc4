//! What ECS considers equal, as data: one table for each kind of resource.
//!
//! A path names a member as the input has it, with `[]` for the elements of a list: `containerDefinitions[].cpu`.

mod capacity_provider;
mod cluster;
mod service;
mod task_definition;

use ecs_model::arn::name_of;
use serde_json::Value;

use super::quantity::quantity;

pub use super::quantity::Unit;
pub use capacity_provider::capacity_provider;
pub use cluster::cluster;
pub use service::{service, service_revision};
pub use task_definition::task_definition;

/// One line of a table.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// The list's order and repetitions mean nothing.
    Set(&'static str),
    /// The list is a map: the elements are told apart by this member.
    KeyedBy(&'static str, &'static str),
    /// An absent member means this value.
    Default(&'static str, Plain),
    /// Where the manifest says nothing, ECS or a scaler decides. On `list[]`: elements that the manifest does not name.
    ServerOwned(&'static str),
    /// Texts that mean the same though they differ.
    Equivalent(&'static str, Equivalence),
    /// A number with a unit.
    Quantity(&'static str, Unit),
}

impl Rule {
    const fn path(&self) -> &'static str {
        match self {
            Self::Set(path)
            | Self::KeyedBy(path, _)
            | Self::Default(path, _)
            | Self::ServerOwned(path)
            | Self::Equivalent(path, _)
            | Self::Quantity(path, _) => path,
        }
    }
}

/// A default's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// A string.
    Text(&'static str),
    /// A whole number.
    Number(i64),
    /// A boolean.
    Flag(bool),
}

impl From<Plain> for Value {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Text(text) => text.into(),
            Plain::Number(number) => number.into(),
            Plain::Flag(flag) => flag.into(),
        }
    }
}

/// How two different texts can mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equivalence {
    /// A name, and an ARN that ends in it.
    ArnOrName,
    /// As [`Equivalence::ArnOrName`]; and a bare family stands for each of its revisions: ECS resolved it when it was called.
    TaskDefinition,
    /// Upper and lower case.
    IgnoringCase,
    /// A name that is read back as an ARN which does not contain it (Cloud Map namespaces): it cannot be told apart.
    Unreadable,
}

impl Equivalence {
    fn same(self, desired: &str, observed: &str) -> bool {
        if desired == observed {
            return true;
        }
        let arns = (is_arn(desired), is_arn(observed));
        match self {
            Self::IgnoringCase => desired.eq_ignore_ascii_case(observed),
            Self::Unreadable => arns == (false, true),
            Self::ArnOrName => arns != (true, true) && name_of(desired) == name_of(observed),
            Self::TaskDefinition => {
                arns != (true, true)
                    && (name_of(desired) == name_of(observed)
                        || (!is_arn(desired)
                            && !desired.contains(':')
                            && name_of(observed).split(':').next() == Some(desired)))
            }
        }
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// The rules of one comparison: tables laid over each other, the last one first.
#[derive(Debug, Clone)]
pub struct Rules(Vec<&'static [Rule]>);

impl Rules {
    /// The rules of one table.
    pub fn of(table: &'static [Rule]) -> Self {
        Self(vec![table])
    }

    /// The same with a table over it, whose lines win.
    #[must_use]
    pub fn under(mut self, table: &'static [Rule]) -> Self {
        self.0.push(table);
        self
    }

    fn at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'static Rule> + 'a {
        self.0
            .iter()
            .rev()
            .flat_map(|table| table.iter())
            .filter(move |rule| rule.path() == path)
    }

    /// Every line, those that win first.
    pub fn lines(&self) -> impl Iterator<Item = &'static Rule> + '_ {
        self.0.iter().rev().flat_map(|table| table.iter())
    }

    /// Whether the list at `path` is a set.
    pub fn is_set(&self, path: &str) -> bool {
        self.at(path).any(|rule| matches!(rule, Rule::Set(_)))
    }

    /// The member by which the elements of the list at `path` are told apart.
    pub fn key(&self, path: &str) -> Option<&'static str> {
        self.at(path).find_map(|rule| {
            if let Rule::KeyedBy(_, key) = rule {
                Some(*key)
            } else {
                None
            }
        })
    }

    /// What an absent member at `path` means.
    pub fn default(&self, path: &str) -> Option<Value> {
        self.at(path).find_map(|rule| {
            if let Rule::Default(_, plain) = rule {
                Some(Value::from(*plain))
            } else {
                None
            }
        })
    }

    /// Whether somebody else decides where the manifest says nothing.
    pub fn server_owned(&self, path: &str) -> bool {
        self.at(path).any(|rule| matches!(rule, Rule::ServerOwned(_)))
    }

    /// A key in the form in which keys are compared: the name of an ARN where both are allowed.
    pub fn short<'a>(&self, path: &str, text: &'a str) -> &'a str {
        if self
            .at(path)
            .any(|rule| matches!(rule, Rule::Equivalent(_, Equivalence::ArnOrName)))
        {
            name_of(text)
        } else {
            text
        }
    }

    /// Whether two scalars mean the same at `path`.
    pub fn same(&self, path: &str, desired: &Value, observed: &Value) -> bool {
        if desired == observed {
            return true;
        }
        match (desired, observed) {
            (Value::Number(desired), Value::Number(observed)) => desired.as_f64() == observed.as_f64(),
            (Value::String(desired), Value::String(observed)) => self.at(path).any(|rule| match rule {
                Rule::Equivalent(_, equivalence) => equivalence.same(desired, observed),
                Rule::Quantity(_, unit) => {
                    quantity(desired, *unit).is_some_and(|desired| Some(desired) == quantity(observed, *unit))
                }
                _ => false,
            }),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::shape::{Shape, probe};
    use std::collections::BTreeSet;

    fn paths<T: Shape>() -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for path in probe::<T>().paths() {
            paths.insert(format!("{path}[]"));
            paths.insert(path);
        }
        paths
    }

    #[test]
    fn every_line_names_a_member_of_the_input() {
        use aws_sdk_ecs::operation::{
            create_capacity_provider::CreateCapacityProviderInput, create_cluster::CreateClusterInput,
            create_service::CreateServiceInput, register_task_definition::RegisterTaskDefinitionInput,
        };
        let tables = [
            (
                "service",
                service(&serde_json::json!({})),
                paths::<CreateServiceInput>(),
            ),
            (
                "daemon",
                service(&serde_json::json!({"schedulingStrategy": "DAEMON"})),
                paths::<CreateServiceInput>(),
            ),
            ("revision", service_revision(), paths::<CreateServiceInput>()),
            (
                "task definition",
                task_definition(),
                paths::<RegisterTaskDefinitionInput>(),
            ),
            ("cluster", cluster(), paths::<CreateClusterInput>()),
            (
                "capacity provider",
                capacity_provider(),
                paths::<CreateCapacityProviderInput>(),
            ),
        ];
        for (kind, rules, members) in tables {
            for rule in rules.lines() {
                assert!(
                    members.contains(rule.path()),
                    "{kind}: there is no {}",
                    rule.path()
                );
                if let Rule::KeyedBy(list, key) = rule {
                    assert!(
                        members.contains(&format!("{list}[].{key}")),
                        "{kind}: {list} has no {key}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_table_laid_over_another_wins() {
        const BELOW: &[Rule] = &[
            Rule::Default("a", Plain::Number(1)),
            Rule::Default("b", Plain::Number(1)),
        ];
        const ABOVE: &[Rule] = &[Rule::Default("a", Plain::Number(2))];
        let rules = Rules::of(BELOW).under(ABOVE);
        assert_eq!(rules.default("a"), Some(2.into()));
        assert_eq!(rules.default("b"), Some(1.into()));
        assert_eq!(rules.default("c"), None);
    }
}
