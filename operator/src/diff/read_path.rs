//! Where each member of a creation's input is read back, and how it is changed afterwards (design.md §2.1).
//!
//! A test proves that every member of every creation's input has a line, that what a line names exists, and that a
//! member which can be changed is taken by the operation that changes it.

use serde_json::{Map, Value};

/// Where ECS shows what it made of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadPath {
    /// On the resource itself, under this name.
    Resource(&'static str),
    /// On the service's PRIMARY deployment, under the member's name.
    PrimaryDeployment,
    /// On the service's target revision, under the member's name.
    TargetRevision,
    /// Nowhere: it only matters during the call.
    WriteOnly,
}

/// How a member is changed once the resource exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// By this operation.
    By(&'static str),
    /// By tagging and untagging.
    ByTagging,
    /// Not at all: another value is another resource.
    Never,
}

/// A member of a creation's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The member's name in the input.
    pub name: &'static str,
    /// Where it is read back.
    pub read: ReadPath,
    /// How it is changed.
    pub changed: Changed,
}

const fn line(name: &'static str, read: ReadPath, changed: Changed) -> Member {
    Member { name, read, changed }
}

const fn same(name: &'static str, changed: Changed) -> Member {
    line(name, ReadPath::Resource(name), changed)
}

const UPDATE_SERVICE: Changed = Changed::By("UpdateService");
const UPDATE_CLUSTER: Changed = Changed::By("UpdateCluster");
const PUT_PROVIDERS: Changed = Changed::By("PutClusterCapacityProviders");
const REGISTER: Changed = Changed::By("RegisterTaskDefinition");
const UPDATE_PROVIDER: Changed = Changed::By("UpdateCapacityProvider");

/// `CreateService`.
pub const SERVICE: &[Member] = &[
    same("availabilityZoneRebalancing", UPDATE_SERVICE),
    same("capacityProviderStrategy", UPDATE_SERVICE),
    line("clientToken", ReadPath::WriteOnly, Changed::Never),
    line("cluster", ReadPath::Resource("clusterArn"), Changed::Never),
    same("deploymentConfiguration", UPDATE_SERVICE),
    same("deploymentController", UPDATE_SERVICE),
    same("desiredCount", UPDATE_SERVICE),
    same("enableECSManagedTags", UPDATE_SERVICE),
    same("enableExecuteCommand", UPDATE_SERVICE),
    line("gatewayConnectors", ReadPath::TargetRevision, UPDATE_SERVICE),
    same("healthCheckGracePeriodSeconds", UPDATE_SERVICE),
    same("launchType", Changed::Never),
    same("loadBalancers", UPDATE_SERVICE),
    line("monitoring", ReadPath::TargetRevision, UPDATE_SERVICE),
    same("networkConfiguration", UPDATE_SERVICE),
    same("placementConstraints", UPDATE_SERVICE),
    same("placementStrategy", UPDATE_SERVICE),
    same("platformVersion", UPDATE_SERVICE),
    same("propagateTags", UPDATE_SERVICE),
    line("role", ReadPath::Resource("roleArn"), Changed::Never),
    same("schedulingStrategy", Changed::Never),
    line(
        "serviceConnectConfiguration",
        ReadPath::PrimaryDeployment,
        UPDATE_SERVICE,
    ),
    same("serviceName", Changed::Never),
    same("serviceRegistries", UPDATE_SERVICE),
    same("tags", Changed::ByTagging),
    same("taskDefinition", UPDATE_SERVICE),
    line(
        "volumeConfigurations",
        ReadPath::PrimaryDeployment,
        UPDATE_SERVICE,
    ),
    line(
        "vpcLatticeConfigurations",
        ReadPath::PrimaryDeployment,
        UPDATE_SERVICE,
    ),
];

/// `CreateCluster`.
pub const CLUSTER: &[Member] = &[
    same("capacityProviders", PUT_PROVIDERS),
    same("clusterName", Changed::Never),
    same("configuration", UPDATE_CLUSTER),
    same("defaultCapacityProviderStrategy", PUT_PROVIDERS),
    same("serviceConnectDefaults", UPDATE_CLUSTER),
    same("settings", UPDATE_CLUSTER),
    same("tags", Changed::ByTagging),
];

/// `RegisterTaskDefinition`: a changed member is another revision. Tags are read beside the definition.
pub const TASK_DEFINITION: &[Member] = &[
    same("containerDefinitions", REGISTER),
    same("cpu", REGISTER),
    same("enableFaultInjection", REGISTER),
    same("ephemeralStorage", REGISTER),
    same("executionRoleArn", REGISTER),
    same("family", Changed::Never),
    same("inferenceAccelerators", REGISTER),
    same("ipcMode", REGISTER),
    same("memory", REGISTER),
    same("networkMode", REGISTER),
    same("pidMode", REGISTER),
    same("placementConstraints", REGISTER),
    same("proxyConfiguration", REGISTER),
    same("requiresCompatibilities", REGISTER),
    same("runtimePlatform", REGISTER),
    line("tags", ReadPath::Resource("tags"), Changed::ByTagging),
    same("taskRoleArn", REGISTER),
    same("volumes", REGISTER),
];

/// `CreateCapacityProvider`. Which Auto Scaling group or which capacity option it has never changes.
pub const CAPACITY_PROVIDER: &[Member] = &[
    same("autoScalingGroupProvider", UPDATE_PROVIDER),
    same("cluster", Changed::Never),
    same("managedInstancesProvider", UPDATE_PROVIDER),
    same("name", Changed::Never),
    same("tags", Changed::ByTagging),
];

/// What was read of a resource, in the form of its creation's input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The members as ECS has them.
    pub value: Value,
    /// Members that could not be read now, so that nothing is known about them.
    pub unread: Vec<&'static str>,
}

/// Brings what ECS shows into the form of the creation's input.
///
/// `deployment` is the PRIMARY deployment and `revision` the target revision, where there are such and they were read.
pub fn read(
    table: &[Member],
    resource: &Value,
    deployment: Option<&Value>,
    revision: Option<&Value>,
) -> Reading {
    let mut value = Map::new();
    let mut unread = Vec::new();
    for member in table {
        let found = match member.read {
            ReadPath::Resource(name) => Some(resource.get(name)),
            ReadPath::PrimaryDeployment => deployment.map(|deployment| deployment.get(member.name)),
            ReadPath::TargetRevision => revision.map(|revision| revision.get(member.name)),
            ReadPath::WriteOnly => None,
        };
        match found {
            None => unread.push(member.name),
            Some(Some(found)) => {
                value.insert(member.name.to_owned(), found.clone());
            }
            Some(None) => {}
        }
    }
    Reading {
        value: Value::Object(value),
        unread,
    }
}

/// The members of `value` whose names are in `names`.
pub fn pick<'a>(value: &Value, names: impl IntoIterator<Item = &'a str>) -> Value {
    names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), value.get(name)?.clone())))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::{
        create_capacity_provider::CreateCapacityProviderInput, create_cluster::CreateClusterInput,
        create_service::CreateServiceInput, register_task_definition::RegisterTaskDefinitionInput,
    };
    use aws_sdk_ecs::types::{
        CapacityProvider, Cluster, Deployment, Service, ServiceRevision, TaskDefinition,
    };
    use ecs_model::facts::model;
    use ecs_model::shape::{Shape, members_of};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn check<Input: Shape, Resource: Shape>(table: &[Member], beside: &[&'static str]) {
        let names: Vec<_> = table.iter().map(|member| member.name).collect();
        let mut members: Vec<_> = members_of::<Input>().collect();
        members.sort_unstable();
        assert_eq!(names, members, "every member has one line, in order");
        for member in table {
            let place: BTreeSet<_> = match member.read {
                ReadPath::Resource(name) => {
                    let mut place: BTreeSet<_> =
                        members_of::<Resource>().chain(beside.iter().copied()).collect();
                    assert!(place.contains(name), "{} is read as {name}", member.name);
                    place.insert(member.name);
                    place
                }
                ReadPath::PrimaryDeployment => members_of::<Deployment>().collect(),
                ReadPath::TargetRevision => members_of::<ServiceRevision>().collect(),
                ReadPath::WriteOnly => BTreeSet::from([member.name]),
            };
            assert!(
                place.contains(member.name),
                "{} cannot be read there",
                member.name
            );
            if let Changed::By(operation) = member.changed {
                let input = &model().operation(operation).unwrap().input;
                let taken = &model().structure(input).unwrap().members;
                assert!(
                    taken.contains_key(member.name),
                    "{operation} does not take {}",
                    member.name
                );
            }
        }
    }

    #[test]
    fn every_member_is_readable_or_write_only_and_changeable_or_not() {
        check::<CreateServiceInput, Service>(SERVICE, &[]);
        check::<CreateClusterInput, Cluster>(CLUSTER, &[]);
        check::<RegisterTaskDefinitionInput, TaskDefinition>(TASK_DEFINITION, &["tags"]);
        check::<CreateCapacityProviderInput, CapacityProvider>(CAPACITY_PROVIDER, &[]);
    }

    #[test]
    fn what_an_update_takes_is_not_called_immutable() {
        let taken = &model().structure("UpdateServiceRequest").unwrap().members;
        for member in SERVICE {
            // It names the service by its cluster there.
            if member.changed == Changed::Never && member.name != "cluster" {
                assert!(!taken.contains_key(member.name), "{}", member.name);
            }
        }
    }

    #[test]
    fn reads_each_member_in_its_place() {
        let resource =
            json!({"serviceName": "s", "roleArn": "r", "status": "ACTIVE", "monitoring": "elsewhere"});
        let deployment = json!({"serviceConnectConfiguration": {"enabled": true}, "id": "ecs-svc/1"});
        let reading = read(SERVICE, &resource, Some(&deployment), None);
        assert_eq!(
            reading.value,
            json!({"serviceName": "s", "role": "r", "serviceConnectConfiguration": {"enabled": true}})
        );
        assert_eq!(reading.unread, ["clientToken", "gatewayConnectors", "monitoring"]);
    }
}
