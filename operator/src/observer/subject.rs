//! What can be observed: its key, its view, and when it counts as moving.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderStatus, CapacityProviderUpdateStatus, Cluster, ContainerInstance,
    DeploymentRolloutState, Service, ServiceDeployment, ServiceRevision, Tag, Task, TaskDefinition,
};
use jiff::Timestamp;

use crate::aws::error::AwsError;
use crate::observer::Shared;
use crate::observer::keeper::Keeper;

/// How much of a resource is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The resource itself; the rest is taken over from the last full read.
    Itself,
    /// With everything that belongs to it: tasks, instances.
    Full,
}

/// The views before a read, from which unchanged parts are taken over.
pub type Before<S> = BTreeMap<S, Arc<<S as Subject>::View>>;
/// What a read found, for each key that was asked for.
pub type Found<S> = BTreeMap<S, Result<<S as Subject>::View, AwsError>>;

/// Something in ECS that can be observed.
pub trait Subject: Clone + Ord + Debug + Send + Sync + Sized + 'static {
    /// What is seen of it.
    type View: Debug + Send + Sync + 'static;
    /// The word in metrics.
    const NAME: &'static str;
    /// How much more seldom than usual it is read when steady.
    const STEADIER: u32 = 1;
    /// How many ECS describes in one call.
    const BATCH: usize;

    /// Whether two views show the same facts; the time of looking is no fact.
    fn same(one: &Self::View, other: &Self::View) -> bool;
    /// Whether the facts will change soon of themselves.
    fn is_moving(view: &Self::View) -> bool;
    /// Of something that moves: whether it will come to an end of itself, so that it is looked at often however long it takes.
    fn is_urgent(_: &Self::View) -> bool {
        true
    }
    /// Whether the resource exists and is not gone (INACTIVE).
    fn exists(view: &Self::View) -> bool;
    /// Called when it was written, or seen to change: what is known of others because of it may hold no longer.
    fn touched(_: &Shared, _: &Self) {}
    /// Whether only part of it was ever read, so that a full read is due.
    fn is_partial(_: &Self::View) -> bool {
        false
    }
    /// Where it is kept.
    fn keeper(shared: &Shared) -> &Keeper<Self>;
    /// Reads all `keys`, in batches as large as ECS allows.
    fn read(
        shared: &Shared,
        keys: Vec<Self>,
        before: Before<Self>,
        depth: Depth,
    ) -> impl Future<Output = Found<Self>> + Send;
}

/// A service of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceKey {
    /// The cluster's name or ARN. One cluster must always be spelled the same way.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

/// What is seen of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceView {
    /// The service with its tags, deployments and newest events; `None` when ECS does not know it (any more).
    pub service: Option<Service>,
    /// The cluster does not exist.
    pub cluster_missing: bool,
    /// The newest 20 service deployments, newest first. Not read (and so empty) while the first deployment of the service
    /// is in place and did not fail, for there is no history then; nor for the EXTERNAL and `CODE_DEPLOY` controllers.
    pub deployments: Vec<ServiceDeployment>,
    /// The revisions that run now or that those deployments aimed at. They never change. The first of a service that was
    /// just made is what was asked for, and has no ARN before a read tells it.
    pub revisions: Vec<ServiceRevision>,
    /// Its tasks, the stopped ones of the last hour too; by ARN.
    pub tasks: Vec<Task>,
    /// When the read that showed this began.
    pub observed_at: Timestamp,
    /// The tasks have been read at least once.
    pub tasks_known: bool,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterKey {
    /// The cluster's name or ARN.
    pub cluster: String,
}

/// What is seen of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterView {
    /// The cluster with settings, configuration, attachments, statistics and tags; `None` when ECS does not know it.
    pub cluster: Option<Cluster>,
    /// Its container instances with their tags; by ARN.
    pub instances: Vec<ContainerInstance>,
    /// When the read that showed this began.
    pub observed_at: Timestamp,
    /// The instances have been read at least once.
    pub instances_known: bool,
}

/// A capacity provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderKey {
    /// The cluster of a managed-instances provider; others belong to none.
    pub cluster: Option<String>,
    /// The provider's name.
    pub name: String,
}

/// What is seen of a capacity provider.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderView {
    /// The provider with its tags; `None` when ECS does not know it.
    pub provider: Option<CapacityProvider>,
    /// When the read that showed this began.
    pub observed_at: Timestamp,
}

/// A task definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionKey {
    /// `family` (its newest ACTIVE revision), `family:revision`, or an ARN.
    pub definition: String,
}

/// What is seen of a task definition.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinitionView {
    /// The revision; `None` when ECS does not know it.
    pub definition: Option<TaskDefinition>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When the read that showed this began.
    pub observed_at: Timestamp,
}

impl ServiceView {
    /// A view without a service.
    pub fn absent(observed_at: Timestamp, cluster_missing: bool) -> Self {
        Self {
            service: None,
            cluster_missing,
            deployments: Vec::new(),
            revisions: Vec::new(),
            tasks: Vec::new(),
            observed_at,
            tasks_known: true,
        }
    }

    /// What `CreateService` answered: a service that has no tasks yet and no history. `first` is the revision that was asked for.
    pub fn created(service: Service, first: Option<ServiceRevision>, observed_at: Timestamp) -> Self {
        Self {
            service: Some(service),
            revisions: first.into_iter().collect(),
            ..Self::absent(observed_at, false)
        }
    }

    /// Whether a deployment is under way. ECS ends it, one way or the other; missing tasks may be missing for ever.
    pub(crate) fn is_rolling(&self) -> bool {
        let deployments = self
            .service
            .as_ref()
            .map(Service::deployments)
            .unwrap_or_default();
        let in_progress = Some(&DeploymentRolloutState::InProgress);
        deployments.len() > 1
            || deployments
                .iter()
                .any(|deployment| deployment.rollout_state() == in_progress)
    }

    pub(crate) fn moves(&self) -> bool {
        // Somebody is about to make the cluster, else nobody would watch for its service.
        let Some(service) = &self.service else {
            return self.cluster_missing;
        };
        match service.status() {
            Some("INACTIVE") => false,
            Some("ACTIVE") => {
                self.is_rolling()
                    || service.pending_count() > 0
                    || service.running_count() != service.desired_count()
            }
            _ => true,
        }
    }
}

impl ClusterView {
    pub(crate) fn moves(&self) -> bool {
        let Some(cluster) = &self.cluster else {
            return false;
        };
        matches!(cluster.status(), Some("PROVISIONING" | "DEPROVISIONING"))
            || cluster.attachments_status() == Some("UPDATE_IN_PROGRESS")
            || self
                .instances
                .iter()
                .any(|instance| instance.status() != Some("ACTIVE"))
    }
}

impl ProviderView {
    pub(crate) fn moves(&self) -> bool {
        let Some(provider) = &self.provider else {
            return false;
        };
        let changing = matches!(
            provider.status(),
            Some(CapacityProviderStatus::Provisioning | CapacityProviderStatus::Deprovisioning)
        );
        let updating = matches!(
            provider.update_status(),
            Some(
                CapacityProviderUpdateStatus::CreateInProgress
                    | CapacityProviderUpdateStatus::DeleteInProgress
                    | CapacityProviderUpdateStatus::UpdateInProgress
            )
        );
        changing || updating
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_ecs::types::Deployment;
    use tokio::time::Instant;

    use super::*;
    use crate::k8s::object::{Kind, ObjectKey};
    use crate::observer::Freshness;
    use crate::observer::book::{Book, Read};

    fn view(running: i32, rollout: DeploymentRolloutState) -> Arc<ServiceView> {
        let deployment = Deployment::builder()
            .status("PRIMARY")
            .rollout_state(rollout)
            .build();
        let service = Service::builder()
            .status("ACTIVE")
            .desired_count(2)
            .running_count(running)
            .deployments(deployment)
            .build();
        let absent = ServiceView::absent(Timestamp::UNIX_EPOCH, false);
        Arc::new(ServiceView {
            service: Some(service),
            ..absent
        })
    }

    /// The pause to the next look, for a service that has been like this for `minutes`.
    fn pause_after(minutes: u64, of: &Arc<ServiceView>, crowd: usize) -> u64 {
        let freshness = Freshness::default();
        let start = Instant::now();
        let mut book = Book::<ServiceKey>::default();
        let key = |number: usize| ServiceKey {
            cluster: "main".to_owned(),
            service: format!("s{number:04}"),
        };
        let watcher = ObjectKey::namespaced(Kind::EcsService, "shop", "web");
        for number in 0..crowd {
            book.watch(&key(number), &watcher, start);
        }
        for now in [start, start + Duration::from_mins(minutes)] {
            for number in 0..crowd {
                let read = Read {
                    begun: now,
                    ended: now,
                    freshness,
                    crowd: book.crowd(now),
                };
                book.receive(&key(number), Ok(of.clone()), &read);
            }
        }
        let now = start + Duration::from_mins(minutes);
        (book.next_sweep(start, now).unwrap() - now).as_secs()
    }

    #[test]
    fn looks_often_while_it_helps() {
        let rolling = view(1, DeploymentRolloutState::InProgress);
        let steady = view(2, DeploymentRolloutState::Completed);
        let stuck = view(0, DeploymentRolloutState::Failed);
        let cases = [
            ("a rollout", &rolling, 0, 1, 2),
            ("a rollout for an hour", &rolling, 60, 1, 8),
            ("one of a thousand rollouts", &rolling, 0, 999, 8),
            ("steady", &steady, 0, 1, 60),
            ("missing tasks", &stuck, 0, 1, 2),
            ("missing tasks for an hour", &stuck, 60, 1, 60),
        ];
        for (what, view, minutes, crowd, expected) in cases {
            assert_eq!(pause_after(minutes, view, crowd), expected, "{what}");
        }
    }
}
