//! The deployment configuration (ecs-semantics.md §3.1, item 14).

use aws_sdk_ecs::types::{
    DeploymentCircuitBreaker, DeploymentConfiguration, DeploymentStrategy, ThresholdType,
};

use crate::fault::Fault;

/// What a service has after `given` was put over `current`: members that are not given stay, and what neither has is ECS's
/// default for REPLICA.
pub fn merged(
    current: Option<&DeploymentConfiguration>,
    given: Option<&DeploymentConfiguration>,
) -> DeploymentConfiguration {
    let mut merged = current
        .cloned()
        .unwrap_or_else(|| DeploymentConfiguration::builder().build());
    if let Some(given) = given.cloned() {
        merged.deployment_circuit_breaker = given
            .deployment_circuit_breaker
            .or(merged.deployment_circuit_breaker);
        merged.maximum_percent = given.maximum_percent.or(merged.maximum_percent);
        merged.minimum_healthy_percent = given.minimum_healthy_percent.or(merged.minimum_healthy_percent);
        merged.alarms = given.alarms.or(merged.alarms);
        merged.strategy = given.strategy.or(merged.strategy);
        merged.bake_time_in_minutes = given.bake_time_in_minutes.or(merged.bake_time_in_minutes);
        merged.lifecycle_hooks = given.lifecycle_hooks.or(merged.lifecycle_hooks);
        merged.linear_configuration = given.linear_configuration.or(merged.linear_configuration);
        merged.canary_configuration = given.canary_configuration.or(merged.canary_configuration);
        merged.early_success_criteria = given.early_success_criteria.or(merged.early_success_criteria);
    }
    merged.maximum_percent.get_or_insert(200);
    merged.minimum_healthy_percent.get_or_insert(100);
    merged.strategy.get_or_insert(DeploymentStrategy::Rolling);
    merged.bake_time_in_minutes.get_or_insert(0);
    merged.deployment_circuit_breaker.get_or_insert_with(|| {
        DeploymentCircuitBreaker::builder()
            .enable(false)
            .rollback(false)
            .build()
    });
    merged
}

/// The percentages leave room for a deployment, and the strategy is one that is carried out.
///
/// # Errors
/// `InvalidParameterException`; `UnsupportedFeatureException` for traffic shifting.
pub fn check(configuration: &DeploymentConfiguration) -> Result<(), Fault> {
    let minimum = configuration.minimum_healthy_percent.unwrap_or(100);
    let maximum = configuration.maximum_percent.unwrap_or(200);
    let words = match (minimum, maximum) {
        (minimum, _) if minimum < 0 => "minimumHealthyPercent must be at least 0",
        (minimum, _) if minimum > 100 => "minimumHealthyPercent must be at most 100",
        (_, maximum) if maximum < 100 => "maximumPercent must be at least 100",
        (_, maximum) if maximum > 200 => "maximumPercent must be at most 200",
        (100, 100) => {
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments"
        }
        _ => "",
    };
    if !words.is_empty() {
        return Err(Fault::invalid(words));
    }
    if let Some(strategy) = configuration
        .strategy()
        .filter(|strategy| **strategy != DeploymentStrategy::Rolling)
    {
        return Err(Fault::unsupported(format!(
            "The {strategy} deployment strategy is not supported by this backend."
        )));
    }
    if !configuration.lifecycle_hooks().is_empty() {
        return Err(Fault::unsupported(
            "Deployment lifecycle hooks are not supported by this backend.",
        ));
    }
    if configuration
        .early_success_criteria()
        .is_some_and(|criteria| criteria.enable)
    {
        return Err(Fault::unsupported(
            "Early success criteria are not supported by this backend.",
        ));
    }
    if configuration
        .bake_time_in_minutes
        .is_some_and(|minutes| !(0..=1440).contains(&minutes))
    {
        return Err(Fault::invalid("bakeTimeInMinutes must be between 0 and 1440"));
    }
    let threshold = configuration
        .deployment_circuit_breaker()
        .and_then(|breaker| breaker.threshold_configuration());
    if let Some(threshold) = threshold {
        let range = if threshold.r#type == ThresholdType::Count {
            1..=i32::MAX
        } else {
            1..=100
        };
        if !range.contains(&threshold.value) {
            return Err(Fault::invalid(
                "The circuit breaker's threshold value is out of range",
            ));
        }
    }
    Ok(())
}
