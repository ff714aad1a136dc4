//! The IAM policy of just the calls that the operator makes, as `ecs-operator iam-policy` prints it. Pure.
//!
//! Which resources an action needs is that of AWS's Service Authorization Reference for ECS, which is a table of the tests: a call is
//! denied unless each of its required types is allowed. Where an action takes no resource (a list of families), only `*` allows it.

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use ecs_crds::AwsAccount;
use ecs_model::arn::partition_of;
use serde_json::{Value, json};

/// What the policy is limited to. Patterns, in which `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// AWS's partition, as `aws` or `aws-cn`; left out, that of each region.
    pub partition: Option<String>,
    /// The account's 12 digits, or `*`.
    pub account: String,
    /// The regions, or `*`.
    pub regions: Vec<String>,
    /// The names that resources may have.
    pub names: Vec<String>,
    /// Clusters that may be used beside those of these names. They are others': read, and never changed.
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
            partition: None,
            account: "*".to_owned(),
            regions: anything(),
            names: anything(),
            clusters: Vec::new(),
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
        Self {
            partition: None,
            account: spec.account_id.clone(),
            regions,
            names: allow.resource_names,
            clusters: allow.clusters,
            task_roles: [allow.task_roles, allow.execution_roles].concat(),
            infrastructure_roles: allow.infrastructure_roles,
            assumed_roles: Vec::new(),
        }
    }
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// Nothing that has an ARN.
    Anything,
    /// A cluster that is only looked at: one of its own, or another's that may be used.
    UsedCluster,
    /// A cluster of its own.
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
    /// The revisions of a family, those that are still to come too.
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
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "DeregisterTaskDefinition",
        ],
    ),
    (
        On::UsedCluster,
        "UsedClusters",
        &["DescribeClusters", "ListContainerInstances"],
    ),
    (
        On::Cluster,
        "Clusters",
        &[
            "CreateCluster",
            "UpdateCluster",
            "UpdateClusterSettings",
            "PutClusterCapacityProviders",
            "DeleteCluster",
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
        &["DescribeServiceDeployments", "StopServiceDeployment"],
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
            "CreateCapacityProvider",
            "DescribeCapacityProviders",
            "UpdateCapacityProvider",
            "DeleteCapacityProvider",
        ],
    ),
    (
        On::Family,
        "TaskDefinitions",
        &["RegisterTaskDefinition", "DeleteTaskDefinitions"],
    ),
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
        // The reference requires a container instance. ECS asks IAM about one only where the call names one, and about `*` else
        // (github.com/cdklabs/construct-hub/pull/1207).
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
        let named = |kind, before, after| self.arns(kind, before, &self.names, after);
        let used: BTreeSet<String> = self.names.iter().chain(&self.clusters).cloned().collect();
        let used: Vec<String> = used.into_iter().collect();
        // A service in any cluster: a product of both names would soon be too long.
        let of_service = |kind| {
            let mut all = named("service", "*/", "");
            all.extend(named(kind, "*/", "/*"));
            all
        };
        match on {
            On::Anything => vec!["*".to_owned()],
            On::UsedCluster | On::InCluster => self.arns("cluster", "", &used, ""),
            On::Cluster => named("cluster", "", ""),
            On::Service => named("service", "*/", ""),
            On::ServiceDeployment => of_service("service-deployment"),
            On::ServiceRevision => of_service("service-revision"),
            On::Task => self.arns("task", "", &used, "/*"),
            On::Instance => self.arns("container-instance", "", &used, "/*"),
            On::Provider => named("capacity-provider", "", ""),
            On::Family => named("task-definition", "", ":*"),
            On::Tagged => [On::Cluster, On::Service, On::Provider, On::Family]
                .into_iter()
                .flat_map(|on| self.resources(on))
                .collect(),
        }
    }

    /// The ARNs of a kind in each region, from the names and what stands before and after them.
    fn arns(&self, kind: &str, before: &str, names: &[String], after: &str) -> Vec<String> {
        let account = &self.account;
        let of_region = |region: &String| {
            let partition = self.partition.as_deref().unwrap_or_else(|| partition_of(region));
            let start = format!("arn:{partition}:ecs:{region}:{account}:{kind}/{before}");
            names
                .iter()
                .map(move |name| format!("{start}{name}{after}"))
                .collect::<Vec<_>>()
        };
        self.regions.iter().flat_map(of_region).collect()
    }
}
