//! Network interfaces of tasks in `awsvpc`, and host ports of those that share the host's network (ecs-semantics.md §4.3,
//! §4.4).

use aws_sdk_ecs::types::{
    Attachment, KeyValuePair, NetworkBinding, NetworkInterface, NetworkMode, TaskDefinition,
    TransportProtocol,
};

use super::records::TaskRecord;
use crate::placement::resources::length_of;
use crate::placement::zones;
use crate::world::Realm;

fn detail(name: &str, value: impl Into<String>) -> KeyValuePair {
    KeyValuePair::builder().name(name).value(value).build()
}

/// Promises a task a network interface in a subnet, and with it its zone.
pub fn plan_interface(realm: &mut Realm, record: &mut TaskRecord, subnet: Option<&str>) {
    let subnet = subnet.unwrap_or("subnet-00000000");
    record.task.availability_zone = Some(zones::zone_of(&realm.id.region, subnet));
    let attachment = Attachment::builder()
        .id(realm.ids.uuid())
        .r#type("ElasticNetworkInterface")
        .status("PRECREATED")
        .details(detail("subnetId", subnet))
        .build();
    record.task.attachments = Some(vec![attachment]);
}

/// Puts the interface of a task that has found its instance into the first subnet that is in the instance's zone: EC2 attaches no
/// other. Without one it stays where it is, since the simulation does not know where a subnet really is.
pub fn follow_instance(realm: &mut Realm, task: &str, subnets: &[String]) {
    let region = realm.id.region.clone();
    let Some(record) = realm.tasks.get_mut(task).filter(|record| record.interface) else {
        return;
    };
    let zone = record.task.availability_zone().unwrap_or_default();
    let here = subnets
        .iter()
        .find(|subnet| zones::zone_of(&region, subnet) == zone);
    let planned = record
        .task
        .attachments
        .iter_mut()
        .flatten()
        .next()
        .and_then(|interface| {
            let mut details = interface.details.iter_mut().flatten();
            details.find(|detail| detail.name() == Some("subnetId"))
        });
    if let (Some(here), Some(planned)) = (here, planned) {
        planned.value = Some(here.clone());
    }
}

/// The subnet that a task's interface is in.
pub fn subnet_of(record: &TaskRecord) -> Option<&str> {
    let details = record.task.attachments().first()?.details();
    details
        .iter()
        .find(|detail| detail.name() == Some("subnetId"))?
        .value()
}

/// Attaches the interface: it gets its id, MAC address and private IPv4 address.
pub fn attach(realm: &mut Realm, task: &str) {
    let (number, hardware) = (realm.ids.hex(17), realm.ids.hex(10));
    let region = realm.id.region.clone();
    let Some(record) = realm.tasks.get_mut(task) else {
        return;
    };
    let Some(attachment) = record.task.attachments.iter_mut().flatten().next() else {
        return;
    };
    let address = address_of(record.number);
    let dashed = address.replace('.', "-");
    let mac: Vec<String> = hardware
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect();
    attachment.status = Some("ATTACHED".to_owned());
    attachment.details.get_or_insert_default().extend([
        detail("networkInterfaceId", format!("eni-{number}")),
        detail("macAddress", format!("0a:{}", mac.join(":"))),
        detail("privateDnsName", format!("ip-{dashed}.{region}.compute.internal")),
        detail("privateIPv4Address", &address),
    ]);
    let interface = NetworkInterface::builder()
        .set_attachment_id(attachment.id.clone())
        .private_ipv4_address(address)
        .build();
    for container in record.task.containers.iter_mut().flatten() {
        container.network_interfaces = Some(vec![interface.clone()]);
    }
}

/// Removes the interface.
pub fn detach(record: &mut TaskRecord) {
    for attachment in record.task.attachments.iter_mut().flatten() {
        attachment.status = Some("DELETED".to_owned());
    }
}

/// A private address for the n-th task, within 10.0.0.0/8.
fn address_of(number: u64) -> String {
    let host = number % 0x00ff_fff0 + 4;
    format!("10.{}.{}.{}", host >> 16 & 0xff, host >> 8 & 0xff, host & 0xff)
}

/// Binds the container ports of a task that shares the host's network, once it is on an instance.
pub fn bind_ports(record: &mut TaskRecord, definition: &TaskDefinition) {
    let host_network = match definition.network_mode() {
        Some(NetworkMode::Awsvpc | NetworkMode::None) => return,
        mode => mode == Some(&NetworkMode::Host),
    };
    let ports = record.given_ports.clone();
    let singles = ports.len().min(record.demand.dynamic_ports.into());
    let (singles, ranges) = ports.split_at(singles);
    let (mut given, mut rows) = (singles.iter().copied(), ranges.iter().copied());
    let containers = record.task.containers.iter_mut().flatten();
    for (container, definition) in containers.zip(definition.container_definitions()) {
        let bind = |mapping: &aws_sdk_ecs::types::PortMapping| {
            let named = mapping
                .host_port
                .filter(|port| *port > 0)
                .or(mapping.container_port.filter(|_| host_network));
            let protocol = mapping.protocol.clone().unwrap_or(TransportProtocol::Tcp);
            let binding = NetworkBinding::builder().bind_ip("0.0.0.0").protocol(protocol);
            if let Some(range) = mapping.container_port_range() {
                let length = length_of(range).unwrap_or_default();
                let row: Vec<u16> = rows.by_ref().take(length.into()).collect();
                let ends = row.first().zip(row.last());
                let on_host = ends.map(|(first, last)| format!("{first}-{last}"));
                return binding
                    .container_port_range(range)
                    .set_host_port_range(on_host)
                    .build();
            }
            binding
                .set_container_port(mapping.container_port)
                .set_host_port(named.or_else(|| given.next().map(i32::from)))
                .build()
        };
        let bindings: Vec<NetworkBinding> = definition.port_mappings().iter().map(bind).collect();
        container.network_bindings = Some(bindings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_differ_and_are_private() {
        assert_eq!(address_of(1), "10.0.0.5");
        assert_eq!(address_of(252), "10.0.1.0");
        assert_eq!(address_of(0x00ff_ffef), "10.255.255.243");
        assert_eq!(address_of(0x00ff_fff1), "10.0.0.5");
    }
}
