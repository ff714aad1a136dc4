//! The network configuration (ecs-semantics.md §3.1, item 10).

use aws_sdk_ecs::types::{AssignPublicIp, NetworkConfiguration, NetworkMode, TaskDefinition};

use crate::fault::Fault;

/// The most subnets of a service.
const SUBNETS: usize = 16;

/// The most security groups of a service.
const SECURITY_GROUPS: usize = 5;

/// The configuration fits the definition's network mode. The answer is what is shown: with what was left out.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check(
    definition: &TaskDefinition,
    given: Option<&NetworkConfiguration>,
) -> Result<Option<NetworkConfiguration>, Fault> {
    let awsvpc = definition.network_mode() == Some(&NetworkMode::Awsvpc);
    let configuration = given.and_then(NetworkConfiguration::awsvpc_configuration);
    let configuration = match configuration {
        None if awsvpc => {
            return Err(Fault::invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        }
        Some(_) if !awsvpc => {
            return Err(Fault::invalid(
                "Network Configuration is not valid for the given networkMode of this task definition.",
            ));
        }
        None => return Ok(None),
        Some(configuration) => configuration,
    };
    if configuration.subnets.is_empty() {
        return Err(Fault::invalid("subnets can not be empty."));
    }
    if configuration.subnets.len() > SUBNETS {
        return Err(Fault::invalid(format!(
            "subnets can have at most {SUBNETS} items."
        )));
    }
    if configuration.security_groups().len() > SECURITY_GROUPS {
        return Err(Fault::invalid(format!(
            "securityGroups can have at most {SECURITY_GROUPS} items."
        )));
    }
    if let Some(id) = configuration.subnets.iter().find(|id| !id.starts_with("subnet-")) {
        return Err(Fault::invalid(format!(
            "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not exist (ErrorCode: \
             InvalidSubnetID.NotFound)"
        )));
    }
    if let Some(id) = configuration
        .security_groups()
        .iter()
        .find(|id| !id.starts_with("sg-"))
    {
        return Err(Fault::invalid(format!(
            "Error retrieving security group information for [{id}]: The security group '{id}' does not exist (ErrorCode: \
             InvalidGroup.NotFound)"
        )));
    }
    let mut shown = configuration.clone();
    shown.assign_public_ip.get_or_insert(AssignPublicIp::Disabled);
    shown.security_groups.get_or_insert_default();
    Ok(Some(
        NetworkConfiguration::builder()
            .awsvpc_configuration(shown)
            .build(),
    ))
}
