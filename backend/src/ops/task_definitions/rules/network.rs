//! Network modes and port mappings (ecs-semantics.md §2.5).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ContainerDefinition, NetworkMode, PortMapping, TransportProtocol};

use super::{Input, Verdict, demand, find, name, refuse};

/// The most port ranges of a container.
const RANGES: usize = 100;

pub(super) fn check(input: &Input) -> Verdict {
    let mode = input.network_mode();
    let mut names = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for container in input.container_definitions() {
        own_network(mode, container)?;
        links(input, container)?;
        let ranges = container
            .port_mappings()
            .iter()
            .filter(|port| port.container_port_range().is_some())
            .count();
        demand(ranges <= RANGES, || {
            format!(
                "Container '{}' has more than {RANGES} port ranges.",
                name(container)
            )
        })?;
        for port in container.port_mappings() {
            mapping(mode, port)?;
            if let Some(name) = port.name() {
                port_name(name)?;
                demand(names.insert(name), || {
                    "port mapping name is already used".to_owned()
                })?;
            }
            let udp = port.protocol() == Some(&TransportProtocol::Udp);
            if let (Some(NetworkMode::Awsvpc), Some(number)) = (mode, port.container_port()) {
                demand(ports.insert((number, udp)), || {
                    "container port is used multiple times in task".to_owned()
                })?;
            }
        }
    }
    Ok(())
}

/// In awsvpc the task has a network of its own, which a container cannot change.
fn own_network(mode: Option<&NetworkMode>, container: &ContainerDefinition) -> Verdict {
    if mode == Some(&NetworkMode::Awsvpc) {
        isolated(container)?;
    }
    demand(
        mode != Some(&NetworkMode::None) || container.port_mappings().is_empty(),
        || "Port mappings are not supported when networkMode=none.".to_owned(),
    )
}

/// What a container may not set where the task has a network interface of its own: awsvpc, and so Fargate.
pub(super) fn isolated(container: &ContainerDefinition) -> Verdict {
    let set = |set: bool, what: &str| demand(!set, || format!("{what} when networkMode=awsvpc"));
    set(!container.links().is_empty(), "Links are not supported")?;
    set(
        container.hostname().is_some(),
        "hostname is not supported on container",
    )?;
    set(
        !container.extra_hosts().is_empty(),
        "Extra hosts are not supported on container",
    )?;
    set(
        !container.dns_servers().is_empty(),
        "DNS servers are not supported on container",
    )?;
    set(
        !container.dns_search_domains().is_empty(),
        "DNS search domains are not supported on container",
    )?;
    set(
        container.disable_networking() == Some(true),
        "Disable Networking is not supported on container",
    )
}

fn links(input: &Input, container: &ContainerDefinition) -> Verdict {
    if let Some(mode @ (NetworkMode::Host | NetworkMode::None)) = input.network_mode() {
        demand(container.links().is_empty(), || {
            format!("Links are not supported when networkMode={mode}")
        })?;
    }
    for link in container.links() {
        let linked = link.split(':').next().unwrap_or_default();
        demand(find(input, linked).is_some(), || {
            format!("Invalid 'links' setting. Unknown container: '{linked}'")
        })?;
    }
    Ok(())
}

fn mapping(mode: Option<&NetworkMode>, port: &PortMapping) -> Verdict {
    if let Some(range) = port.container_port_range() {
        demand(
            port.container_port().is_none() && port.host_port().is_none(),
            || "cannot specify both single port and port range".to_owned(),
        )?;
        let legal = is_range(range) && mode != Some(&NetworkMode::Host);
        return demand(legal, || "Invalid 'containerPortRange' setting".to_owned());
    }
    let Some(container_port) = port.container_port() else {
        return refuse("A port mapping must have a 'containerPort' or a 'containerPortRange'.");
    };
    demand((1..=65_535).contains(&container_port), || {
        format!("Invalid 'containerPort' setting {container_port}: it must be between 1 and 65535.")
    })?;
    let Some(host_port) = port.host_port() else {
        return Ok(());
    };
    demand((0..=65_535).contains(&host_port), || {
        format!("Invalid 'hostPort' setting {host_port}: it must be between 0 and 65535.")
    })?;
    match mode {
        Some(mode @ (NetworkMode::Awsvpc | NetworkMode::Host)) => demand(host_port == container_port, || {
            format!(
                "When networkMode={mode}, the host ports and container ports in port mappings must match."
            )
        }),
        _ => Ok(()),
    }
}

fn is_range(range: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    range
        .split_once('-')
        .is_some_and(|(from, to)| match (port(from), port(to)) {
            (Some(from), Some(to)) => from <= to,
            _ => false,
        })
}

fn port_name(name: &str) -> Verdict {
    let legal =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    demand(
        (1..=64).contains(&name.len()) && !name.starts_with('-') && name.chars().all(legal),
        || {
            format!(
                "Invalid port mapping name '{name}': it has 1 to 64 lower-case letters, digits, '_' and '-', and does not begin with '-'."
            )
        },
    )
}
