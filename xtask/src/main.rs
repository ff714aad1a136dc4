//! `cargo xtask`: one entry for people and CI.

mod bench;
mod cargo;
mod charts;
mod check;
mod cluster;
mod crds;
mod error;
mod image;
mod interrupt;
mod model;
mod test;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use interrupt::Interrupt;

/// Builds, runs and checks ecs-operator.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start a Kubernetes API, the ECS backend and the operator, apply the samples and show them become Ready
    Up(up::Options),
    /// Start a whole Kubernetes cluster of one node, for charts and images, or end it; needs root
    Cluster(cluster::Options),
    /// Check everything that CI checks
    Test(test::Options),
    /// Write the CRD manifests from the Rust types
    Crds(crds::Options),
    /// Write what is generated in the charts: CRD templates, rules, READMEs, rendered value sets
    Charts(charts::Options),
    /// Trim a newer ECS service model to the facts we pin
    Model(model::Options),
    /// Measure the operator against the real API server, beside a bare loop that writes as much
    Bench(bench::Options),
    /// Assemble the container image as an OCI archive, without a container engine
    Image(image::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Interrupt::listen().and_then(|interrupt| match &arguments.task {
        Task::Up(options) => up::up(options, &interrupt),
        Task::Cluster(options) => cluster::cluster(options, &interrupt),
        Task::Test(options) => test::test(options),
        Task::Crds(options) => crds::crds(options),
        Task::Charts(options) => charts::charts(options),
        Task::Model(options) => model::model(options),
        Task::Bench(options) => bench::bench(options),
        Task::Image(options) => image::image(options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
