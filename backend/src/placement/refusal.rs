//! Why a task cannot go to an instance (ecs-semantics.md §5.5).

use std::fmt;

use super::resources::Short;
use super::{Candidate, Constraint, Wish};

/// Why an instance does not take a task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its agent is not connected.
    Agent,
    /// It lacks an attribute that the definition requires, by name.
    Attribute(String),
    /// A `memberOf` constraint does not hold.
    MemberOf,
    /// A task of the group is there already.
    Distinct,
    /// A resource is short.
    Resource(Short),
}

impl fmt::Display for Reason {
    /// As `failures[].reason` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "AGENT",
            Self::Attribute(_) => "ATTRIBUTE",
            Self::MemberOf => "MemberOf placement constraint unsatisfied.",
            Self::Distinct => "DistinctInstance placement constraint unsatisfied.",
            Self::Resource(Short::Cpu) => "RESOURCE:CPU",
            Self::Resource(Short::Memory) => "RESOURCE:MEMORY",
            Self::Resource(Short::Ports) => "RESOURCE:PORTS",
            Self::Resource(Short::Gpu) => "RESOURCE:GPU",
            Self::Resource(Short::Eni) => "RESOURCE:ENI",
        })
    }
}

impl Reason {
    /// The attribute that is missing, for `failures[].detail`.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Attribute(name) => Some(name),
            _ => None,
        }
    }

    /// What a service's event says after `The closest matching (container-instance ID)` (ecs-semantics.md §3.14).
    pub fn in_event(&self) -> &'static str {
        match self {
            Self::Agent => " encountered error \"AGENT\".",
            Self::Attribute(_) | Self::MemberOf | Self::Distinct => {
                " is missing an attribute required by your task."
            }
            Self::Resource(Short::Cpu) => " has insufficient CPU units available.",
            Self::Resource(Short::Memory) => " has insufficient memory available.",
            Self::Resource(Short::Ports) => " is already using a port required by your task.",
            Self::Resource(Short::Gpu) => " encountered error \"RESOURCE:GPU\".",
            Self::Resource(Short::Eni) => " encountered error \"RESOURCE:ENI\".",
        }
    }
}

/// An instance that does not take a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The instance's ARN.
    pub arn: String,
    /// The instance's id.
    pub id: String,
    /// Why.
    pub reason: Reason,
}

/// The first reason, in the order of ECS, why an instance does not take a task.
pub fn reason(candidate: &Candidate<'_>, wish: &Wish<'_>) -> Option<Reason> {
    let host = &candidate.host;
    if !host.instance.agent_connected {
        return Some(Reason::Agent);
    }
    if let Some(short) = candidate.room.short_of(wish.demand) {
        return Some(Reason::Resource(short));
    }
    let lacks = |(name, value): &&(&str, Option<&str>)| match host.attribute(name) {
        None => true,
        Some(found) => value.is_some_and(|value| value != found),
    };
    if let Some((name, _)) = wish.attributes.iter().find(lacks) {
        return Some(Reason::Attribute((*name).to_owned()));
    }
    let broken = wish
        .constraints
        .iter()
        .find(|constraint| !constraint.allows(candidate, wish.group))?;
    Some(match broken {
        Constraint::DistinctInstance => Reason::Distinct,
        Constraint::MemberOf(_) => Reason::MemberOf,
    })
}
