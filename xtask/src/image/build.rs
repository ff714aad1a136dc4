//! The programs of an image: static, and the same bytes wherever the checkout and cargo's folder lie.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::cargo;
use crate::error::Error;

/// What cargo reads between two flags: a path may hold spaces.
const BETWEEN_FLAGS: &str = "\u{1f}";

/// What rustc calls this machine. The Dockerfile cross-compiles; here the linker at hand does it.
pub fn triple() -> Result<&'static str, Error> {
    match env::consts::ARCH {
        "x86_64" => Ok("x86_64-unknown-linux-gnu"),
        "aarch64" => Ok("aarch64-unknown-linux-gnu"),
        other => Err(Error::told(format!(
            "images are for x86_64 and aarch64, and this is {other}; the Dockerfile cross-compiles to both"
        ))),
    }
}

/// Builds the programs, each in the crate of its name, and gives the folder that they are in.
pub fn build(programs: &[&str], triple: &str, profile: &str) -> Result<PathBuf, Error> {
    let mut arguments = vec!["build", "--locked", "--profile", profile, "--target", triple];
    for program in programs {
        arguments.extend(["-p", program, "--bin", program]);
    }
    // With a target named, the flags are for the programs alone, not for build scripts and macros.
    let status = cargo::cargo(&arguments)
        .env("CARGO_ENCODED_RUSTFLAGS", flags()?)
        .status()
        .map_err(|why| Error::told(format!("cannot start cargo: {why}")))?;
    if !status.success() {
        return Err(Error::told(format!("`cargo {}` failed", arguments.join(" "))));
    }
    let ours = cargo::binaries()?;
    let target = ours
        .parent()
        .ok_or_else(|| Error::told("xtask lies in no target folder"))?;
    // cargo's one profile whose folder has another name.
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target.join(triple).join(folder))
}

/// No shared library, since the image has none; and no path of this machine in a panic's message.
fn flags() -> Result<String, Error> {
    let root = cargo::root();
    let root = fs::canonicalize(&root).map_err(ecs_e2e::Error::file("cannot find", &root))?;
    let mut flags = vec![
        "-Ctarget-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=/source", root.display()),
    ];
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    Ok(flags.join(BETWEEN_FLAGS))
}
