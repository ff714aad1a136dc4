//! Which launch types a definition can be used with: ECS computes it, whatever the definition requires
//! (ecs-semantics.md §2.2).

use aws_sdk_ecs::types::{Compatibility, LogDriver, NetworkMode};

use super::rules::{self, Input};

/// The launch types whose rules this definition satisfies. The order has no meaning.
pub(super) fn compute(input: &Input) -> Vec<Compatibility> {
    let fits = [
        (Compatibility::Ec2, input.ephemeral_storage().is_none()),
        (Compatibility::External, external(input).is_none()),
        (
            Compatibility::ManagedInstances,
            managed_instances(input).is_none(),
        ),
        (Compatibility::Fargate, rules::fargate::check(input).is_ok()),
    ];
    fits.into_iter()
        .filter(|(_, fits)| *fits)
        .map(|(launch_type, _)| launch_type)
        .collect()
}

/// What of the definition an on-premises server does not support.
pub(super) fn external(input: &Input) -> Option<&'static str> {
    let volumes = input.volumes();
    if input.network_mode() == Some(&NetworkMode::Awsvpc) {
        return Some("network mode 'awsvpc'");
    }
    if volumes
        .iter()
        .any(|volume| volume.efs_volume_configuration().is_some())
    {
        return Some("EFS volumes");
    }
    if volumes
        .iter()
        .any(|volume| volume.fsx_windows_file_server_volume_configuration().is_some())
    {
        return Some("FSx for Windows File Server volumes");
    }
    if volumes
        .iter()
        .any(|volume| volume.s3files_volume_configuration().is_some())
    {
        return Some("S3 files volumes");
    }
    if volumes
        .iter()
        .any(|volume| volume.configured_at_launch() == Some(true))
    {
        return Some("volumes that are configured at launch");
    }
    input.proxy_configuration().map(|_| "proxyConfiguration")
}

/// What of the definition a managed instance does not support (ecs-semantics.md §2.2, §2.9, §6.5).
pub(super) fn managed_instances(input: &Input) -> Option<&'static str> {
    if !matches!(
        input.network_mode(),
        Some(NetworkMode::Awsvpc | NetworkMode::Host)
    ) {
        return Some("network modes other than 'awsvpc' and 'host'");
    }
    if rules::is_windows(input) {
        return Some("Windows containers");
    }
    let volumes = input.volumes();
    if volumes
        .iter()
        .any(|volume| volume.docker_volume_configuration().is_some())
    {
        return Some("Docker volumes");
    }
    let listed = |driver: &LogDriver| {
        matches!(
            driver,
            LogDriver::Awslogs | LogDriver::Splunk | LogDriver::Awsfirelens | LogDriver::JsonFile
        )
    };
    let mut drivers = input
        .container_definitions()
        .iter()
        .filter_map(|container| container.log_configuration());
    drivers
        .find(|log| !listed(log.log_driver()))
        .map(|_| "log drivers other than awslogs, splunk, awsfirelens and json-file")
}
