//! A child process with its log, ended on drop, at the latest by the guardian.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Error;
use crate::command::not_started;
use crate::guardian::Guardian;
use crate::run_dir::RunDir;

/// How many lines of a child's log an error shows.
const TAIL_LINES: usize = 15;
/// How often a child that was told to stop is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A running child. Dropping it stops it.
#[derive(Debug)]
pub struct Process {
    name: String,
    command: Command,
    child: std::process::Child,
    ended: Option<ExitStatus>,
    log: PathBuf,
    guardian: Guardian,
    grace: Duration,
}

impl Process {
    /// Starts `command` as the leader of its own process group, with its output in `<run>/<name>.log`.
    ///
    /// `grace` is how long it gets between SIGTERM and SIGKILL.
    ///
    /// # Errors
    /// [`Error::File`] for the log, [`Error::Start`] for the program.
    pub fn start(name: &str, mut command: Command, run: &RunDir, grace: Duration) -> Result<Self, Error> {
        let log = run.path().join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::file("cannot write", &log))?;
        let errors = output.try_clone().map_err(Error::file("cannot write", &log))?;
        command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let child = spawn(&mut command)?;
        run.guardian().watch(child.id());
        Ok(Self {
            name: name.to_owned(),
            command,
            child,
            ended: None,
            log,
            guardian: run.guardian().clone(),
            grace,
        })
    }

    /// Which child this is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is also its group's.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Fails where the child has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        match self.ended() {
            None => Ok(()),
            Some(status) => Err(Error::Ended {
                name: self.name.clone(),
                status: status.to_string(),
                tail: tail(&self.log),
                log: self.log.clone(),
            }),
        }
    }

    /// SIGTERM, then SIGKILL where the grace has passed. Does nothing to a child that has ended.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + self.grace;
        while self.ended().is_none() && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
        self.kill();
    }

    /// SIGKILL to the whole group, at once, and waits until the child is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        if self.ended.is_none()
            && let Ok(status) = self.child.wait()
        {
            self.note_end(status);
        }
    }

    /// Stops it and starts the same command again, with the same log.
    ///
    /// # Errors
    /// [`Error::Start`] for the program.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.stop();
        self.child = spawn(&mut self.command)?;
        self.ended = None;
        self.guardian.watch(self.child.id());
        Ok(())
    }

    /// Freezes the group (SIGSTOP), as a machine that hangs.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen group go on (SIGCONT).
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            // It may have ended in this very moment, which is what we want.
            let _ = kill_process_group(group, signal);
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.note_end(status);
        }
        self.ended
    }

    fn note_end(&mut self, status: ExitStatus) {
        self.ended = Some(status);
        self.guardian.forget(self.child.id());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(command: &mut Command) -> Result<std::process::Child, Error> {
    command.spawn().map_err(not_started(command))
}

/// The last lines of a log; empty where there is none.
pub fn tail(log: &Path) -> String {
    let content = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let mut lines: Vec<&str> = content.lines().rev().take(TAIL_LINES).collect();
    lines.reverse();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_ends_is_told_with_the_end_of_its_log() {
        let run = RunDir::temporary().unwrap();
        let mut process = Process::start(
            "short",
            shell("echo one; echo two >&2; exit 3"),
            &run,
            Duration::ZERO,
        )
        .unwrap();
        let report = poll::until(
            "it runs",
            Duration::from_secs(10),
            Duration::from_millis(5),
            || match process.check_running() {
                Ok(()) => Err("running".to_owned()),
                Err(report) => Ok(report.to_string()),
            },
        )
        .unwrap();
        assert!(report.starts_with("short ended with exit status: 3"), "{report}");
        assert!(report.ends_with("one\ntwo"), "{report}");
    }

    #[test]
    fn a_child_can_be_started_again() {
        let run = RunDir::temporary().unwrap();
        let mut process =
            Process::start("again", shell("echo started; sleep 600"), &run, Duration::ZERO).unwrap();
        let says = |times: usize| {
            poll::until(
                "it does not start",
                Duration::from_secs(10),
                Duration::from_millis(5),
                || {
                    let said = fs::read_to_string(run.path().join("again.log")).unwrap();
                    if said.lines().count() == times {
                        Ok(())
                    } else {
                        Err(said)
                    }
                },
            )
            .unwrap();
        };
        says(1);
        let first = process.id();
        process.restart().unwrap();
        says(2);
        assert_ne!(process.id(), first);
        process.check_running().unwrap();
    }

    #[test]
    fn a_child_that_ignores_sigterm_is_killed_with_its_whole_group() {
        let run = RunDir::temporary().unwrap();
        let script = "trap '' TERM; sleep 600 & echo $! ready; wait";
        let mut process = Process::start("stubborn", shell(script), &run, Duration::from_millis(50)).unwrap();
        let grandchild = poll::until(
            "it says nothing",
            Duration::from_secs(10),
            Duration::from_millis(5),
            || {
                let said = fs::read_to_string(process.log()).unwrap();
                said.strip_suffix(" ready\n").map(str::to_owned).ok_or(said)
            },
        )
        .unwrap();
        process.stop();
        assert!(process.check_running().is_err());
        poll::until(
            "the grandchild lives",
            Duration::from_secs(10),
            Duration::from_millis(5),
            || {
                let state = fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
                if state.is_empty() || state.contains(") Z ") {
                    Ok(())
                } else {
                    Err(state)
                }
            },
        )
        .unwrap();
    }
}
