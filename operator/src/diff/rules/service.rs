//! Services: what `CreateService` fills in, and what ECS or a scaler owns (ecs-semantics.md §3.1, §3.16).

use serde_json::Value;

use super::Equivalence::{ArnOrName, IgnoringCase, TaskDefinition, Unreadable};
use super::Plain::{Flag, Number, Text};
use super::Rule::{self, Default, Equivalent, KeyedBy, ServerOwned, Set};
use super::Rules;

const COMMON: &[Rule] = &[
    // Owned by ECS or a scaler when absent: the whole list of such members of a service.
    ServerOwned("desiredCount"),
    ServerOwned("launchType"),
    ServerOwned("availabilityZoneRebalancing"),
    ServerOwned("role"),
    ServerOwned("cluster"),
    ServerOwned("deploymentConfiguration.earlySuccessCriteria.healthyPercent"),
    ServerOwned("deploymentConfiguration.earlySuccessCriteria.sourceServiceRevisionCleanup"),
    ServerOwned("deploymentConfiguration.lifecycleHooks[].timeoutConfiguration"),
    ServerOwned("deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration"),
    ServerOwned("deploymentConfiguration.linearConfiguration"),
    ServerOwned("deploymentConfiguration.canaryConfiguration"),
    ServerOwned("serviceConnectConfiguration.namespace"),
    ServerOwned("serviceConnectConfiguration.services[].discoveryName"),
    ServerOwned("serviceConnectConfiguration.services[].clientAliases[].dnsName"),
    ServerOwned("serviceConnectConfiguration.services[].timeout"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.encrypted"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.filesystemType"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.iops"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.kmsKeyId"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.sizeInGiB"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.throughput"),
    ServerOwned("volumeConfigurations[].managedEBSVolume.volumeType"),
    ServerOwned("gatewayConnectors[].healthCheck"),
    ServerOwned("gatewayConnectors[].filters"),
    // Names and ARNs.
    Equivalent("cluster", ArnOrName),
    Equivalent("role", ArnOrName),
    Equivalent("taskDefinition", TaskDefinition),
    Equivalent("capacityProviderStrategy[].capacityProvider", ArnOrName),
    Equivalent("serviceConnectConfiguration.namespace", Unreadable),
    Equivalent("placementStrategy[].field", IgnoringCase),
    Equivalent("placementStrategy[].type", IgnoringCase),
    // Lists.
    Set("networkConfiguration.awsvpcConfiguration.subnets"),
    Set("networkConfiguration.awsvpcConfiguration.securityGroups"),
    Set("loadBalancers"),
    Set("serviceRegistries"),
    Set("placementConstraints"),
    Set("vpcLatticeConfigurations"),
    Set("deploymentConfiguration.alarms.alarmNames"),
    Set("deploymentConfiguration.lifecycleHooks"),
    Set("deploymentConfiguration.lifecycleHooks[].lifecycleStages"),
    Set("serviceConnectConfiguration.services[].clientAliases"),
    Set("monitoring.metricConfigurations"),
    Set("monitoring.metricConfigurations[].metricNames"),
    KeyedBy("capacityProviderStrategy", "capacityProvider"),
    KeyedBy("volumeConfigurations", "name"),
    KeyedBy("gatewayConnectors", "portName"),
    KeyedBy("serviceConnectConfiguration.services", "portName"),
    KeyedBy(
        "serviceConnectConfiguration.logConfiguration.secretOptions",
        "name",
    ),
    KeyedBy("tags", "key"),
    // Defaults.
    Default("schedulingStrategy", Text("REPLICA")),
    Default("deploymentController.type", Text("ECS")),
    Default("platformVersion", Text("LATEST")),
    Default("propagateTags", Text("NONE")),
    Default("healthCheckGracePeriodSeconds", Number(0)),
    Default(
        "networkConfiguration.awsvpcConfiguration.assignPublicIp",
        Text("DISABLED"),
    ),
    Default("capacityProviderStrategy[].base", Number(0)),
    Default("capacityProviderStrategy[].weight", Number(0)),
    Default("deploymentConfiguration.strategy", Text("ROLLING")),
    Default("deploymentConfiguration.bakeTimeInMinutes", Number(0)),
    Default(
        "deploymentConfiguration.deploymentCircuitBreaker.resetOnHealthyTask",
        Flag(true),
    ),
    Default(
        "serviceConnectConfiguration.accessLogConfiguration.includeQueryParameters",
        Text("DISABLED"),
    ),
];

const REPLICA: &[Rule] = &[
    Default("deploymentConfiguration.maximumPercent", Number(200)),
    Default("deploymentConfiguration.minimumHealthyPercent", Number(100)),
];

/// ecs-semantics.md §3.3.
const DAEMON: &[Rule] = &[
    Default("deploymentConfiguration.maximumPercent", Number(100)),
    Default("deploymentConfiguration.minimumHealthyPercent", Number(0)),
];

/// Without a launch type and a strategy the cluster's default strategy was taken, and stays.
const CLUSTERS_CHOICE: &[Rule] = &[ServerOwned("capacityProviderStrategy")];

/// A revision says which platform version `LATEST` was, and has what ECS resolved.
const REVISION: &[Rule] = &[
    ServerOwned("platformVersion"),
    ServerOwned("capacityProviderStrategy"),
];

/// The rules for a service whose input is `desired`: some defaults depend on other members.
pub fn service(desired: &Value) -> Rules {
    let text = |member| desired.get(member).and_then(Value::as_str);
    let daemon = text("schedulingStrategy") == Some("DAEMON");
    let rules = Rules::of(COMMON).under(if daemon { DAEMON } else { REPLICA });
    if text("launchType").is_none() {
        rules.under(CLUSTERS_CHOICE)
    } else {
        rules
    }
}

/// The rules for comparing an input with a service revision: is this what that revision was meant to be?
pub fn service_revision() -> Rules {
    Rules::of(COMMON).under(REPLICA).under(REVISION)
}

#[cfg(test)]
mod tests {
    use super::super::super::drift::drift;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_ecs_fills_in_is_no_drift() {
        let desired = json!({"taskDefinition": "web:3", "launchType": "FARGATE", "desiredCount": 3,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"]}}});
        let observed = json!({"taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:3", "launchType": "FARGATE",
            "desiredCount": 3, "platformVersion": "LATEST", "schedulingStrategy": "REPLICA", "propagateTags": "NONE",
            "deploymentController": {"type": "ECS"}, "availabilityZoneRebalancing": "ENABLED",
            "enableECSManagedTags": false, "enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 0,
            "role": "arn:aws:iam::1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "loadBalancers": [], "serviceRegistries": [], "placementConstraints": [], "placementStrategy": [],
            "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING",
                "bakeTimeInMinutes": 0, "deploymentCircuitBreaker": {"enable": false, "rollback": false},
                "alarms": {"alarmNames": [], "enable": false, "rollback": false}},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["b", "a"], "securityGroups": [], "assignPublicIp": "DISABLED"}}});
        assert_eq!(drift(&desired, &observed, &service(&desired)), []);
    }

    #[test]
    fn a_strategy_is_the_clusters_only_while_nobody_names_one() {
        let observed =
            json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]});
        let cases = [
            (json!({}), 0),
            (
                json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
                0,
            ),
            (
                json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}),
                2,
            ),
            (json!({"launchType": "FARGATE"}), 2),
        ];
        for (desired, changes) in cases {
            assert_eq!(
                drift(&desired, &observed, &service(&desired)).len(),
                changes,
                "{desired}"
            );
        }
    }

    #[test]
    fn a_daemon_has_its_own_percentages() {
        let desired = json!({"schedulingStrategy": "DAEMON"});
        let observed = json!({"schedulingStrategy": "DAEMON", "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0}});
        assert_eq!(drift(&desired, &observed, &service(&desired)), []);
        assert_eq!(drift(&json!({}), &observed, &service(&json!({}))).len(), 3);
    }
}
