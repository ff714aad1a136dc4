//! What Fargate forbids or demands (ecs-semantics.md §2.3, §2.4).

use aws_sdk_ecs::types::{
    ContainerDefinition, KernelCapabilities, LinuxParameters, LogDriver, NetworkMode, OsFamily, PidMode,
    ResourceType, Volume,
};
use ecs_model::fargate::Offer;

use super::logs::option_of;
use super::network::isolated;
use super::platform::{is_arm, is_windows};
use super::{Input, Verdict, demand, refuse};
use crate::fault::Fault;

/// Ephemeral storage in GiB that can be asked for.
const STORAGE: std::ops::RangeInclusive<i32> = 21..=200;

/// Whether the definition can run on Fargate.
pub(in super::super) fn check(input: &Input) -> Verdict {
    demand(input.network_mode() == Some(&NetworkMode::Awsvpc), || {
        "Fargate only supports network mode ‘awsvpc’.".to_owned()
    })?;
    size(input)?;
    let pid = input.pid_mode().is_none_or(|mode| *mode == PidMode::Task);
    demand(pid, || {
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.".to_owned()
    })?;
    unsupported(input.ipc_mode().is_some(), "ipcMode")?;
    unsupported(!input.placement_constraints().is_empty(), "constraints")?;
    input.volumes().iter().try_for_each(volume)?;
    input
        .container_definitions()
        .iter()
        .try_for_each(|container| of_container(input, container))?;
    storage(input)
}

fn unsupported(set: bool, what: &str) -> Verdict {
    demand(!set, || {
        format!("Fargate compatible task definitions do not support {what}")
    })
}

fn size(input: &Input) -> Verdict {
    let windows = is_windows(input);
    let offer = Offer {
        windows,
        arm64: is_arm(input),
        thirty_two_vcpu: true,
    };
    offer
        .size(input.cpu(), input.memory())
        .map_err(|error| Fault::client(error.to_string()))?;
    let family = input
        .runtime_platform()
        .and_then(|platform| platform.operating_system_family());
    let offered = family.is_none_or(|family| {
        matches!(
            family,
            OsFamily::Linux
                | OsFamily::WindowsServer2019Full
                | OsFamily::WindowsServer2019Core
                | OsFamily::WindowsServer2022Full
                | OsFamily::WindowsServer2022Core
        )
    });
    demand(offered, || {
        format!(
            "Fargate does not support the operating system family {}.",
            family.map_or("", OsFamily::as_str)
        )
    })
}

fn volume(volume: &Volume) -> Verdict {
    unsupported(
        volume.docker_volume_configuration().is_some(),
        "dockerVolumeConfiguration",
    )?;
    unsupported(
        volume.host().is_some_and(|host| host.source_path().is_some()),
        "sourcePath",
    )?;
    unsupported(
        volume.fsx_windows_file_server_volume_configuration().is_some(),
        "fsxWindowsFileServerVolumeConfiguration",
    )
}

fn of_container(input: &Input, container: &ContainerDefinition) -> Verdict {
    demand(container.privileged() != Some(true), || {
        "Fargate requires that the 'privileged' setting be 'false'".to_owned()
    })?;
    unsupported(
        !container.docker_security_options().is_empty(),
        "dockerSecurityOptions",
    )?;
    container.linux_parameters().map_or(Ok(()), linux_parameters)?;
    isolated(container)?;
    let gpu = container
        .resource_requirements()
        .iter()
        .any(|requirement| *requirement.r#type() == ResourceType::Gpu);
    demand(!gpu, || {
        "Tasks using the Fargate launch type do not support GPU resource requirements".to_owned()
    })?;
    logs(input, container)?;
    let stop = container
        .stop_timeout()
        .is_none_or(|seconds| (2..=120).contains(&seconds));
    demand(stop, || {
        "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds."
            .to_owned()
    })?;
    let start = container
        .start_timeout()
        .is_none_or(|seconds| (2..=120).contains(&seconds));
    demand(start, || {
        "Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds."
            .to_owned()
    })?;
    let private = container.image().is_some_and(is_ecr) && input.execution_role_arn().is_none();
    demand(!private, || {
        "Fargate requires task definition to have execution role ARN to support ECR images.".to_owned()
    })
}

fn linux_parameters(parameters: &LinuxParameters) -> Verdict {
    unsupported(!parameters.devices().is_empty(), "devices")?;
    unsupported(parameters.max_swap().is_some(), "maxSwap")?;
    unsupported(parameters.swappiness().is_some(), "swappiness")?;
    unsupported(parameters.shared_memory_size().is_some(), "sharedMemorySize")?;
    unsupported(!parameters.tmpfs().is_empty(), "tmpfs")?;
    let added = parameters
        .capabilities()
        .map(KernelCapabilities::add)
        .unwrap_or_default();
    match added.iter().find(|capability| *capability != "SYS_PTRACE") {
        Some(capability) => refuse(format!("{capability} is not allowed on Fargate.")),
        None => Ok(()),
    }
}

fn logs(input: &Input, container: &ContainerDefinition) -> Verdict {
    let Some(log) = container.log_configuration() else {
        return Ok(());
    };
    let driver = log.log_driver();
    let valid = matches!(
        driver,
        LogDriver::Awslogs | LogDriver::Splunk | LogDriver::Awsfirelens
    );
    demand(valid, || {
        format!("{driver} is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]")
    })?;
    if *driver != LogDriver::Awslogs {
        return Ok(());
    }
    demand(input.execution_role_arn().is_some(), || {
        "Fargate requires task definition to have execution role ARN to support log driver awslogs."
            .to_owned()
    })?;
    demand(option_of(container, "awslogs-stream-prefix").is_some(), || {
        "Fargate requires log configuration options to include awslogs-stream-prefix".to_owned()
    })
}

/// Whether the image is in a private ECR registry: `<account>.dkr.ecr.<region>.amazonaws.com/…`.
pub(in super::super) fn is_ecr(image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    host.split_once(".dkr.ecr.").is_some_and(|(account, _)| {
        account.len() == 12 && account.bytes().all(|letter| letter.is_ascii_digit())
    })
}

fn storage(input: &Input) -> Verdict {
    let Some(size) = input
        .ephemeral_storage()
        .map(aws_sdk_ecs::types::EphemeralStorage::size_in_gib)
    else {
        return Ok(());
    };
    demand(size >= *STORAGE.start(), || {
        "EphemeralStorage size should be at least 21".to_owned()
    })?;
    demand(size <= *STORAGE.end(), || {
        "EphemeralStorage size should be at most 200".to_owned()
    })
}
