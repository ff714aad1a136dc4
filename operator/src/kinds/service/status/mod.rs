//! The status of a service: the whole of it, each time, from what was seen, planned and done. Pure.

pub mod course;
pub mod findings;
pub mod health;
mod say;
pub mod tasks;

use aws_sdk_ecs::types::{Deployment, Service, ServiceDeployment};
use ecs_crds::conditions::{self, Type};
use ecs_crds::status::CommonStatus;
use ecs_crds::{DeploymentStatus, EcsServiceStatus, ServiceEvent, ServiceTask};
use ecs_model::arn::name_of;
use jiff::Timestamp;

use crate::diff::rollout::{newest_first, primary};
use crate::kinds::keeps::StatusOf;
use crate::kinds::service::plan::{Plan, Standing};
use crate::kinds::service::resolve::Resolved;
use crate::kinds::service::status::course::Course;
use crate::kinds::service::status::findings::findings;
use crate::kinds::service::status::tasks::time;
use crate::observer::ServiceView;

/// How many of ECS's events a status shows.
const EVENTS: usize = 5;

/// What a status is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The object's UID, generation and newest known status.
    pub uid: &'a str,
    /// The generation of the spec that this pass was about.
    pub generation: i64,
    /// The status before.
    pub before: Option<&'a EcsServiceStatus>,
    /// What was wanted, if it could be told.
    pub resolved: Option<&'a Resolved>,
    /// What ECS showed, if it was looked at.
    pub view: Option<&'a ServiceView>,
    /// How the pass went.
    pub course: Course<'a>,
    /// The present moment.
    pub now: Timestamp,
}

impl<'a> Report<'a> {
    /// The service in ECS, unless it is someone else's: of that nothing is told but the conflict.
    pub fn service(&self) -> Option<&'a Service> {
        let foreign = matches!(
            &self.course,
            Course::Planned {
                plan: Plan {
                    standing: Standing::Conflict(_),
                    ..
                },
                ..
            }
        );
        self.view.filter(|_| !foreign)?.service.as_ref()
    }
}

impl StatusOf for EcsServiceStatus {
    fn common(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
}

/// The whole status.
pub fn status(report: &Report<'_>) -> EcsServiceStatus {
    let before = report.before.cloned().unwrap_or_default();
    let mut status = match report.view {
        Some(view) => seen(report, view, &before),
        // What was seen last stays, where nothing new is known of the outer world.
        None => before.clone(),
    };
    let (rollout, found) = findings(report);
    status.rollout = rollout.or(status.rollout);
    status.common = CommonStatus {
        observed_generation: report.generation,
        conditions: conditions::merge(&before.common.conditions, found, report.generation, report.now),
        arn: status.common.arn,
        last_action: before.common.last_action,
        plan: held_back(&report.course),
    };
    status.selector = Some(format!("ecs-operator.dev/service-uid={}", report.uid));
    status.task_definition_arn = report
        .resolved
        .and_then(|resolved| resolved.desired.text("taskDefinition"))
        .filter(|definition| definition.starts_with("arn:"))
        .map(str::to_owned)
        .or(before.task_definition_arn);
    if conditions::is_true(&status.common.conditions, Type::Ready) {
        status.last_failure = None;
    }
    status
}

/// What the plan would do, while it is held back.
fn held_back(course: &Course<'_>) -> Vec<String> {
    match course {
        Course::Planned {
            plan,
            suspended: true,
            ..
        } => plan.steps.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn seen(report: &Report<'_>, view: &ServiceView, before: &EcsServiceStatus) -> EcsServiceStatus {
    let Some(service) = report.service() else {
        // The ARN of what is missing stays: that it was there once is what makes its absence news.
        let missing = view.service.is_none();
        return EcsServiceStatus {
            common: CommonStatus {
                arn: before.common.arn.clone().filter(|_| missing),
                ..CommonStatus::default()
            },
            cluster_arn: before.cluster_arn.clone(),
            ..EcsServiceStatus::default()
        };
    };
    let mut status = EcsServiceStatus {
        common: CommonStatus {
            arn: service.service_arn().map(str::to_owned),
            ..CommonStatus::default()
        },
        status: service.status().map(str::to_owned),
        cluster_arn: service.cluster_arn().map(str::to_owned),
        task_definition: primary(service)
            .and_then(Deployment::task_definition)
            .or(service.task_definition())
            .map(short),
        desired_count: Some(service.desired_count()),
        running_count: Some(service.running_count()),
        pending_count: Some(service.pending_count()),
        rollout_reason: reason(service, &view.deployments),
        deployments: deployments(service, &view.deployments),
        events: events(service),
        last_failure: before.last_failure.clone(),
        ..EcsServiceStatus::default()
    };
    if view.tasks_known {
        let steady = conditions::is_true_of(&before.common.conditions, Type::Ready, report.generation);
        let failed = |task: &&ServiceTask| task.stopped_at.is_some() && !steady;
        let remembered: Vec<_> = before.tasks.iter().filter(failed).cloned().collect();
        status.task_states = tasks::states(&view.tasks);
        (status.tasks, status.tasks_omitted) = tasks::listed(&view.tasks, &remembered);
        status.last_failure = tasks::newest_failure(&view.tasks)
            .map(tasks::stop_of)
            .or(status.last_failure);
    } else {
        status.task_states.clone_from(&before.task_states);
        status.tasks.clone_from(&before.tasks);
        status.tasks_omitted = before.tasks_omitted;
    }
    status
}

/// ECS's own words on where its newest deployment stands.
fn reason(service: &Service, deployments: &[ServiceDeployment]) -> Option<String> {
    let newest = newest_first(deployments).into_iter().next();
    let rolled_back = newest
        .and_then(|newest| newest.rollback())
        .and_then(|rollback| rollback.reason());
    let words = rolled_back.or(newest.and_then(ServiceDeployment::status_reason));
    words
        .or(primary(service).and_then(Deployment::rollout_state_reason))
        .map(str::to_owned)
}

fn deployments(service: &Service, all: &[ServiceDeployment]) -> Vec<DeploymentStatus> {
    let newest = newest_first(all).into_iter().next();
    let mut sorted: Vec<_> = service.deployments().iter().collect();
    sorted.sort_by_key(|deployment| {
        let created = deployment
            .created_at()
            .map(aws_sdk_ecs::primitives::DateTime::as_nanos);
        (deployment.status() != Some("PRIMARY"), std::cmp::Reverse(created))
    });
    let told = |deployment: &Deployment| DeploymentStatus {
        id: deployment.id().unwrap_or_default().to_owned(),
        status: deployment.status().map(str::to_owned),
        task_definition: deployment.task_definition().map(short),
        desired_count: deployment.desired_count(),
        running_count: deployment.running_count(),
        pending_count: deployment.pending_count(),
        failed_tasks: deployment.failed_tasks(),
        rollout_state: deployment.rollout_state().map(|state| state.as_str().to_owned()),
        rollout_state_reason: deployment.rollout_state_reason().map(str::to_owned),
        stage: newest
            .filter(|_| deployment.status() == Some("PRIMARY"))
            .and_then(|newest| newest.lifecycle_stage())
            .map(|stage| stage.as_str().to_owned()),
        hook: None,
        created_at: time(deployment.created_at()),
    };
    sorted.into_iter().map(told).collect()
}

/// The newest events, newest first.
fn events(service: &Service) -> Vec<ServiceEvent> {
    let mut sorted: Vec<_> = service.events().iter().collect();
    sorted.sort_by_key(|event| {
        std::cmp::Reverse(
            event
                .created_at()
                .map(aws_sdk_ecs::primitives::DateTime::as_nanos),
        )
    });
    let told = |event: &aws_sdk_ecs::types::ServiceEvent| ServiceEvent {
        id: event.id().unwrap_or_default().to_owned(),
        created_at: time(event.created_at()),
        message: event.message().unwrap_or_default().to_owned(),
    };
    sorted.into_iter().take(EVENTS).map(told).collect()
}

/// ECS's events that no status has shown yet, oldest first: each becomes a Kubernetes Event, once. Where no status remembers
/// any, only what was said after `since`.
pub fn new_events<'a>(
    service: &'a Service,
    before: Option<&EcsServiceStatus>,
    since: Timestamp,
) -> Vec<&'a aws_sdk_ecs::types::ServiceEvent> {
    let known = before.map(|before| before.events.as_slice()).unwrap_or_default();
    let newest_known = known
        .iter()
        .filter_map(|event| event.created_at.as_ref())
        .map(|time| time.0.as_second())
        .max();
    let oldest = newest_known.unwrap_or_else(|| since.as_second());
    let mut new: Vec<_> = service
        .events()
        .iter()
        .filter(|event| event.created_at().is_some_and(|at| at.secs() >= oldest))
        .filter(|event| !known.iter().any(|known| Some(known.id.as_str()) == event.id()))
        .collect();
    new.sort_by_key(|event| {
        event
            .created_at()
            .map(aws_sdk_ecs::primitives::DateTime::as_nanos)
    });
    new
}

/// Family and revision of a definition's ARN.
pub fn short(definition: &str) -> String {
    name_of(definition).to_owned()
}
