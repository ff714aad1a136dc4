//! Where the checkout and its binaries are, and cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use ecs_e2e::command::run_to_end;

use crate::error::Error;

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder that holds our binaries: the one that this program lies in.
pub fn binaries() -> Result<PathBuf, Error> {
    let this =
        env::current_exe().map_err(|why| Error::told(format!("cannot find out where xtask lies: {why}")))?;
    this.parent()
        .map(Path::to_owned)
        .ok_or_else(|| Error::told("xtask lies in no folder"))
}

/// cargo, with the toolchain that runs us, in the checkout.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    // What cargo told us about ourselves must not look to the inner cargo like something that changed.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name == "CARGO_MANIFEST_DIR"
            || name == "CARGO_MANIFEST_PATH"
        {
            command.env_remove(name);
        }
    }
    command
}

/// What one of the built operator's commands prints.
pub fn printed_by_the_operator(arguments: &[&str]) -> Result<String, Error> {
    let mut command = Command::new(binaries()?.join("ecs-operator"));
    command.args(arguments);
    let name = format!("ecs-operator {}", arguments.join(" "));
    Ok(run_to_end(command, &name)?)
}

/// Runs cargo with its own progress on the terminal.
pub fn run(arguments: &[&str]) -> Result<(), Error> {
    let status = cargo(arguments)
        .status()
        .map_err(|why| Error::told(format!("cannot start cargo: {why}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::told(format!("`cargo {}` failed", arguments.join(" "))))
    }
}
