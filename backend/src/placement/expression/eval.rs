//! Whether a query holds on an instance.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use aws_sdk_ecs::types::ContainerInstance;
use jiff::Timestamp;

use super::{Comparison, Expression, Subject, Test};

/// An instance and what runs on it, as far as a query can ask.
#[derive(Debug, Clone)]
pub struct Host<'a> {
    /// The instance.
    pub instance: &'a ContainerInstance,
    /// How many tasks of each group are on it.
    pub groups: BTreeMap<&'a str, u32>,
}

impl Host<'_> {
    /// The value of an attribute; one that has a name only has an empty value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .instance
            .attributes()
            .iter()
            .find(|attribute| attribute.name == name)?;
        Some(found.value().unwrap_or_default())
    }

    /// Whether a query holds here.
    pub fn satisfies(&self, query: &Expression) -> bool {
        match query {
            Expression::Any(parts) => parts.iter().any(|part| self.satisfies(part)),
            Expression::All(parts) => parts.iter().all(|part| self.satisfies(part)),
            Expression::Not(part) => !self.satisfies(part),
            Expression::Test {
                subject: Subject::TaskGroup,
                test,
            } => self.hosts(test),
            Expression::Test { subject, test } => holds(subject, self.value(subject).as_deref(), test),
        }
    }

    /// Whether a task of a group that is asked for is here; the negative forms mean that none is.
    fn hosts(&self, test: &Test) -> bool {
        let any = |test: &Test| {
            self.groups
                .keys()
                .any(|group| holds(&Subject::TaskGroup, Some(group), test))
        };
        match test {
            Test::Compare(Comparison::NotEqual, value) => {
                !any(&Test::Compare(Comparison::Equal, value.clone()))
            }
            Test::NotIn(values) => !any(&Test::In(values.clone())),
            Test::NotMatches(regex) => !any(&Test::Matches(regex.clone())),
            test => any(test),
        }
    }

    fn value(&self, subject: &Subject) -> Option<String> {
        let instance = self.instance;
        match subject {
            Subject::AgentConnected => Some(instance.agent_connected.to_string()),
            Subject::AgentVersion => instance.version_info()?.agent_version().map(str::to_owned),
            Subject::Ec2InstanceId => instance.ec2_instance_id().map(str::to_owned),
            Subject::RegisteredAt => Some(crate::world::clock::moment(instance.registered_at()?).to_string()),
            Subject::RunningTasksCount => Some(instance.running_tasks_count.to_string()),
            Subject::Attribute(name) => self.attribute(name).map(str::to_owned),
            Subject::TaskGroup => None,
        }
    }
}

fn holds(subject: &Subject, value: Option<&str>, test: &Test) -> bool {
    let Some(value) = value else {
        return *test == Test::Absent;
    };
    match test {
        Test::Exists => true,
        Test::Absent => false,
        Test::Compare(comparison, other) => compares(subject, value, *comparison, other),
        Test::In(values) => values.iter().any(|other| other == value),
        Test::NotIn(values) => values.iter().all(|other| other != value),
        Test::Matches(regex) => matches_whole(regex, value),
        Test::NotMatches(regex) => !matches_whole(regex, value),
    }
}

fn compares(subject: &Subject, value: &str, comparison: Comparison, other: &str) -> bool {
    let order = match subject {
        Subject::RunningTasksCount => value
            .parse::<i64>()
            .ok()
            .zip(other.parse::<i64>().ok())
            .map(|(a, b)| a.cmp(&b)),
        Subject::AgentVersion => version(value)
            .zip(version(other))
            .map(|(a, b)| compare_versions(&a, &b)),
        Subject::RegisteredAt => moment(value).zip(moment(other)).map(|(a, b)| a.cmp(&b)),
        Subject::Attribute(_) => Some(match (value.parse::<i64>(), other.parse::<i64>()) {
            (Ok(a), Ok(b)) if comparison != Comparison::Equal && comparison != Comparison::NotEqual => {
                a.cmp(&b)
            }
            _ => value.cmp(other),
        }),
        _ => Some(value.cmp(other)),
    };
    let Some(order) = order else { return false };
    match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
    }
}

/// A dotted version as numbers.
pub(super) fn version(text: &str) -> Option<Vec<u64>> {
    text.trim_start_matches('v')
        .split('.')
        .map(|part| part.parse().ok())
        .collect()
}

fn compare_versions(a: &[u64], b: &[u64]) -> Ordering {
    let part = |version: &[u64], index: usize| version.get(index).copied().unwrap_or(0);
    let parts = (0..a.len().max(b.len())).map(|index| part(a, index).cmp(&part(b, index)));
    parts.fold(Ordering::Equal, Ordering::then)
}

/// A date-time with an offset or `Z`, one without zone (read as UTC), or a date.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let utc = |civil: jiff::civil::DateTime| {
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<jiff::civil::DateTime>().ok().and_then(utc))
}

fn matches_whole(regex: &str, value: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{regex})$")).is_ok_and(|regex| regex.is_match(value))
}
