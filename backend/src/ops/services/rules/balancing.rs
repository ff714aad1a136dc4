//! Load balancers and service registries, and for how long health checks are not heeded (ecs-semantics.md §3.1, items 11 and 12,
//! and §3.12).

use aws_sdk_ecs::types::{LoadBalancer, NetworkMode, ServiceRegistry, TaskDefinition};

use crate::fault::Fault;

/// The most target groups of a service.
const TARGET_GROUPS: usize = 5;

/// The load balancers name a target group or a classic balancer, and a port of a container.
///
/// # Errors
/// `InvalidParameterException`; `UnsupportedFeatureException` for what traffic shifting needs.
pub fn balancers(definition: &TaskDefinition, given: &[LoadBalancer], fargate: bool) -> Result<(), Fault> {
    if given.len() > TARGET_GROUPS {
        return Err(Fault::invalid(format!(
            "load balancers can have at most {TARGET_GROUPS} items"
        )));
    }
    for balancer in given {
        match (balancer.target_group_arn(), balancer.load_balancer_name()) {
            (Some(_), Some(_)) => {
                return Err(Fault::invalid(
                    "loadBalancerName and targetGroupArn cannot both be specified",
                ));
            }
            (None, None) => {
                return Err(Fault::invalid(
                    "targetGroupArn or loadBalancerName must be specified",
                ));
            }
            (None, Some(_)) if fargate => {
                return Err(Fault::invalid(
                    "Classic Load Balancers are not supported with Fargate",
                ));
            }
            (None, Some(_)) if definition.network_mode() == Some(&NetworkMode::Awsvpc) => {
                return Err(Fault::invalid(
                    "Classic Load Balancers are not supported with awsvpc networkMode",
                ));
            }
            (None, Some(_)) if given.len() > 1 => {
                return Err(Fault::invalid(
                    "A Classic Load Balancer must be the only load balancer of a service",
                ));
            }
            (Some(arn), None) if !arn.contains(":targetgroup/") => {
                return Err(Fault::invalid(format!("The target group ARN {arn} is not valid")));
            }
            _ => {}
        }
        if balancer.advanced_configuration().is_some() {
            return Err(Fault::unsupported(
                "Traffic shifting between target groups is not supported by this backend.",
            ));
        }
        port(definition, balancer.container_name(), balancer.container_port)?;
    }
    Ok(())
}

/// The container has the port.
fn port(definition: &TaskDefinition, container: Option<&str>, port: Option<i32>) -> Result<(), Fault> {
    let name = container.unwrap_or_default();
    let Some(found) = definition
        .container_definitions()
        .iter()
        .find(|found| found.name() == Some(name))
    else {
        return Err(Fault::invalid(format!(
            "The container {name} does not exist in the task definition."
        )));
    };
    let port = port.unwrap_or_default();
    if found
        .port_mappings()
        .iter()
        .any(|mapping| mapping.container_port == Some(port))
    {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "The container {name} did not have a container port {port} defined."
    )))
}

/// The grace period is no negative time.
///
/// # Errors
/// `InvalidParameterException`.
pub fn grace_period(seconds: Option<i32>) -> Result<(), Fault> {
    match seconds {
        Some(seconds) if seconds < 0 => {
            Err(Fault::invalid("healthCheckGracePeriodSeconds must be at least 0"))
        }
        _ => Ok(()),
    }
}

/// At most one registry, whose container is there; in `awsvpc` without SRV records neither container nor port is needed.
///
/// # Errors
/// `InvalidParameterException`.
pub fn registries(definition: &TaskDefinition, given: &[ServiceRegistry]) -> Result<(), Fault> {
    if given.len() > 1 {
        return Err(Fault::invalid("service registries can have at most 1 items"));
    }
    for registry in given {
        if registry.port.is_some() && registry.container_port.is_some() {
            return Err(Fault::invalid(
                "The values specified for serviceRegistries do not require a value for 'containerPort'",
            ));
        }
        if let (Some(name), Some(number)) = (registry.container_name(), registry.container_port) {
            port(definition, Some(name), Some(number))?;
        }
    }
    Ok(())
}
