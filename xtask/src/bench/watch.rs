//! Seeing every write: a watch delivers each stored version of each object.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ecs_e2e::Error;
use ecs_e2e::process::Process;
use ecs_e2e::stack::Stack;

/// What is printed of each version.
const LINE: &str = r#"jsonpath={.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}"#;

/// A running `kubectl get --watch`, whose output is its log.
pub struct Watch {
    _process: Process,
    log: PathBuf,
}

impl Watch {
    /// Starts to watch the services of the namespace `default`.
    pub fn start(stack: &Stack) -> Result<Self, Error> {
        let command = stack
            .plane()
            .kubectl()
            .command(&["get", "ecssvc", "--watch", "-o", LINE]);
        let process = Process::start("kubectl-watch", command, stack.run(), Duration::from_secs(1))?;
        let log = process.log().to_owned();
        Ok(Self {
            _process: process,
            log,
        })
    }

    /// How many services were Ready in their newest version.
    pub fn ready(&self) -> usize {
        let lines = self.read();
        let newest: std::collections::BTreeMap<&str, &str> =
            lines.lines().filter_map(|line| line.split_once(' ')).collect();
        newest.values().filter(|ready| **ready == "True").count()
    }

    /// How many versions were stored.
    pub fn writes(&self) -> u64 {
        self.read()
            .lines()
            .filter(|line| line.starts_with("bench-"))
            .count() as u64
    }

    fn read(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}
