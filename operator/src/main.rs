//! The program `ecs-operator`.

use std::process::ExitCode;

use clap::Parser;
use ecs_operator::args::{Cli, Command};
use ecs_operator::production;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(run) => production::run(&run).await,
        Command::Crds => production::print_crds(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ecs-operator: {error}");
            ExitCode::FAILURE
        }
    }
}
