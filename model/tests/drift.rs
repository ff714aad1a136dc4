//! The SDK against the pinned service model: both must know the same members.
//!
//! After an SDK update, or a new `cargo xtask model`, this says what appeared and what went.

use aws_sdk_ecs::operation::{
    create_capacity_provider::CreateCapacityProviderInput, create_cluster::CreateClusterInput,
    create_service::CreateServiceInput, register_task_definition::RegisterTaskDefinitionInput,
    run_task::RunTaskInput, update_service::UpdateServiceInput,
};
use aws_sdk_ecs::types::{Cluster, ContainerInstance, Service, ServiceRevision, Task, TaskDefinition};
use ecs_model::facts::{ShapeFacts, model};
use ecs_model::shape::{Shape, probe};
use std::collections::BTreeSet;

/// Members of the pinned model that this version of the SDK cannot carry yet. An entry goes when the SDK has it.
const NOT_IN_THE_SDK: [&str; 4] = [
    "trustedExecutionConfiguration",
    "trustedExecutionSummary",
    "gatewayConnectors[].deregistrationDelay",
    "managedInstancesProvider.instanceLaunchTemplate.nitroEnclavesEnabled",
];

fn paths_in_model(shape: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    walk(shape, "", &mut Vec::new(), &mut paths);
    paths
}

fn walk<'m>(shape: &'m str, at: &str, inside: &mut Vec<&'m str>, paths: &mut BTreeSet<String>) {
    match model().shape(shape) {
        Some(ShapeFacts::Structure(facts)) if !inside.contains(&shape) => {
            inside.push(shape);
            for (name, member) in &facts.members {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                walk(member, &path, inside, paths);
                paths.insert(path);
            }
            inside.pop();
        }
        Some(ShapeFacts::List { member, .. }) => walk(member, &format!("{at}[]"), inside, paths),
        Some(ShapeFacts::Map { value, .. }) => walk(value, &format!("{at}{{}}"), inside, paths),
        _ => {}
    }
}

fn difference<T: Shape>(shape: &str) -> (Vec<String>, Vec<String>) {
    let sdk: BTreeSet<String> = probe::<T>().paths().into_iter().collect();
    let facts = paths_in_model(shape);
    (
        facts.difference(&sdk).cloned().collect(),
        sdk.difference(&facts).cloned().collect(),
    )
}

#[test]
fn what_the_sdk_is_said_to_lack_is_in_the_model() {
    let known: BTreeSet<String> = [
        "RegisterTaskDefinitionRequest",
        "CreateServiceRequest",
        "CreateCapacityProviderRequest",
        "Task",
    ]
    .into_iter()
    .flat_map(paths_in_model)
    .collect();
    for path in NOT_IN_THE_SDK {
        assert!(known.contains(path), "{path} is in neither: take it off the list");
    }
}

#[test]
fn the_sdk_and_the_model_know_the_same_members() {
    let compared = [
        (
            "CreateClusterRequest",
            difference::<CreateClusterInput>("CreateClusterRequest"),
        ),
        (
            "RegisterTaskDefinitionRequest",
            difference::<RegisterTaskDefinitionInput>("RegisterTaskDefinitionRequest"),
        ),
        (
            "CreateServiceRequest",
            difference::<CreateServiceInput>("CreateServiceRequest"),
        ),
        (
            "UpdateServiceRequest",
            difference::<UpdateServiceInput>("UpdateServiceRequest"),
        ),
        (
            "CreateCapacityProviderRequest",
            difference::<CreateCapacityProviderInput>("CreateCapacityProviderRequest"),
        ),
        ("RunTaskRequest", difference::<RunTaskInput>("RunTaskRequest")),
        ("Cluster", difference::<Cluster>("Cluster")),
        ("Service", difference::<Service>("Service")),
        (
            "ServiceRevision",
            difference::<ServiceRevision>("ServiceRevision"),
        ),
        ("Task", difference::<Task>("Task")),
        ("TaskDefinition", difference::<TaskDefinition>("TaskDefinition")),
        (
            "ContainerInstance",
            difference::<ContainerInstance>("ContainerInstance"),
        ),
    ];
    for (shape, (only_model, only_sdk)) in compared {
        assert_eq!(
            only_sdk,
            Vec::<String>::new(),
            "{shape}: the pinned model is older than the SDK"
        );
        let unexplained: Vec<_> = only_model
            .iter()
            .filter(|path| !NOT_IN_THE_SDK.iter().any(|known| path.starts_with(known)))
            .collect();
        assert!(unexplained.is_empty(), "{shape}: the SDK lacks {unexplained:?}");
    }
}
