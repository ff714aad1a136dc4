//! Building a family of programs from its pinned Go module, into the cache.

use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::pins::Family;
use crate::Error;
use crate::steps::{Progress, Steps};

/// How many lines of Go's messages an error shows.
const TAIL_LINES: usize = 20;

/// Builds every program of the family and gives their paths in the order of its list.
///
/// Builders exclude each other by a lock file, and a finished folder appears by one rename: who looks sees all of it or nothing.
pub(super) fn build(family: &Family, cache: &Path, steps: Steps) -> Result<Vec<PathBuf>, Error> {
    require_go(family)?;
    fs::create_dir_all(cache).map_err(Error::file("cannot make the folder", cache))?;
    let target = cache.join(family.cached_as());
    let _lock = lock(&cache.join(format!("{}.lock", family.cached_as())), family, steps)?;
    if !target.is_dir() {
        let partial = cache.join(format!("{}.partial", family.cached_as()));
        // What a builder that was killed left behind; nobody else writes here while we hold the lock.
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(Error::file("cannot remove", &partial))?;
        }
        fs::create_dir_all(&partial).map_err(Error::file("cannot make the folder", &partial))?;
        let name = format!(
            "{} {} built from source, once (about {} on two cores; Go caches up to 5 GB for it)",
            family.name, family.version, family.takes
        );
        steps.run(&name, |progress| compile(family, &partial, progress))?;
        fs::rename(&partial, &target).map_err(Error::file("cannot rename to its place", &partial))?;
    }
    Ok(family
        .programs
        .iter()
        .map(|program| target.join(program.name))
        .collect())
}

fn require_go(family: &Family) -> Result<(), Error> {
    match Command::new("go")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        _ => {
            let names: Vec<&str> = family.programs.iter().map(|program| program.name).collect();
            Err(Error::Missing(format!(
                "Go 1.26 or newer is needed to build {} {}: install it so that `go version` works, or set KUBEBUILDER_ASSETS to a folder that holds {}",
                family.name,
                family.version,
                names.join(" and ")
            )))
        }
    }
}

fn lock(path: &Path, family: &Family, steps: Steps) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::file("cannot open the lock file", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let name = format!("another build of {} awaited", family.name);
            steps
                .run(&name, |_| file.lock())
                .map_err(Error::file("cannot lock", path))?;
        }
        Err(TryLockError::Error(source)) => return Err(Error::file("cannot lock", path)(source)),
    }
    Ok(file)
}

/// One `go build` a program, so that each gets the name we know it by (Go would call etcd `server`, after its package).
fn compile(family: &Family, into: &Path, progress: &mut Progress) -> Result<(), Error> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tools")
        .join(family.module);
    let (mut modules, mut packages) = (0_u32, 0_u32);
    for program in family.programs {
        let mut command = Command::new("go");
        command
            .args([
                "build",
                "-v",
                "-mod=readonly",
                "-trimpath",
                "-ldflags",
                family.ldflags,
                "-o",
            ])
            .arg(into.join(program.name))
            .arg(program.package)
            .current_dir(&module)
            .env("CGO_ENABLED", "0");
        follow(command, |line| {
            if line.starts_with("go: downloading ") {
                modules += 1;
            } else {
                packages += 1;
            }
            progress.show(&format!(
                "{modules} modules downloaded, {packages} packages compiled"
            ));
        })?;
    }
    Ok(())
}

/// Runs a command and shows each line of its standard error to `watch` as it comes; the last of them are in the error.
fn follow(mut command: Command, mut watch: impl FnMut(&str)) -> Result<(), Error> {
    let start = |source| Error::Start {
        program: "go".to_owned(),
        source,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let mut said = Vec::new();
    if let Some(messages) = child.stderr.take() {
        for line in BufReader::new(messages).lines().map_while(Result::ok) {
            watch(&line);
            said.push(line);
        }
    }
    let status = child.wait().map_err(start)?;
    if status.success() {
        return Ok(());
    }
    let from = said.len().saturating_sub(TAIL_LINES);
    Err(Error::Command {
        command: format!("{command:?}"),
        status: status.to_string(),
        output: said.split_off(from).join("\n"),
    })
}
