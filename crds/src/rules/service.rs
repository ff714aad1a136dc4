//! Rules of `EcsService` (ecs-semantics.md §3.1, §3.3, §5.3).

use kube::core::{Reason, Rule};

use super::{
    Rules, at_most_one, immutable, immutable_with_default, management, named_by, rule, strategy, tags,
};

const DAEMON: &str = "has(self.schedulingStrategy) && self.schedulingStrategy == 'DAEMON'";
const FARGATE: &str = "has(self.launchType) && self.launchType == 'FARGATE'";
const EXTERNAL: &str = "has(self.deploymentController) && self.deploymentController.type == 'EXTERNAL'";

pub(crate) fn rules() -> Rules {
    let mut spec = references();
    spec.extend(scheduling());
    spec.extend(placement());
    spec.extend(rollout());
    spec.extend(immutables());
    spec.extend(tags());
    spec.extend(management());
    Rules {
        spec,
        object: vec![named_by("serviceName")],
    }
}

fn references() -> Vec<Rule> {
    vec![
        at_most_one("cluster", "clusterRef"),
        at_most_one("taskDefinition", "taskDefinitionRef"),
        rule(
            format!("({EXTERNAL}) || has(self.taskDefinition) || has(self.taskDefinitionRef)"),
            "",
            "set taskDefinition or taskDefinitionRef",
        )
        .reason(Reason::FieldValueRequired),
        rule(
            format!(
                "!({EXTERNAL}) || !(has(self.taskDefinition) || has(self.taskDefinitionRef) || (has(self.loadBalancers) && self.loadBalancers.size() > 0))"
            ),
            "deploymentController",
            "with the deploymentController EXTERNAL, task definition and load balancers belong to the task sets",
        ),
    ]
}

fn scheduling() -> Vec<Rule> {
    let daemon_without = |holds: &str, at: &str, message: &str| {
        rule(format!("!({DAEMON}) || {holds}"), at, message).reason(Reason::FieldValueForbidden)
    };
    vec![
        daemon_without(
            "!has(self.desiredCount)",
            "desiredCount",
            "a DAEMON service runs one task on each instance: remove desiredCount",
        ),
        daemon_without(
            "!has(self.launchType) || self.launchType != 'FARGATE'",
            "launchType",
            "a DAEMON service needs instances, FARGATE has none",
        ),
        daemon_without(
            "!has(self.placementStrategy) || self.placementStrategy.size() == 0",
            "placementStrategy",
            "a DAEMON service takes every instance: remove placementStrategy",
        ),
        daemon_without(
            "!has(self.availabilityZoneRebalancing) || self.availabilityZoneRebalancing == 'DISABLED'",
            "availabilityZoneRebalancing",
            "a DAEMON service cannot be rebalanced between zones",
        ),
        daemon_without(
            "!has(self.volumeConfigurations) || self.volumeConfigurations.size() == 0",
            "volumeConfigurations",
            "a DAEMON service cannot have volumes made at launch",
        ),
        daemon_without(
            "!has(self.deploymentController) || self.deploymentController.type == 'ECS'",
            "deploymentController",
            "a DAEMON service is deployed by the deploymentController ECS only",
        ),
        daemon_without(
            "!has(self.deploymentConfiguration) || !has(self.deploymentConfiguration.maximumPercent) || \
             self.deploymentConfiguration.maximumPercent <= 100",
            "deploymentConfiguration",
            "a DAEMON service stops a task before it starts the next: maximumPercent is 100",
        ),
    ]
}

fn placement() -> Vec<Rule> {
    let mut rules = vec![
        rule(
            "!(has(self.launchType) && has(self.capacityProviderStrategy) && self.capacityProviderStrategy.size() > 0)",
            "launchType",
            "set at most one of launchType and capacityProviderStrategy",
        )
        .reason(Reason::FieldValueForbidden),
        rule(
            format!("!({FARGATE}) || (has(self.networkConfiguration) && has(self.networkConfiguration.awsvpcConfiguration))"),
            "networkConfiguration",
            "tasks on FARGATE have their own address: set networkConfiguration.awsvpcConfiguration",
        ),
        rule(
            format!("!({FARGATE}) || ((!has(self.placementStrategy) || self.placementStrategy.size() == 0) && (!has(self.placementConstraints) || self.placementConstraints.size() == 0))"),
            "launchType",
            "FARGATE places tasks itself: remove placementStrategy and placementConstraints",
        ),
        rule(
            "!has(self.platformVersion) || !has(self.launchType) || self.launchType == 'FARGATE'",
            "platformVersion",
            "platformVersion is for FARGATE only",
        ),
        rule(
            "!has(self.placementStrategy) || self.placementStrategy.all(s, !has(s.type) || \
             (s.type == 'random' ? !has(s.field) || s.field == '' : has(s.field) && s.field != ''))",
            "placementStrategy",
            "spread and binpack need a field, random has none",
        ),
        rule(
            "!has(self.placementStrategy) || self.placementStrategy.all(s, !has(s.type) || s.type != 'binpack' || \
             !has(s.field) || s.field.lowerAscii() in ['cpu', 'memory'])",
            "placementStrategy",
            "binpack goes by the field cpu or memory",
        ),
        rule(
            "!has(self.placementConstraints) || self.placementConstraints.all(c, !has(c.type) || \
             (c.type == 'memberOf') == (has(c.expression) && c.expression != ''))",
            "placementConstraints",
            "memberOf needs an expression, distinctInstance has none",
        ),
    ];
    rules.extend(strategy("capacityProviderStrategy"));
    rules
}

fn rollout() -> Vec<Rule> {
    vec![
        rule(
            "!has(self.deploymentConfiguration) || !has(self.deploymentConfiguration.maximumPercent) || \
             !has(self.deploymentConfiguration.minimumHealthyPercent) || \
             self.deploymentConfiguration.maximumPercent != 100 || \
             self.deploymentConfiguration.minimumHealthyPercent != 100",
            "deploymentConfiguration",
            "maximumPercent and minimumHealthyPercent cannot both be 100, no task could be replaced",
        ),
        rule(
            "!has(self.deploymentConfiguration) || !has(self.deploymentConfiguration.maximumPercent) || \
             self.deploymentConfiguration.maximumPercent > 100 || !has(self.availabilityZoneRebalancing) || \
             self.availabilityZoneRebalancing == 'DISABLED'",
            "availabilityZoneRebalancing",
            "rebalancing between zones starts a task before it stops one: maximumPercent must be above 100",
        ),
        rule(
            "!has(self.loadBalancers) || self.loadBalancers.all(b, !(has(b.targetGroupArn) && has(b.loadBalancerName)))",
            "loadBalancers",
            "each load balancer is named by at most one of targetGroupArn and loadBalancerName",
        ),
    ]
}

fn immutables() -> Vec<Rule> {
    let anew = "delete the service and create it anew";
    vec![
        immutable("serviceName", "ECS services cannot be renamed"),
        immutable("cluster", "ECS services do not move between clusters"),
        immutable("clusterRef", "ECS services do not move between clusters"),
        immutable("role", anew),
        immutable_with_default("schedulingStrategy", "'REPLICA'", anew),
        rule(
            "!has(self.launchType) || (has(oldSelf.launchType) && self.launchType == oldSelf.launchType)",
            "launchType",
            "launchType cannot be changed; a capacityProviderStrategy can take its place",
        ),
        rule(
            "has(self.launchType) || !has(oldSelf.launchType) || \
             (has(self.capacityProviderStrategy) && self.capacityProviderStrategy.size() > 0)",
            "",
            "launchType cannot be removed unless a capacityProviderStrategy takes its place",
        ),
    ]
}

#[cfg(test)]
mod tests;
