//! Names, scheduling strategy, desired count, deployment controller (ecs-semantics.md §3.1, items 2 to 5 and 17).

use aws_sdk_ecs::types::{DeploymentController, DeploymentControllerType, SchedulingStrategy};

use crate::fault::Fault;

/// The greatest length of a client token of `CreateService`.
const TOKEN_LENGTH: usize = 36;

/// The letters of a service's name, and the length of its client token.
///
/// # Errors
/// `InvalidParameterException`.
pub fn names(name: &str, token: Option<&str>) -> Result<(), Fault> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() {
        return Err(Fault::invalid("Service name cannot be empty."));
    }
    if name.len() > 255 || !name.chars().all(legal) {
        return Err(Fault::invalid(
            "Invalid service name: up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed.",
        ));
    }
    if token.is_some_and(|token| token.len() > TOKEN_LENGTH) {
        return Err(Fault::invalid(
            "Invalid client token: idempotency token longer than 36.",
        ));
    }
    Ok(())
}

/// The desired count, by scheduling strategy. DAEMON is checked as ECS checks it, and then refused: this backend does not
/// schedule daemons.
///
/// # Errors
/// `InvalidParameterException`; `UnsupportedFeatureException` for DAEMON.
pub fn desired_count(scheduling: Option<&SchedulingStrategy>, desired: Option<i32>) -> Result<i32, Fault> {
    match (scheduling.unwrap_or(&SchedulingStrategy::Replica), desired) {
        (SchedulingStrategy::Replica, None) => Err(Fault::invalid("DesiredCount is missing")),
        (SchedulingStrategy::Replica, Some(count)) if count < 0 => {
            Err(Fault::invalid("DesiredCount can not be lesser than 0"))
        }
        (SchedulingStrategy::Replica, Some(count)) => Ok(count),
        (SchedulingStrategy::Daemon, Some(_)) => Err(Fault::invalid(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value \
             and try again",
        )),
        (SchedulingStrategy::Daemon, None) => Err(Fault::unsupported(
            "The DAEMON scheduling strategy is not supported by this backend.",
        )),
        _ => Err(Fault::invalid(
            "Scheduling strategy should be one of [REPLICA,DAEMON]",
        )),
    }
}

/// The deployment controller: only ECS's own is there.
///
/// # Errors
/// `UnsupportedFeatureException`.
pub fn controller(given: Option<&DeploymentController>) -> Result<(), Fault> {
    match given.map(|given| &given.r#type) {
        None | Some(DeploymentControllerType::Ecs) => Ok(()),
        Some(other) => Err(Fault::unsupported(format!(
            "The {other} deployment controller is not supported by this backend."
        ))),
    }
}
