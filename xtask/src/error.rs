//! What ends a task early.

/// A task's failure, worded for the last line of the output.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A child, a tool or a file.
    #[error("error: {0}")]
    Stack(#[from] ecs_e2e::Error),
    /// A check found something, or a person must do something.
    #[error("{0}")]
    Told(String),
}

impl Error {
    /// An error in our own words.
    pub fn told(message: impl Into<String>) -> Self {
        Self::Told(message.into())
    }
}
