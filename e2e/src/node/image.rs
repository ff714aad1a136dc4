//! Images for the node: any OCI archive, and the one of our own that does nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::space::Space;
use crate::Error;
use crate::command::run_to_end;
use crate::image::architecture;
use crate::oci::{self, Config, Layer, Packing};
use crate::poll;
use crate::run_dir::RunDir;
use crate::tools::NodeTools;

/// The image whose only program does nothing until it is told to end: for the sandboxes of pods, and for tests that need a pod.
pub const PAUSE: &str = "localhost/ecs-e2e/pause:1.0.0";

/// containerd tells its Kubernetes part of a new image at once.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);
/// How often that is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// The label that says so.
const KNOWN: &str = "labels.\"io.cri-containerd.image\"==managed";

/// Imports the one of our own.
pub(super) fn import_pause(space: &Space, tools: &NodeTools, run: &RunDir) -> Result<(), Error> {
    let program = fs::read(&tools.pause).map_err(Error::file("cannot read", &tools.pause))?;
    let config = Config {
        name: PAUSE.to_owned(),
        architecture: architecture().to_owned(),
        created: "1970-01-01T00:00:00Z".to_owned(),
        user: "65535:65535".to_owned(),
        entrypoint: vec!["/pause".to_owned()],
        environment: Vec::new(),
        labels: BTreeMap::new(),
    };
    let image = oci::assemble(
        &Layer::default().file("pause", 0o755, program),
        &config,
        Packing::Plain,
    )?;
    let path = run.path().join("pause.tar");
    fs::write(&path, image.archive).map_err(Error::file("cannot write", &path))?;
    import(space, tools, &path)
}

/// Imports every image of an archive, under the names it gives, and waits until the kubelet can use them.
///
/// The archive goes through standard input, since the node does not see every folder of the machine.
pub(super) fn import(space: &Space, tools: &NodeTools, archive: &Path) -> Result<(), Error> {
    let content = File::open(archive).map_err(Error::file("cannot read", archive))?;
    let mut command = ctr(space, tools, &["images", "import", "--local", "--no-unpack", "-"]);
    command.stdin(content);
    run_to_end(command, "ctr images import")?;
    poll::until(
        &format!("the image in {} is not known to the kubelet", archive.display()),
        KNOWN_WITHIN,
        ASK_EVERY,
        || {
            let list = |filter: &[&str]| {
                let command = ctr(space, tools, &[&["images", "ls", "--quiet"], filter].concat());
                run_to_end(command, "ctr images ls").map_err(|why| why.to_string())
            };
            let (all, known) = (list(&[])?, list(&[KNOWN])?);
            let unknown: Vec<&str> = all
                .lines()
                .filter(|name| !known.lines().any(|other| other == *name))
                .collect();
            if unknown.is_empty() {
                Ok(())
            } else {
                Err(format!("not known yet: {}", unknown.join(", ")))
            }
        },
    )
}

/// Whether containerd answers.
pub(super) fn ready(space: &Space, tools: &NodeTools) -> Result<(), Error> {
    run_to_end(ctr(space, tools, &["version"]), "ctr version").map(drop)
}

fn ctr(space: &Space, tools: &NodeTools, arguments: &[&str]) -> Command {
    let mut command = space.command(&tools.ctr);
    command
        .args(["--namespace", "k8s.io"])
        .args(arguments)
        .stdin(Stdio::null());
    command
}
