use super::reference::{IN_USED_CLUSTERS, NEEDED_TOO, PASSED_TO, REQUIRED, allows, arn};
use super::*;
use crate::aws::call::SENT;

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "123456789012";

/// A team's: its own names, one cluster of the platform's, and its roles.
fn account() -> AwsAccount {
    let given = json!({
        "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "shop"},
        "spec": {
            "accountId": ACCOUNT, "region": REGION, "roleArn": "arn:aws:iam::123456789012:role/ecs-operator",
            "allow": {
                "resourceNames": ["shop-*"], "clusters": ["shared"], "taskRoles": ["arn:aws:iam::123456789012:role/shop-*"],
                "infrastructureRoles": ["arn:aws:iam::123456789012:role/ecs-lb"],
            },
        },
    });
    serde_json::from_value(given).unwrap()
}

/// A statement by its name.
fn statement(policy: &Value, name: &str) -> Value {
    let all = policy["Statement"].as_array().unwrap();
    all.iter()
        .find(|statement| statement["Sid"] == name)
        .cloned()
        .unwrap_or_default()
}

/// Whether an action is allowed for the resource `name` in `cluster`, as ECS asks IAM: for each required type on its own.
fn granted(policy: &Value, action: &str, at: (&str, &str), cluster: &str, name: &str) -> bool {
    let (region, account) = at;
    let (_, kinds) = REQUIRED.iter().find(|(one, _)| *one == action).unwrap();
    let of_cluster = arn("cluster", region, account, cluster, "");
    let context = [("ecs:cluster", of_cluster.as_str())];
    let asked = |resource: &str| allows(policy, &format!("ecs:{action}"), resource, &context);
    if kinds.is_empty() {
        return asked("*");
    }
    kinds
        .iter()
        .all(|kind| asked(&arn(kind, region, account, cluster, name)))
}

#[test]
fn all_that_is_sent_is_allowed_and_nothing_else() {
    let sent: BTreeSet<&str> = SENT.iter().copied().collect();
    let actions = || ACTIONS.iter().flat_map(|(_, _, actions)| *actions).copied();
    assert_eq!(actions().collect::<BTreeSet<_>>(), sent);
    assert_eq!(
        actions().count(),
        sent.len(),
        "an action is listed that nothing sends, or twice"
    );
    let known: BTreeSet<&str> = REQUIRED.iter().map(|(action, _)| *action).collect();
    assert_eq!(known, sent, "left: the actions whose resources are known");
    for (operation, action) in NEEDED_TOO {
        assert!(sent.contains(action), "{operation} needs {action} too");
    }
}

#[test]
fn each_action_is_granted_on_every_resource_that_it_requires() {
    let here = (REGION, ACCOUNT);
    let policies = [
        ("whole", policy(&Scope::default())),
        ("--namespace-scoped", policy(&Scope::of(&account()))),
    ];
    for (which, policy) in policies {
        for (action, _) in REQUIRED {
            assert!(
                granted(&policy, action, here, "shop-main", "shop-web"),
                "{which}: {action}"
            );
        }
        // Without a container instance, the one call whose required resource may be left out.
        let cluster = arn("cluster", REGION, ACCOUNT, "shop-main", "");
        assert!(allows(
            &policy,
            "ecs:ListTasks",
            "*",
            &[("ecs:cluster", &cluster)]
        ));
    }
}

#[test]
fn an_account_s_policy_reaches_nothing_of_others() {
    let policy = policy(&Scope::of(&account()));
    let here = (REGION, ACCOUNT);
    for (action, kinds) in REQUIRED {
        let limited = !kinds.is_empty();
        let reaches = |at, cluster, name| granted(&policy, action, at, cluster, name);
        for at in [("eu-west-2", ACCOUNT), (REGION, "999999999999")] {
            assert_eq!(
                reaches(at, "shop-main", "shop-web"),
                !limited,
                "{action} in {at:?}"
            );
        }
        assert_eq!(
            reaches(here, "billing-main", "billing-web"),
            !limited,
            "{action} on another's"
        );
        let about_clusters = kinds.contains(&"cluster") || IN_USED_CLUSTERS.contains(action);
        assert_eq!(
            reaches(here, "shared", "shop-web"),
            !about_clusters || IN_USED_CLUSTERS.contains(action),
            "{action} on the platform's cluster, or on what is its own there"
        );
    }
    let unlimited: Vec<&str> = REQUIRED
        .iter()
        .filter(|(action, _)| allows(&policy, &format!("ecs:{action}"), "*", &[]))
        .map(|(action, _)| *action)
        .collect();
    assert_eq!(
        unlimited,
        [
            "DeregisterTaskDefinition",
            "DescribeTaskDefinition",
            "ListTaskDefinitions"
        ]
    );
}

#[test]
fn roles_are_passed_to_whom_they_are_for_only() {
    let limited = policy(&Scope::of(&account()));
    let cases = [
        ("shop-web", Some("ecs-tasks.amazonaws.com")),
        ("ecs-lb", Some("ecs.amazonaws.com")),
        ("billing-web", None),
    ];
    for (role, receiver) in cases {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        for service in PASSED_TO.iter().chain(&["ec2.amazonaws.com"]) {
            let passed = allows(
                &limited,
                "iam:PassRole",
                &role,
                &[("iam:PassedToService", service)],
            );
            assert_eq!(passed, receiver == Some(*service), "{role} to {service}");
        }
    }
    let whole = policy(&Scope::default());
    for name in ["PassRolesToTasks", "PassRolesToEcs", "AssumeRoles"] {
        assert_eq!(statement(&whole, name), Value::Null, "nobody named a role");
    }
}

#[test]
fn an_account_limits_names_clusters_regions_and_roles() {
    let policy = policy(&Scope::of(&account()));
    let ecs = |tail: &str| format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{tail}");
    let expected = [
        ("Services", vec![ecs("service/*/shop-*")]),
        (
            "ServiceDeployments",
            vec![ecs("service/*/shop-*"), ecs("service-deployment/*/shop-*/*")],
        ),
        ("Clusters", vec![ecs("cluster/shop-*")]),
        ("UsedClusters", vec![ecs("cluster/shared"), ecs("cluster/shop-*")]),
        ("Tasks", vec![ecs("task/shared/*"), ecs("task/shop-*/*")]),
        ("TaskDefinitions", vec![ecs("task-definition/shop-*:*")]),
        ("CapacityProviders", vec![ecs("capacity-provider/shop-*")]),
        (
            "Tags",
            vec![
                ecs("cluster/shop-*"),
                ecs("service/*/shop-*"),
                ecs("capacity-provider/shop-*"),
                ecs("task-definition/shop-*:*"),
            ],
        ),
    ];
    for (name, resources) in expected {
        assert_eq!(statement(&policy, name)["Resource"], json!(resources), "{name}");
    }
}

#[test]
fn the_partition_is_the_region_s_unless_it_is_said() {
    for (region, said, start) in [
        (REGION, None, "arn:aws:ecs:eu-west-1:"),
        ("cn-north-1", None, "arn:aws-cn:ecs:cn-north-1:"),
        ("us-gov-west-1", None, "arn:aws-us-gov:ecs:us-gov-west-1:"),
        ("*", Some("aws-cn"), "arn:aws-cn:ecs:*:"),
    ] {
        let mut account = account();
        account.spec.region = region.to_owned();
        account.spec.role_arn = None;
        let scope = Scope {
            partition: said.map(str::to_owned),
            ..Scope::of(&account)
        };
        let first = statement(&policy(&scope), "Clusters")["Resource"][0].clone();
        assert!(first.as_str().unwrap().starts_with(start), "{region}: {first}");
    }
}

#[test]
fn an_account_that_lets_nothing_be_named_allows_only_what_has_no_name() {
    let mut account = account();
    account.spec.allow = None;
    let policy = policy(&Scope::of(&account));
    let names: Vec<&str> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|statement| statement["Sid"].as_str())
        .collect();
    assert_eq!(names, ["WithoutResource"]);
}

#[test]
fn it_fits_into_a_managed_policy() {
    let policy = policy(&Scope::of(&account())).to_string();
    assert!(policy.len() < 6144, "{} characters", policy.len());
}
