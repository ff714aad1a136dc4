//! Who may touch what (design.md §2.2): one pure decision, made before any call to AWS.
//!
//! Nothing is allowed unless the `AwsAccount` says so. A refusal names the rule, so that the one who reads it knows which
//! line of which object would have to change.

mod roles;
mod uses;

use std::collections::BTreeMap;
use std::fmt;

use ecs_crds::{Allow, AwsAccountSpec, NamespaceGrant};
use ecs_model::arn::partition_of;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::diff::identity::ResourceKind;

pub use roles::Roles;
pub use uses::Uses;

/// What an object wants to do in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// The object's namespace.
    pub namespace: String,
    /// The namespace's labels; none while the namespace is not known, and then only a selector of everything selects it.
    pub labels: Option<BTreeMap<String, String>>,
    /// The region.
    pub region: String,
    /// The resource's kind and its name in ECS.
    pub resource: Option<(ResourceKind, String)>,
    /// The cluster in which the resource lives, if it lives in one.
    pub cluster: Option<ClusterUse>,
    /// What else of ECS the resource uses.
    pub uses: Uses,
    /// The roles that the resource is given.
    pub roles: Roles,
    /// Whether a resource that is there already would be taken over.
    pub adopts: bool,
}

/// A cluster that an object uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterUse {
    /// The cluster's name in ECS.
    pub name: String,
    /// Whether an `EcsCluster` of the same namespace, account and region stands for it.
    pub own: bool,
}

/// Why an object may not do what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The member of the `AwsAccount` that would have to allow it, as `spec.allow.taskRoles`.
    pub rule: &'static str,
    /// One sentence that names the account, the rule and what would be right.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Decides whether the account called `name` allows the wish.
///
/// # Errors
/// The first rule that does not.
pub fn authorize(name: &str, account: &AwsAccountSpec, wish: &Wish) -> Result<(), Refusal> {
    let none = Allow::default();
    let allow = account.allow.as_ref().unwrap_or(&none);
    let refuse = |rule: &'static str, what: String| {
        Err(Refusal {
            rule,
            message: format!("{what}: {rule} of AwsAccount {name} does not allow it"),
        })
    };
    if !grants(account.namespaces.as_ref(), &wish.namespace, wish.labels.as_ref()) {
        return refuse(
            "spec.namespaces",
            format!("namespace {} may not use the account", wish.namespace),
        );
    }
    if !account.allows_region(&wish.region) {
        return refuse(
            "spec.allowedRegions",
            format!("region {} may not be used", wish.region),
        );
    }
    if let Some((kind, resource)) = &wish.resource
        && !Allow::matches(&allow.resource_names, resource)
    {
        return refuse(
            "spec.allow.resourceNames",
            format!("a {} may not be called {resource}", kind.noun()),
        );
    }
    if let Some(cluster) = &wish.cluster
        && !cluster.own
        && !Allow::matches(&allow.clusters, &cluster.name)
    {
        let what = format!(
            "cluster {} has no EcsCluster in namespace {} and may not be used",
            cluster.name, wish.namespace
        );
        return refuse("spec.allow.clusters", what);
    }
    // That an object stands for what is used proves nothing: it may be refused itself.
    let own_cluster = wish.cluster.iter().filter(|cluster| cluster.own);
    let own_cluster = own_cluster.map(|cluster| ("cluster", cluster.name.as_str()));
    let mut used = wish.uses.named().into_iter().chain(own_cluster);
    if let Some((noun, name)) = used.find(|(_, name)| !Allow::matches(&allow.resource_names, name)) {
        return refuse(
            "spec.allow.resourceNames",
            format!("{noun} {name} may not be used"),
        );
    }
    let roles = [
        ("spec.allow.taskRoles", &wish.roles.task, &allow.task_roles),
        (
            "spec.allow.executionRoles",
            &wish.roles.execution,
            &allow.execution_roles,
        ),
        (
            "spec.allow.infrastructureRoles",
            &wish.roles.infrastructure,
            &allow.infrastructure_roles,
        ),
    ];
    for (rule, wanted, patterns) in roles {
        for role in wanted {
            if !Allow::matches(patterns, &role_arn(role, &account.account_id, &wish.region)) {
                return refuse(rule, format!("role {role} may not be used"));
            }
        }
    }
    if wish.adopts && !allow.adoption {
        return refuse(
            "spec.allow.adoption",
            "resources that exist already may not be adopted".to_owned(),
        );
    }
    Ok(())
}

/// ECS takes a role's bare name as one of the account's own, in the region's partition.
fn role_arn(role: &str, account: &str, region: &str) -> String {
    if role.starts_with("arn:") {
        role.to_owned()
    } else {
        format!("arn:{}:iam::{account}:role/{role}", partition_of(region))
    }
}

fn grants(
    grant: Option<&NamespaceGrant>,
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> bool {
    grant.is_some_and(|grant| {
        grant.names.iter().any(|name| name == namespace)
            || grant.selector.as_ref().is_some_and(|selector| {
                labels.map_or(*selector == LabelSelector::default(), |labels| {
                    selects(selector, labels)
                })
            })
    })
}

/// Kubernetes' meaning of a label selector: an empty one selects everything, an unknown operator nothing.
fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let exact = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    exact
        && selector.match_expressions.iter().flatten().all(|expression| {
            let value = labels.get(&expression.key);
            let listed = |value: &String| expression.values.iter().flatten().any(|one| one == value);
            match expression.operator.as_str() {
                "In" => value.is_some_and(listed),
                "NotIn" => !value.is_some_and(listed),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests;
