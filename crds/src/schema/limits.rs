//! Limits that ECS has although its model does not say so, and caps that keep the rules within the API server's budget.
//!
//! Each is one of the service's documented limits (ecs-semantics.md, as cited), or, where it says *cap*, an upper bound that
//! no valid input reaches and without which a rule over the member would be refused as too costly (engineering.md §8.2).

use serde_json::{Value, json};

/// The alphabet of names: letters, digits, hyphens and underscores, 1 to 255 (ecs-semantics.md §0.3).
const NAME: &str = "^[a-zA-Z0-9_-]{1,255}$";
/// The longest ARN.
const ARN: u32 = 2048;

enum Limit {
    /// An integer within these, both included.
    Range(i64, i64),
    /// A number within these, both included.
    Share(f64, f64),
    /// At least this.
    AtLeast(i64),
    /// At least as many and at most as many items.
    Items(u32, u32),
    /// At most as many entries of a map.
    Entries(u32),
    /// A string of at most this length.
    Length(u32),
    /// A string of at least one character and at most this length.
    Filled(u32),
    /// A string of at most this length that matches.
    Text(&'static str, u32),
}

use Limit::{AtLeast, Entries, Filled, Items, Length, Range, Share, Text};

const LIMITS: [(&str, &str, Limit); 92] = [
    // Clusters and providers: §0.3, §1.18, §6.3, §7.2.
    ("CreateClusterRequest", "clusterName", Text(NAME, 255)),
    ("CreateClusterRequest", "capacityProviders", Items(0, 20)),
    (
        "CreateClusterRequest",
        "defaultCapacityProviderStrategy",
        Items(0, 20),
    ),
    ("CreateClusterRequest", "settings", Items(0, 10)),
    ("ClusterSetting", "value", Length(255)),
    ("CapacityProviderStrategyItem", "capacityProvider", Filled(255)),
    ("CreateCapacityProviderRequest", "name", Text(NAME, 255)),
    ("CreateCapacityProviderRequest", "cluster", Filled(ARN)),
    ("AutoScalingGroupProvider", "autoScalingGroupArn", Filled(ARN)),
    (
        "CreateManagedInstancesProviderConfiguration",
        "infrastructureRoleArn",
        Filled(ARN),
    ),
    ("InstanceLaunchTemplate", "ec2InstanceProfileArn", Filled(ARN)),
    ("ManagedInstancesNetworkConfiguration", "subnets", Items(0, 16)),
    (
        "ManagedInstancesNetworkConfiguration",
        "securityGroups",
        Items(0, 16),
    ),
    (
        "ManagedInstancesStorageConfiguration",
        "storageSizeGiB",
        Range(30, 16384),
    ),
    // Services: §0.3, §3.1, §3.6, §3.7, §7.2.
    ("CreateServiceRequest", "serviceName", Text(NAME, 255)),
    ("CreateServiceRequest", "cluster", Filled(ARN)),
    ("CreateServiceRequest", "taskDefinition", Filled(ARN)),
    ("CreateServiceRequest", "role", Filled(ARN)),
    ("CreateServiceRequest", "clientToken", Text("^[!-~]{0,36}$", 36)),
    ("CreateServiceRequest", "platformVersion", Length(64)),
    ("CreateServiceRequest", "desiredCount", AtLeast(0)),
    (
        "CreateServiceRequest",
        "healthCheckGracePeriodSeconds",
        AtLeast(0),
    ),
    ("CreateServiceRequest", "capacityProviderStrategy", Items(0, 20)),
    ("CreateServiceRequest", "loadBalancers", Items(0, 20)),
    ("CreateServiceRequest", "serviceRegistries", Items(0, 1)),
    ("CreateServiceRequest", "placementConstraints", Items(0, 10)),
    ("CreateServiceRequest", "placementStrategy", Items(0, 5)),
    ("CreateServiceRequest", "volumeConfigurations", Items(0, 10)),
    ("PlacementConstraint", "expression", Length(2000)),
    ("PlacementStrategy", "field", Length(255)),
    ("LoadBalancer", "targetGroupArn", Length(ARN)),
    ("LoadBalancer", "loadBalancerName", Length(255)),
    ("LoadBalancer", "containerName", Length(255)),
    ("LoadBalancer", "containerPort", Range(0, 65535)),
    ("ServiceRegistry", "port", Range(0, 65535)),
    ("ServiceRegistry", "containerPort", Range(0, 65535)),
    ("AwsVpcConfiguration", "subnets", Items(1, 16)),
    ("AwsVpcConfiguration", "securityGroups", Items(0, 5)),
    ("DeploymentConfiguration", "maximumPercent", Range(100, 200)),
    ("DeploymentConfiguration", "minimumHealthyPercent", Range(0, 100)),
    ("DeploymentConfiguration", "bakeTimeInMinutes", Range(0, 1440)),
    ("DeploymentConfiguration", "lifecycleHooks", Items(0, 20)),
    ("LinearConfiguration", "stepPercent", Share(3.0, 100.0)),
    ("LinearConfiguration", "stepBakeTimeInMinutes", Range(0, 1440)),
    ("CanaryConfiguration", "canaryPercent", Share(0.1, 100.0)),
    ("CanaryConfiguration", "canaryBakeTimeInMinutes", Range(0, 1440)),
    ("ThresholdConfiguration", "value", AtLeast(1)),
    // Task definitions: §2.1, §2.5, §2.7 – §2.11.
    ("RegisterTaskDefinitionRequest", "family", Text(NAME, 255)),
    (
        "RegisterTaskDefinitionRequest",
        "containerDefinitions",
        Items(1, 10),
    ),
    ("RegisterTaskDefinitionRequest", "cpu", Length(32)),
    ("RegisterTaskDefinitionRequest", "memory", Length(32)),
    ("RegisterTaskDefinitionRequest", "taskRoleArn", Length(ARN)),
    ("RegisterTaskDefinitionRequest", "executionRoleArn", Length(ARN)),
    (
        "RegisterTaskDefinitionRequest",
        "placementConstraints",
        Items(0, 10),
    ),
    (
        "RegisterTaskDefinitionRequest",
        "requiresCompatibilities",
        Items(0, 4),
    ),
    ("RegisterTaskDefinitionRequest", "volumes", Items(0, 50)), // cap
    ("TaskDefinitionPlacementConstraint", "expression", Length(2000)),
    ("EphemeralStorage", "sizeInGiB", Range(21, 200)),
    ("ContainerDefinition", "name", Text(NAME, 255)),
    ("ContainerDefinition", "image", Filled(255)),
    ("ContainerDefinition", "cpu", AtLeast(0)),
    ("ContainerDefinition", "memory", AtLeast(4)),
    ("ContainerDefinition", "memoryReservation", AtLeast(4)),
    ("ContainerDefinition", "portMappings", Items(0, 100)),
    ("ContainerDefinition", "mountPoints", Items(0, 50)), // cap
    ("ContainerDefinition", "dependsOn", Items(0, 10)),   // cap: there are no more containers
    ("ContainerDefinition", "environmentFiles", Items(0, 10)),
    ("ContainerDefinition", "environment", Items(0, 1000)), // cap: 64 KiB for the whole definition
    ("ContainerDefinition", "secrets", Items(0, 1000)),     // cap
    ("ContainerDefinition", "ulimits", Items(0, 15)),       // cap: one of each name
    ("ContainerDefinition", "dockerLabels", Entries(1000)), // cap
    ("ContainerDefinition", "credentialSpecs", Items(0, 1)),
    ("ContainerDefinition", "startTimeout", AtLeast(2)),
    ("ContainerDefinition", "stopTimeout", AtLeast(2)),
    ("ContainerDependency", "containerName", Filled(255)),
    ("PortMapping", "containerPort", Range(0, 65535)),
    ("PortMapping", "hostPort", Range(0, 65535)),
    ("PortMapping", "name", Text("^[a-z0-9_][a-z0-9_-]{0,63}$", 64)),
    (
        "PortMapping",
        "containerPortRange",
        Text("^[0-9]{1,5}-[0-9]{1,5}$", 11),
    ),
    ("MountPoint", "sourceVolume", Length(255)),
    ("VolumeFrom", "sourceContainer", Length(255)),
    ("Volume", "name", Text(NAME, 255)),
    ("HealthCheck", "command", Items(1, 100)),
    ("HealthCheck", "interval", Range(5, 300)),
    ("HealthCheck", "timeout", Range(2, 60)),
    ("HealthCheck", "retries", Range(1, 10)),
    ("HealthCheck", "startPeriod", Range(0, 300)),
    ("ContainerRestartPolicy", "ignoredExitCodes", Items(0, 50)),
    ("ContainerRestartPolicy", "restartAttemptPeriod", Range(60, 1800)),
    ("LinuxParameters", "swappiness", Range(0, 100)),
    ("LinuxParameters", "maxSwap", AtLeast(0)),
    ("ResourceRequirement", "value", Length(255)),
];

/// The words that these limits add to the schema of this member.
pub(super) fn of(structure: &str, member: &str) -> Vec<(&'static str, Value)> {
    let limit = LIMITS
        .iter()
        .find(|(of, name, _)| (*of, *name) == (structure, member));
    match limit.map(|(_, _, limit)| limit) {
        None => Vec::new(),
        Some(Range(min, max)) => vec![("minimum", json!(min)), ("maximum", json!(max))],
        Some(Share(min, max)) => vec![("minimum", json!(min)), ("maximum", json!(max))],
        Some(AtLeast(min)) => vec![("minimum", json!(min))],
        Some(Items(0, max)) => vec![("maxItems", json!(max))],
        Some(Items(min, max)) => vec![("minItems", json!(min)), ("maxItems", json!(max))],
        Some(Entries(max)) => vec![("maxProperties", json!(max))],
        Some(Length(max)) => vec![("maxLength", json!(max))],
        Some(Filled(max)) => vec![("minLength", json!(1)), ("maxLength", json!(max))],
        Some(Text(pattern, max)) => vec![("maxLength", json!(max)), ("pattern", json!(pattern))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecs_model::facts::{ShapeFacts, model};
    use std::collections::BTreeSet;

    #[test]
    fn every_limit_fits_its_member_and_the_model_has_none() {
        let mut seen = BTreeSet::new();
        for (structure, member, limit) in LIMITS {
            let at = format!("{structure}.{member}");
            assert!(seen.insert(at.clone()), "{at} twice");
            let facts = model().structure(structure).unwrap_or_else(|| panic!("{at}"));
            let of = model()
                .shape(facts.members.get(member).unwrap_or_else(|| panic!("{at}")))
                .unwrap();
            let fits = match (&limit, of) {
                (Range(..) | AtLeast(_), ShapeFacts::Integer { min, max: None }) => {
                    min.is_none_or(|min| min == 1)
                }
                (Share(..), ShapeFacts::Double { min: None, max: None })
                | (Items(..), ShapeFacts::List { max: None, .. })
                | (Entries(_), ShapeFacts::Map { max: None, .. }) => true,
                (Length(_) | Filled(_) | Text(..), ShapeFacts::String(facts)) => facts.max.is_none(),
                _ => false,
            };
            assert!(fits, "{at}: {of:?}");
        }
    }
}
