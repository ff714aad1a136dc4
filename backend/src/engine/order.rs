//! The order of a task's containers: which may start, which never will, which may be stopped (ecs-semantics.md §2.7).
//!
//! Pure. The rules and texts are those of the ECS agent: a container that can never start is shown as STOPPED with exit code
//! 143 and a reason.

use aws_sdk_ecs::types::{Container, ContainerCondition, ContainerDefinition, HealthStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::records::{Progress, TaskRecord};
use super::script::Script;

/// What another container of the task must have come to before a container starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other container's name.
    pub on: String,
    /// What it must have come to.
    pub condition: Condition,
}

/// `dependsOn[].condition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// It has started.
    Start,
    /// It has ended, with any exit code.
    Complete,
    /// It has ended with exit code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// Whether a container may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Now.
    Now,
    /// Not yet.
    Later,
    /// Never, and why.
    Never(String),
}

/// `dependsOn` of a container.
pub fn dependencies_of(definition: &ContainerDefinition) -> Vec<Dependency> {
    let dependency = |given: &aws_sdk_ecs::types::ContainerDependency| Dependency {
        on: given.container_name().to_owned(),
        condition: match given.condition() {
            ContainerCondition::Complete => Condition::Complete,
            ContainerCondition::Success => Condition::Success,
            ContainerCondition::Healthy => Condition::Healthy,
            _ => Condition::Start,
        },
    };
    definition.depends_on().iter().map(dependency).collect()
}

/// A container of a task: what is shown of it, what it will do, how far it has come.
struct Member<'a> {
    shown: &'a Container,
    script: &'a Script,
    progress: &'a Progress,
}

impl Member<'_> {
    fn is(&self, status: &str) -> bool {
        self.shown.last_status() == Some(status)
    }

    /// As the agent writes it: `init(busybox) (STOPPED->RUNNING) - Exit: 1`.
    fn described(&self) -> String {
        let known = self.shown.last_status().filter(|status| *status != "PENDING");
        let known = known.unwrap_or("NONE");
        let exit = self.shown.exit_code().map(|code| format!(" - Exit: {code}"));
        format!(
            "{}({}) ({known}->RUNNING){}",
            self.shown.name().unwrap_or_default(),
            self.shown.image().unwrap_or_default(),
            exit.unwrap_or_default()
        )
    }
}

fn members(record: &TaskRecord) -> impl Iterator<Item = Member<'_>> {
    let told = record.scripts.iter().zip(&record.progress);
    record
        .task
        .containers()
        .iter()
        .zip(told)
        .map(|(shown, (script, progress))| Member {
            shown,
            script,
            progress,
        })
}

/// Whether a container that has not started may start. Dependencies are looked at in the order of the definition, each first
/// for whether it still can come about, as the agent does.
pub fn outlook(record: &TaskRecord, container: usize, now: Timestamp) -> Outlook {
    let Some(target) = members(record).nth(container) else {
        return Outlook::Later;
    };
    let mut outlook = Outlook::Now;
    for dependency in &target.script.depends_on {
        let Some(other) = members(record).find(|other| other.shown.name() == Some(&dependency.on)) else {
            continue;
        };
        if let Some(why) = hopeless(&other, dependency.condition, &target, now) {
            return Outlook::Never(format!("CannotStartContainerError: dependency graph: {why}"));
        }
        if !is_met(&other, dependency.condition) {
            outlook = Outlook::Later;
        }
    }
    outlook
}

/// Why a dependency can never come about any more.
fn hopeless(other: &Member<'_>, condition: Condition, target: &Member<'_>, now: Timestamp) -> Option<String> {
    let (dependency, target) = (other.described(), target.described());
    if condition != Condition::Start && !other.is("STOPPED") && has_timed_out(other, now) {
        return Some(format!(
            "container ordering dependency [{dependency}] for target [{target}] has timed out."
        ));
    }
    let unresolved =
        format!("failed to resolve container ordering dependency [{dependency}] for target [{target}]");
    if condition == Condition::Success && other.is("STOPPED") && other.shown.exit_code() != Some(0) {
        return Some(format!("{unresolved} as dependency did not exit successfully."));
    }
    (other.is("STOPPED") && other.progress.started_at.is_none())
        .then(|| format!("{unresolved} because dependency will never start"))
}

/// Whether the `startTimeout` of a container that has started is over.
fn has_timed_out(other: &Member<'_>, now: Timestamp) -> bool {
    let (Some(started), Some(timeout)) = (other.progress.started_at, other.script.start_timeout) else {
        return false;
    };
    started.checked_add(timeout).is_ok_and(|until| now >= until)
}

fn is_met(other: &Member<'_>, condition: Condition) -> bool {
    match condition {
        Condition::Start => other.progress.started_at.is_some(),
        Condition::Complete => other.is("STOPPED"),
        Condition::Success => other.is("STOPPED") && other.shown.exit_code() == Some(0),
        Condition::Healthy => other.shown.health_status() == Some(&HealthStatus::Healthy),
    }
}

/// Whether a running container may be stopped: all that depend on it have ended.
pub fn may_stop(record: &TaskRecord, container: usize) -> bool {
    let Some(name) = members(record)
        .nth(container)
        .and_then(|member| member.shown.name())
    else {
        return true;
    };
    let depends = |member: &Member<'_>| {
        member
            .script
            .depends_on
            .iter()
            .any(|dependency| dependency.on == name)
    };
    members(record).all(|member| !member.is("RUNNING") || !depends(&member))
}
