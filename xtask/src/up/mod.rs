//! `cargo xtask up`: everything on one machine, no AWS account, nothing to install.

mod goodbye;
mod instances;
mod view;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ecs_e2e::stack::{self, Stack};
use ecs_e2e::steps::Steps;
use ecs_e2e::{free_ports, samples};

use crate::cargo;
use crate::error::Error;
use crate::interrupt::Interrupt;
use view::View;

/// The samples must be as they want to be within this.
const READY_WITHIN: Duration = Duration::from_mins(3);
/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Options of `up`
#[derive(Args)]
pub struct Options {
    /// End as soon as the samples are Ready; exit non-zero where one is not within 180 s, and say why
    #[arg(long)]
    once: bool,
    /// Keep the state of etcd and of the backend in this folder, and go on from what is there
    #[arg(long, value_name = "DIR")]
    keep_data: Option<PathBuf>,
    /// How long the phases of a task's life take: fractions of a second, or as long as in ECS
    #[arg(long, value_enum, default_value_t = Timing::Fast)]
    timing: Timing,
    /// Port of kube-apiserver on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT")]
    apiserver_port: Option<u16>,
    /// Port of the ECS backend on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT")]
    backend_port: Option<u16>,
    /// Port of the operator's /readyz and /metrics on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT")]
    operator_port: Option<u16>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Timing {
    Fast,
    Aws,
}

impl Options {
    fn stack(&self) -> Result<stack::Options, Error> {
        let ports = [
            (self.apiserver_port, "--apiserver-port"),
            (self.backend_port, "--backend-port"),
            (self.operator_port, "--operator-port"),
        ];
        for (port, option) in ports {
            if let Some(port) = port {
                free_ports::require_free(port, option)?;
            }
        }
        Ok(stack::Options {
            keep_data: self.keep_data.clone(),
            timing: match self.timing {
                Timing::Fast => "fast",
                Timing::Aws => "aws",
            }
            .to_owned(),
            apiserver_port: self.apiserver_port,
            backend_port: self.backend_port,
            operator_port: self.operator_port,
            ..stack::Options::ephemeral(cargo::binaries()?)
        })
    }
}

/// Brings everything up, applies the samples, shows them until they are as they should be, and stays until Ctrl-C.
pub fn up(options: &Options, interrupt: &Interrupt) -> Result<(), Error> {
    let start = Instant::now();
    let steps = Steps::shown();
    let wanted = options.stack()?;
    cargo::run(&["build", "-p", "ecs-operator", "-p", "ecs-backend"])?;
    let mut stack = Stack::start(&wanted, steps)?;
    interrupt.ask_politely();
    let folder = samples::render(stack.run(), stack.backend().url())?;
    steps.run("samples applied", |_| {
        stack.plane().kubectl().apply_folder(&folder)
    })?;
    steps.run("container instances registered", |_| {
        instances::register(stack.backend())
    })?;
    if !watch(&mut stack, &folder, interrupt)? {
        return Ok(());
    }
    steps.run("one of them given an image that cannot be pulled", |_| {
        stack.plane().kubectl().apply_folder(&folder.join("changes"))
    })?;
    if !watch(&mut stack, &folder, interrupt)? {
        return Ok(());
    }
    steps.note(&format!(
        "all samples are as they should be, {:.0} s after the start",
        start.elapsed().as_secs_f64()
    ));
    println!(
        "\n{}",
        stack
            .plane()
            .kubectl()
            .run(&["get", "ecs", "--all-namespaces", "-o", "wide"])?
    );
    if options.once {
        return Ok(());
    }
    goodbye::say_how_to_go_on(&stack);
    interrupt.stay(|| stack.check_running())?;
    steps.run("everything ended", |_| {
        drop(stack);
        Ok::<_, Error>(())
    })
}

/// Shows the samples until each is as it should be; false where a person ends it before.
fn watch(stack: &mut Stack, folder: &Path, interrupt: &Interrupt) -> Result<bool, Error> {
    let start = Instant::now();
    let mut view = View::new();
    let folder = folder.to_string_lossy();
    loop {
        if interrupt.asked() {
            return Ok(false);
        }
        stack.check_running()?;
        let seen = samples::progress(&stack.plane().kubectl().json(&["get", "-f", &folder])?);
        view.show(&seen);
        if !seen.is_empty() && seen.iter().all(|sample| sample.done) {
            return Ok(true);
        }
        if start.elapsed() > READY_WITHIN {
            return Err(not_ready(stack, &seen));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn not_ready(stack: &Stack, seen: &[samples::Progress]) -> Error {
    let left = seen.iter().filter(|sample| !sample.done);
    let lines: Vec<String> = left
        .map(|sample| {
            format!(
                "  {} {}\n    {}",
                sample.object,
                sample.counts,
                sample.conditions.join("\n    ")
            )
        })
        .collect();
    let log = ecs_e2e::process::tail(&stack.run().path().join("ecs-operator.log"));
    Error::told(format!(
        "not as they should be after {} s:\n{}\nthe operator's last words:\n{log}",
        READY_WITHIN.as_secs(),
        lines.join("\n")
    ))
}
