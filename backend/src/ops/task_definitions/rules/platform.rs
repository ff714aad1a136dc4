//! The operating system, and what it decides about processes (ecs-semantics.md §2.2, §2.11).

use aws_sdk_ecs::types::{CpuArchitecture, NetworkMode, OsFamily};

use super::{Input, Verdict, demand, name};

pub(super) fn check(input: &Input) -> Verdict {
    if !is_windows(input) {
        return Ok(());
    }
    demand(!is_arm(input), || {
        "A Windows task definition cannot use the ARM64 CPU architecture.".to_owned()
    })?;
    demand(input.pid_mode().is_none(), || {
        "pidMode is not supported for Windows containers.".to_owned()
    })?;
    demand(input.ipc_mode().is_none(), || {
        "ipcMode is not supported for Windows containers.".to_owned()
    })?;
    let linux_only = matches!(
        input.network_mode(),
        Some(NetworkMode::Bridge | NetworkMode::Host)
    );
    demand(!linux_only, || {
        "Windows containers support the network modes 'default' and 'awsvpc'.".to_owned()
    })?;
    for container in input.container_definitions() {
        let name = name(container);
        demand(container.readonly_root_filesystem() != Some(true), || {
            format!("Container '{name}': readonlyRootFilesystem is not supported for Windows containers.")
        })?;
        demand(container.linux_parameters().is_none(), || {
            format!("Container '{name}': linuxParameters are not supported for Windows containers.")
        })?;
        demand(container.firelens_configuration().is_none(), || {
            format!("Container '{name}': FireLens is not supported for Windows containers.")
        })?;
    }
    Ok(())
}

/// Whether the definition names a Windows family; without a family it is Linux.
pub(in super::super) fn is_windows(input: &Input) -> bool {
    let family = input
        .runtime_platform()
        .and_then(|platform| platform.operating_system_family());
    family
        .map(OsFamily::as_str)
        .is_some_and(|family| family.starts_with("WINDOWS"))
}

/// Whether the definition is for ARM64; without an architecture it is `X86_64`.
pub(in super::super) fn is_arm(input: &Input) -> bool {
    let architecture = input
        .runtime_platform()
        .and_then(|platform| platform.cpu_architecture());
    architecture == Some(&CpuArchitecture::Arm64)
}
