//! What a person reads while things start: one line a step, with its time.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

/// Where nobody looks at a terminal, a long step says every so often how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(15);

/// Says what is done as it is done.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A line that is rewritten until the step is done.
    Terminal,
    /// Whole lines only.
    Lines,
    /// Nothing.
    Quiet,
}

/// How far the present step is.
#[derive(Debug)]
pub struct Progress {
    form: Form,
    name: String,
    start: Instant,
    reported: Instant,
}

impl Steps {
    /// For a person or a CI log, on standard output.
    pub fn shown() -> Self {
        Self {
            form: if stdout().is_terminal() {
                Form::Terminal
            } else {
                Form::Lines
            },
        }
    }

    /// For tests, whose output is their own.
    pub fn quiet() -> Self {
        Self { form: Form::Quiet }
    }

    /// Does `work` under `name` and says how long it took.
    ///
    /// # Errors
    /// Those of `work`, after saying that the step failed.
    pub fn run<T, E: Display>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Progress) -> Result<T, E>,
    ) -> Result<T, E> {
        let start = Instant::now();
        let mut progress = Progress {
            form: self.form,
            name: name.to_owned(),
            start,
            reported: start,
        };
        progress.redraw("");
        let outcome = work(&mut progress);
        let mark = if outcome.is_ok() { "" } else { "  FAILED" };
        self.line(&format!("{:>7.1} s  {name}{mark}", start.elapsed().as_secs_f64()));
        outcome
    }

    /// A line that is no step.
    pub fn note(self, text: &str) {
        self.line(&format!("           {text}"));
    }

    fn line(self, text: &str) {
        if self.form == Form::Terminal {
            say(&format!("\r\x1b[K{text}\n"));
        } else if self.form == Form::Lines {
            say(&format!("{text}\n"));
        }
    }
}

impl Progress {
    /// Says how far the step is ("412 packages compiled").
    pub fn show(&mut self, detail: &str) {
        self.redraw(detail);
        if self.form == Form::Lines && self.reported.elapsed() >= REPORT_EVERY {
            self.reported = Instant::now();
            say(&format!("        …  {}: {detail}\n", self.name));
        }
    }

    fn redraw(&self, detail: &str) {
        if self.form == Form::Terminal {
            say(&format!(
                "\r\x1b[K{:>7.1} s  {} … {detail}",
                self.start.elapsed().as_secs_f64(),
                self.name
            ));
        }
    }
}

/// Does `work`, and says on standard output what it was and how long it took.
pub fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = work();
    say(&format!("{:>7.1} s  {what}\n", start.elapsed().as_secs_f64()));
    outcome
}

/// A reader who has gone away (a closed pipe) must not stop the work.
fn say(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
