//! Rules of `EcsCluster`.

use super::{Rules, immutable, management, named_by, rule, strategy, tags};

pub(crate) fn rules() -> Rules {
    let mut spec = vec![
        immutable("clusterName", "ECS clusters cannot be renamed"),
        rule(
            "!has(self.settings) || self.settings.all(s, s.name != 'containerInsights' || !has(s.value) || \
             s.value in ['enhanced', 'enabled', 'disabled'])",
            "settings",
            "the setting containerInsights is enhanced, enabled or disabled",
        ),
    ];
    spec.extend(strategy("defaultCapacityProviderStrategy"));
    spec.extend(tags());
    spec.extend(management());
    Rules {
        spec,
        object: vec![named_by("clusterName")],
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::cel::{Case, check};
    use serde_json::json;

    #[test]
    fn rules_hold() {
        let strategy = |items| json!({"defaultCapacityProviderStrategy": items});
        check::<crate::EcsCluster>(&[
            Case::fine(json!({})),
            Case::fine(
                json!({"clusterName": "web", "settings": [{"name": "containerInsights", "value": "enhanced"}]}),
            ),
            Case::fine(json!({"settings": [{"name": "containerInsights"}]})),
            Case::bad(
                json!({"settings": [{"name": "containerInsights", "value": "on"}]}),
                "containerInsights is enhanced, enabled or disabled",
            ),
            Case::fine(strategy(json!([
                {"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 4},
            ]))),
            Case::fine(strategy(
                json!([{"capacityProviderRef": {"name": "asg"}, "weight": 1}]),
            )),
            Case::bad(
                strategy(json!([{"weight": 1}])),
                "exactly one of capacityProvider and capacityProviderRef",
            ),
            Case::bad(
                strategy(json!([{"capacityProvider": "asg", "capacityProviderRef": {"name": "asg"}}])),
                "exactly one of capacityProvider and capacityProviderRef",
            ),
            Case::bad(
                strategy(json!([{"capacityProvider": "FARGATE"}, {"capacityProviderRef": {"name": "asg"}}])),
                "cannot mix FARGATE and FARGATE_SPOT",
            ),
            Case::bad(
                strategy(json!([{"capacityProvider": "a", "base": 1}, {"capacityProvider": "b", "base": 1}])),
                "only one item of defaultCapacityProviderStrategy can have a base",
            ),
            Case::change(
                json!({}),
                json!({"clusterName": "a"}),
                Some("clusterName cannot be changed"),
            ),
            Case::change(
                json!({"clusterName": "a"}),
                json!({}),
                Some("clusterName cannot be changed"),
            ),
            Case::change(
                json!({"clusterName": "a"}),
                json!({"clusterName": "b"}),
                Some("clusterName cannot be changed"),
            ),
            Case::change(
                json!({"clusterName": "a"}),
                json!({"clusterName": "a", "tags": []}),
                None,
            ),
            Case::named(
                "web.prod",
                json!({}),
                Some("ECS names have no dots: set clusterName"),
            ),
            Case::named("web.prod", json!({"clusterName": "web-prod"}), None),
        ]);
    }

    #[test]
    fn tags_are_the_users() {
        let tag = |key: &str| json!({"tags": [{"key": "team", "value": "a"}, {"key": key, "value": "b"}]});
        let many = |count: usize| {
            let tags: Vec<_> = (0..count)
                .map(|number| json!({"key": format!("k{number}")}))
                .collect();
            json!({"tags": tags})
        };
        check::<crate::EcsCluster>(&[
            Case::fine(tag("owner")),
            Case::fine(tag("my-aws:x")),
            Case::bad(tag("aws:x"), "keys of tags cannot begin with aws:"),
            Case::bad(tag("AWS:x"), "keys of tags cannot begin with aws:"),
            Case::bad(
                tag("ecs-operator.dev/cluster"),
                "keys of tags cannot begin with aws:",
            ),
            Case::fine(many(45)),
            Case::bad(many(46), "set at most 45"),
        ]);
    }

    #[test]
    fn account_and_region_stay() {
        let with = |management| json!({"management": management});
        check::<crate::EcsCluster>(&[
            Case::change(json!({}), with(json!({"accountRef": {"name": "default"}})), None),
            Case::change(
                with(json!({"accountRef": {"name": "default"}})),
                with(json!({"suspend": true})),
                None,
            ),
            Case::change(
                json!({}),
                with(json!({"accountRef": {"name": "prod"}})),
                Some("management.accountRef.name cannot be changed"),
            ),
            Case::change(
                with(json!({"accountRef": {"name": "prod"}})),
                json!({}),
                Some("management.accountRef.name cannot be changed"),
            ),
            Case::change(
                with(json!({"region": "eu-west-1"})),
                with(json!({"region": "eu-west-2"})),
                Some("management.region cannot be changed"),
            ),
            Case::change(
                with(json!({"region": "eu-west-1"})),
                json!({}),
                Some("management.region cannot be changed"),
            ),
            Case::change(
                json!({}),
                with(json!({"region": "eu-west-1"})),
                Some("management.region cannot be changed"),
            ),
            Case::change(
                with(json!({"region": "eu-west-1"})),
                with(json!({"region": "eu-west-1", "driftPolicy": "Report"})),
                None,
            ),
        ]);
    }
}
