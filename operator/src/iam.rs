//! The IAM policy of just the calls that the operator makes, as `ecs-operator iam-policy` prints it. Pure.
//!
//! Which resources an action can be limited to is that of AWS's Service Authorization Reference for ECS. Where an action
//! takes no resource (a list of families, a revision that does not exist yet), only `*` allows it.

use std::collections::BTreeSet;

use ecs_crds::AwsAccount;
use serde_json::{Value, json};

/// What the policy is limited to. Patterns, in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// AWS's partition, as `aws` or `aws-cn`.
    pub partition: String,
    /// The account's 12 digits, or `*`.
    pub account: String,
    /// The regions, or `*`.
    pub regions: Vec<String>,
    /// The names that resources may have.
    pub names: Vec<String>,
    /// The clusters that may be used, own ones and others.
    pub clusters: Vec<String>,
    /// ARNs of the roles that tasks and the ECS agent may take.
    pub task_roles: Vec<String>,
    /// ARNs of the roles that ECS itself may take.
    pub infrastructure_roles: Vec<String>,
    /// ARNs of the roles that the operator assumes.
    pub assumed_roles: Vec<String>,
}

impl Default for Scope {
    /// A whole account, whichever it is, without roles.
    fn default() -> Self {
        let anything = || vec!["*".to_owned()];
        Self {
            partition: "aws".to_owned(),
            account: "*".to_owned(),
            regions: anything(),
            names: anything(),
            clusters: anything(),
            task_roles: Vec::new(),
            infrastructure_roles: Vec::new(),
            assumed_roles: Vec::new(),
        }
    }
}

impl Scope {
    /// What the namespaces of an [`AwsAccount`] may name at most: the policy of the role that it assumes.
    pub fn of(account: &AwsAccount) -> Self {
        let spec = &account.spec;
        let allow = spec.allow.clone().unwrap_or_default();
        let mut regions = vec![spec.region.clone()];
        regions.extend(spec.allowed_regions.iter().cloned());
        let clusters: BTreeSet<String> = allow
            .resource_names
            .iter()
            .chain(&allow.clusters)
            .cloned()
            .collect();
        let partition = spec.role_arn.as_deref().and_then(|arn| arn.split(':').nth(1));
        Self {
            partition: partition.unwrap_or("aws").to_owned(),
            account: spec.account_id.clone(),
            regions,
            clusters: clusters.into_iter().collect(),
            names: allow.resource_names,
            task_roles: [allow.task_roles, allow.execution_roles].concat(),
            infrastructure_roles: allow.infrastructure_roles,
            assumed_roles: Vec::new(),
        }
    }
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// Nothing that has an ARN of its own beforehand.
    Anything,
    /// A cluster.
    Cluster,
    /// Whatever a cluster has; said by a condition, since a list has no ARN.
    InCluster,
    /// A service.
    Service,
    /// A rollout of a service.
    ServiceDeployment,
    /// A revision of a service.
    ServiceRevision,
    /// A task.
    Task,
    /// A container instance.
    Instance,
    /// A capacity provider.
    Provider,
    /// The revisions of a family.
    Family,
    /// Whatever has tags.
    Tagged,
}

/// Every kind of thing, and the actions about it.
const ACTIONS: &[(On, &str, &[&str])] = &[
    (
        On::Anything,
        "WithoutResource",
        &[
            "CreateCluster",
            "CreateCapacityProvider",
            "RegisterTaskDefinition",
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "DeregisterTaskDefinition",
        ],
    ),
    (
        On::Cluster,
        "Clusters",
        &[
            "DescribeClusters",
            "UpdateCluster",
            "UpdateClusterSettings",
            "PutClusterCapacityProviders",
            "DeleteCluster",
            "ListContainerInstances",
        ],
    ),
    (On::InCluster, "TasksOfClusters", &["ListTasks"]),
    (
        On::Service,
        "Services",
        &[
            "CreateService",
            "DescribeServices",
            "UpdateService",
            "DeleteService",
            "ListServiceDeployments",
        ],
    ),
    (
        On::ServiceDeployment,
        "ServiceDeployments",
        &["DescribeServiceDeployments"],
    ),
    (
        On::ServiceRevision,
        "ServiceRevisions",
        &["DescribeServiceRevisions"],
    ),
    (On::Task, "Tasks", &["DescribeTasks"]),
    (On::Instance, "Instances", &["DescribeContainerInstances"]),
    (
        On::Provider,
        "CapacityProviders",
        &[
            "DescribeCapacityProviders",
            "UpdateCapacityProvider",
            "DeleteCapacityProvider",
        ],
    ),
    (On::Family, "TaskDefinitions", &["DeleteTaskDefinitions"]),
    (On::Tagged, "Tags", &["TagResource", "UntagResource"]),
];

/// The policy document.
pub fn policy(scope: &Scope) -> Value {
    let mut statements: Vec<Value> = ACTIONS
        .iter()
        .filter_map(|(on, name, actions)| scope.statement(*on, name, actions))
        .collect();
    let roles = [
        ("PassRolesToTasks", &scope.task_roles, "ecs-tasks.amazonaws.com"),
        ("PassRolesToEcs", &scope.infrastructure_roles, "ecs.amazonaws.com"),
    ];
    for (name, roles, service) in roles {
        if !roles.is_empty() {
            statements.push(json!({
                "Sid": name, "Effect": "Allow", "Action": "iam:PassRole", "Resource": roles,
                "Condition": {"StringEquals": {"iam:PassedToService": service}},
            }));
        }
    }
    if !scope.assumed_roles.is_empty() {
        statements.push(json!({
            "Sid": "AssumeRoles", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": scope.assumed_roles,
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

impl Scope {
    /// The statement; none where nothing of the kind may be named.
    fn statement(&self, on: On, name: &str, actions: &[&str]) -> Option<Value> {
        let resources = self.resources(on);
        if resources.is_empty() {
            return None;
        }
        let actions: Vec<String> = actions.iter().map(|action| format!("ecs:{action}")).collect();
        let mut statement = json!({"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources});
        if on == On::InCluster
            && let Some(members) = statement.as_object_mut()
        {
            let clusters = members.insert("Resource".to_owned(), json!("*"));
            members.insert(
                "Condition".to_owned(),
                json!({"ArnLike": {"ecs:cluster": clusters}}),
            );
        }
        Some(statement)
    }

    fn resources(&self, on: On) -> Vec<String> {
        let names =
            |format: fn(&String) -> String| -> Vec<String> { self.names.iter().map(format).collect() };
        let in_clusters: Vec<String> = self
            .clusters
            .iter()
            .map(|cluster| format!("{cluster}/*"))
            .collect();
        match on {
            On::Anything => vec!["*".to_owned()],
            On::Cluster | On::InCluster => self.arns("cluster", &self.clusters),
            // In any cluster: the cluster's own name is granted apart, and a product of both would soon be too long.
            On::Service => self.arns("service", &names(|name| format!("*/{name}"))),
            On::ServiceDeployment => self.arns("service-deployment", &names(|name| format!("*/{name}/*"))),
            On::ServiceRevision => self.arns("service-revision", &names(|name| format!("*/{name}/*"))),
            On::Task => self.arns("task", &in_clusters),
            On::Instance => self.arns("container-instance", &in_clusters),
            On::Provider => self.arns("capacity-provider", &self.names),
            On::Family => self.arns("task-definition", &names(|name| format!("{name}:*"))),
            On::Tagged => [On::Cluster, On::Service, On::Provider, On::Family]
                .into_iter()
                .flat_map(|on| self.resources(on))
                .collect(),
        }
    }

    fn arns(&self, kind: &str, names: &[String]) -> Vec<String> {
        let (partition, account) = (&self.partition, &self.account);
        self.regions
            .iter()
            .flat_map(|region| {
                names
                    .iter()
                    .map(move |name| format!("arn:{partition}:ecs:{region}:{account}:{kind}/{name}"))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::call::SENT;

    fn account() -> AwsAccount {
        let given = json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "shop"},
            "spec": {
                "accountId": "123456789012", "region": "eu-west-1", "roleArn": "arn:aws:iam::123456789012:role/ecs-operator",
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

    #[test]
    fn all_that_is_sent_is_allowed_and_nothing_else() {
        let sent: BTreeSet<&str> = SENT.iter().copied().collect();
        let allowed: BTreeSet<&str> = ACTIONS
            .iter()
            .flat_map(|(_, _, actions)| *actions)
            .copied()
            .collect();
        assert_eq!(allowed, sent);
        let listed: usize = ACTIONS.iter().map(|(_, _, actions)| actions.len()).sum();
        assert_eq!(
            listed,
            sent.len(),
            "an action is listed that nothing sends, or twice"
        );
    }

    #[test]
    fn without_a_scope_no_role_can_be_passed_and_every_name_is_allowed() {
        let policy = policy(&Scope::default());
        assert_eq!(statement(&policy, "PassRolesToTasks"), Value::Null);
        assert_eq!(statement(&policy, "AssumeRoles"), Value::Null);
        assert_eq!(
            statement(&policy, "Services")["Resource"],
            json!(["arn:aws:ecs:*:*:service/*/*"])
        );
    }

    #[test]
    fn an_account_limits_names_clusters_regions_and_roles() {
        let policy = policy(&Scope::of(&account()));
        let expected = [
            (
                "Services",
                json!(["arn:aws:ecs:eu-west-1:123456789012:service/*/shop-*"]),
            ),
            (
                "Clusters",
                json!([
                    "arn:aws:ecs:eu-west-1:123456789012:cluster/shared",
                    "arn:aws:ecs:eu-west-1:123456789012:cluster/shop-*"
                ]),
            ),
            (
                "Tasks",
                json!([
                    "arn:aws:ecs:eu-west-1:123456789012:task/shared/*",
                    "arn:aws:ecs:eu-west-1:123456789012:task/shop-*/*"
                ]),
            ),
            (
                "TaskDefinitions",
                json!(["arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-*:*"]),
            ),
            (
                "PassRolesToTasks",
                json!(["arn:aws:iam::123456789012:role/shop-*"]),
            ),
            ("PassRolesToEcs", json!(["arn:aws:iam::123456789012:role/ecs-lb"])),
        ];
        for (name, resources) in expected {
            assert_eq!(statement(&policy, name)["Resource"], resources, "{name}");
        }
        let condition = &statement(&policy, "PassRolesToTasks")["Condition"];
        assert_eq!(
            condition,
            &json!({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
        );
        let clusters = &statement(&policy, "TasksOfClusters")["Condition"]["ArnLike"]["ecs:cluster"];
        assert_eq!(clusters.as_array().map(Vec::len), Some(2));
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
}
