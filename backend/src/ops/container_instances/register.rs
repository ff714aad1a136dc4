//! `RegisterContainerInstance`, and the instances that the simulation itself registers.

use aws_sdk_ecs::operation::register_container_instance::{
    RegisterContainerInstanceInput, RegisterContainerInstanceOutput,
};
use aws_sdk_ecs::types::{Attribute, ContainerInstance, Resource, SettingName, VersionInfo};
use serde::Deserialize;

use super::{Machine, find, shown};
use crate::engine::hooks;
use crate::fault::Fault;
use crate::ops::{Operation, account_settings, tags};
use crate::placement::interfaces;
use crate::world::clock::stamp;
use crate::world::{InstanceRecord, Realm};

/// The letters of the zones that instances are spread over.
const ZONES: [&str; 3] = ["a", "b", "c"];

impl Operation for RegisterContainerInstanceInput {
    type Output = RegisterContainerInstanceOutput;

    /// What the call leaves out is that of a t3.medium. With the ARN of a registered instance, its attributes and resources
    /// are renewed (ecs-semantics.md §1.2).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        tags::rules::check(self.tags())?;
        let id = match self.container_instance_arn() {
            Some(arn) => {
                let id = find(realm, arn, &cluster)?.ok_or_else(|| {
                    Fault::client(format!("The referenced container instance {arn} was not found."))
                })?;
                renew(realm, &id, &self);
                id
            }
            None => add(realm, &cluster, &self),
        };
        hooks::instance_changed(realm, &id);
        let instance = realm
            .container_instances
            .get(&id)
            .map(|record| shown(realm, &id, record));
        Ok(RegisterContainerInstanceOutput::builder()
            .set_container_instance(instance)
            .build())
    }
}

/// The members of an EC2 instance identity document that count here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Document {
    instance_id: Option<String>,
    instance_type: Option<String>,
    availability_zone: Option<String>,
    architecture: Option<String>,
}

fn add(realm: &mut Realm, cluster: &str, input: &RegisterContainerInstanceInput) -> String {
    let document = input.instance_identity_document().unwrap_or_default();
    let document: Document = serde_json::from_str(document).unwrap_or_default();
    let mut machine = Machine {
        availability_zone: document.availability_zone,
        ..Machine::default()
    };
    if let Some(instance_type) = document.instance_type {
        machine.instance_type = instance_type;
    }
    if let Some(architecture) = document.architecture {
        machine.architecture = architecture;
    }
    let id = insert(realm, cluster, &machine, document.instance_id);
    if let Some(record) = realm.container_instances.get_mut(&id) {
        record.tags = input.tags().to_vec();
    }
    renew(realm, &id, input);
    id
}

/// Puts the call's resources, attributes and versions in the place of those that are there.
fn renew(realm: &mut Realm, id: &str, input: &RegisterContainerInstanceInput) {
    let Some(record) = realm.container_instances.get_mut(id) else {
        return;
    };
    let instance = &mut record.instance;
    instance.attributes = Some(merged_attributes(instance.attributes(), input.attributes()));
    let resources = merged_resources(instance.registered_resources(), input.total_resources());
    let remaining = resources
        .iter()
        .map(|resource| left_of(instance, resource))
        .collect();
    instance.remaining_resources = Some(remaining);
    instance.registered_resources = Some(resources);
    if input.version_info().is_some() {
        instance.version_info = input.version_info().cloned();
    }
    instance.agent_connected = true;
    instance.version += 1;
}

/// What is left of a resource that is registered anew: tasks keep what they hold.
fn left_of(instance: &ContainerInstance, resource: &Resource) -> Resource {
    let same = |known: &&Resource| known.name() == resource.name();
    let before = instance.registered_resources().iter().find(same);
    let left = instance.remaining_resources().iter().find(same);
    let mut now = resource.clone();
    if let (Some(before), Some(left)) = (before, left) {
        now.integer_value += left.integer_value - before.integer_value;
        if now.string_set_value.is_some() {
            let taken = left
                .string_set_value()
                .iter()
                .filter(|it| !before.string_set_value().contains(it));
            let set = now.string_set_value.get_or_insert_default();
            set.extend(taken.cloned());
        }
    }
    now
}

fn merged_attributes(current: &[Attribute], given: &[Attribute]) -> Vec<Attribute> {
    let kept = |attribute: &&Attribute| !given.iter().any(|new| new.name() == attribute.name());
    let plain = |attribute: &Attribute| {
        let built = Attribute::builder()
            .name(attribute.name())
            .set_value(attribute.value.clone())
            .build();
        built.unwrap_or_else(|_| attribute.clone())
    };
    current
        .iter()
        .filter(kept)
        .cloned()
        .chain(given.iter().map(plain))
        .collect()
}

fn merged_resources(current: &[Resource], given: &[Resource]) -> Vec<Resource> {
    let kept = |resource: &&Resource| !given.iter().any(|new| new.name() == resource.name());
    current.iter().filter(kept).chain(given).cloned().collect()
}

/// Registers a machine in an ACTIVE cluster, as an auto scaling group or a person at the control API does. Returns the id
/// of the container instance.
///
/// # Errors
/// `ClusterNotFoundException` if there is no such cluster.
pub fn register_simulated(realm: &mut Realm, cluster: &str, machine: &Machine) -> Result<String, Fault> {
    realm.active_cluster(cluster)?;
    let id = insert(realm, cluster, machine, None);
    hooks::instance_changed(realm, &id);
    Ok(id)
}

/// Connects or disconnects an instance's agent.
///
/// # Errors
/// There is no such instance.
pub fn connect(realm: &mut Realm, id: &str, connected: bool) -> Result<(), Fault> {
    let record = realm
        .container_instances
        .get_mut(id)
        .ok_or_else(|| Fault::invalid(format!("no container instance has the id {id}")))?;
    record.instance.agent_connected = connected;
    record.instance.version += 1;
    hooks::instance_changed(realm, id);
    Ok(())
}

fn insert(realm: &mut Realm, cluster: &str, machine: &Machine, ec2_instance_id: Option<String>) -> String {
    let id = realm.ids.hex(32);
    let zone = machine
        .availability_zone
        .clone()
        .unwrap_or_else(|| next_zone(realm, cluster));
    let ec2_instance_id = ec2_instance_id.unwrap_or_else(|| format!("i-{}", realm.ids.hex(17)));
    let resources = machine.resources(&mut realm.ids);
    let mut attributes = machine.attributes(&zone, &mut realm.ids);
    attributes.extend(trunk(realm, machine));
    let version = VersionInfo::builder()
        .agent_version("1.98.0")
        .agent_hash("4f5a2b1c")
        .docker_version("DockerVersion: 25.0.8");
    let instance = ContainerInstance::builder()
        .container_instance_arn(realm.arn(&format!("container-instance/{cluster}/{id}")))
        .ec2_instance_id(&ec2_instance_id)
        .set_capacity_provider_name(machine.capacity_provider.clone())
        .version(1)
        .version_info(version.build())
        .set_remaining_resources(Some(resources.clone()))
        .set_registered_resources(Some(resources))
        .status("ACTIVE")
        .agent_connected(true)
        .set_attributes(Some(attributes))
        .registered_at(stamp(realm.now))
        .set_attachments(Some(vec![]))
        .build();
    let record = InstanceRecord {
        cluster: cluster.to_owned(),
        instance,
        tags: vec![],
        ec2_instance_id,
    };
    realm.container_instances.insert(id.clone(), record);
    id
}

/// The trunk interface of an instance, where the account has them and the instance can.
fn trunk(realm: &mut Realm, machine: &Machine) -> Option<Attribute> {
    let wanted = account_settings::of_account(realm, &SettingName::AwsvpcTrunking) == "enabled";
    if !wanted || !interfaces::has_trunk(&machine.instance_type) {
        return None;
    }
    let id = format!("eni-{}", realm.ids.hex(17));
    let attribute = Attribute::builder().name(interfaces::TRUNK).value(id);
    attribute.build().ok()
}

/// The zone that has the fewest of the cluster's instances, the first of them.
fn next_zone(realm: &Realm, cluster: &str) -> String {
    let zone = |letter: &str| format!("{}{letter}", realm.id.region);
    let used = |zone: &str| {
        let here = realm
            .container_instances
            .values()
            .filter(|record| record.cluster == cluster);
        let mut zones = here.flat_map(|record| record.instance.attributes());
        let is_here = |attribute: &&Attribute| {
            attribute.name() == "ecs.availability-zone" && attribute.value() == Some(zone)
        };
        zones.by_ref().filter(is_here).count()
    };
    ZONES
        .iter()
        .map(|letter| zone(letter))
        .min_by_key(|zone| used(zone))
        .unwrap_or_else(|| zone("a"))
}
