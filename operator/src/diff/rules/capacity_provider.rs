//! Capacity providers (ecs-semantics.md §6.1, §6.3, §6.5).

use super::Equivalence::ArnOrName;
use super::Plain::{Flag, Number, Text};
use super::Rule::{self, Default, Equivalent, KeyedBy, ServerOwned, Set};
use super::Rules;

const TABLE: &[Rule] = &[
    KeyedBy("tags", "key"),
    Equivalent("cluster", ArnOrName),
    Equivalent("autoScalingGroupProvider.autoScalingGroupArn", ArnOrName),
    ServerOwned("autoScalingGroupProvider.managedScaling.status"),
    Default(
        "autoScalingGroupProvider.managedScaling.targetCapacity",
        Number(100),
    ),
    Default(
        "autoScalingGroupProvider.managedScaling.minimumScalingStepSize",
        Number(1),
    ),
    Default(
        "autoScalingGroupProvider.managedScaling.maximumScalingStepSize",
        Number(10_000),
    ),
    Default(
        "autoScalingGroupProvider.managedScaling.instanceWarmupPeriod",
        Number(300),
    ),
    Default(
        "autoScalingGroupProvider.managedTerminationProtection",
        Text("DISABLED"),
    ),
    ServerOwned("autoScalingGroupProvider.managedDraining"),
    Default("managedInstancesProvider.propagateTags", Text("NONE")),
    ServerOwned("managedInstancesProvider.infrastructureOptimization"),
    ServerOwned("managedInstancesProvider.autoRepairConfiguration"),
    ServerOwned("managedInstancesProvider.instanceLaunchTemplate.capacityOptionType"),
    // By default true in the GovCloud regions.
    ServerOwned("managedInstancesProvider.instanceLaunchTemplate.fipsEnabled"),
    Default(
        "managedInstancesProvider.instanceLaunchTemplate.instanceMetadataTagsPropagation",
        Flag(true),
    ),
    ServerOwned("managedInstancesProvider.instanceLaunchTemplate.monitoring"),
    ServerOwned("managedInstancesProvider.instanceLaunchTemplate.storageConfiguration"),
    ServerOwned("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements"),
    Set("managedInstancesProvider.instanceLaunchTemplate.networkConfiguration.subnets"),
    Set("managedInstancesProvider.instanceLaunchTemplate.networkConfiguration.securityGroups"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.allowedInstanceTypes"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.excludedInstanceTypes"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.cpuManufacturers"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.instanceGenerations"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.localStorageTypes"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.acceleratorTypes"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.acceleratorManufacturers"),
    Set("managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.acceleratorNames"),
];

/// The rules for a capacity provider.
pub fn capacity_provider() -> Rules {
    Rules::of(TABLE)
}

#[cfg(test)]
mod tests {
    use super::super::super::drift::drift;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_ecs_fills_in_is_no_drift() {
        let desired = json!({"name": "p", "autoScalingGroupProvider": {
            "autoScalingGroupArn": "workers", "managedScaling": {"status": "ENABLED", "targetCapacity": 100}}});
        let observed = json!({"name": "p", "autoScalingGroupProvider": {
            "autoScalingGroupArn": "arn:aws:autoscaling:r:1:autoScalingGroup:0:autoScalingGroupName/workers",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100, "minimumScalingStepSize": 1,
                "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300},
            "managedTerminationProtection": "DISABLED", "managedDraining": "ENABLED"}});
        assert_eq!(drift(&desired, &observed, &capacity_provider()), []);
    }
}
