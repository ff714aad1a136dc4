//! The live view: a table that is redrawn on a terminal, else a line for each change.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};
use std::time::Instant;

use ecs_e2e::samples::Progress;

/// Longer messages are cut on a terminal, since a wrapped line cannot be redrawn.
const WIDTH: usize = 150;

/// Remembers what it showed.
pub struct View {
    start: Instant,
    terminal: bool,
    drawn: usize,
    shown: BTreeMap<String, String>,
}

impl View {
    /// Nothing shown yet.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            terminal: stdout().is_terminal(),
            drawn: 0,
            shown: BTreeMap::new(),
        }
    }

    /// Shows the samples as they are now.
    pub fn show(&mut self, samples: &[Progress]) {
        if self.terminal {
            self.redraw(samples);
        } else {
            self.print_changes(samples);
        }
    }

    fn redraw(&mut self, samples: &[Progress]) {
        if self.drawn > 0 {
            print!("\x1b[{}A", self.drawn);
        }
        for sample in samples {
            let line: String = line(sample).chars().take(WIDTH).collect();
            println!("\x1b[K  {line}");
        }
        self.drawn = samples.len();
    }

    fn print_changes(&mut self, samples: &[Progress]) {
        for sample in samples {
            let line = line(sample);
            if self.shown.get(&sample.object) != Some(&line) {
                println!("{:>7.1} s  {line}", self.start.elapsed().as_secs_f64());
                self.shown.insert(sample.object.clone(), line);
            }
        }
    }
}

fn line(sample: &Progress) -> String {
    let mark = if sample.done { "ok" } else { ".." };
    format!(
        "{mark}  {:<34} {:<13} {}",
        sample.object, sample.counts, sample.ready
    )
}
