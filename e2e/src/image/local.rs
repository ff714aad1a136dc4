//! The image of the programs that lie beside a test: not as small as the one that is released, but there at once.
//!
//! These programs are linked against this machine's C library, so the image holds those libraries too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BINARIES, Origin, architecture, config, layer};
use crate::Error;
use crate::command::run_to_end;
use crate::oci::{self, Layer, Packing};
use crate::run_dir::RunDir;

/// What the chart calls the image where nothing else is chosen.
const NAME: &str = concat!("docker.io/library/ecs-operator:", env!("CARGO_PKG_VERSION"));

/// Packs the programs of a folder into an archive in the run's folder.
///
/// # Errors
/// [`Error::Missing`] where they are not built, [`Error::Command`] where the linker's tools fail.
pub fn built(binaries: &Path, run: &RunDir) -> Result<PathBuf, Error> {
    let folder = run.folder("image")?;
    let mut programs = Vec::new();
    let mut libraries = Vec::new();
    for name in BINARIES {
        let program = binaries.join(name);
        if !program.is_file() {
            return Err(Error::Missing(format!(
                "there is no {}: `cargo build --workspace` builds it",
                program.display()
            )));
        }
        libraries.extend(libraries_of(&program)?);
        programs.push((name.to_owned(), stripped(&program, &folder.join(name))?));
    }
    let license = Path::new(env!("CARGO_MANIFEST_DIR")).join("../LICENSE");
    let license = fs::read_to_string(&license).map_err(Error::file("cannot read", &license))?;
    let layer = with_libraries(layer(programs, &license), libraries)?;
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: "unreleased".to_owned(),
        created: "1970-01-01T00:00:00Z".to_owned(),
    };
    let image = oci::assemble(&layer, &config(NAME, architecture(), &origin), Packing::Plain)?;
    let archive = folder.join("ecs-operator.tar");
    fs::write(&archive, image.archive).map_err(Error::file("cannot write", &archive))?;
    Ok(archive)
}

/// The program without what debuggers read, which is most of it.
fn stripped(program: &Path, to: &Path) -> Result<Vec<u8>, Error> {
    let mut command = Command::new("strip");
    command.arg("-o").arg(to).arg(program);
    run_to_end(command, &format!("strip {}", program.display()))?;
    fs::read(to).map_err(Error::file("cannot read", to))
}

fn libraries_of(program: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut command = Command::new("ldd");
    command.arg(program);
    let said = run_to_end(command, &format!("ldd {}", program.display()))?;
    Ok(said.lines().filter_map(library).collect())
}

/// The file of a line of ldd; none for what the kernel provides.
fn library(line: &str) -> Option<PathBuf> {
    let (_, file) = line.split_once("=>").unwrap_or(("", line));
    let file = file.split_whitespace().next()?;
    file.starts_with('/').then(|| file.into())
}

fn with_libraries(layer: Layer, mut libraries: Vec<PathBuf>) -> Result<Layer, Error> {
    libraries.sort();
    libraries.dedup();
    libraries.into_iter().try_fold(layer, |layer, file| {
        let content = fs::read(&file).map_err(Error::file("cannot read", &file))?;
        Ok(layer.file(&file.to_string_lossy(), 0o755, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_what_ldd_names() {
        for (line, file) in [
            ("\tlinux-vdso.so.1 (0x00007ffc9d5f2000)", None),
            (
                "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c)",
                Some("/lib/x86_64-linux-gnu/libc.so.6"),
            ),
            (
                "\t/lib64/ld-linux-x86-64.so.2 (0x00007f1d)",
                Some("/lib64/ld-linux-x86-64.so.2"),
            ),
            ("\tlibmissing.so => not found", None),
            ("\tstatically linked", None),
        ] {
            assert_eq!(library(line), file.map(PathBuf::from), "{line}");
        }
    }
}
