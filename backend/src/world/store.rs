//! What one realm keeps: the SDK's own structures, with what the API does not show beside them.

use std::collections::{BTreeMap, VecDeque};

use aws_sdk_ecs::types::{CapacityProvider, Cluster, ContainerInstance, Tag, TaskDefinition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::Ids;
use super::names::RealmId;
use super::schedule::Schedule;
use super::{pairs, shaped};
use crate::engine;
use crate::engine::records::{ServiceRecord, TaskRecord};
use crate::timing::{Timing, TimingMode};

/// How many of the newest events [`Realm::log`] keeps.
const LOG_LENGTH: usize = 10_000;

/// Everything that one account has in one region.
#[derive(Debug, Serialize, Deserialize)]
pub struct Realm {
    /// Whose and where.
    pub id: RealmId,
    /// The realm's present moment: that of the event which is happening, or that of the call.
    pub now: Timestamp,
    /// How long things take; given by the server, not kept.
    #[serde(skip, default = "fast")]
    pub timing: Timing,
    /// The ARN of who makes the present call; not kept.
    #[serde(skip)]
    pub caller: String,
    /// Where identifiers and random choices come from.
    pub ids: Ids,
    /// What will happen by itself.
    pub schedule: Schedule,
    /// The clusters by name, INACTIVE ones included while they are visible.
    pub clusters: BTreeMap<String, ClusterRecord>,
    /// The task definitions by family.
    pub families: BTreeMap<String, Family>,
    /// The services, INACTIVE ones included while they are visible.
    #[serde(with = "pairs")]
    pub services: BTreeMap<ServiceKey, ServiceRecord>,
    /// The tasks by id (32 hexadecimal digits), STOPPED ones included while they are visible.
    pub tasks: BTreeMap<String, TaskRecord>,
    /// The container instances by id (32 hexadecimal digits), INACTIVE ones left out.
    pub container_instances: BTreeMap<String, InstanceRecord>,
    /// The container instances by id that are INACTIVE and still visible.
    #[serde(default)]
    pub inactive_instances: BTreeMap<String, InstanceRecord>,
    /// The capacity providers by name, without `FARGATE` and `FARGATE_SPOT`.
    pub capacity_providers: BTreeMap<String, ProviderRecord>,
    /// The account settings that were put, by setting name and principal (`default` for the account's default).
    #[serde(with = "pairs")]
    pub account_settings: BTreeMap<(String, String), String>,
    /// What the engine keeps for itself: indexes, tokens, target health.
    pub engine: engine::State,
    /// The newest events in the manner of `EventBridge`, oldest first; append with [`Realm::log`]. Not kept over a restart.
    #[serde(skip)]
    pub event_log: VecDeque<LoggedEvent>,
}

fn fast() -> Timing {
    Timing::of(TimingMode::Fast)
}

/// Names a service within a realm. Sorted by cluster, so that one cluster's services are a range.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceKey {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// As the API shows it; counts, statistics and tags are filled in when it is described.
    #[serde(with = "shaped")]
    pub cluster: Cluster,
    /// The tags.
    #[serde(with = "shaped::list")]
    pub tags: Vec<Tag>,
    /// Since when it is INACTIVE.
    pub inactive_since: Option<Timestamp>,
}

impl ClusterRecord {
    /// Whether the cluster has not been deleted: ACTIVE, or PROVISIONING.
    pub fn is_present(&self) -> bool {
        self.cluster.status() != Some("INACTIVE")
    }

    /// Whether the cluster can be used: `status` is ACTIVE.
    pub fn is_active(&self) -> bool {
        self.cluster.status() == Some("ACTIVE")
    }
}

/// A family of task definitions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Family {
    /// The number that was given last; it never goes back (ecs-semantics.md §2.13).
    pub last_revision: i32,
    /// The revisions that still exist.
    pub revisions: BTreeMap<i32, DefinitionRecord>,
}

/// A revision of a task definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DefinitionRecord {
    /// As the API shows it.
    #[serde(with = "shaped")]
    pub definition: TaskDefinition,
    /// The tags.
    #[serde(with = "shaped::list")]
    pub tags: Vec<Tag>,
}

/// A container instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// The name of the cluster that it is registered in.
    pub cluster: String,
    /// As the API shows it. The engine keeps `remainingResources`, the task counts and `version` right.
    #[serde(with = "shaped")]
    pub instance: ContainerInstance,
    /// The tags.
    #[serde(with = "shaped::list")]
    pub tags: Vec<Tag>,
    /// The EC2 instance id, `i-` and 17 hexadecimal digits.
    pub ec2_instance_id: String,
}

/// A capacity provider of the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProviderRecord {
    /// As the API shows it; tags are filled in when it is described.
    #[serde(with = "shaped")]
    pub provider: CapacityProvider,
    /// The tags.
    #[serde(with = "shaped::list")]
    pub tags: Vec<Tag>,
}

/// An event as `EventBridge` would deliver it (ecs-semantics.md §8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoggedEvent {
    /// A UUID.
    pub id: String,
    /// `ECS Task State Change`, `ECS Service Action`, `ECS Deployment State Change` …
    pub detail_type: String,
    /// When it happened.
    pub time: Timestamp,
    /// The ARNs that it is about.
    pub resources: Vec<String>,
    /// The body; its form depends on the detail type.
    pub detail: Value,
}

impl Realm {
    /// An empty realm.
    pub fn new(id: RealmId, seed: u64, timing: Timing, now: Timestamp) -> Self {
        let ids = Ids::new(seed, &format!("{}/{}", id.account, id.region));
        Self {
            id,
            now,
            timing,
            caller: String::new(),
            ids,
            schedule: Schedule::default(),
            clusters: BTreeMap::new(),
            families: BTreeMap::new(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            container_instances: BTreeMap::new(),
            inactive_instances: BTreeMap::new(),
            capacity_providers: BTreeMap::new(),
            account_settings: BTreeMap::new(),
            engine: engine::State::default(),
            event_log: VecDeque::new(),
        }
    }

    /// Appends an event to the log, at the present moment.
    pub fn log(&mut self, detail_type: &str, resources: Vec<String>, detail: Value) {
        let id = self.ids.uuid();
        if self.event_log.len() >= LOG_LENGTH {
            self.event_log.pop_front();
        }
        let detail_type = detail_type.to_owned();
        self.event_log.push_back(LoggedEvent {
            id,
            detail_type,
            time: self.now,
            resources,
            detail,
        });
    }
}
