//! What a task takes of a container instance, and what an instance has left (ecs-semantics.md §5.1).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ContainerInstance, NetworkMode, Resource, TaskDefinition, TransportProtocol};
use serde::{Deserialize, Serialize};

use super::interfaces;

/// Host ports that docker may give to a container port without a host port of its own.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32768..=60999;

/// What a task takes of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Demand {
    /// CPU units: 1024 are a vCPU.
    pub cpu: i32,
    /// Memory in MiB: the reservations, or the limits where there is none.
    pub memory: i32,
    /// GPUs.
    pub gpu: i32,
    /// The TCP ports of the host that it names.
    pub ports: BTreeSet<u16>,
    /// The UDP ports of the host that it names.
    pub udp_ports: BTreeSet<u16>,
    /// How many TCP ports of the host it takes without naming them.
    pub dynamic_ports: u16,
    /// How many ports in a row it takes for each range of container ports, likewise.
    #[serde(default)]
    pub port_ranges: Vec<u16>,
    /// Network interfaces of its own: one in `awsvpc`.
    #[serde(default)]
    pub interfaces: i32,
}

/// What an instance has left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// CPU units.
    pub cpu: i32,
    /// Memory in MiB.
    pub memory: i32,
    /// GPUs.
    pub gpu: i32,
    /// The TCP ports that are taken.
    pub ports: BTreeSet<u16>,
    /// The UDP ports that are taken.
    pub udp_ports: BTreeSet<u16>,
    /// Network interfaces for tasks. The API does not show how many are left.
    pub interfaces: i32,
}

/// A resource that is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Short {
    /// CPU units.
    Cpu,
    /// Memory.
    Memory,
    /// A port of the host.
    Ports,
    /// A GPU.
    Gpu,
    /// A network interface.
    Eni,
}

impl Demand {
    /// What a task of this definition takes. A task-level size goes over the sum of its containers'; only the modes that
    /// share the host's network take its ports.
    pub fn of(definition: &TaskDefinition) -> Self {
        let containers = definition.container_definitions();
        let sum = |each: &dyn Fn(&aws_sdk_ecs::types::ContainerDefinition) -> i32| {
            containers.iter().map(each).fold(0, i32::saturating_add)
        };
        let given = |text: Option<&str>| text.and_then(|text| text.parse::<i32>().ok());
        let mut demand = Self {
            cpu: given(definition.cpu()).unwrap_or_else(|| sum(&|container| container.cpu)),
            memory: given(definition.memory()).unwrap_or_else(|| {
                sum(&|container| container.memory_reservation.or(container.memory).unwrap_or(0))
            }),
            gpu: sum(&gpus),
            ..Self::default()
        };
        match definition.network_mode() {
            Some(NetworkMode::Awsvpc) => demand.interfaces = 1,
            Some(NetworkMode::None) => {}
            mode => demand.take_ports(containers, mode == Some(&NetworkMode::Host)),
        }
        demand
    }

    fn take_ports(&mut self, containers: &[aws_sdk_ecs::types::ContainerDefinition], host_network: bool) {
        for mapping in containers
            .iter()
            .flat_map(aws_sdk_ecs::types::ContainerDefinition::port_mappings)
        {
            let named = mapping
                .host_port
                .filter(|port| *port > 0)
                .or(mapping.container_port.filter(|_| host_network));
            match named.and_then(|port| u16::try_from(port).ok()) {
                Some(port) if mapping.protocol() == Some(&TransportProtocol::Udp) => {
                    self.udp_ports.insert(port);
                }
                Some(port) => {
                    self.ports.insert(port);
                }
                None => match mapping.container_port_range().and_then(length_of) {
                    Some(length) => self.port_ranges.push(length),
                    None => self.dynamic_ports = self.dynamic_ports.saturating_add(1),
                },
            }
        }
    }
}

/// How many ports a range has, as `8000-8009`.
pub fn length_of(range: &str) -> Option<u16> {
    let (first, last) = range.split_once('-')?;
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    last.checked_sub(first)?.checked_add(1)
}

fn gpus(container: &aws_sdk_ecs::types::ContainerDefinition) -> i32 {
    let requirements = container.resource_requirements().iter();
    requirements
        .filter(|requirement| requirement.r#type == aws_sdk_ecs::types::ResourceType::Gpu)
        .filter_map(|requirement| requirement.value.parse::<i32>().ok())
        .fold(0, i32::saturating_add)
}

impl Room {
    /// What an instance has left, by its own `remainingResources`; of network interfaces all that are for tasks.
    pub fn of(instance: &ContainerInstance) -> Self {
        let mut room = Self {
            interfaces: interfaces::of(instance),
            ..Self::default()
        };
        for resource in instance.remaining_resources() {
            match resource.name().unwrap_or_default() {
                "CPU" => room.cpu = resource.integer_value,
                "MEMORY" => room.memory = resource.integer_value,
                "GPU" => room.gpu = i32::try_from(resource.string_set_value().len()).unwrap_or(i32::MAX),
                "PORTS" => room.ports = ports_of(resource),
                "PORTS_UDP" => room.udp_ports = ports_of(resource),
                _ => {}
            }
        }
        room
    }

    /// What is short for a task, in the order in which ECS looks.
    pub fn short_of(&self, demand: &Demand) -> Option<Short> {
        if self.cpu < demand.cpu {
            Some(Short::Cpu)
        } else if self.memory < demand.memory {
            Some(Short::Memory)
        } else if !self.ports.is_disjoint(&demand.ports) || !self.udp_ports.is_disjoint(&demand.udp_ports) {
            Some(Short::Ports)
        } else if self.gpu < demand.gpu {
            Some(Short::Gpu)
        } else if self.interfaces < demand.interfaces {
            Some(Short::Eni)
        } else {
            None
        }
    }

    /// Takes what a task needs. Returns the ports that it gets for those it did not name: for each single one the lowest that is
    /// free, then for each range the lowest so many in a row.
    pub fn take(&mut self, demand: &Demand) -> Vec<u16> {
        self.cpu = self.cpu.saturating_sub(demand.cpu);
        self.memory = self.memory.saturating_sub(demand.memory);
        self.gpu = self.gpu.saturating_sub(demand.gpu);
        self.interfaces = self.interfaces.saturating_sub(demand.interfaces);
        self.ports.extend(&demand.ports);
        self.udp_ports.extend(&demand.udp_ports);
        let free = EPHEMERAL
            .filter(|port| !self.ports.contains(port))
            .take(demand.dynamic_ports.into());
        let mut given: Vec<u16> = free.collect();
        self.ports.extend(&given);
        for length in &demand.port_ranges {
            let row = self.free_row(*length);
            self.ports.extend(&row);
            given.extend(row);
        }
        given
    }

    /// The lowest free ports in a row; fewer if there are not so many.
    fn free_row(&self, length: u16) -> Vec<u16> {
        let mut row = Vec::new();
        for port in EPHEMERAL {
            if row.len() == usize::from(length) {
                break;
            }
            if self.ports.contains(&port) {
                row.clear();
            } else {
                row.push(port);
            }
        }
        row
    }

    /// Gives back what [`Self::take`] took.
    pub fn give_back(&mut self, demand: &Demand, given: &[u16]) {
        self.cpu = self.cpu.saturating_add(demand.cpu);
        self.memory = self.memory.saturating_add(demand.memory);
        self.gpu = self.gpu.saturating_add(demand.gpu);
        self.interfaces = self.interfaces.saturating_add(demand.interfaces);
        self.ports
            .retain(|port| !demand.ports.contains(port) && !given.contains(port));
        self.udp_ports.retain(|port| !demand.udp_ports.contains(port));
    }

    /// Writes what is left into the instance's `remainingResources`. GPUs keep the ids that were registered.
    pub fn write(&self, instance: &mut ContainerInstance) {
        let registered_gpus = instance
            .registered_resources()
            .iter()
            .find(|resource| resource.name() == Some("GPU"));
        let gpu_ids = registered_gpus
            .map(|gpus| gpus.string_set_value().to_vec())
            .unwrap_or_default();
        for resource in instance.remaining_resources.iter_mut().flatten() {
            match resource.name.as_deref().unwrap_or_default() {
                "CPU" => resource.integer_value = self.cpu,
                "MEMORY" => resource.integer_value = self.memory,
                "PORTS" => resource.string_set_value = Some(port_texts(&self.ports)),
                "PORTS_UDP" => resource.string_set_value = Some(port_texts(&self.udp_ports)),
                "GPU" => {
                    let left = usize::try_from(self.gpu).unwrap_or_default();
                    let skipped = gpu_ids.len().saturating_sub(left);
                    resource.string_set_value = Some(gpu_ids.iter().skip(skipped).cloned().collect());
                }
                _ => {}
            }
        }
    }
}

fn ports_of(resource: &Resource) -> BTreeSet<u16> {
    resource
        .string_set_value()
        .iter()
        .filter_map(|port| port.parse().ok())
        .collect()
}

fn port_texts(ports: &BTreeSet<u16>) -> Vec<String> {
    ports.iter().map(u16::to_string).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{ContainerDefinition, PortMapping, ResourceRequirement, ResourceType};
    use proptest::prelude::*;

    use super::*;

    fn definition(mode: NetworkMode, host_port: Option<i32>) -> TaskDefinition {
        let mapping = PortMapping::builder()
            .container_port(80)
            .set_host_port(host_port)
            .build();
        let container = |name: &str| {
            ContainerDefinition::builder()
                .name(name)
                .cpu(100)
                .memory(64)
                .memory_reservation(32)
        };
        TaskDefinition::builder()
            .network_mode(mode)
            .container_definitions(container("a").port_mappings(mapping).build())
            .container_definitions(container("b").build())
            .build()
    }

    #[test]
    fn a_definition_takes_ports_of_the_host_only_where_it_shares_its_network() {
        let ports = |mode, host_port| {
            let demand = Demand::of(&definition(mode, host_port));
            (demand.ports.into_iter().collect::<Vec<_>>(), demand.dynamic_ports)
        };
        assert_eq!(ports(NetworkMode::Awsvpc, Some(80)), (vec![], 0));
        assert_eq!(ports(NetworkMode::Bridge, Some(8080)), (vec![8080], 0));
        assert_eq!(ports(NetworkMode::Bridge, Some(0)), (vec![], 1));
        assert_eq!(ports(NetworkMode::Bridge, None), (vec![], 1));
        assert_eq!(ports(NetworkMode::Host, None), (vec![80], 0));
    }

    #[test]
    fn a_size_of_the_task_goes_over_its_containers() {
        let mut definition = definition(NetworkMode::Awsvpc, None);
        assert_eq!(
            (Demand::of(&definition).cpu, Demand::of(&definition).memory),
            (200, 64)
        );
        definition.cpu = Some("512".to_owned());
        definition.memory = Some("1024".to_owned());
        assert_eq!(
            (Demand::of(&definition).cpu, Demand::of(&definition).memory),
            (512, 1024)
        );
    }

    #[test]
    fn gpus_of_many_containers_are_not_too_many_to_count() {
        let gpus = ResourceRequirement::builder()
            .r#type(ResourceType::Gpu)
            .value(i32::MAX.to_string())
            .build()
            .unwrap();
        let greedy = ContainerDefinition::builder()
            .resource_requirements(gpus.clone())
            .resource_requirements(gpus)
            .build();
        let definition = TaskDefinition::builder().container_definitions(greedy).build();
        assert_eq!(Demand::of(&definition).gpu, i32::MAX);
    }

    #[test]
    fn the_first_shortage_is_named() {
        let room = Room {
            cpu: 100,
            memory: 100,
            gpu: 0,
            ports: BTreeSet::from([80]),
            udp_ports: BTreeSet::new(),
            interfaces: 0,
        };
        let demand = |cpu, memory, gpu, port| Demand {
            cpu,
            memory,
            gpu,
            ports: BTreeSet::from([port]),
            ..Demand::default()
        };
        let cases = [
            (demand(101, 101, 1, 80), Some(Short::Cpu)),
            (demand(100, 101, 1, 80), Some(Short::Memory)),
            (demand(100, 100, 1, 80), Some(Short::Ports)),
            (demand(100, 100, 1, 81), Some(Short::Gpu)),
            (demand(100, 100, 0, 81), None),
            (
                Demand {
                    interfaces: 1,
                    ..demand(100, 100, 0, 81)
                },
                Some(Short::Eni),
            ),
        ];
        for (demand, expected) in cases {
            assert_eq!(room.short_of(&demand), expected, "{demand:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_comes_back(cpu in 0..4096, memory in 0..9000, port in 1u16..100, dynamic_ports in 0u16..5, ranges in 0u16..3) {
            let port_ranges = vec![7; ranges.into()];
            let ports = BTreeSet::from([22, 2375]);
            let before = Room { cpu: 4096, memory: 9000, gpu: 0, ports, udp_ports: BTreeSet::new(), interfaces: 2 };
            let ports = BTreeSet::from([port]);
            let demand = Demand { cpu, memory, gpu: 0, ports, udp_ports: BTreeSet::new(), dynamic_ports, port_ranges, interfaces: 1 };
            prop_assume!(before.short_of(&demand).is_none());
            let mut room = before.clone();
            let given = room.take(&demand);
            prop_assert_eq!(given.len(), usize::from(dynamic_ports + 7 * ranges));
            room.give_back(&demand, &given);
            prop_assert_eq!(room, before);
        }
    }
}
