//! What ECS does over time: tasks, the service scheduler, capacity.
//!
//! Everything happens in [`happen`], at the moment of an [`Event`] that was scheduled earlier, or in an operation that calls
//! the engine. Nothing looks at all services or tasks: what changes wakes the service that it belongs to
//! ([`scheduler::wake`]), once for all changes of a moment.

pub mod alarms;
pub mod balance;
pub mod breaker;
pub mod connect;
pub mod connectivity;
pub mod containers;
pub mod control;
pub mod deployments;
pub mod event_log;
pub mod failure;
pub mod health;
pub mod hooks;
pub mod instances;
pub mod launch;
pub mod leaving;
pub mod lifecycle;
pub mod losses;
pub mod network;
pub mod order;
pub mod platform;
pub mod rebalancing;
pub mod records;
pub mod restart;
pub mod revision;
pub mod rolling;
pub mod scaling;
pub mod scheduler;
pub mod script;
pub mod share;
pub mod starting;
pub mod stop;
pub mod survey;
pub mod told;
pub mod view;
pub mod volumes;
pub mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::world::{Realm, ServiceKey, pairs};

/// Something of the engine's that will happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The phase of its life that a task is in is over.
    PhaseOver {
        /// The task's id.
        task: String,
    },
    /// A container that was told to start has started.
    ContainerStarts {
        /// The task's id.
        task: String,
        /// The container's place in the definition.
        container: usize,
    },
    /// A container's `startTimeout` is over.
    StartTimeout {
        /// The task's id.
        task: String,
    },
    /// A container that was asked to end has ended.
    ContainerStops {
        /// The task's id.
        task: String,
        /// The container's place in the definition.
        container: usize,
    },
    /// A container ends by itself.
    ContainerEnds {
        /// The task's id.
        task: String,
        /// The container's place in the definition.
        container: usize,
    },
    /// A container's health check has a verdict.
    HealthVerdict {
        /// The task's id.
        task: String,
        /// The container's place in the definition.
        container: usize,
        /// The verdict.
        healthy: bool,
    },
    /// A load balancer's health check has a verdict on a target.
    TargetVerdict {
        /// The task's id.
        task: String,
        /// The target's place among the task's targets.
        target: usize,
    },
    /// A Spot task's warning time is over.
    SpotEnds {
        /// The task's id.
        task: String,
    },
    /// A STOPPED task has been visible long enough.
    TaskForgotten {
        /// The task's id.
        task: String,
    },
    /// The scheduler looks at a service.
    ServiceLook {
        /// The service.
        service: ServiceKey,
    },
    /// An INACTIVE service has been visible long enough.
    ServiceForgotten {
        /// The service.
        service: ServiceKey,
        /// The ARN of its last service deployment, since a new service may have its name.
        deployment: String,
    },
    /// Managed scaling looks at a capacity provider.
    ScalingLook {
        /// The capacity provider's name.
        provider: String,
    },
    /// Instances that an auto scaling group launched come up.
    InstanceArrives {
        /// The capacity provider's name.
        provider: String,
        /// The cluster that it registers in.
        cluster: String,
    },
}

/// What the engine keeps for itself in a realm.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The ids of the tasks that hold room on an instance, by instance.
    pub tasks_on: BTreeMap<String, BTreeSet<String>>,
    /// The tasks that wait for their capacity provider.
    pub awaiting: BTreeSet<String>,
    /// The services that could not place a task.
    pub unplaced: BTreeSet<ServiceKey>,
    /// The results of `RunTask` by cluster and client token.
    #[serde(with = "pairs")]
    pub run_tokens: BTreeMap<(String, String), RunToken>,
    /// What the control API says of target groups.
    pub group_health: BTreeMap<String, bool>,
    /// What the control API says of tasks' targets, by target group and task.
    #[serde(with = "pairs")]
    pub target_health: BTreeMap<(String, String), bool>,
    /// The alarms that are in ALARM, by name.
    #[serde(default)]
    pub alarms: BTreeSet<String>,
    /// The simulated auto scaling groups, by capacity provider.
    pub groups: BTreeMap<String, scaling::Group>,
    /// How many tasks have been made.
    pub tasks_made: u64,
}

/// What a client token of `RunTask` stands for (ecs-semantics.md §0.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunToken {
    /// The request, to tell a repetition from another call.
    pub request: serde_json::Value,
    /// The tasks that it made.
    pub tasks: Vec<String>,
    /// When it is forgotten, if not with its tasks.
    pub until: jiff::Timestamp,
}

/// Lets an event of the engine's happen.
pub fn happen(realm: &mut Realm, event: Event) {
    match event {
        Event::PhaseOver { task } => lifecycle::phase_over(realm, &task),
        Event::ContainerStarts { task, container } => containers::starts(realm, &task, container),
        Event::StartTimeout { task } => containers::start_next(realm, &task),
        Event::ContainerStops { task, container } => containers::stops(realm, &task, container),
        Event::ContainerEnds { task, container } => containers::ends(realm, &task, container),
        Event::HealthVerdict {
            task,
            container,
            healthy,
        } => health::verdict(realm, &task, container, healthy),
        Event::TargetVerdict { task, target } => balance::verdict(realm, &task, target),
        Event::SpotEnds { task } => control::spot_ends(realm, &task),
        Event::TaskForgotten { task } => stop::forget(realm, &task),
        Event::ServiceLook { service } => scheduler::look(realm, &service),
        Event::ServiceForgotten { service, deployment } => deployments::forget(realm, &service, &deployment),
        Event::ScalingLook { provider } => scaling::look(realm, &provider),
        Event::InstanceArrives { provider, cluster } => scaling::arrive(realm, &provider, &cluster),
    }
}
