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
    pub run: fn() -> Result<u32, Error>,
}

/// All of them.
pub const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        command: "cargo fmt --all --check",
        run: || plain(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "deny",
        command: "cargo xtask test deny",
        run: || check::deny::deny().map(|()| 0),
    },
    Step {
        name: "direction",
        command: "cargo xtask test direction",
        run: || check::direction::direction().map(|()| 0),
    },
    Step {
        name: "clippy",
        command: "cargo clippy --workspace --all-targets -- -D warnings",
        run: || plain(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step {
        name: "doc",
        command: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
        run: doc,
    },
    Step {
        name: "build",
        command: "cargo build --workspace --all-targets",
        run: || plain(&["build", "--workspace", "--all-targets"]),
    },
    Step {
        name: "crds",
        command: "cargo xtask crds --check",
        run: || crds::check_built().map(|()| 0),
    },
    Step {
        name: "charts",
        command: "cargo xtask charts --check",
        run: || charts::check_built().map(|()| 0),
    },
    Step {
        name: "test",
        command: "cargo test --workspace",
        run: || tests(&["test", "--workspace"]),
    },
    Step {
        name: "tools",
        command: "cargo xtask test tools",
        run: || {
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
        run: || node_tools().map(|()| 0),
    },
    // All but the crash test, whose functions are named after what they do; one that were not would merely run twice.
    Step {
        name: "e2e",
        command: "cargo test -p ecs-e2e --tests -- --ignored --skip killed_",
        run: || {
            tests(&[
                "test",
                "-p",
                "ecs-e2e",
                "--tests",
                "--",
                "--ignored",
                "--skip",
                "killed_",
            ])
        },
    },
    Step {
        name: "clients",
        command: "cargo xtask test clients",
        run: clients,
    },
];

fn plain(arguments: &[&str]) -> Result<u32, Error> {
    cargo::run(arguments).map(|()| 0)
}

fn tests(arguments: &[&str]) -> Result<u32, Error> {
    counted::run(cargo::cargo(arguments), counted::in_rust)
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
fn crash() -> Result<u32, Error> {
    thread::scope(|scope| {
        let others = scope.spawn(node_tools);
        let passed = tests(&["test", "-p", "ecs-e2e", "--test", "crash", "--", "--ignored"])?;
        let built = others
            .join()
            .map_err(|_| Error::told("building the tools panicked"))?;
        built.map(|()| passed)
    })
}

/// helm, and what a node is made of, where they are not there yet.
fn node_tools() -> Result<(), Error> {
    tools::helm(Steps::shown())?;
    if !node::unwanted() {
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
