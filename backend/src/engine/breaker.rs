//! The deployment circuit breaker: how many failures are too many (ecs-semantics.md §3.9). Pure.

use aws_sdk_ecs::types::{DeploymentCircuitBreaker, DeploymentConfiguration, ThresholdType};

/// The circuit breaker of a configuration, where it is switched on.
pub fn used(given: Option<&DeploymentConfiguration>) -> Option<&DeploymentCircuitBreaker> {
    given?
        .deployment_circuit_breaker()
        .filter(|breaker| breaker.enable)
}

/// How many failures make a deployment fail, for a service of this desired count. The default is half of it, but at least
/// 3 and at most 200.
pub fn threshold(breaker: &DeploymentCircuitBreaker, desired: i32) -> i32 {
    let (kind, value) = breaker
        .threshold_configuration()
        .map_or((&ThresholdType::BoundedPercent, 50), |configured| {
            (&configured.r#type, configured.value)
        });
    let share = || {
        let hundredths = i64::from(value) * i64::from(desired.max(0));
        i32::try_from((hundredths + 99) / 100).unwrap_or(i32::MAX)
    };
    match kind {
        ThresholdType::Count => value,
        ThresholdType::UnboundedPercent => share().max(1),
        _ => share().clamp(3, 200),
    }
}

/// Whether a healthy task sets the count of failures back to 0; it does unless told otherwise.
pub fn resets(breaker: &DeploymentCircuitBreaker) -> bool {
    breaker.reset_on_healthy_task().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::ThresholdConfiguration;

    use super::*;

    fn breaker(threshold: Option<(ThresholdType, i32)>) -> DeploymentCircuitBreaker {
        let configured = threshold.map(|(kind, value)| {
            ThresholdConfiguration::builder()
                .r#type(kind)
                .value(value)
                .build()
                .unwrap()
        });
        DeploymentCircuitBreaker::builder()
            .enable(true)
            .rollback(true)
            .set_threshold_configuration(configured)
            .build()
    }

    #[test]
    fn the_default_is_half_within_3_and_200() {
        for (desired, expected) in [
            (0, 3),
            (1, 3),
            (5, 3),
            (6, 3),
            (7, 4),
            (25, 13),
            (400, 200),
            (800, 200),
        ] {
            assert_eq!(threshold(&breaker(None), desired), expected, "{desired}");
        }
    }

    #[test]
    fn a_threshold_can_be_configured() {
        let cases = [
            (ThresholdType::BoundedPercent, 10, 100, 10),
            (ThresholdType::BoundedPercent, 10, 10, 3),
            (ThresholdType::UnboundedPercent, 10, 10, 1),
            (ThresholdType::UnboundedPercent, 100, 800, 800),
            (ThresholdType::Count, 7, 800, 7),
        ];
        for (kind, value, desired, expected) in cases {
            assert_eq!(
                threshold(&breaker(Some((kind.clone(), value))), desired),
                expected,
                "{kind} {value} {desired}"
            );
        }
    }
}
