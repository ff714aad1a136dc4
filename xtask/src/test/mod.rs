//! `cargo xtask test`: everything that CI checks, one named step after the other.

mod counted;
mod steps;

use std::time::Instant;

use clap::Args;
use ecs_e2e::node;

use crate::error::Error;
use steps::{STEPS, Step, Wanted};

/// Options of `test`
#[derive(Args)]
pub struct Options {
    /// Only these steps, in the order of the whole run [default: all]
    #[arg(value_name = "STEP", value_parser = clap::builder::PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    steps: Vec<String>,
    /// Leave out the tests that start a whole Kubernetes node, which needs root
    #[arg(long)]
    without_node: bool,
    /// Name the steps and end
    #[arg(long)]
    list: bool,
}

/// Runs the steps until one fails, which the last line then names with its command.
pub fn test(options: &Options) -> Result<(), Error> {
    let chosen =
        |step: &&Step| options.steps.is_empty() || options.steps.iter().any(|name| name == step.name);
    if options.list {
        for step in STEPS {
            println!("{:<12} {}", step.name, step.command);
        }
        return Ok(());
    }
    let wanted = Wanted {
        node: !options.without_node && !node::unwanted(),
    };
    let start = Instant::now();
    let mut passed = 0;
    for step in STEPS.iter().filter(chosen) {
        println!("── {}: {}", step.name, step.command);
        let began = Instant::now();
        match (step.run)(wanted) {
            Ok(tests) => {
                passed += tests;
                println!("── {}: ok, {:.0} s", step.name, began.elapsed().as_secs_f64());
            }
            Err(why) => {
                return Err(Error::told(format!(
                    "{why}\n── {} FAILED after {:.0} s; to repeat: {}",
                    step.name,
                    began.elapsed().as_secs_f64(),
                    step.command
                )));
            }
        }
    }
    println!("all steps passed in {:.0} s", start.elapsed().as_secs_f64());
    println!("{passed} passed, 0 failed");
    Ok(())
}
