//! The program `ecs-operator`.

use std::process::ExitCode;

use clap::Parser;
use ecs_operator::args::{Cli, Command};
use ecs_operator::{print, production};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(run) => production::run(&run).await,
        Command::Crds => print::crds(),
        Command::Rbac(args) => print::rbac(&args),
        Command::IamPolicy(args) => print::iam_policy(&args),
        Command::Selftest(args) => production::selftest(&args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ecs-operator: {error}");
            ExitCode::FAILURE
        }
    }
}
