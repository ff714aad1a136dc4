//! Service Connect (ecs-semantics.md §10.4).

use aws_sdk_ecs::types::{NetworkMode, ServiceConnectConfiguration, ServiceConnectService, TaskDefinition};

use crate::fault::Fault;
use crate::world::{ClusterRecord, Realm};

/// The most client aliases of a port.
const ALIASES: usize = 1;

/// The greatest length of a DNS name.
const DNS_NAME: usize = 127;

/// The configuration as it is kept: with the cluster's namespace where it names none.
pub fn with_namespace(
    realm: &Realm,
    cluster: &str,
    mut connect: ServiceConnectConfiguration,
) -> ServiceConnectConfiguration {
    if connect.enabled {
        let defaults = realm
            .clusters
            .get(cluster)
            .and_then(|record: &ClusterRecord| record.cluster.service_connect_defaults());
        let default = defaults.and_then(|defaults| defaults.namespace.clone());
        connect.namespace = connect.namespace.or(default);
    }
    connect
}

/// The configuration fits the definition.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check(definition: &TaskDefinition, given: Option<&ServiceConnectConfiguration>) -> Result<(), Fault> {
    let Some(connect) = given.filter(|connect| connect.enabled) else {
        return Ok(());
    };
    if connect.namespace().is_none_or(str::is_empty) {
        return Err(Fault::invalid("Namespace is missing"));
    }
    if matches!(
        definition.network_mode(),
        Some(NetworkMode::Host | NetworkMode::None)
    ) {
        return Err(Fault::invalid(
            "Service Connect is only supported with the network modes awsvpc and bridge.",
        ));
    }
    connect
        .services()
        .iter()
        .try_for_each(|service| port(definition, service))
}

fn port(definition: &TaskDefinition, service: &ServiceConnectService) -> Result<(), Fault> {
    let name = service.port_name();
    let mut mappings = definition
        .container_definitions()
        .iter()
        .flat_map(aws_sdk_ecs::types::ContainerDefinition::port_mappings);
    if !mappings.any(|mapping| mapping.name() == Some(name)) {
        return Err(Fault::invalid(format!(
            "portName({name}) does not refer to any named PortMapping in the container definitions"
        )));
    }
    let aliases = service.client_aliases();
    if aliases.len() > ALIASES {
        return Err(Fault::invalid(format!(
            "{} clientAliases exceeds the max limit of {ALIASES}",
            aliases.len()
        )));
    }
    let mut names = aliases.iter().filter_map(|alias| alias.dns_name());
    if names.any(|name| !is_dns_name(name)) {
        return Err(Fault::invalid("The DNS name that you provided is invalid"));
    }
    Ok(())
}

fn is_dns_name(name: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=DNS_NAME).contains(&name.len()) && name.chars().all(legal) && !name.starts_with(['-', '.'])
}
