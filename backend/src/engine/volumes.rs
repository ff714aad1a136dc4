//! EBS volumes of tasks that are configured at launch (ecs-semantics.md §2.10, §4.4).

use aws_sdk_ecs::types::{
    Attachment, KeyValuePair, ServiceManagedEbsVolumeConfiguration, ServiceVolumeConfiguration,
    TaskManagedEbsVolumeConfiguration, TaskManagedEbsVolumeTerminationPolicy, TaskVolumeConfiguration,
};

use super::records::TaskRecord;
use crate::world::Realm;

/// The type of the attachment.
const TYPE: &str = "AmazonElasticBlockStorage";

/// What a service's volumes are to its tasks: they end with the task.
pub fn of_service(given: &[ServiceVolumeConfiguration]) -> Vec<TaskVolumeConfiguration> {
    let of_task = |volume: &ServiceVolumeConfiguration| {
        TaskVolumeConfiguration::builder()
            .name(volume.name())
            .set_managed_ebs_volume(volume.managed_ebs_volume().and_then(managed))
            .build()
            .ok()
    };
    given.iter().filter_map(of_task).collect()
}

fn managed(given: &ServiceManagedEbsVolumeConfiguration) -> Option<TaskManagedEbsVolumeConfiguration> {
    let deleted = TaskManagedEbsVolumeTerminationPolicy::builder()
        .delete_on_termination(true)
        .build();
    TaskManagedEbsVolumeConfiguration::builder()
        .set_encrypted(given.encrypted)
        .set_kms_key_id(given.kms_key_id.clone())
        .set_volume_type(given.volume_type.clone())
        .set_size_in_gib(given.size_in_gib)
        .set_snapshot_id(given.snapshot_id.clone())
        .set_volume_initialization_rate(given.volume_initialization_rate)
        .set_iops(given.iops)
        .set_throughput(given.throughput)
        .set_tag_specifications(given.tag_specifications.clone())
        .role_arn(given.role_arn())
        .set_termination_policy(deleted.ok())
        .set_filesystem_type(given.filesystem_type.clone())
        .build()
        .ok()
}

fn detail(name: &str, value: impl Into<String>) -> KeyValuePair {
    KeyValuePair::builder().name(name).value(value).build()
}

/// Promises a task its volumes; its network interface, if it has one, comes before them.
pub fn plan(realm: &mut Realm, record: &mut TaskRecord, volumes: &[TaskVolumeConfiguration]) {
    for volume in volumes {
        let Some(ebs) = volume.managed_ebs_volume() else {
            continue;
        };
        let policy = ebs.termination_policy();
        let deleted = policy.is_none_or(TaskManagedEbsVolumeTerminationPolicy::delete_on_termination);
        let filesystem = ebs.filesystem_type().map_or("xfs", |given| given.as_str());
        let mut attachment = Attachment::builder()
            .id(realm.ids.uuid())
            .r#type(TYPE)
            .status("PRECREATED")
            .details(detail("volumeName", volume.name()))
            .details(detail("volumeType", ebs.volume_type().unwrap_or("gp3")))
            .details(detail("filesystemType", filesystem))
            .details(detail("roleArn", ebs.role_arn()))
            .details(detail("deleteOnTermination", deleted.to_string()));
        if let Some(size) = ebs.size_in_gib {
            attachment = attachment.details(detail("volumeSizeInGiB", size.to_string()));
        }
        if let Some(snapshot) = ebs.snapshot_id() {
            attachment = attachment.details(detail("snapshotId", snapshot));
        }
        record
            .task
            .attachments
            .get_or_insert_default()
            .push(attachment.build());
    }
}

/// Attaches a task's volumes: they get their ids.
pub fn attach(realm: &mut Realm, task: &str) {
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    let attachments = record.task.attachments.iter_mut().flatten();
    for volume in attachments.filter(|attachment| attachment.r#type() == Some(TYPE)) {
        volume.status = Some("ATTACHED".to_owned());
        volume.details.get_or_insert_default().extend([
            detail("volumeId", format!("vol-{}", realm.ids.hex(17))),
            detail("deviceName", "/dev/xvdba"),
        ]);
    }
}
