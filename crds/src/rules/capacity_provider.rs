//! Rules of `CapacityProvider` (ecs-semantics.md §6.1, §6.3, §6.5).

use super::{Rules, at_most_one, immutable, management, named_by, rule, tags};

pub(crate) fn rules() -> Rules {
    let mut spec = vec![
        rule(
            "has(self.autoScalingGroupProvider) != has(self.managedInstancesProvider)",
            "",
            "set exactly one of autoScalingGroupProvider and managedInstancesProvider",
        ),
        at_most_one("cluster", "clusterRef"),
        rule(
            "has(self.managedInstancesProvider) == (has(self.cluster) || has(self.clusterRef))",
            "",
            "a managedInstancesProvider belongs to a cluster: set cluster or clusterRef; an autoScalingGroupProvider has none",
        ),
        rule(
            "!has(self.name) || !['aws', 'ecs', 'fargate'].exists(p, self.name.lowerAscii().startsWith(p))",
            "name",
            "names of capacity providers cannot begin with aws, ecs or fargate",
        ),
        rule(
            "!has(self.autoScalingGroupProvider) || !has(self.autoScalingGroupProvider.managedTerminationProtection) || \
             self.autoScalingGroupProvider.managedTerminationProtection != 'ENABLED' || \
             (has(self.autoScalingGroupProvider.managedScaling) && \
             (!has(self.autoScalingGroupProvider.managedScaling.status) || \
             self.autoScalingGroupProvider.managedScaling.status == 'ENABLED'))",
            "autoScalingGroupProvider",
            "managedTerminationProtection needs managedScaling",
        ),
        rule(
            "!has(self.autoScalingGroupProvider) || !has(self.autoScalingGroupProvider.managedScaling) || \
             !has(self.autoScalingGroupProvider.managedScaling.minimumScalingStepSize) || \
             !has(self.autoScalingGroupProvider.managedScaling.maximumScalingStepSize) || \
             self.autoScalingGroupProvider.managedScaling.minimumScalingStepSize <= \
             self.autoScalingGroupProvider.managedScaling.maximumScalingStepSize",
            "autoScalingGroupProvider",
            "minimumScalingStepSize cannot be greater than maximumScalingStepSize",
        ),
        rule(
            "!has(self.managedInstancesProvider) || \
             !has(self.managedInstancesProvider.instanceLaunchTemplate.instanceRequirements) || \
             !(has(self.managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.allowedInstanceTypes) && \
             has(self.managedInstancesProvider.instanceLaunchTemplate.instanceRequirements.excludedInstanceTypes))",
            "managedInstancesProvider",
            "set at most one of allowedInstanceTypes and excludedInstanceTypes",
        ),
        immutable("name", "ECS capacity providers cannot be renamed"),
        immutable("cluster", "a managed instances provider stays with its cluster"),
        immutable(
            "clusterRef",
            "a managed instances provider stays with its cluster",
        ),
        immutable(
            "autoScalingGroupProvider.autoScalingGroupArn",
            "a provider stays with its Auto Scaling group; create another CapacityProvider",
        ),
        immutable(
            "managedInstancesProvider.instanceLaunchTemplate.capacityOptionType",
            "ECS takes it at creation only; create another CapacityProvider",
        ),
        immutable(
            "managedInstancesProvider.instanceLaunchTemplate.fipsEnabled",
            "ECS takes it at creation only; create another CapacityProvider",
        ),
    ];
    spec.extend(tags());
    spec.extend(management());
    let prefix = kube::core::Rule::new(
        "has(self.spec.name) || !['aws', 'ecs', 'fargate'].exists(p, self.metadata.name.startsWith(p))",
    )
    .message("names of capacity providers cannot begin with aws, ecs or fargate: set name, or use another metadata.name")
    .reason(kube::core::Reason::FieldValueRequired)
    .field_path(".spec.name");
    Rules {
        spec,
        object: vec![named_by("name"), prefix],
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::cel::{Case, check};
    use crate::testing::over;
    use serde_json::{Value, json};

    const ASG: &str = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/a";

    fn asg(mut with: Value) -> Value {
        with["autoScalingGroupArn"] = json!(ASG);
        json!({"autoScalingGroupProvider": with})
    }

    /// A managed instances provider with this over its launch template.
    fn managed(template: Value) -> Value {
        let base = json!({
            "ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/i", "networkConfiguration": {},
        });
        json!({"clusterRef": {"name": "c"}, "managedInstancesProvider": {
            "infrastructureRoleArn": "arn:aws:iam::123456789012:role/i", "instanceLaunchTemplate": over(base, template),
        }})
    }

    #[test]
    fn rules_hold() {
        let types = |mut with: Value| {
            with["vCpuCount"] = json!({"min": 1});
            with["memoryMiB"] = json!({"min": 1});
            managed(json!({"instanceRequirements": with}))
        };
        check::<crate::CapacityProvider>(&[
            Case::fine(asg(json!({}))),
            Case::fine(managed(json!({}))),
            Case::bad(
                json!({}),
                "exactly one of autoScalingGroupProvider and managedInstancesProvider",
            ),
            Case::bad(
                over(managed(json!({})), asg(json!({}))),
                "exactly one of autoScalingGroupProvider and managedInstancesProvider",
            ),
            Case::bad(
                over(managed(json!({})), json!({"clusterRef": null})),
                "a managedInstancesProvider belongs to a cluster",
            ),
            Case::bad(
                over(asg(json!({})), json!({"cluster": "c"})),
                "a managedInstancesProvider belongs to a cluster",
            ),
            Case::bad(
                over(managed(json!({})), json!({"cluster": "c"})),
                "at most one of cluster and clusterRef",
            ),
            Case::bad(
                over(asg(json!({})), json!({"name": "Fargate-x"})),
                "cannot begin with aws, ecs or fargate",
            ),
            Case::fine(over(asg(json!({})), json!({"name": "my-ecs"}))),
            Case::fine(asg(json!({"managedTerminationProtection": "DISABLED"}))),
            Case::fine(asg(
                json!({"managedTerminationProtection": "ENABLED", "managedScaling": {}}),
            )),
            Case::fine(asg(
                json!({"managedTerminationProtection": "ENABLED", "managedScaling": {"status": "ENABLED"}}),
            )),
            Case::bad(
                asg(json!({"managedTerminationProtection": "ENABLED"})),
                "needs managedScaling",
            ),
            Case::bad(
                asg(
                    json!({"managedTerminationProtection": "ENABLED", "managedScaling": {"status": "DISABLED"}}),
                ),
                "needs managedScaling",
            ),
            Case::fine(asg(json!({"managedScaling": {"minimumScalingStepSize": 2}}))),
            Case::fine(asg(
                json!({"managedScaling": {"minimumScalingStepSize": 2, "maximumScalingStepSize": 2}}),
            )),
            Case::bad(
                asg(json!({"managedScaling": {"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}})),
                "minimumScalingStepSize cannot be greater",
            ),
            Case::fine(types(json!({"allowedInstanceTypes": ["m7g.*"]}))),
            Case::bad(
                types(json!({"allowedInstanceTypes": ["m7g.*"], "excludedInstanceTypes": ["c7g.*"]})),
                "at most one of allowedInstanceTypes and excludedInstanceTypes",
            ),
            Case::named(
                "ecs-default",
                asg(json!({})),
                Some("names of capacity providers cannot begin with aws"),
            ),
            Case::named("a.b", asg(json!({})), Some("ECS names have no dots: set name")),
        ]);
    }

    #[test]
    fn what_ecs_cannot_change_stays() {
        let other = json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "arn:aws:autoscaling:other"}});
        let in_cluster = |name: &str| {
            let mut spec = managed(json!({}));
            spec["clusterRef"]["name"] = json!(name);
            spec
        };
        check::<crate::CapacityProvider>(&[
            Case::change(asg(json!({})), asg(json!({"managedDraining": "ENABLED"})), None),
            Case::change(
                asg(json!({})),
                other,
                Some("autoScalingGroupArn cannot be changed"),
            ),
            Case::change(
                in_cluster("a"),
                in_cluster("b"),
                Some("clusterRef cannot be changed"),
            ),
            Case::change(
                managed(json!({})),
                managed(json!({"capacityOptionType": "SPOT"})),
                Some("capacityOptionType cannot be changed"),
            ),
            Case::change(
                managed(json!({"fipsEnabled": false})),
                managed(json!({"fipsEnabled": true})),
                Some("fipsEnabled cannot be changed"),
            ),
            Case::change(managed(json!({})), managed(json!({"monitoring": "BASIC"})), None),
        ]);
    }
}
