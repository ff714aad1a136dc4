//! The rights that the operator needs in Kubernetes, and no others: one list, from which `ecs-operator rbac` prints Roles and
//! from which the chart's are generated. Pure.
//!
//! The end-to-end tests hold it against the API server's audit log: nothing is forbidden, and no rule goes unused.

mod chart;
mod roles;

use crate::k8s::object::Kind;

pub use chart::template;
pub use roles::{Options, RoleError, yaml};

/// The API group of Events.
const EVENTS: &str = "events.k8s.io";
/// The namespace whose UID names an installation that nobody named.
const NAMING_NAMESPACE: &str = "kube-system";
/// Where Events about objects go that are in no namespace.
pub const CLUSTER_EVENTS_NAMESPACE: &str = "default";

/// One rule, before it is known how the Lease is called and which namespaces are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    group: &'static str,
    resources: Vec<String>,
    names: Names,
    verbs: &'static [&'static str],
}

/// Which objects a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// All.
    Any,
    /// The one of this name.
    One(&'static str),
    /// The Lease of the election.
    Lease,
    /// The namespaces that are watched.
    Watched,
}

/// A set of rules that are granted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    /// The objects in namespaces, in each namespace that is watched.
    Objects,
    /// The accounts, which are in no namespace.
    Accounts,
    /// Events, wherever objects are.
    Events,
    /// The labels of all namespaces: who may use an account can depend on them.
    AllNamespaces,
    /// The labels of the namespaces that are watched.
    WatchedNamespaces,
    /// The installation's name, where nobody gave it one.
    Installation,
    /// The Lease of the election, in the operator's own namespace.
    Lease,
}

impl Grant {
    const ALL: [Self; 7] = [
        Self::Objects,
        Self::Accounts,
        Self::Events,
        Self::AllNamespaces,
        Self::WatchedNamespaces,
        Self::Installation,
        Self::Lease,
    ];

    /// Its name in the chart's helpers.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Accounts => "accounts",
            Self::Events => "events",
            Self::AllNamespaces => "allNamespaces",
            Self::WatchedNamespaces => "watchedNamespaces",
            Self::Installation => "installation",
            Self::Lease => "lease",
        }
    }

    /// What it takes, with the reason for each verb that is not plain.
    fn rules(self) -> Vec<Rule> {
        match self {
            Self::Objects => kept(&namespaced_kinds()),
            Self::Accounts => kept(&[Kind::AwsAccount.plural()]),
            // An Event that repeats is counted up by a patch.
            Self::Events => vec![rule(EVENTS, &["events"], Names::Any, &["create", "patch"])],
            Self::AllNamespaces => vec![rule("", &["namespaces"], Names::Any, &["list", "watch"])],
            Self::WatchedNamespaces => vec![rule("", &["namespaces"], Names::Watched, &["list", "watch"])],
            Self::Installation => vec![rule("", &["namespaces"], Names::One(NAMING_NAMESPACE), &["get"])],
            // The name of what is created is not known to the authorizer, so it cannot be in the rule.
            Self::Lease => vec![
                rule("coordination.k8s.io", &["leases"], Names::Any, &["create"]),
                rule(
                    "coordination.k8s.io",
                    &["leases"],
                    Names::Lease,
                    &["get", "update"],
                ),
            ],
        }
    }
}

/// The resources of the kinds that are in namespaces.
fn namespaced_kinds() -> Vec<&'static str> {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::AwsAccount);
    kinds.map(Kind::plural).collect()
}

/// Objects are watched, and patched for their finalizer and for a count that a scaler needs to find; status is patched.
fn kept(kinds: &[&str]) -> Vec<Rule> {
    let statuses: Vec<String> = kinds.iter().map(|plural| format!("{plural}/status")).collect();
    vec![
        rule(ecs_crds::GROUP, kinds, Names::Any, &["list", "watch", "patch"]),
        rule(ecs_crds::GROUP, &statuses, Names::Any, &["patch"]),
    ]
}

fn rule(
    group: &'static str,
    resources: &[impl ToString],
    names: Names,
    verbs: &'static [&'static str],
) -> Rule {
    Rule {
        group,
        resources: resources.iter().map(ToString::to_string).collect(),
        names,
        verbs,
    }
}
