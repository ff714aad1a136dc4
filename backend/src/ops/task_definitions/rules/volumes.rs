//! Volumes and how containers mount them (ecs-semantics.md §2.10).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{
    Compatibility, ContainerDefinition, EfsAuthorizationConfigIam, EfsTransitEncryption,
    EfsVolumeConfiguration, Scope, Volume,
};
use ecs_model::arn;

use super::{Input, Verdict, demand, find, name};

pub(super) fn check(input: &Input) -> Verdict {
    let mut names = BTreeSet::new();
    for volume in input.volumes() {
        let name = volume.name().unwrap_or_default();
        demand(arn::is_name(name), || {
            format!("Invalid volume name '{name}': it has 1 to 255 letters, digits, '_' and '-'.")
        })?;
        demand(names.insert(name), || {
            format!("The volume name '{name}' is used more than once.")
        })?;
        of_volume(input, volume, name)?;
    }
    let at_launch = input
        .volumes()
        .iter()
        .filter(|volume| volume.configured_at_launch() == Some(true))
        .count();
    demand(at_launch <= 1, || {
        "Only one volume of a task definition can be configuredAtLaunch.".to_owned()
    })?;
    for container in input.container_definitions() {
        mounts(input, container, &names)?;
    }
    unused(input)
}

fn of_volume(input: &Input, volume: &Volume, name: &str) -> Verdict {
    let kinds = [
        volume.host().is_some_and(|host| host.source_path().is_some()),
        volume.docker_volume_configuration().is_some(),
        volume.efs_volume_configuration().is_some(),
        volume.s3files_volume_configuration().is_some(),
        volume.fsx_windows_file_server_volume_configuration().is_some(),
        volume.configured_at_launch() == Some(true),
    ];
    demand(kinds.into_iter().filter(|set| *set).count() <= 1, || {
        format!(
            "The volume '{name}' has more than one configuration: only one kind of volume can be specified."
        )
    })?;
    if let Some(docker) = volume.docker_volume_configuration() {
        let shared = docker.scope() == Some(&Scope::Shared);
        demand(docker.autoprovision().is_none() || shared, || {
            format!("The volume '{name}': autoprovision is only for volumes with the scope 'shared'.")
        })?;
    }
    if let Some(files) = volume.s3files_volume_configuration() {
        demand(input.task_role_arn().is_some(), || {
            format!("The volume '{name}': an S3 files volume needs a 'taskRoleArn'.")
        })?;
        let root = files.root_directory().unwrap_or("/");
        demand(files.access_point_arn().is_none() || root == "/", || {
            format!(
                "The volume '{name}': with an access point, the root directory must either be set to \"/\" or be omitted"
            )
        })?;
    }
    if let Some(windows) = volume.fsx_windows_file_server_volume_configuration() {
        demand(super::platform::is_windows(input), || {
            format!("The volume '{name}': FSx for Windows File Server is for Windows containers only.")
        })?;
        demand(!windows.root_directory().is_empty(), || {
            format!("The volume '{name}' has no rootDirectory.")
        })?;
    }
    volume
        .efs_volume_configuration()
        .map_or(Ok(()), |efs| elastic_file_system(input, efs))
}

fn elastic_file_system(input: &Input, efs: &EfsVolumeConfiguration) -> Verdict {
    let encrypted = efs.transit_encryption() == Some(&EfsTransitEncryption::Enabled);
    let authorization = efs.authorization_config();
    let iam = authorization.and_then(|config| config.iam()) == Some(&EfsAuthorizationConfigIam::Enabled);
    let access_point = authorization.is_some_and(|config| config.access_point_id().is_some());
    demand(!iam || encrypted, || {
        "EFS IAM authorization requires TransitEncryption to be enabled".to_owned()
    })?;
    demand(!iam || input.task_role_arn().is_some(), || {
        "EFS IAM authorization requires a task role: specify a value for 'taskRoleArn'".to_owned()
    })?;
    demand(efs.transit_encryption_port().is_none() || encrypted, || {
        "TransitEncryptionPort requires that TransitEncryption is enabled".to_owned()
    })?;
    demand(!access_point || encrypted, || {
        "EFS access points require TransitEncryption to be enabled".to_owned()
    })?;
    demand(
        !access_point || efs.root_directory().is_none_or(|root| root == "/"),
        || {
            "When using an EFS access point, the root directory must either be set to \"/\" or be omitted"
                .to_owned()
        },
    )
}

fn mounts(input: &Input, container: &ContainerDefinition, volumes: &BTreeSet<&str>) -> Verdict {
    for mount in container.mount_points() {
        let source = mount.source_volume().unwrap_or_default();
        demand(volumes.contains(source), || format!("Unknown volume '{source}'"))?;
        demand(
            mount.container_path().is_some_and(|path| !path.is_empty()),
            || {
                format!(
                    "The mount point of volume '{source}' in container '{}' has no containerPath.",
                    name(container)
                )
            },
        )?;
    }
    for from in container.volumes_from() {
        let source = from.source_container().unwrap_or_default();
        demand(find(input, source).is_some(), || {
            format!("Invalid 'volumesFrom' setting. Unknown container: '{source}'")
        })?;
    }
    Ok(())
}

/// On Fargate, and for a volume that is configured at launch, somebody must mount it.
fn unused(input: &Input) -> Verdict {
    let fargate = input.requires_compatibilities().contains(&Compatibility::Fargate);
    let mounted: BTreeSet<&str> = input
        .container_definitions()
        .iter()
        .flat_map(ContainerDefinition::mount_points)
        .filter_map(|mount| mount.source_volume())
        .collect();
    let idle = input
        .volumes()
        .iter()
        .filter(|volume| fargate || volume.configured_at_launch() == Some(true))
        .filter_map(|volume| volume.name())
        .filter(|name| !mounted.contains(name));
    let idle: Vec<&str> = idle.collect();
    demand(idle.is_empty(), || {
        format!(
            "Volumes [{}] are not referenced by any of the containers",
            idle.join(", ")
        )
    })
}
