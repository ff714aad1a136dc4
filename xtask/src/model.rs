//! `cargo xtask model`: takes in a newer ECS service model.

use std::path::PathBuf;

use clap::Args;

use crate::cargo;
use crate::error::Error;

/// Options of `model`
#[derive(Args)]
pub struct Options {
    /// botocore's `data/ecs/2014-11-13/service-2.json`, unpacked
    file: PathBuf,
    /// The botocore version that the file is of, which is pinned with the facts
    #[arg(long, value_name = "VERSION")]
    botocore: String,
}

/// Trims the model to `model/data/ecs.json`. The trimming is the model crate's own; it depends on the SDK, so it is a program of its own.
pub fn model(options: &Options) -> Result<(), Error> {
    let file = std::path::absolute(&options.file)
        .map_err(|why| Error::told(format!("cannot find {}: {why}", options.file.display())))?;
    cargo::run(&[
        "run",
        "--quiet",
        "-p",
        "ecs-model",
        "--example",
        "trim",
        "--",
        &options.botocore,
        &file.to_string_lossy(),
    ])
}
