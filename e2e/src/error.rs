//! The one error of this crate: each variant says what was tried, where, and what would be right.

use std::path::PathBuf;
use std::time::Duration;

/// What can go wrong between a child process and its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read, made or moved.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried, as the start of a sentence ("cannot write").
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program, as it was named.
        program: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A program ended, and should not have, or ended in failure.
    #[error("{name} ended with {status}; the last lines it wrote (all of them are in {}):\n{tail}", log.display())]
    Ended {
        /// Which child.
        name: String,
        /// Its exit status, as the system words it.
        status: String,
        /// The end of what it wrote.
        tail: String,
        /// The whole of what it wrote.
        log: PathBuf,
    },
    /// A command that runs to its end failed.
    #[error("`{command}` failed with {status}:\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// What it wrote to standard error.
        output: String,
    },
    /// A condition did not come true in time.
    #[error("{what} after {:.0} s; last seen: {last}", waited.as_secs_f64())]
    Timeout {
        /// What did not happen ("etcd is not ready").
        what: String,
        /// How long we waited.
        waited: Duration,
        /// What was last seen.
        last: String,
    },
    /// Something that the machine lacks, with what to do about it.
    #[error("{0}")]
    Missing(String),
    /// An answer over HTTP that is not what was asked for.
    #[error("{request}: {problem}")]
    Http {
        /// Method and URL, or the ECS operation.
        request: String,
        /// Status and body, or why there is none.
        problem: String,
    },
    /// Text that should have been JSON of a known form.
    #[error("{what} is not the JSON that was expected: {problem}")]
    Json {
        /// Where the text came from.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// For `map_err` on file operations.
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
