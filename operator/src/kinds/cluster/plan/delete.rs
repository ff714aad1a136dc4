//! Deleting a cluster: ECS wants its services, tasks, instances and own providers gone first (ecs-semantics.md §4.8).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Cluster;
use ecs_crds::conditions::Reason;
use ecs_crds::policy::DeletionPolicy;

use super::{PATIENCE, arn, providers};
use crate::diff::identity::{ADOPTED_TAG, Ownership};
use crate::kinds::claim::tag_map;
use crate::kinds::cluster::desired::{Desired, NAMESPACE_TAG, Seen};
use crate::kinds::cluster::step::Step;
use crate::kinds::keeps::Plan;
use crate::kinds::tagging::Tagging;
use crate::kinds::verdict::Verdict;

/// How the cluster goes. Only what is this very object's is touched.
pub fn plan(desired: &Desired, seen: &Seen, policy: Option<DeletionPolicy>) -> Plan<Step> {
    let Some(cluster) = seen
        .cluster
        .as_ref()
        .filter(|cluster| cluster.status() != Some("INACTIVE"))
    else {
        return Plan::gone();
    };
    let tags = tag_map(cluster.tags());
    if desired.owner.verdict(&tags) != Ownership::Ours {
        return Plan::gone();
    }
    let adopted = tags.contains_key(ADOPTED_TAG);
    if DeletionPolicy::of(policy, adopted) == DeletionPolicy::Retain {
        let release = Tagging::release(arn(cluster), &tags, &desired.owner, &[NAMESPACE_TAG]);
        return Plan::retain(
            vec![arn(cluster).to_owned()],
            vec![Step::Tags(release)],
            deleting("its tags are being taken off"),
        );
    }
    if let Some(message) = occupied(desired, cluster) {
        return Plan::wait(Verdict::working(Reason::InUse, message), PATIENCE);
    }
    if cluster.status() == Some("DEPROVISIONING")
        || cluster.attachments_status() == Some("UPDATE_IN_PROGRESS")
    {
        return Plan::wait(
            deleting("ECS is busy with the cluster's capacity providers"),
            PATIENCE,
        );
    }
    empty(desired, cluster, seen)
}

/// Nothing runs in the cluster. Providers that were made for it have to go before it, and out of its strategy before that.
fn empty(desired: &Desired, cluster: &Cluster, seen: &Seen) -> Plan<Step> {
    let made_for_it: BTreeSet<&String> = desired.providers.own.union(&seen.managed).collect();
    let left: Vec<String> = providers::associated(cluster)
        .into_iter()
        .filter(|name| made_for_it.contains(name))
        .collect();
    if left.is_empty() {
        return Plan::of(
            vec![Step::Delete {
                arn: arn(cluster).to_owned(),
            }],
            deleting("the cluster is being deleted"),
        );
    }
    if !cluster.default_capacity_provider_strategy().is_empty() {
        return Plan::of(
            vec![providers::let_go(desired)],
            deleting("its capacity providers are being released"),
        );
    }
    let message = format!(
        "capacity providers that were made for it are still there: {}",
        left.join(", ")
    );
    Plan::wait(Verdict::working(Reason::InUse, message), PATIENCE)
}

fn deleting(message: &str) -> Verdict {
    Verdict::working(Reason::Deleting, message)
}

/// What keeps the cluster from being deleted, by numbers and names.
fn occupied(desired: &Desired, cluster: &Cluster) -> Option<String> {
    let count = |number: i32, one: &str, more: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {more}")),
    };
    let tasks = cluster.running_tasks_count() + cluster.pending_tasks_count();
    let there: Vec<String> = [
        count(cluster.active_services_count(), "service", "services"),
        count(tasks, "task", "tasks"),
        count(
            cluster.registered_container_instances_count(),
            "container instance",
            "container instances",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if there.is_empty() {
        return None;
    }
    let named = if desired.users.is_empty() {
        String::new()
    } else {
        format!(" ({})", desired.users.join(", "))
    };
    Some(format!(
        "ECS has {} in it{named}; the cluster is deleted when they are gone",
        there.join(", ")
    ))
}
