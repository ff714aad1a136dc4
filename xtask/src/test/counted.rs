//! Running a test command with its output on the terminal, and counting what passed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::error::Error;

/// Runs the command, shows its standard output as it comes, and gives how many tests passed.
///
/// A command that succeeds and runs no test at all is a failure: it was meant to run some.
pub fn run(mut command: Command, passed: impl Fn(&str) -> u32) -> Result<u32, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let not_started = |why| Error::told(format!("cannot start {name}: {why}"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(not_started)?;
    let mut count = 0;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            count += passed(&line);
        }
    }
    let status = child.wait().map_err(not_started)?;
    if !status.success() {
        return Err(Error::told(format!("{name} ended with {status}")));
    }
    if count == 0 {
        return Err(Error::told("no test ran"));
    }
    Ok(count)
}

/// The number in libtest's `test result: ok. 14 passed; 0 failed; …`.
pub fn in_rust(line: &str) -> u32 {
    line.strip_prefix("test result: ok. ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// One for each `--- PASS: TestName`, subtests too.
pub fn in_go(line: &str) -> u32 {
    u32::from(line.trim_start().starts_with("--- PASS: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted() {
        for (line, rust, go) in [
            (
                "test result: ok. 14 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.06s",
                14,
                0,
            ),
            ("test poll::tests::x ... ok", 0, 0),
            ("--- PASS: TestClusters (0.03s)", 0, 1),
            ("    --- PASS: TestRolling/50_100 (0.03s)", 0, 1),
            ("--- FAIL: TestClusters (0.03s)", 0, 0),
        ] {
            assert_eq!((in_rust(line), in_go(line)), (rust, go), "{line}");
        }
    }

    #[test]
    fn a_failing_and_an_empty_run_are_errors() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        assert_eq!(run(shell("echo '--- PASS: TestA (0.0s)'"), in_go).unwrap(), 1);
        assert!(run(shell("echo '--- PASS: TestA (0.0s)'; exit 1"), in_go).is_err());
        assert!(run(shell("true"), in_go).is_err());
    }
}
