//! The steps, in the order in which they find most for least time.

use std::path::Path;
use std::process::Command;
use std::thread;

use ecs_e2e::backend::{self, Backend};
use ecs_e2e::free_ports::free_ports;
use ecs_e2e::node;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;
use ecs_e2e::tools::{self, NodeTools, Tools};

use super::counted;
use crate::error::Error;
use crate::{cargo, charts, check, crds};

/// One step.
pub struct Step {
    /// What `cargo xtask test NAME` calls it.
    pub name: &'static str,
    /// What a person runs to repeat it.
    pub command: &'static str,
    /// Does it, and gives how many tests passed.
    pub run: fn(Wanted) -> Result<u32, Error>,
}

/// What a person wants of the steps.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The tests that start a whole node, which needs root.
    pub node: bool,
}

/// All of them.
pub const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        command: "cargo fmt --all --check",
        run: |_| plain(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "deny",
        command: "cargo xtask test deny",
        run: |_| check::deny::deny().map(|()| 0),
    },
    Step {
        name: "direction",
        command: "cargo xtask test direction",
        run: |_| check::direction::direction().map(|()| 0),
    },
    Step {
        name: "links",
        command: "cargo xtask test links",
        run: |_| check::links::links().map(|()| 0),
    },
    Step {
        name: "clippy",
        command: "cargo clippy --workspace --all-targets -- -D warnings",
        run: |_| plain(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step {
        name: "doc",
        command: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
        run: |_| doc(),
    },
    Step {
        name: "build",
        command: "cargo build --workspace --all-targets",
        run: |_| plain(&["build", "--workspace", "--all-targets"]),
    },
    Step {
        name: "crds",
        command: "cargo xtask crds --check",
        run: |_| crds::check_built().map(|()| 0),
    },
    Step {
        name: "charts",
        command: "cargo xtask charts --check",
        run: |_| charts::check_built().map(|()| 0),
    },
    Step {
        name: "test",
        command: "cargo test --workspace",
        run: |_| tests(cargo::cargo(&["test", "--workspace"])),
    },
    Step {
        name: "tools",
        command: "cargo xtask test tools",
        run: |_| {
            Tools::find_or_build(Steps::shown())?;
            Ok(0)
        },
    },
    Step {
        name: "crash",
        command: "cargo test -p ecs-e2e --test crash -- --ignored",
        run: crash,
    },
    Step {
        name: "node-tools",
        command: "cargo xtask test node-tools",
        run: |wanted| node_tools(wanted).map(|()| 0),
    },
    // All but the crash test, whose functions are named after what they do; one that were not would merely run twice.
    Step {
        name: "e2e",
        command: "cargo test -p ecs-e2e --tests -- --ignored --skip killed_",
        run: e2e,
    },
    Step {
        name: "clients",
        command: "cargo xtask test clients",
        run: |_| clients(),
    },
];

fn plain(arguments: &[&str]) -> Result<u32, Error> {
    cargo::run(arguments).map(|()| 0)
}

fn tests(command: Command) -> Result<u32, Error> {
    counted::run(command, counted::in_rust)
}

fn doc() -> Result<u32, Error> {
    let status = cargo::cargo(&["doc", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .map_err(|why| Error::told(format!("cannot start cargo: {why}")))?;
    if status.success() {
        Ok(0)
    } else {
        Err(Error::told("`cargo doc` failed"))
    }
}

/// Waits more than it computes, and no deadline of it is short: meanwhile the tools of the step after it are built.
fn crash(wanted: Wanted) -> Result<u32, Error> {
    thread::scope(|scope| {
        let others = scope.spawn(move || node_tools(wanted));
        let passed = tests(cargo::cargo(&[
            "test",
            "-p",
            "ecs-e2e",
            "--test",
            "crash",
            "--",
            "--ignored",
        ]))?;
        let built = others
            .join()
            .map_err(|_| Error::told("building the tools panicked"))?;
        built.map(|()| passed)
    })
}

fn e2e(wanted: Wanted) -> Result<u32, Error> {
    let mut command = cargo::cargo(&[
        "test",
        "-p",
        "ecs-e2e",
        "--tests",
        "--",
        "--ignored",
        "--skip",
        "killed_",
    ]);
    if !wanted.node {
        command.env(node::WITHOUT, "1");
    }
    tests(command)
}

/// helm, and what a node is made of, where they are not there yet.
fn node_tools(wanted: Wanted) -> Result<(), Error> {
    tools::helm(Steps::shown())?;
    if wanted.node {
        NodeTools::find_or_build(Steps::shown())?;
    }
    Ok(())
}

/// What shares nothing with us: AWS's Go SDK against a backend of its own, and Argo CD's Lua.
fn clients() -> Result<u32, Error> {
    let run = RunDir::temporary()?;
    let [port] = free_ports()?;
    let options = backend::Options {
        binary: cargo::binaries()?.join("ecs-backend"),
        port,
        timing: "fast".to_owned(),
        data: None,
    };
    let backend = Backend::start(&options, &run)?;
    let folder = cargo::root().join("e2e/clients");
    go(&folder, &["vet", "./..."])?;
    let mut command = Command::new("go");
    command
        .args(["test", "-count=1", "-v", "./..."])
        .current_dir(&folder)
        .env("ECS_ENDPOINT", backend.client().url());
    counted::run(command, counted::in_go)
}

fn go(folder: &Path, arguments: &[&str]) -> Result<(), Error> {
    let status = Command::new("go")
        .args(arguments)
        .current_dir(folder)
        .status()
        .map_err(|why| {
            Error::told(format!(
                "Go is needed for the client tests; cannot start go: {why}"
            ))
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::told(format!(
            "`go {}` failed in {}",
            arguments.join(" "),
            folder.display()
        )))
    }
}
