use super::*;
use serde_json::{Value, json};

fn account() -> AwsAccountSpec {
    serde_json::from_value(json!({
        "accountId": "123456789012", "region": "eu-west-1", "allowedRegions": ["eu-central-1"],
        "namespaces": {"names": ["shop"], "selector": {"matchLabels": {"ecs": "yes"},
            "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["test"]}]}},
        "allow": {"resourceNames": ["shop-*"], "clusters": ["shared"], "taskRoles": ["arn:aws:iam::123456789012:role/task-*"],
            "executionRoles": ["*"]}
    }))
    .unwrap()
}

fn wish() -> Wish {
    Wish {
        namespace: "shop".into(),
        region: "eu-west-1".into(),
        resource: Some((ResourceKind::Service, "shop-web".into())),
        cluster: Some(ClusterUse {
            name: "shop-main".into(),
            own: true,
        }),
        ..Wish::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: a row a rule")]
fn allows_what_is_granted_and_names_the_rule_that_is_not() {
    let roles = |input: Value| Roles::of(&input);
    let cases = [
        (wish(), None),
        (
            Wish {
                namespace: "other".into(),
                ..wish()
            },
            Some("spec.namespaces"),
        ),
        (
            Wish {
                namespace: "other".into(),
                labels: Some(BTreeMap::from([("ecs".into(), "yes".into())])),
                ..wish()
            },
            None,
        ),
        (
            Wish {
                namespace: "other".into(),
                labels: Some(BTreeMap::from([
                    ("ecs".into(), "yes".into()),
                    ("tier".into(), "test".into()),
                ])),
                ..wish()
            },
            Some("spec.namespaces"),
        ),
        (
            Wish {
                region: "eu-central-1".into(),
                ..wish()
            },
            None,
        ),
        (
            Wish {
                region: "us-east-1".into(),
                ..wish()
            },
            Some("spec.allowedRegions"),
        ),
        (
            Wish {
                resource: Some((ResourceKind::Service, "web".into())),
                ..wish()
            },
            Some("spec.allow.resourceNames"),
        ),
        (
            Wish {
                cluster: Some(ClusterUse {
                    name: "shared".into(),
                    own: false,
                }),
                ..wish()
            },
            None,
        ),
        (
            Wish {
                cluster: Some(ClusterUse {
                    name: "foreign".into(),
                    own: false,
                }),
                ..wish()
            },
            Some("spec.allow.clusters"),
        ),
        (
            Wish {
                cluster: Some(ClusterUse {
                    name: "foreign".into(),
                    own: true,
                }),
                ..wish()
            },
            Some("spec.allow.resourceNames"),
        ),
        (
            Wish {
                uses: Uses::of(["shop-app:3"], ["FARGATE", "shop-group"]),
                ..wish()
            },
            None,
        ),
        (
            Wish {
                uses: Uses::of(["billing-app:3"], [""; 0]),
                ..wish()
            },
            Some("spec.allow.resourceNames"),
        ),
        (
            Wish {
                uses: Uses::of([""; 0], ["billing-group"]),
                ..wish()
            },
            Some("spec.allow.resourceNames"),
        ),
        (
            Wish {
                roles: roles(json!({"taskRoleArn": "task-a", "executionRoleArn": "any"})),
                ..wish()
            },
            None,
        ),
        (
            Wish {
                roles: roles(json!({"taskRoleArn": "admin"})),
                ..wish()
            },
            Some("spec.allow.taskRoles"),
        ),
        (
            Wish {
                roles: roles(json!({"loadBalancers": [{"advancedConfiguration": {"roleArn": "elb"}}]})),
                ..wish()
            },
            Some("spec.allow.infrastructureRoles"),
        ),
        (
            Wish {
                adopts: true,
                ..wish()
            },
            Some("spec.allow.adoption"),
        ),
    ];
    for (wish, expected) in cases {
        let refused = authorize("prod", &account(), &wish).err();
        assert_eq!(refused.as_ref().map(|refusal| refusal.rule), expected, "{wish:?}");
        if let Some(refusal) = refused {
            assert!(
                refusal.message.contains("AwsAccount prod") && refusal.message.contains(refusal.rule),
                "{refusal}"
            );
        }
    }
}

#[test]
fn a_namespace_that_is_not_known_is_not_one_without_labels() {
    let selector = json!({"matchExpressions": [{"key": "restricted", "operator": "DoesNotExist"}]});
    let account = AwsAccountSpec {
        namespaces: Some(serde_json::from_value(json!({"selector": selector})).unwrap()),
        ..account()
    };
    let labelled = |labels| Wish { labels, ..wish() };
    assert!(authorize("prod", &account, &labelled(Some(BTreeMap::new()))).is_ok());
    assert!(authorize("prod", &account, &labelled(None)).is_err());
}

#[test]
fn nothing_is_allowed_unless_said() {
    let bare: AwsAccountSpec =
        serde_json::from_value(json!({"accountId": "123456789012", "region": "eu-west-1"})).unwrap();
    assert_eq!(
        authorize("bare", &bare, &wish()).unwrap_err().rule,
        "spec.namespaces"
    );
    let granted = AwsAccountSpec {
        namespaces: Some(serde_json::from_value(json!({"selector": {}})).unwrap()),
        ..bare
    };
    assert_eq!(
        authorize("bare", &granted, &wish()).unwrap_err().rule,
        "spec.allow.resourceNames"
    );
}

#[test]
fn a_role_s_bare_name_is_of_the_account_and_the_region_s_partition() {
    for (role, region, arn) in [
        ("ecs/web", "eu-west-1", "arn:aws:iam::123456789012:role/ecs/web"),
        ("web", "cn-north-1", "arn:aws-cn:iam::123456789012:role/web"),
        (
            "web",
            "us-gov-west-1",
            "arn:aws-us-gov:iam::123456789012:role/web",
        ),
        ("arn:aws:iam::1:role/web", "cn-north-1", "arn:aws:iam::1:role/web"),
    ] {
        assert_eq!(role_arn(role, "123456789012", region), arn);
    }
}
