//! The command line. Every flag can also be set by an environment variable.

#![allow(
    clippy::doc_markdown,
    reason = "docs of flags are what `--help` prints, as plain text"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::context::Limits;
use crate::leadership;
use crate::observer::Freshness;
use crate::telemetry::logs::LogFormat;
use crate::{iam, rbac, selftest};

/// Keeps Amazon ECS as Kubernetes objects describe it.
#[derive(Debug, Parser)]
#[command(name = "ecs-operator", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the operator. AWS's standard variables (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …) and KUBECONFIG hold.
    Run(Box<Run>),
    /// Prints the custom resource definitions as YAML, for `kubectl apply --server-side -f -`.
    Crds,
    /// Prints the Roles and bindings that `run` needs, and no more, as YAML.
    Rbac(Rbac),
    /// Prints the IAM policy of just the calls that `run` makes, as JSON.
    IamPolicy(Iam),
    /// Creates an EcsTaskDefinition, sees it registered in ECS and deletes it again; what `helm test` runs.
    Selftest(Selftest),
}

/// The flags of `selftest`.
#[derive(Debug, Args)]
pub struct Selftest {
    /// Where the object is made.
    #[arg(long, default_value = "default", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The object's name, which is the family's name too.
    #[arg(long, default_value = "ecs-operator-selftest", value_name = "NAME")]
    pub name: String,
    /// The AwsAccount that it uses.
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub account: String,
    /// Seconds that registering it may take, and deleting it again.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..=3600), value_name = "SECONDS")]
    pub timeout_seconds: u16,
}

/// The flags of `rbac`. Those that `run` has too mean the same.
#[derive(Debug, Args)]
pub struct Rbac {
    /// The operator's own namespace, in which its Lease is.
    #[arg(long, default_value = "ecs-operator-system", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The operator's ServiceAccount; the Roles are called after it.
    #[arg(long, default_value = "ecs-operator", value_name = "NAME")]
    pub service_account: String,
    /// The namespaces to watch, separated by commas: Roles there, instead of one ClusterRole.
    #[arg(long, value_delimiter = ',', value_name = "NAMESPACE,…")]
    pub watch_namespaces: Vec<String>,
    /// The installation's name, where `run` is given one: then namespace kube-system need not be read.
    #[arg(long, value_name = "NAME")]
    pub installation: Option<String>,
    /// The name of the Lease.
    #[arg(long, default_value = "ecs-operator", value_name = "NAME")]
    pub lease_name: String,
    /// Leave the Lease out, for a `run` without --leader-elect.
    #[arg(long)]
    pub without_leader_election: bool,
    /// The rules as helpers of the Helm chart.
    #[arg(long, hide = true)]
    pub chart_template: bool,
}

/// The flags of `iam-policy`.
#[derive(Debug, Args)]
pub struct Iam {
    /// A manifest of an AwsAccount: the policy allows what its namespaces may name, in its account and regions.
    #[arg(long, value_name = "FILE")]
    pub namespace_scoped: Option<PathBuf>,
    /// The only account, as 12 digits.
    #[arg(long, value_name = "DIGITS")]
    pub account: Option<String>,
    /// A region; may be repeated. By default all.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// AWS's partition; by default that of each region.
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// The ARN or pattern of a role that tasks, or the ECS agent, may take; may be repeated.
    #[arg(long, value_name = "ARN")]
    pub task_role: Vec<String>,
    /// The ARN or pattern of a role that ECS may take: for load balancers, volumes, managed instances; may be repeated.
    #[arg(long, value_name = "ARN")]
    pub infrastructure_role: Vec<String>,
    /// The ARN of a role that the operator assumes (roleArn of an AwsAccount); may be repeated.
    #[arg(long, value_name = "ARN")]
    pub assume_role: Vec<String>,
}

/// The flags of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Where /livez, /readyz and /metrics are served.
    #[arg(
        long,
        env = "ECS_OPERATOR_ADMIN_LISTEN",
        default_value = "0.0.0.0:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub admin_listen: SocketAddr,
    /// The name that tells this installation's resources in ECS from another's; by default the UID of namespace kube-system.
    #[arg(long, env = "ECS_OPERATOR_INSTALLATION", value_name = "NAME")]
    pub installation: Option<String>,
    /// The namespaces to watch, separated by commas; by default all.
    #[arg(
        long,
        env = "ECS_OPERATOR_WATCH_NAMESPACES",
        value_delimiter = ',',
        value_name = "NAMESPACE,…"
    )]
    pub watch_namespaces: Vec<String>,
    /// Elect a leader among several replicas. Without, this process must be the only one.
    #[arg(long, env = "ECS_OPERATOR_LEADER_ELECT")]
    pub leader_elect: bool,
    /// The namespace of the Lease.
    #[arg(
        long,
        env = "ECS_OPERATOR_LEASE_NAMESPACE",
        default_value = "ecs-operator-system",
        value_name = "NAMESPACE"
    )]
    pub lease_namespace: String,
    /// The name of the Lease; installations that live side by side need one each.
    #[arg(
        long,
        env = "ECS_OPERATOR_LEASE_NAME",
        default_value = "ecs-operator",
        value_name = "NAME"
    )]
    pub lease_name: String,
    /// Seconds after which the lease of a leader that does not answer expires.
    #[arg(long, env = "ECS_OPERATOR_LEASE_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u16).range(5..=300), value_name = "SECONDS")]
    pub lease_seconds: u16,
    /// Who this replica is in the Lease and in Events, as a pod's name; by default the host's name.
    #[arg(long, env = "ECS_OPERATOR_IDENTITY", value_name = "NAME")]
    pub identity: Option<String>,
    /// The form of log lines.
    #[arg(long, env = "ECS_OPERATOR_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What is logged, as `info` or `info,ecs_operator=debug`.
    #[arg(
        long,
        env = "ECS_OPERATOR_LOG",
        default_value = "info,kube_client=warn,kube_runtime=warn",
        value_name = "FILTER"
    )]
    pub log: String,
    /// Passes over objects of one kind at the same time.
    #[arg(long, env = "ECS_OPERATOR_CONCURRENCY", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512), value_name = "NUMBER")]
    pub concurrency: u16,
    /// Seconds between two looks at a resource that moves (four times as many while hundreds do).
    #[arg(long, env = "ECS_OPERATOR_MOVING_SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=60), value_name = "SECONDS")]
    pub moving_seconds: u16,
    /// Seconds between two looks at a resource that is steady.
    #[arg(long, env = "ECS_OPERATOR_STEADY_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(5..=3600), value_name = "SECONDS")]
    pub steady_seconds: u16,
    /// Percent of ECS's documented request rates that the operator allows itself where an account's object says nothing
    /// else. More than 100 only where AWS has raised the quotas, or against the backend.
    #[arg(long, env = "ECS_OPERATOR_REQUEST_PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000), value_name = "PERCENT")]
    pub request_percent: u16,
    /// The region in which the operator's own credentials are obtained.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1", value_name = "REGION")]
    pub aws_region: String,
}

/// Each namespace once, in order; an empty list means all, also where it comes from an empty variable.
fn namespaces_to_watch(named: &[String]) -> Vec<String> {
    let named = named.iter().map(|name| name.trim());
    let named: BTreeSet<&str> = named.filter(|name| !name.is_empty()).collect();
    named.into_iter().map(str::to_owned).collect()
}

impl Selftest {
    /// What the flags choose.
    pub fn settings(&self) -> selftest::Settings {
        selftest::Settings {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            account: self.account.clone(),
            timeout: Duration::from_secs(u64::from(self.timeout_seconds)),
        }
    }
}

impl Rbac {
    /// What the flags choose.
    pub fn options(&self) -> rbac::Options {
        rbac::Options {
            namespace: self.namespace.clone(),
            service_account: self.service_account.clone(),
            watch_namespaces: namespaces_to_watch(&self.watch_namespaces),
            named: self.installation.is_some(),
            lease: (!self.without_leader_election).then(|| self.lease_name.clone()),
        }
    }
}

impl Iam {
    /// Narrows a scope to what the flags say, and adds the roles that they name.
    pub fn refine(&self, scope: &mut iam::Scope) {
        if let Some(account) = &self.account {
            scope.account.clone_from(account);
        }
        if self.partition.is_some() {
            scope.partition.clone_from(&self.partition);
        }
        if !self.region.is_empty() {
            scope.regions.clone_from(&self.region);
        }
        scope.task_roles.extend_from_slice(&self.task_role);
        scope
            .infrastructure_roles
            .extend_from_slice(&self.infrastructure_role);
        scope.assumed_roles.extend_from_slice(&self.assume_role);
    }
}

impl Run {
    /// What the flags choose for the app.
    pub fn settings(&self) -> app::Settings {
        let election = self.leader_elect.then(|| leadership::Settings {
            namespace: self.lease_namespace.clone(),
            name: self.lease_name.clone(),
            duration: Duration::from_secs(u64::from(self.lease_seconds)),
        });
        app::Settings {
            installation: self.installation.clone(),
            watch_namespaces: namespaces_to_watch(&self.watch_namespaces),
            election,
            freshness: Freshness {
                moving: Duration::from_secs(u64::from(self.moving_seconds)),
                steady: Duration::from_secs(u64::from(self.steady_seconds)),
                ..Freshness::default()
            },
            limits: Limits {
                concurrency: self.concurrency,
                ..Limits::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_flag_of_run_has_a_variable() {
        Cli::command().debug_assert();
        let command = Cli::command();
        let run = command.find_subcommand("run").unwrap();
        for flag in run.get_arguments().filter(|flag| flag.get_id() != "help") {
            assert!(flag.get_env().is_some(), "--{} has no variable", flag.get_id());
        }
    }

    fn settings(flags: &[&str]) -> app::Settings {
        let flags = ["ecs-operator", "run"].iter().chain(flags);
        let Command::Run(run) = Cli::try_parse_from(flags).unwrap().command else {
            unreachable!("run was asked for")
        };
        run.settings()
    }

    #[test]
    fn namespaces_are_listed_with_commas_and_nothing_means_all() {
        let all: [&str; 0] = [];
        assert_eq!(settings(&[]).watch_namespaces, all);
        assert_eq!(settings(&["--watch-namespaces", ""]).watch_namespaces, all);
        let some = settings(&["--watch-namespaces", "shop, billing,shop"]);
        assert_eq!(some.watch_namespaces, ["billing", "shop"]);
    }

    #[test]
    fn an_election_is_held_only_when_asked_for() {
        assert_eq!(settings(&[]).election, None);
        let election = settings(&[
            "--leader-elect",
            "--lease-namespace",
            "ops",
            "--lease-seconds",
            "30",
        ])
        .election;
        let expected = leadership::Settings {
            namespace: "ops".into(),
            name: "ecs-operator".into(),
            duration: Duration::from_secs(30),
        };
        assert_eq!(election, Some(expected));
    }
}
