//! `DescribeClusters`.

use aws_sdk_ecs::operation::describe_clusters::{DescribeClustersInput, DescribeClustersOutput};
use aws_sdk_ecs::types::{Cluster, ClusterField, Failure, KeyValuePair};

use crate::engine::hooks::{ClusterCounts, counts};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::names::DEFAULT_CLUSTER;
use crate::world::{ClusterRecord, Realm};

impl Operation for DescribeClustersInput {
    type Output = DescribeClustersOutput;

    /// No names mean the default cluster; what does not exist is a failure, not an error (ecs-semantics.md §1.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let default = [DEFAULT_CLUSTER.to_owned()];
        let references = if self.clusters().is_empty() {
            &default
        } else {
            self.clusters()
        };
        if references.len() > 100 {
            return Err(Fault::invalid("Clusters cannot have more than 100 elements."));
        }
        let mut answer = DescribeClustersOutput::builder()
            .set_clusters(Some(vec![]))
            .set_failures(Some(vec![]));
        for reference in references {
            let name = realm.cluster_name(Some(reference))?;
            answer = if let Some(record) = realm.clusters.get(&name) {
                answer.clusters(shown(realm, &name, record, self.include()))
            } else {
                let arn = realm.arn(&format!("cluster/{name}"));
                answer.failures(Failure::builder().arn(arn).reason("MISSING").build())
            };
        }
        Ok(answer.build())
    }
}

/// The cluster with its counts, and with the optional parts that the call asks for.
pub(super) fn shown(realm: &Realm, name: &str, record: &ClusterRecord, include: &[ClusterField]) -> Cluster {
    let has = |field: ClusterField| include.contains(&field);
    let counts = counts(realm, name);
    let mut cluster = record.cluster.clone();
    let instances = realm
        .container_instances
        .values()
        .filter(|instance| instance.cluster == name)
        .count();
    cluster.registered_container_instances_count = i32::try_from(instances).unwrap_or(i32::MAX);
    cluster.running_tasks_count = counts.running_ec2_tasks + counts.running_fargate_tasks;
    cluster.pending_tasks_count = counts.pending_ec2_tasks + counts.pending_fargate_tasks;
    cluster.active_services_count = counts.active_ec2_services + counts.active_fargate_services;
    cluster.tags = Some(if has(ClusterField::Tags) {
        record.tags.clone()
    } else {
        vec![]
    });
    cluster.statistics = Some(if has(ClusterField::Statistics) {
        statistics(&counts)
    } else {
        vec![]
    });
    if !has(ClusterField::Settings) {
        cluster.settings = Some(vec![]);
    }
    if !has(ClusterField::Configurations) {
        cluster.configuration = None;
    }
    if !has(ClusterField::Attachments) {
        cluster.attachments = None;
        cluster.attachments_status = None;
    }
    cluster
}

fn statistics(counts: &ClusterCounts) -> Vec<KeyValuePair> {
    [
        ("runningEC2TasksCount", counts.running_ec2_tasks),
        ("runningFargateTasksCount", counts.running_fargate_tasks),
        ("pendingEC2TasksCount", counts.pending_ec2_tasks),
        ("pendingFargateTasksCount", counts.pending_fargate_tasks),
        ("activeEC2ServiceCount", counts.active_ec2_services),
        ("activeFargateServiceCount", counts.active_fargate_services),
        ("drainingEC2ServiceCount", counts.draining_ec2_services),
        ("drainingFargateServiceCount", counts.draining_fargate_services),
    ]
    .map(|(name, count)| {
        KeyValuePair::builder()
            .name(name)
            .value(count.to_string())
            .build()
    })
    .into()
}
