//! The command line. Every flag can also be set by an environment variable.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::context::Limits;
use crate::leadership;
use crate::observer::Freshness;
use crate::telemetry::logs::LogFormat;

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
    /// The only namespace to watch; by default all.
    #[arg(long, env = "ECS_OPERATOR_WATCH_NAMESPACE", value_name = "NAMESPACE")]
    pub watch_namespace: Option<String>,
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
            watch_namespace: self.watch_namespace.clone(),
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

    #[test]
    fn an_election_is_held_only_when_asked_for() {
        let settings = |flags: &[&str]| {
            let flags = ["ecs-operator", "run"].iter().chain(flags);
            match Cli::try_parse_from(flags).unwrap().command {
                Command::Run(run) => run.settings(),
                Command::Crds => unreachable!("run was asked for"),
            }
        };
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
