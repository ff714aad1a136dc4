//! What the status of a cluster shows: counts, capacity, and the instances worth telling of. Pure.

use aws_sdk_ecs::types::{AgentUpdateStatus, Attachment, Cluster, ContainerInstance, Resource};
use ecs_crds::status::{CommonStatus, LISTED};
use ecs_crds::{AttachmentStatus, Capacity, EcsClusterStatus, InstanceStatus, Resources};
use ecs_model::arn::name_of;

use super::attachment;
use super::desired::Seen;
use crate::kinds::keeps::StatusOf;

impl StatusOf for EcsClusterStatus {
    fn common(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
}

/// Puts what was seen into the status.
pub fn show(status: &mut EcsClusterStatus, seen: &Seen) {
    let Some(cluster) = &seen.cluster else {
        // The ARN stays: that it was there once is what makes its absence news.
        *status = EcsClusterStatus {
            common: status.common.clone(),
            ..EcsClusterStatus::default()
        };
        return;
    };
    status.common.arn = cluster.cluster_arn().map(str::to_owned);
    status.status = cluster.status().map(str::to_owned);
    status.active_services_count = Some(cluster.active_services_count());
    status.running_tasks_count = Some(cluster.running_tasks_count());
    status.pending_tasks_count = Some(cluster.pending_tasks_count());
    status.registered_container_instances_count = Some(cluster.registered_container_instances_count());
    status.capacity_providers = cluster
        .capacity_providers()
        .iter()
        .map(|name| name_of(name).to_owned())
        .collect();
    status.attachments_status = cluster.attachments_status().map(str::to_owned);
    status.attachments = attachments(cluster);
    if seen.instances_known {
        show_instances(status, &seen.instances);
    }
}

/// The attachments that are not in order.
fn attachments(cluster: &Cluster) -> Vec<AttachmentStatus> {
    let in_order = |attachment: &&Attachment| {
        matches!(
            attachment.status(),
            Some("CREATED" | "ATTACHED" | "DELETED" | "DETACHED")
        )
    };
    let troubled = cluster
        .attachments()
        .iter()
        .filter(|attachment| !in_order(attachment));
    troubled
        .map(|one| AttachmentStatus {
            id: one.id().unwrap_or_default().to_owned(),
            capacity_provider: attachment::detail(one, "capacityProviderName").map(str::to_owned),
            status: one.status().map(str::to_owned),
            reason: attachment::reason(one).map(str::to_owned),
        })
        .collect()
}

fn show_instances(status: &mut EcsClusterStatus, instances: &[ContainerInstance]) {
    let mut shown: Vec<InstanceStatus> = instances.iter().map(shown).collect();
    status.capacity = shown
        .iter()
        .map(|instance| instance.capacity.clone())
        .reduce(|one, other| add_capacity(&one, &other));
    shown.sort_by_key(telling);
    let omitted = shown.len().saturating_sub(LISTED);
    shown.truncate(LISTED);
    status.instances = shown;
    status.instances_omitted = i32::try_from(omitted).ok().filter(|omitted| *omitted > 0);
}

/// Troubled and fullest first; then by id, so that the list does not change by itself.
fn telling(instance: &InstanceStatus) -> (bool, i64, String) {
    let troubled = instance.status.as_deref() != Some("ACTIVE") || instance.agent_connected == Some(false);
    (!troubled, instance.capacity.free.cpu, instance.id.clone())
}

fn shown(instance: &ContainerInstance) -> InstanceStatus {
    let attribute = |name: &str| {
        let found = instance
            .attributes()
            .iter()
            .find(|attribute| attribute.name() == name);
        found.and_then(|attribute| attribute.value()).map(str::to_owned)
    };
    let updating = instance
        .agent_update_status()
        .filter(|status| **status == AgentUpdateStatus::Failed);
    let reason = instance.status_reason().map(str::to_owned);
    InstanceStatus {
        id: instance
            .container_instance_arn()
            .map(|arn| name_of(arn).to_owned())
            .unwrap_or_default(),
        ec2_instance_id: instance.ec2_instance_id().map(str::to_owned),
        status: instance.status().map(str::to_owned),
        status_reason: reason.or_else(|| updating.map(|_| "the update of its agent failed".to_owned())),
        agent_connected: Some(instance.agent_connected()),
        capacity_provider: instance.capacity_provider_name().map(str::to_owned),
        zone: attribute("ecs.availability-zone"),
        running_tasks_count: instance.running_tasks_count(),
        pending_tasks_count: instance.pending_tasks_count(),
        capacity: Capacity {
            registered: amount(instance.registered_resources()),
            free: amount(instance.remaining_resources()),
        },
    }
}

fn amount(resources: &[Resource]) -> Resources {
    let of = |name: &str| resources.iter().find(|resource| resource.name() == Some(name));
    let whole = |name: &str| {
        of(name)
            .map(|resource| i64::from(resource.integer_value()))
            .unwrap_or_default()
    };
    let gpus = of("GPU")
        .map(|resource| resource.string_set_value().len())
        .filter(|gpus| *gpus > 0);
    Resources {
        cpu: whole("CPU"),
        memory: whole("MEMORY"),
        gpu: gpus.and_then(|gpus| i64::try_from(gpus).ok()),
    }
}

fn add_capacity(one: &Capacity, other: &Capacity) -> Capacity {
    Capacity {
        registered: add(one.registered, other.registered),
        free: add(one.free, other.free),
    }
}

fn add(one: Resources, other: Resources) -> Resources {
    let gpu = match (one.gpu, other.gpu) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
    };
    Resources {
        cpu: one.cpu + other.cpu,
        memory: one.memory + other.memory,
        gpu,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::shape::from_value;
    use serde_json::json;

    fn instance(number: usize, status: &str, connected: bool, free: i32) -> ContainerInstance {
        from_value(&json!({
            "containerInstanceArn": format!("arn:aws:ecs:r:1:container-instance/main/{number:04}"), "status": status,
            "agentConnected": connected, "ec2InstanceId": format!("i-{number}"), "capacityProviderName": "asg",
            "attributes": [{"name": "ecs.availability-zone", "value": "r-1a"}],
            "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096}],
            "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": free},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 1024}],
        }))
        .unwrap()
    }

    fn cluster() -> Cluster {
        from_value(&json!({"clusterArn": "arn:aws:ecs:r:1:cluster/main", "clusterName": "main", "status": "ACTIVE",
            "activeServicesCount": 2, "runningTasksCount": 5, "attachmentsStatus": "UPDATE_FAILED",
            "capacityProviders": ["FARGATE", "asg"],
            "attachments": [
                {"id": "a", "type": "as_policy", "status": "FAILED", "details": [{"name": "capacityProviderName", "value": "asg"},
                    {"name": "reason", "value": "the group has a scaling plan"}]},
                {"id": "b", "type": "as_policy", "status": "CREATED"}]}))
        .unwrap()
    }

    #[test]
    fn shows_counts_and_the_attachments_that_are_not_in_order() {
        let mut status = EcsClusterStatus::default();
        show(
            &mut status,
            &Seen {
                cluster: Some(cluster()),
                instances_known: true,
                ..Seen::default()
            },
        );
        assert_eq!(status.common.arn.as_deref(), Some("arn:aws:ecs:r:1:cluster/main"));
        assert_eq!(
            (status.active_services_count, status.running_tasks_count),
            (Some(2), Some(5))
        );
        let [attachment] = status.attachments.as_slice() else {
            panic!("{:?}", status.attachments)
        };
        assert_eq!(attachment.capacity_provider.as_deref(), Some("asg"));
        assert_eq!(attachment.reason.as_deref(), Some("the group has a scaling plan"));
        assert_eq!(status.capacity, None, "there are no instances");
        show(&mut status, &Seen::default());
        let remembered = EcsClusterStatus {
            common: status.common.clone(),
            ..EcsClusterStatus::default()
        };
        assert_eq!((&status, status.common.arn.is_some()), (&remembered, true));
    }

    #[test]
    fn lists_troubled_and_full_instances_first_and_counts_the_rest() {
        let mut instances: Vec<_> = (0..25).map(|n| instance(n, "ACTIVE", true, 2048)).collect();
        instances.extend([
            instance(30, "ACTIVE", true, 0),
            instance(31, "DRAINING", true, 2048),
            instance(32, "ACTIVE", false, 2048),
        ]);
        let seen = Seen {
            cluster: Some(cluster()),
            instances,
            instances_known: true,
            ..Seen::default()
        };
        let mut status = EcsClusterStatus::default();
        show(&mut status, &seen);
        let ids: Vec<_> = status
            .instances
            .iter()
            .map(|instance| instance.id.as_str())
            .collect();
        assert_eq!(ids.get(..4), Some(&["0031", "0032", "0030", "0000"][..]));
        assert_eq!((ids.len(), status.instances_omitted), (LISTED, Some(8)));
        let capacity = status.capacity.unwrap();
        assert_eq!(
            (capacity.registered.cpu, capacity.free.cpu, capacity.free.memory),
            (28 * 2048, 27 * 2048, 28 * 1024)
        );
        assert_eq!(capacity.registered.gpu, None);
        assert_eq!(status.instances[0].zone.as_deref(), Some("r-1a"));
    }
}
