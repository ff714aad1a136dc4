//! `cargo xtask bench`: what many services cost, beside a bare loop that makes the same Kubernetes writes and nothing else.

mod load;
mod memory;
mod report;
mod watch;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use ecs_e2e::stack::{self, Stack};
use ecs_e2e::steps::Steps;
use ecs_e2e::{poll, samples};

use crate::cargo;
use crate::error::Error;
use load::{Load, Writes};
use report::Report;
use watch::Watch;

/// How long the services may take until all are Ready.
const READY_WITHIN: Duration = Duration::from_mins(15);

/// Of ECS's documented request rates, so that the operator is measured and not ECS's own limit: at the default of 50 percent a thousand
/// services cannot be created in less than 390 s, whoever asks.
const REQUEST_PERCENT: u16 = 2000;

/// Options of `bench`
#[derive(Args)]
pub struct Options {
    /// How many services to create, of one task each
    #[arg(long, default_value_t = 1000)]
    services: u32,
    /// Measure the optimised build
    #[arg(long)]
    release: bool,
    /// Measure the programs in this folder, as those that `cargo xtask image` built, instead of building any
    #[arg(long, value_name = "FOLDER", conflicts_with = "release")]
    binaries: Option<PathBuf>,
    /// Write the result to docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

/// The folder of the programs that are measured.
fn binaries(options: &Options) -> Result<PathBuf, Error> {
    if let Some(folder) = &options.binaries {
        return Ok(folder.clone());
    }
    let profile: &[&str] = if options.release { &["--release"] } else { &[] };
    cargo::run(&[&["build", "-p", "ecs-operator", "-p", "ecs-backend"], profile].concat())?;
    let binaries = cargo::binaries()?;
    Ok(if options.release {
        binaries.with_file_name("release")
    } else {
        binaries
    })
}

/// What the report calls the build, and the flag that chose it.
fn named(options: &Options) -> (&'static str, String) {
    match &options.binaries {
        Some(folder) => ("given", format!(" --binaries {}", folder.display())),
        None if options.release => ("optimised", " --release".to_owned()),
        None => ("unoptimised", String::new()),
    }
}

/// Creates the services through the real API server, waits until all are Ready, and reports what that took.
pub fn bench(options: &Options) -> Result<(), Error> {
    let binaries = binaries(options)?;
    let steps = Steps::shown();
    let options_of_stack = stack::Options {
        operator_flags: vec!["--request-percent".to_owned(), REQUEST_PERCENT.to_string()],
        ..stack::Options::ephemeral(binaries)
    };
    let mut stack = Stack::start(&options_of_stack, steps)?;
    steps.run("account, cluster and definition ready", |_| prepare(&stack))?;

    let load = Load::start(&stack)?;
    let before = stack.backend().calls()?;
    let watch = Watch::start(load.url())?;
    let begun = Instant::now();
    steps.run("services created", |_| load.create("default", options.services))?;
    steps.run("services ready", |progress| {
        poll::until(
            "not all services are Ready",
            READY_WITHIN,
            Duration::from_millis(100),
            || {
                let ready = watch.ready();
                progress.show(&format!("{ready} of {}", options.services));
                if ready >= options.services as usize {
                    Ok(())
                } else {
                    Err(format!("{ready} of {} are Ready", options.services))
                }
            },
        )
    })?;
    let took = begun.elapsed();
    let writes = Writes {
        services: watch.writes(),
        events: events(&stack)?,
    };
    let calls = report::difference(&before, &stack.backend().calls()?);
    let memory = stack
        .operator()
        .map(|operator| memory::of(operator.id()))
        .transpose()?
        .unwrap_or_default();

    let status = stack
        .plane()
        .kubectl()
        .json(&["get", "ecssvc", &load::name(0)])?
        .get("status")
        .cloned()
        .unwrap_or_default();
    stack.stop_operator();
    let bare = steps.run("the same writes by a bare loop", |_| {
        load.bare(options.services, &writes, &status)
    })?;
    let (build, flag) = named(options);
    let report = Report {
        services: options.services,
        build,
        flag,
        took,
        writes,
        calls,
        memory,
        bare,
    };
    println!("\n{}", report.markdown());
    if options.write {
        let path = cargo::root().join("docs/benchmarks.md");
        let page = std::fs::read_to_string(&path).map_err(ecs_e2e::Error::file("cannot read", &path))?;
        std::fs::write(&path, report.renewed(&page)).map_err(ecs_e2e::Error::file("cannot write", &path))?;
        println!("wrote docs/benchmarks.md");
    }
    Ok(())
}

/// How many Events about services are stored.
fn events(stack: &Stack) -> Result<u64, ecs_e2e::Error> {
    let listed = stack.plane().kubectl().run(&[
        "get",
        "events.v1.events.k8s.io",
        "--field-selector=regarding.kind=EcsService",
        "-o",
        "name",
    ])?;
    Ok(listed.lines().count() as u64)
}

fn prepare(stack: &Stack) -> Result<(), ecs_e2e::Error> {
    let kubectl = stack.plane().kubectl();
    let folder = samples::render(stack.run(), stack.backend().url())?;
    for sample in ["00-account.yaml", "01-cluster.yaml"] {
        kubectl.run(&[
            "apply",
            "--server-side",
            "-f",
            &folder.join(sample).to_string_lossy(),
        ])?;
    }
    kubectl.apply(load::DEFINITION)?;
    kubectl
        .run(&[
            "wait",
            "--for=condition=Ready",
            "--timeout=60s",
            "ecscl/demo",
            "ecstd/bench",
        ])
        .map(drop)
}
