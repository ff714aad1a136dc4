//! Commands that run to their end.

use std::process::{Command, Output};

use crate::Error;

/// Runs it and gives what it wrote to standard output; `name` is what an error calls it.
///
/// # Errors
/// [`Error::Start`] where it cannot be started, [`Error::Command`] with what it wrote to standard error where it fails.
pub fn run_to_end(mut command: Command, name: &str) -> Result<String, Error> {
    let output = command.output().map_err(not_started(&command))?;
    text(&output, name)
}

/// What an ended command wrote to standard output.
///
/// # Errors
/// [`Error::Command`] with what it wrote to standard error where it failed.
pub fn text(output: &Output, name: &str) -> Result<String, Error> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Command {
        command: name.to_owned(),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
    })
}

/// The error of a command that cannot be started.
pub fn not_started(command: &Command) -> impl Fn(std::io::Error) -> Error + use<> {
    let program = command.get_program().to_string_lossy().into_owned();
    move |source| Error::Start {
        program: program.clone(),
        source,
    }
}
