//! Ctrl-C and SIGTERM.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::Error;

/// The exit code of a program that SIGINT ended, as shells count.
const INTERRUPTED: i32 = 130;
/// How often who stays looks at the children.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Knows whether somebody wants us to end.
#[derive(Clone)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    polite: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. Until [`Self::ask_politely`], a signal ends us at once, and the guardian ends our children.
    pub fn listen() -> Result<Self, Error> {
        let interrupt = Self {
            asked: Arc::default(),
            polite: Arc::default(),
        };
        let deaf = |why: std::io::Error| Error::told(format!("cannot listen for Ctrl-C: {why}"));
        let runtime = Builder::new_current_thread().enable_io().build().map_err(deaf)?;
        let (mut interrupted, mut terminated) = {
            let _entered = runtime.enter();
            (
                signal(SignalKind::interrupt()).map_err(deaf)?,
                signal(SignalKind::terminate()).map_err(deaf)?,
            )
        };
        let heard = interrupt.clone();
        thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
                    let again = heard.asked.swap(true, Ordering::Relaxed);
                    if again || !heard.polite.load(Ordering::Relaxed) {
                        process::exit(INTERRUPTED);
                    }
                }
            });
        });
        Ok(interrupt)
    }

    /// From now on the first signal is only noted, for who looks at [`Self::asked`]; the second still ends us.
    pub fn ask_politely(&self) {
        self.polite.store(true, Ordering::Relaxed);
    }

    /// Stays until a signal comes, or until `check` tells of a child that has ended.
    pub fn stay(&self, mut check: impl FnMut() -> Result<(), ecs_e2e::Error>) -> Result<(), Error> {
        while !self.asked() {
            check()?;
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Whether a signal came.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
