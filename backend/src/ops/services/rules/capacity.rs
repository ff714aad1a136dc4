//! Launch type, capacity provider strategy, platform version (ecs-semantics.md §3.1, items 6 to 9).

use std::collections::BTreeSet;

use aws_sdk_ecs::types::error::{PlatformTaskDefinitionIncompatibilityException, PlatformUnknownException};
use aws_sdk_ecs::types::{
    CapacityProviderStatus, CapacityProviderStrategyItem, Compatibility, LaunchType, TaskDefinition,
};

use crate::engine::platform;
use crate::engine::starting::launch_type_of;
use crate::fault::Fault;
use crate::world::Realm;

/// Where tasks run.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// FARGATE or EC2; with a strategy, what its providers are.
    pub launch_type: LaunchType,
    /// The strategy; empty with a launch type.
    pub strategy: Vec<CapacityProviderStrategyItem>,
}

impl Capacity {
    /// Whether it is Fargate.
    pub fn is_fargate(&self) -> bool {
        self.launch_type == LaunchType::Fargate
    }
}

/// Where tasks run, by what a call says and the cluster's default.
///
/// # Errors
/// `InvalidParameterException`; `UnsupportedFeatureException` for EXTERNAL.
pub fn resolve(
    realm: &Realm,
    cluster: &str,
    launch_type: Option<&LaunchType>,
    strategy: &[CapacityProviderStrategyItem],
) -> Result<Capacity, Fault> {
    if launch_type.is_some() && !strategy.is_empty() {
        return Err(Fault::invalid(
            "Specifying both a launch type and capacity provider strategy is not supported",
        ));
    }
    let record = realm.active_cluster(cluster)?;
    let default = record.cluster.default_capacity_provider_strategy();
    let strategy = if launch_type.is_none() && strategy.is_empty() {
        default
    } else {
        strategy
    };
    match launch_type {
        Some(LaunchType::Fargate | LaunchType::Ec2) | None if strategy.is_empty() => {
            let launch_type = launch_type.cloned().unwrap_or(LaunchType::Ec2);
            Ok(Capacity {
                launch_type,
                strategy: Vec::new(),
            })
        }
        None => of_strategy(realm, strategy, record.cluster.capacity_providers()),
        Some(other) => Err(Fault::unsupported(format!(
            "The launch type {other} is not supported by this backend."
        ))),
    }
}

/// Checks a strategy against the providers that the cluster has.
fn of_strategy(
    realm: &Realm,
    items: &[CapacityProviderStrategyItem],
    associated: &[String],
) -> Result<Capacity, Fault> {
    if items.len() > 20 {
        return Err(Fault::invalid(
            "A capacity provider strategy can contain a maximum of 20 capacity providers.",
        ));
    }
    let mut strategy = Vec::new();
    let mut names = BTreeSet::new();
    for item in items {
        let name = realm
            .id
            .tail(&item.capacity_provider, "capacity-provider")?
            .to_owned();
        if !associated.contains(&name) {
            return Err(Fault::invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the \
                 cluster",
            ));
        }
        let inactive = realm
            .capacity_providers
            .get(&name)
            .is_some_and(|record| record.provider.status() != Some(&CapacityProviderStatus::Active));
        if inactive {
            return Err(Fault::invalid(format!(
                "The specified capacity provider '{name}' is not in an ACTIVE state."
            )));
        }
        if !names.insert(name.clone()) {
            return Err(Fault::invalid(
                "A capacity provider may only be specified once in a strategy.",
            ));
        }
        let mut item = item.clone();
        item.capacity_provider = name;
        strategy.push(item);
    }
    if strategy.len() > 1 && strategy.iter().all(|item| item.weight <= 0) {
        return Err(Fault::invalid(
            "There are no capacity providers in the capacity provider strategy with a weight value greater than zero",
        ));
    }
    if strategy.iter().filter(|item| item.base > 0).count() > 1 {
        return Err(Fault::invalid(
            "There are multiple capacity providers in the specified capacity provider strategy with a base value defined",
        ));
    }
    let kinds: BTreeSet<&str> = strategy
        .iter()
        .map(|item| kind_of(realm, &item.capacity_provider))
        .collect();
    if kinds.len() > 1 {
        return Err(Fault::invalid(
            "The specified capacity provider strategy cannot contain a combination of Fargate, Auto Scaling group and managed \
             instances capacity providers. Specify capacity providers of one type and try again.",
        ));
    }
    if kinds.contains("MANAGED_INSTANCES") {
        return Err(Fault::unsupported(
            "Managed instances are not supported by this backend.",
        ));
    }
    let first = strategy
        .first()
        .map(|item| launch_type_of(&item.capacity_provider));
    Ok(Capacity {
        launch_type: first.unwrap_or(LaunchType::Ec2),
        strategy,
    })
}

fn kind_of(realm: &Realm, provider: &str) -> &'static str {
    let managed = realm
        .capacity_providers
        .get(provider)
        .is_some_and(|record| record.provider.managed_instances_provider().is_some());
    match launch_type_of(provider) {
        LaunchType::Fargate => "FARGATE",
        _ if managed => "MANAGED_INSTANCES",
        _ => "EC2_AUTOSCALING",
    }
}

/// The definition can run there.
///
/// # Errors
/// `InvalidParameterException`.
pub fn compatible(definition: &TaskDefinition, launch_type: &LaunchType) -> Result<(), Fault> {
    let needed = if *launch_type == LaunchType::Fargate {
        Compatibility::Fargate
    } else {
        Compatibility::Ec2
    };
    if definition.compatibilities().contains(&needed) {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "Task definition does not support launch_type {needed}."
    )))
}

/// The platform version that is shown: only Fargate has one, and it is one of the definition's platform family.
///
/// # Errors
/// `InvalidParameterException`, `PlatformUnknownException`, `PlatformTaskDefinitionIncompatibilityException`.
pub fn platform(
    definition: &TaskDefinition,
    given: Option<&str>,
    launch_type: &LaunchType,
) -> Result<Option<String>, Fault> {
    match given {
        Some(_) if *launch_type != LaunchType::Fargate => Err(Fault::invalid(
            "The platform version must be null when specifying an EC2 launch type",
        )),
        Some(version) if !platform::is_version(version) => {
            let message = format!("The specified platform version {version} does not exist.");
            Err(Fault::of(
                &PlatformUnknownException::builder().message(message).build(),
            ))
        }
        Some(version) if !platform::has(&platform::family_of(definition), version) => {
            let message = "The specified platform version does not satisfy the required capabilities of the task definition.";
            Err(Fault::of(
                &PlatformTaskDefinitionIncompatibilityException::builder()
                    .message(message)
                    .build(),
            ))
        }
        _ if *launch_type == LaunchType::Fargate => Ok(Some(given.unwrap_or(platform::LATEST).to_owned())),
        _ => Ok(None),
    }
}
