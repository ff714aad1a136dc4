//! `cargo xtask cluster`: a whole Kubernetes cluster of one node, to try charts and images in. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

use clap::{Args, Subcommand};
use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::node::{self, Node};
use ecs_e2e::release::Release;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;
use ecs_e2e::{helm, image, poll};

use crate::cargo;
use crate::error::Error;
use crate::interrupt::Interrupt;

/// How often the children are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How long a cluster may take to end.
const DOWN_WITHIN: Duration = Duration::from_secs(30);

/// Options of `cluster`
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Start a cluster and stay until Ctrl-C, or until `cargo xtask cluster down` in another terminal
    Up(Up),
    /// End the cluster that `cargo xtask cluster up` started from this checkout
    Down,
}

#[derive(Args)]
struct Up {
    /// An OCI archive whose images the node gets; may be repeated. target/image/ecs-operator.tar takes the place of this checkout's build
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// Leave the cluster as it is: no image of ours and no chart in it
    #[arg(long)]
    empty: bool,
    /// Write every request to audit.log in the folder of the logs
    #[arg(long)]
    audit: bool,
}

/// Starts or ends the cluster.
pub fn cluster(options: &Options, interrupt: &Interrupt) -> Result<(), Error> {
    match &options.what {
        What::Up(options) => up(options, interrupt),
        What::Down => down(),
    }
}

fn up(options: &Up, interrupt: &Interrupt) -> Result<(), Error> {
    let steps = Steps::shown();
    if let Some(other) = running() {
        return Err(Error::told(format!(
            "a cluster of this checkout runs already, as process {other}: `cargo xtask cluster down` ends it"
        )));
    }
    if !options.empty {
        cargo::run(&["build", "-p", "ecs-operator", "-p", "ecs-backend"])?;
    }
    let run = RunDir::temporary()?;
    let wanted = node::Options { audit: options.audit };
    let mut node = Node::start(&run, &wanted, steps)?;
    interrupt.ask_politely();
    if !options.empty {
        steps.run("image of this build imported", |_| {
            node.import_image(&image::built(&cargo::binaries()?, &run)?)?;
            Ok::<_, Error>(())
        })?;
    }
    for archive in &options.image {
        steps.run(&format!("{} imported", archive.display()), |_| {
            node.import_image(archive)
        })?;
    }
    let release = if options.empty {
        None
    } else {
        Some(Release::install(&node, &run, &helm::charts(), steps)?)
    };
    let path = pid_file();
    if let Some(folder) = path.parent() {
        // Not made by cargo where CARGO_TARGET_DIR is another.
        fs::create_dir_all(folder).map_err(ecs_e2e::Error::file("cannot make the folder", folder))?;
    }
    fs::write(&path, process::id().to_string()).map_err(ecs_e2e::Error::file("cannot write", &path))?;
    say_how_to_go_on(&node, release.as_ref(), &run);
    let outcome = interrupt.stay(|| node.check_running());
    // Whoever runs `down` waits for our end, and not for this file.
    let _ = fs::remove_file(&path);
    outcome?;
    steps.run("everything ended", |_| {
        drop(node);
        drop(run);
        Ok::<_, Error>(())
    })
}

fn say_how_to_go_on(node: &Node, release: Option<&Release>, run: &RunDir) {
    let kubectl = node.kubectl();
    println!("\nTo go on, in another terminal:\n");
    println!("  export KUBECONFIG={}", kubectl.kubeconfig().display());
    let programs = [
        Some(kubectl.program()),
        release.map(|release| release.helm().program()),
    ];
    for folder in programs.into_iter().flatten().filter_map(Path::parent) {
        println!("  export PATH={}:$PATH", folder.display());
    }
    if let Some(release) = release {
        println!("  helm -n {NAMESPACE} test {RELEASE}");
        println!(
            "  kubectl apply --server-side -f examples/01-cluster.yaml -f examples/02-sample-fargate.yaml"
        );
        println!("  kubectl get ecs --all-namespaces");
        println!(
            "\nThe charts are installed in {NAMESPACE}; ECS is the backend at {}.",
            release.backend().url()
        );
    }
    println!(
        "\nPods and services have addresses that this machine reaches; pods reach this machine at {}.\nAn image that does nothing is {}; no image is pulled. Logs are in {}.\nCtrl-C, or `cargo xtask cluster down`, ends everything.",
        node.host_address(),
        node::PAUSE,
        run.path().display()
    );
}

fn down() -> Result<(), Error> {
    let Some(other) = running() else {
        println!("no cluster of this checkout runs");
        return Ok(());
    };
    let told = Command::new("kill")
        .arg(&other)
        .status()
        .map_err(|why| Error::told(format!("cannot start kill: {why}")))?;
    if !told.success() {
        return Err(Error::told(format!("`kill {other}` failed")));
    }
    poll::until("the cluster runs", DOWN_WITHIN, LOOK_EVERY, || {
        if is_ours(&other) {
            Err(format!("process {other}"))
        } else {
            Ok(())
        }
    })?;
    Ok(())
}

/// Where a running `up` leaves its process id.
fn pid_file() -> PathBuf {
    cargo::root().join("target").join("cluster.pid")
}

/// The process of a running `up`.
fn running() -> Option<String> {
    let other = fs::read_to_string(pid_file()).ok()?;
    is_ours(&other).then_some(other)
}

/// A process id may have become another program's.
fn is_ours(process: &str) -> bool {
    let lines = fs::read(Path::new("/proc").join(process).join("cmdline")).unwrap_or_default();
    is_cluster_up(&String::from_utf8_lossy(&lines))
}

fn is_cluster_up(command_line: &str) -> bool {
    let mut words = command_line.split('\0');
    words.next().is_some_and(|program| program.ends_with("xtask"))
        && words.next() == Some("cluster")
        && words.next() == Some("up")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cluster_up_is_ended() {
        for (line, expected) in [
            ("target/debug/xtask\0cluster\0up\0", true),
            ("/x/target/debug/xtask\0cluster\0up\0--audit\0", true),
            ("target/debug/xtask\0cluster\0down\0", false),
            ("target/debug/xtask\0up\0", false),
            ("vi\0cluster\0up\0", false),
            ("", false),
        ] {
            assert_eq!(is_cluster_up(line), expected, "{line:?}");
        }
    }
}
