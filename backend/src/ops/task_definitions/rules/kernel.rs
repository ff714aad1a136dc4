//! What is handed down to the kernel and to accelerators: retired members, Linux parameters, system controls, ulimits, GPUs
//! (ecs-semantics.md §2.9, §2.11).

use aws_sdk_ecs::types::{ContainerDefinition, NetworkMode, ResourceType};

use super::{Input, Verdict, demand, name, refuse};

/// The IPC keys of `kernel.*` that may be set.
const IPC_KEYS: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

#[expect(deprecated, reason = "the retired member has to be read to be refused")]
pub(super) fn check(input: &Input) -> Verdict {
    demand(input.inference_accelerators().is_empty(), || {
        "Unsupported field 'inferenceAccelerators'".to_owned()
    })?;
    for container in input.container_definitions() {
        accelerators(container)?;
        linux_parameters(container)?;
        system_controls(input, container)?;
        for ulimit in container.ulimits() {
            demand(ulimit.soft_limit() <= ulimit.hard_limit(), || {
                format!("Soft limit exceeds hard limit for ulimit {}", ulimit.name())
            })?;
        }
    }
    Ok(())
}

fn accelerators(container: &ContainerDefinition) -> Verdict {
    for requirement in container.resource_requirements() {
        match requirement.r#type() {
            ResourceType::InferenceAccelerator => refuse("Unsupported field 'inferenceAccelerators'")?,
            ResourceType::Gpu => {
                let count = requirement.value().parse::<i32>().ok().filter(|count| *count > 0);
                demand(
                    count.is_some() || requirement.sharing_strategy().is_some(),
                    || {
                        format!(
                            "Container '{}': the GPU count '{}' is not a whole number above 0.",
                            name(container),
                            requirement.value()
                        )
                    },
                )?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn linux_parameters(container: &ContainerDefinition) -> Verdict {
    let Some(parameters) = container.linux_parameters() else {
        return Ok(());
    };
    let name = name(container);
    demand(parameters.max_swap().is_none_or(|swap| swap >= 0), || {
        format!("Container '{name}': maxSwap must be 0 or more.")
    })?;
    demand(
        parameters.swappiness().is_none_or(|it| (0..=100).contains(&it)),
        || format!("Container '{name}': swappiness must be between 0 and 100."),
    )?;
    demand(
        parameters.shared_memory_size().is_none_or(|size| size > 0),
        || format!("Container '{name}': sharedMemorySize must be greater than 0."),
    )?;
    demand(
        parameters
            .tmpfs()
            .iter()
            .all(|tmpfs| tmpfs.size() > 0 && !tmpfs.container_path().is_empty()),
        || format!("Container '{name}': a tmpfs needs a containerPath and a size greater than 0."),
    )
}

fn system_controls(input: &Input, container: &ContainerDefinition) -> Verdict {
    for control in container.system_controls() {
        let namespace = control.namespace().unwrap_or_default();
        let network = namespace.starts_with("net.");
        demand(
            network || namespace.starts_with("fs.mqueue.") || IPC_KEYS.contains(&namespace),
            || {
                format!(
                    "Container '{}': the system control '{namespace}' is not one that a container may set.",
                    name(container)
                )
            },
        )?;
        demand(
            !network || input.network_mode() != Some(&NetworkMode::Host),
            || format!("The system control '{namespace}' is not supported when networkMode=host."),
        )?;
    }
    Ok(())
}
