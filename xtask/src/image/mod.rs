//! `cargo xtask image`: the container image, without a container engine and without a base image.
//!
//! The Dockerfile makes the same for both architectures, for those with a builder; a test holds the two together.

mod build;
#[cfg(test)]
mod dockerfile;
mod name;
mod origin;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use ecs_e2e::image as content;
use ecs_e2e::oci::{self, Image, Packing};
use ecs_e2e::steps::Steps;

use crate::cargo;
use crate::error::Error;

/// What is sent to a node must stay below this.
const LARGEST: usize = 30_000_000;

/// Options of `image`
#[derive(Args)]
pub struct Options {
    /// Where the OCI archive goes
    #[arg(long, value_name = "FILE", default_value = "target/image/ecs-operator.tar")]
    output: PathBuf,
    /// What an engine that takes the archive calls the image
    #[arg(long, value_name = "NAME:TAG", default_value = concat!("ecs-operator:", env!("CARGO_PKG_VERSION")))]
    tag: String,
    /// The cargo profile that the programs are built with
    #[arg(long, value_name = "PROFILE", default_value = "dist")]
    profile: String,
}

/// Builds the programs, packs them and says what came out.
pub fn image(options: &Options) -> Result<(), Error> {
    let steps = Steps::shown();
    let triple = build::triple()?;
    let origin = origin::read()?;
    let name = name::full(&options.tag);
    let folder = steps.run(
        &format!("programs built for {} with profile {}", triple, options.profile),
        |_| build::build(&content::BINARIES, triple, &options.profile),
    )?;
    let programs = read(&folder)?;
    let license = cargo::root().join("LICENSE");
    let license = fs::read_to_string(&license).map_err(ecs_e2e::Error::file("cannot read", &license))?;
    for (name, program) in &programs {
        steps.note(&format!("{name}: {}", megabytes(program.len())));
    }
    let image = steps.run("image packed", |_| {
        oci::assemble(
            &content::layer(programs, &license),
            &content::config(&name, content::architecture(), &origin),
            Packing::Gzip,
        )
    })?;
    steps.note(&format!(
        "layer: {} compressed, {} unpacked",
        megabytes(image.packed),
        megabytes(image.unpacked)
    ));
    check_size(&image)?;
    steps.run("archive written", |_| write(&options.output, &image))?;
    println!("{name}\n{}\n{}", image.digest, options.output.display());
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut programs = Vec::new();
    for name in content::BINARIES {
        let path = folder.join(name);
        let program = fs::read(&path).map_err(ecs_e2e::Error::file("cannot read", &path))?;
        programs.push((name.to_owned(), program));
    }
    Ok(programs)
}

fn write(output: &Path, image: &Image) -> Result<(), Error> {
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).map_err(ecs_e2e::Error::file("cannot make the folder", folder))?;
    }
    fs::write(output, &image.archive).map_err(ecs_e2e::Error::file("cannot write", output))?;
    Ok(())
}

fn check_size(image: &Image) -> Result<(), Error> {
    if image.packed < LARGEST {
        return Ok(());
    }
    Err(Error::told(format!(
        "the image is {} compressed and must stay below {}: see what grew with the sizes above, or build with --profile dist",
        megabytes(image.packed),
        megabytes(LARGEST)
    )))
}

/// Bytes for a reader, in tenths of a megabyte.
fn megabytes(bytes: usize) -> String {
    let tenths = (bytes + 50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(packed: usize) -> Image {
        Image {
            archive: Vec::new(),
            digest: String::new(),
            packed,
            unpacked: packed,
        }
    }

    #[test]
    fn an_image_that_grew_too_large_is_refused() {
        assert!(check_size(&image(29_999_999)).is_ok());
        let told = check_size(&image(30_000_000)).unwrap_err().to_string();
        assert!(
            told.contains("30.0 MB compressed and must stay below 30.0 MB"),
            "{told}"
        );
    }

    #[test]
    fn megabytes_are_rounded_to_a_tenth() {
        assert_eq!(megabytes(0), "0.0 MB");
        assert_eq!(megabytes(11_349_999), "11.3 MB");
        assert_eq!(megabytes(11_350_000), "11.4 MB");
    }
}
