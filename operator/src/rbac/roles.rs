//! The Roles and bindings of one installation, as `ecs-operator rbac` prints them.

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use kube::api::ObjectMeta;
use serde::Serialize;

use super::{CLUSTER_EVENTS_NAMESPACE, Grant, Names};

/// What is known of the installation.
#[derive(Debug, Clone)]
pub struct Options {
    /// The operator's own namespace.
    pub namespace: String,
    /// Its service account, after which the Roles are called too.
    pub service_account: String,
    /// The namespaces that it watches; all where none is named.
    pub watch_namespaces: Vec<String>,
    /// Whether the installation has a name, so that none has to be read.
    pub named: bool,
    /// The Lease of the election; none without an election.
    pub lease: Option<String>,
}

/// Why the Roles could not be printed; it cannot happen with the rules of this module, as the tests show.
#[derive(Debug, thiserror::Error)]
#[error("the Roles cannot be written as YAML: {0}")]
pub struct RoleError(#[from] serde_saphyr::ser::Error);

/// A Role or `ClusterRole` with the binding that gives it to the operator.
enum Given {
    Everywhere(ClusterRole, ClusterRoleBinding),
    In(Role, RoleBinding),
}

/// All Roles and bindings as one stream of YAML documents.
///
/// # Errors
/// See [`RoleError`].
pub fn yaml(options: &Options) -> Result<String, RoleError> {
    let mut documents = Vec::new();
    for given in options.given() {
        match given {
            Given::Everywhere(role, binding) => {
                documents.extend([document(&role)?, document(&binding)?]);
            }
            Given::In(role, binding) => documents.extend([document(&role)?, document(&binding)?]),
        }
    }
    Ok(documents.join("---\n"))
}

fn document(object: &impl Serialize) -> Result<String, serde_saphyr::ser::Error> {
    let mut text = serde_saphyr::to_string(object)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

impl Options {
    fn given(&self) -> Vec<Given> {
        let mut given = vec![self.everywhere()];
        for namespace in &self.watch_namespaces {
            given.push(self.within("", namespace, &[Grant::Objects, Grant::Events]));
        }
        let apart = !self.watch_namespaces.is_empty()
            && !self
                .watch_namespaces
                .iter()
                .any(|namespace| namespace == CLUSTER_EVENTS_NAMESPACE);
        if apart {
            given.push(self.within("-account-events", CLUSTER_EVENTS_NAMESPACE, &[Grant::Events]));
        }
        if self.lease.is_some() {
            given.push(self.within("-leader-election", &self.namespace, &[Grant::Lease]));
        }
        given
    }

    /// What cannot be granted in a namespace; of an operator that watches all of them, nearly everything.
    fn everywhere(&self) -> Given {
        let mut grants = if self.watch_namespaces.is_empty() {
            vec![
                Grant::Objects,
                Grant::Accounts,
                Grant::Events,
                Grant::AllNamespaces,
            ]
        } else {
            vec![Grant::Accounts, Grant::WatchedNamespaces]
        };
        if !self.named {
            grants.push(Grant::Installation);
        }
        let metadata = ObjectMeta {
            name: Some(self.service_account.clone()),
            ..ObjectMeta::default()
        };
        let role = ClusterRole {
            metadata: metadata.clone(),
            rules: Some(self.rules(&grants)),
            ..ClusterRole::default()
        };
        let binding = ClusterRoleBinding {
            metadata,
            role_ref: reference("ClusterRole", &self.service_account),
            subjects: Some(vec![self.subject()]),
        };
        Given::Everywhere(role, binding)
    }

    fn within(&self, suffix: &str, namespace: &str, grants: &[Grant]) -> Given {
        let name = format!("{}{suffix}", self.service_account);
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        let role = Role {
            metadata: metadata.clone(),
            rules: Some(self.rules(grants)),
        };
        let binding = RoleBinding {
            metadata,
            role_ref: reference("Role", &name),
            subjects: Some(vec![self.subject()]),
        };
        Given::In(role, binding)
    }

    fn rules(&self, grants: &[Grant]) -> Vec<PolicyRule> {
        let rules = grants.iter().flat_map(|grant| grant.rules());
        rules
            .map(|rule| PolicyRule {
                api_groups: Some(vec![rule.group.to_owned()]),
                resources: Some(rule.resources),
                resource_names: self.names(rule.names),
                verbs: rule.verbs.iter().map(|&verb| verb.to_owned()).collect(),
                ..PolicyRule::default()
            })
            .collect()
    }

    fn names(&self, names: Names) -> Option<Vec<String>> {
        match names {
            Names::Any => None,
            Names::One(name) => Some(vec![name.to_owned()]),
            Names::Lease => Some(self.lease.iter().cloned().collect()),
            Names::Watched => Some(self.watch_namespaces.clone()),
        }
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: "ServiceAccount".to_owned(),
            name: self.service_account.clone(),
            namespace: Some(self.namespace.clone()),
            api_group: None,
        }
    }
}

fn reference(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(watched: &[&str]) -> Options {
        Options {
            namespace: "ecs-operator-system".into(),
            service_account: "ecs-operator".into(),
            watch_namespaces: watched.iter().map(|&name| name.to_owned()).collect(),
            named: false,
            lease: Some("ecs-operator".into()),
        }
    }

    /// One line a role: where, and each rule.
    fn roles(options: &Options) -> Vec<String> {
        let told = |rules: Option<Vec<PolicyRule>>| {
            let rules = rules.unwrap_or_default().into_iter().map(|rule| {
                let names = rule
                    .resource_names
                    .map_or_else(String::new, |names| format!("[{}]", names.join(",")));
                format!(
                    "{}{names}:{}",
                    rule.resources.unwrap_or_default().join(","),
                    rule.verbs.join(",")
                )
            });
            rules.collect::<Vec<_>>().join(" ")
        };
        let given = options.given().into_iter().map(|given| match given {
            Given::Everywhere(role, _) => format!("everywhere {}", told(role.rules)),
            Given::In(role, _) => {
                format!("{} {}", role.metadata.namespace.unwrap(), told(role.rules))
            }
        });
        given.collect()
    }

    const OBJECTS: &str = "capacityproviders,ecsclusters,ecsservices,ecstaskdefinitions:list,watch,patch \
        capacityproviders/status,ecsclusters/status,ecsservices/status,ecstaskdefinitions/status:patch";
    const ACCOUNTS: &str = "awsaccounts:list,watch,patch awsaccounts/status:patch";
    const LEASES: &str = "ecs-operator-system leases:create leases[ecs-operator]:get,update";

    #[test]
    fn who_watches_everything_has_one_cluster_role_and_the_lease() {
        let expected = [
            format!(
                "everywhere {OBJECTS} {ACCOUNTS} events:create,patch namespaces:list,watch namespaces[kube-system]:get"
            ),
            LEASES.to_owned(),
        ];
        assert_eq!(roles(&options(&[])), expected);
    }

    #[test]
    fn who_watches_namespaces_has_roles_there_and_only_accounts_everywhere() {
        let expected = [
            format!("everywhere {ACCOUNTS} namespaces[a,b]:list,watch namespaces[kube-system]:get"),
            format!("a {OBJECTS} events:create,patch"),
            format!("b {OBJECTS} events:create,patch"),
            "default events:create,patch".to_owned(),
            LEASES.to_owned(),
        ];
        assert_eq!(roles(&options(&["a", "b"])), expected);
    }

    #[test]
    fn what_is_not_needed_is_not_granted() {
        let alone = Options {
            named: true,
            lease: None,
            ..options(&["default"])
        };
        let expected = [
            format!("everywhere {ACCOUNTS} namespaces[default]:list,watch"),
            format!("default {OBJECTS} events:create,patch"),
        ];
        assert_eq!(roles(&alone), expected);
    }

    #[test]
    fn each_role_is_bound_to_the_service_account() {
        let text = yaml(&options(&["a"])).unwrap();
        let bindings = text.matches("\nkind: ClusterRoleBinding\n").count()
            + text.matches("\nkind: RoleBinding\n").count();
        assert_eq!(text.matches("kind: ServiceAccount").count(), bindings);
        assert_eq!(bindings, 4, "{text}");
    }
}
