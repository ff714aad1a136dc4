//! Services and tasks as the engine keeps them: the SDK's structure and what the API does not show.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::types::{
    Deployment, DeploymentRolloutState, PlacementConstraint, PlacementStrategy, Service, ServiceDeployment,
    ServiceRevision, Task,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::script::Script;
use crate::placement::Demand;
use crate::world::clock::stamp;
use crate::world::schedule::Slot;
use crate::world::shaped;

/// A service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// As the API shows it, but for the counts, the deployments and the current deployment and revisions, which
    /// the view of a service fills in.
    #[serde(with = "shaped")]
    pub service: Service,
    /// The call that created it: a second one like it is answered with the service (ecs-semantics.md §3.1).
    #[serde(with = "shaped")]
    pub created_by: CreateServiceInput,
    /// The deployments that have not drained, newest first.
    pub deployments: Vec<DeploymentRecord>,
    /// Every revision, oldest first.
    #[serde(with = "shaped::list")]
    pub revisions: Vec<ServiceRevision>,
    /// Every service deployment, oldest first.
    #[serde(with = "shaped::list")]
    pub history: Vec<ServiceDeployment>,
    /// The ids of its tasks that are not STOPPED, of deployments that are gone too.
    pub tasks: BTreeSet<String>,
    /// The ids of its tasks that are STOPPED and still visible.
    pub stopped: BTreeSet<String>,
    /// When the scheduler looks at it next.
    pub look: Option<(Timestamp, Slot)>,
    /// Since when all is as it should be; absent while something is to do.
    pub settled_since: Option<Timestamp>,
    /// Whether the steady state has been announced since the last change.
    pub steady: bool,
    /// When each event was last told, by the whole text (ecs-semantics.md §3.14).
    pub told: BTreeMap<String, Timestamp>,
    /// Targets that were registered since the scheduler's last look, by target group or registry.
    pub registered: BTreeMap<String, u32>,
    /// Targets that were deregistered since then, by target group or registry.
    pub deregistered: BTreeMap<String, u32>,
    /// Tasks with targets that began to leave since then, by deployment.
    pub draining: BTreeMap<String, u32>,
    /// Tasks that failed since the scheduler's last look.
    pub losses: Vec<Loss>,
    /// The task that is to take the place of one in a fuller zone, while zones are rebalanced.
    #[serde(default)]
    pub rebalancing: Option<String>,
}

/// A task of a service that ended without the scheduler's wish, or never ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The deployment's id.
    pub deployment: String,
    /// What sort of failure it was.
    pub kind: LossKind,
}

/// Why a task of a service was lost, as the circuit breaker tells them apart (ecs-semantics.md §3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LossKind {
    /// It could not be placed or ended before it was RUNNING.
    NeverRan,
    /// It was RUNNING and a health check failed.
    Unhealthy,
    /// It was RUNNING and ended by itself, or its machine was lost.
    Ended,
}

/// A deployment of a service: one revision and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// As the API shows it, but for the counts.
    #[serde(with = "shaped")]
    pub deployment: Deployment,
    /// The ARN of its service revision.
    pub revision: String,
    /// Whether a task of it has been RUNNING.
    pub ran: bool,
    /// What the circuit breaker has counted.
    pub failures: i32,
    /// Whether it was COMPLETED once: what a rollback goes back to.
    pub completed: bool,
    /// Whether it has failed for good: it starts no more tasks.
    pub stalled: bool,
    /// How often in a row its tasks did not come to run (ecs-semantics.md §3.13).
    pub throttle_level: u32,
    /// Until when it starts no tasks because they keep failing.
    pub not_before: Option<Timestamp>,
    /// The alarms that were in ALARM when it began: they do not watch over it (ecs-semantics.md §3.9).
    #[serde(default)]
    pub ignored_alarms: BTreeSet<String>,
}

impl DeploymentRecord {
    /// The id, `ecs-svc/…`; it is `startedBy` of its tasks.
    pub fn id(&self) -> &str {
        self.deployment.id().unwrap_or_default()
    }

    /// Whether `rolloutState` is `IN_PROGRESS`.
    pub fn in_progress(&self) -> bool {
        self.deployment.rollout_state() == Some(&DeploymentRolloutState::InProgress)
    }

    /// It has FAILED for good.
    pub fn fail(&mut self, reason: &str, now: Timestamp) {
        self.stalled = true;
        self.deployment.rollout_state = Some(DeploymentRolloutState::Failed);
        self.deployment.rollout_state_reason = Some(reason.to_owned());
        self.deployment.updated_at = Some(stamp(now));
    }

    /// Whether it is the one that the service should be on.
    pub fn is_primary(&self) -> bool {
        self.deployment.status() == Some("PRIMARY")
    }
}

impl ServiceRecord {
    /// The deployment that the service should be on.
    pub fn primary(&self) -> Option<&DeploymentRecord> {
        self.deployments.iter().find(|deployment| deployment.is_primary())
    }

    /// As [`Self::primary`], to change it.
    pub fn primary_mut(&mut self) -> Option<&mut DeploymentRecord> {
        self.deployments
            .iter_mut()
            .find(|deployment| deployment.is_primary())
    }

    /// The id of the deployment that a rollback goes back to.
    pub fn rollback_target(&self) -> Option<String> {
        let mut deployments = self.deployments.iter();
        let target = deployments.find(|deployment| deployment.completed && !deployment.is_primary());
        target.map(|target| target.id().to_owned())
    }

    /// The revision with this ARN.
    pub fn revision(&self, arn: &str) -> Option<&ServiceRevision> {
        self.revisions
            .iter()
            .find(|revision| revision.service_revision_arn() == Some(arn))
    }

    /// The service deployment that is going on, or was the last.
    pub fn current_mut(&mut self) -> Option<&mut ServiceDeployment> {
        self.history.last_mut()
    }

    /// Whether `status` is ACTIVE.
    pub fn is_active(&self) -> bool {
        self.service.status() == Some("ACTIVE")
    }

    /// Whether `status` is INACTIVE: it is only remembered.
    pub fn is_inactive(&self) -> bool {
        self.service.status() == Some("INACTIVE")
    }
}

/// Where a task is in its life, finer than `lastStatus` (ecs-semantics.md §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// PROVISIONING, waiting for its capacity provider to have room.
    AwaitingCapacity,
    /// PROVISIONING: its machine or network interface is being made.
    Provisioning,
    /// PENDING: the agent has not taken it yet.
    Pending,
    /// Images are being pulled.
    Pulling,
    /// Containers are being started.
    Starting,
    /// ACTIVATING: it is being registered in target groups.
    Registering,
    /// RUNNING.
    Running,
    /// DEACTIVATING: it is being taken out of target groups.
    Deactivating,
    /// STOPPING: containers have been asked to end.
    Stopping,
    /// DEPROVISIONING: its network interface is being removed.
    Deprovisioning,
    /// STOPPED.
    Stopped,
}

/// A target of a task in a load balancer's target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The target group's ARN, or the name of a classic load balancer.
    pub group: String,
    /// The container's port.
    pub port: i32,
    /// What the load balancer's health checks say: nothing yet, or healthy or not.
    pub healthy: Option<bool>,
}

/// What a task that has no room yet waits for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// The constraints of the request.
    #[serde(with = "shaped::list")]
    pub constraints: Vec<PlacementConstraint>,
    /// The strategies of the request.
    #[serde(with = "shaped::list")]
    pub strategies: Vec<PlacementStrategy>,
    /// The subnets that its network interface may be in.
    #[serde(default)]
    pub subnets: Vec<String>,
}

/// How far a container has come, beyond what the API shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Whether it has been told to start, or to end, and has not done it yet.
    pub told: bool,
    /// When it last started.
    pub started_at: Option<Timestamp>,
    /// The events that are scheduled for it, to call them off.
    pub slots: Vec<Slot>,
}

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The name of its cluster.
    pub cluster: String,
    /// As the API shows it.
    #[serde(with = "shaped")]
    pub task: Task,
    /// The name of its service, for a service's task.
    pub service: Option<String>,
    /// Where it is in its life.
    pub phase: Phase,
    /// The events that are scheduled for it, its containers' apart, to call them off.
    pub slots: Vec<Slot>,
    /// The id of the instance that it is on.
    pub instance: Option<String>,
    /// What it takes of an instance.
    pub demand: Demand,
    /// What its containers will do, in the order of the definition.
    pub scripts: Vec<Script>,
    /// How far its containers have come, in the order of the definition; shorter until they are started.
    #[serde(default)]
    pub progress: Vec<Progress>,
    /// Whether it has a network interface of its own.
    pub interface: bool,
    /// Whether it is registered in a target group or a service registry.
    pub registers: bool,
    /// Its targets.
    pub targets: Vec<Target>,
    /// When it was RUNNING, if it ever was.
    pub ran_at: Option<Timestamp>,
    /// Until when it is protected from scale-in.
    pub protected_until: Option<Timestamp>,
    /// What it waits for in [`Phase::AwaitingCapacity`].
    pub waiting: Option<Waiting>,
    /// Whether it has ever counted as healthy.
    pub was_healthy: bool,
    /// Whether a Spot interruption or a control call has already been announced for it.
    pub doomed: bool,
    /// The ports of the host that it got without naming them.
    pub given_ports: Vec<u16>,
    /// Counts tasks as they are made, so that ties go to the older one.
    pub number: u64,
}

impl TaskRecord {
    /// The id of the deployment that started it, or what its caller gave as `startedBy`.
    pub fn started_by(&self) -> &str {
        self.task.started_by().unwrap_or_default()
    }

    /// Calls off what is scheduled for it and its containers: the answer is what to take from the schedule.
    pub fn take_slots(&mut self) -> Vec<Slot> {
        let mut slots = std::mem::take(&mut self.slots);
        for progress in &mut self.progress {
            progress.told = false;
            slots.append(&mut progress.slots);
        }
        slots
    }

    /// Whether it is meant to run.
    pub fn wanted(&self) -> bool {
        self.task.desired_status() == Some("RUNNING")
    }

    /// Whether it runs on Fargate.
    pub fn on_fargate(&self) -> bool {
        self.task.launch_type() == Some(&aws_sdk_ecs::types::LaunchType::Fargate)
    }

    /// Whether it is on its way to RUNNING: PROVISIONING, PENDING or ACTIVATING.
    pub fn pending(&self) -> bool {
        self.phase < Phase::Running && self.wanted()
    }

    /// Whether `lastStatus` is RUNNING.
    pub fn running(&self) -> bool {
        self.phase == Phase::Running
    }
}
