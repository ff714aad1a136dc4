//! Ends our children when we are gone, whatever ended us: a panic, `exit`, SIGKILL, a test binary whose statics are never dropped.
//!
//! The guardian is a shell (`guardian.sh`) that reads from a pipe of ours. The system closes the pipe when we die; the shell then
//! kills what it was told to watch. Each child leads a process group of its own, so that Ctrl-C reaches only us and we can
//! stop them in the right order.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;

/// A handle on the guarding shell; clones speak to the same one.
#[derive(Debug, Clone)]
pub struct Guardian(Arc<Mutex<Shell>>);

#[derive(Debug)]
struct Shell {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Guardian {
    /// Starts the shell.
    ///
    /// # Errors
    /// [`Error::Start`] where there is no `sh`.
    pub fn start() -> Result<Self, Error> {
        let mut child = Command::new("sh")
            .args(["-c", include_str!("guardian.sh")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Start {
                program: "sh".to_owned(),
                source,
            })?;
        let orders = child.stdin.take();
        Ok(Self(Arc::new(Mutex::new(Shell { child, orders }))))
    }

    /// Kills this process group once we are gone.
    pub fn watch(&self, group: u32) {
        self.tell(&format!("watch {group}\n"));
    }

    /// The process group has ended; its number may become another's.
    pub fn forget(&self, group: u32) {
        self.tell(&format!("forget {group}\n"));
    }

    /// Removes this folder once we are gone, after the process groups.
    pub fn remove(&self, folder: &Path) {
        self.tell(&format!("remove {}\n", folder.display()));
    }

    /// Removes the cgroups of this name, in each hierarchy and with all below them, once we are gone, after the process groups.
    pub fn remove_cgroup(&self, name: &str) {
        self.tell(&format!("cgroup {name}\n"));
    }

    fn tell(&self, order: &str) {
        let mut shell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = &mut shell.orders {
            // A guardian that somebody killed cannot guard; the orderly ways of stopping still work.
            let _ = orders.write_all(order.as_bytes()).and_then(|()| orders.flush());
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll;
    use std::time::Duration;

    #[test]
    fn the_end_of_the_pipe_kills_what_is_watched_and_spares_what_is_forgotten() {
        let folder = std::env::temp_dir().join(format!("guardian-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let start = || Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let (mut watched, mut forgotten) = (start(), start());
        let guardian = Guardian::start().unwrap();
        guardian.watch(watched.id());
        guardian.watch(forgotten.id());
        guardian.forget(forgotten.id());
        guardian.remove(&folder);
        drop(guardian);
        poll::until(
            "the watched child lives",
            Duration::from_secs(10),
            Duration::from_millis(5),
            || match watched.try_wait().unwrap() {
                Some(_) => Ok(()),
                None => Err("alive".to_owned()),
            },
        )
        .unwrap();
        assert!(!folder.exists());
        assert!(
            forgotten.try_wait().unwrap().is_none(),
            "the forgotten child must live"
        );
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
    }
}
