//! What the machine must have: root, and four things from the distribution, which Debian's apt-get installs where they are missing.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::process;
use crate::run_dir::RunDir;
use crate::steps::Steps;
use crate::tools::NodeTools;

/// Set to anything, it skips the tests that need a node, as `cargo xtask test --without-node` does.
pub const WITHOUT: &str = "ECS_E2E_WITHOUT_NODE";
/// Where distributions put the CNI plugins.
const PLUGIN_FOLDERS: [&str; 3] = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];
/// Where programs of the administrator are, which a plain user's PATH may lack.
const SYSTEM_FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The folders that the node hides from its programs by empty ones of its own ([`super::space`]).
pub(super) const HIDDEN: [&str; 3] = ["/run", "/var/log", "/var/lib"];

/// Whether the person who runs us wants no node, on a machine where we are not root; says so.
pub fn unwanted() -> bool {
    let unwanted = env::var_os(WITHOUT).is_some();
    if unwanted {
        println!("skipped: {WITHOUT} is set, so no node is started");
    }
    unwanted
}

/// Where the plugins are, once everything is there.
pub(super) fn everything(run: &RunDir, steps: Steps) -> Result<PathBuf, Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::Missing(format!(
            "a node needs root, for its namespaces, mounts and cgroups: run this as root, or leave out what needs a node \
             by `cargo xtask test --without-node` or {WITHOUT}=1"
        )));
    }
    visible("the run's folder", run.path(), "TMPDIR (or ECS_E2E_KEEP)")?;
    if !packages().is_empty() {
        // Two tests that start at once must not both run apt-get; the second finds everything there.
        let path = env::temp_dir().join("ecs-operator-apt.lock");
        let alone = File::create(&path).map_err(Error::file("cannot write", &path))?;
        alone.lock().map_err(Error::file("cannot lock", &path))?;
        let lacking = packages();
        if !lacking.is_empty() {
            install(&lacking, run, steps)?;
        }
        let still = packages();
        if !still.is_empty() {
            return Err(wanted(&still));
        }
    }
    plugins().ok_or_else(|| wanted(&["containernetworking-plugins"]))
}

/// Fails where the programs are in a folder that the node hides.
pub(super) fn programs(tools: &NodeTools) -> Result<(), Error> {
    let NodeTools {
        kubelet,
        kube_proxy,
        containerd,
        shim,
        ctr,
        coredns,
        ..
    } = tools;
    for program in [kubelet, kube_proxy, containerd, shim, ctr, coredns] {
        visible("a program of the node", program, "XDG_CACHE_HOME")?;
    }
    Ok(())
}

fn visible(what: &str, path: &Path, option: &str) -> Result<(), Error> {
    match HIDDEN.into_iter().find(|hidden| path.starts_with(hidden)) {
        None => Ok(()),
        Some(hidden) => Err(Error::Missing(format!(
            "{what}, {}, is under {hidden}, which a node hides: set {option} to a folder elsewhere",
            path.display()
        ))),
    }
}

/// The PATH of the node's programs: containerd finds its shim beside what the system has.
pub(super) fn path(shim: &Path) -> String {
    let own = shim.parent().unwrap_or(Path::new("/"));
    format!("{}:{SYSTEM_FOLDERS}", own.display())
}

/// Debian's names of the packages that are missing.
fn packages() -> Vec<&'static str> {
    let programs = [
        ("runc", "runc"),
        ("iptables", "iptables"),
        ("ip", "iproute2"),
        ("nsenter", "util-linux"),
        ("unshare", "util-linux"),
    ];
    let mut lacking: Vec<&str> = programs
        .into_iter()
        .filter(|(program, _)| !installed(program))
        .map(|(_, package)| package)
        .collect();
    if plugins().is_none() {
        lacking.push("containernetworking-plugins");
    }
    lacking
}

fn installed(program: &str) -> bool {
    env::split_paths(SYSTEM_FOLDERS).any(|folder| folder.join(program).is_file())
}

fn plugins() -> Option<PathBuf> {
    PLUGIN_FOLDERS
        .into_iter()
        .map(PathBuf::from)
        .find(|folder| folder.join("ptp").is_file() && folder.join("host-local").is_file())
}

fn install(packages: &[&str], run: &RunDir, steps: Steps) -> Result<(), Error> {
    if !installed("apt-get") {
        return Err(wanted(packages));
    }
    let names = packages.join(", ");
    steps.run(&format!("Debian packages installed: {names}"), |_| {
        apt(run, &["update"])?;
        let install = ["install", "-y", "--no-install-recommends"];
        apt(run, &[&install, packages].concat())
    })
}

fn apt(run: &RunDir, arguments: &[&str]) -> Result<(), Error> {
    let log = run.path().join("apt-get.log");
    let not_started = |source| Error::Start {
        program: "apt-get".to_owned(),
        source,
    };
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .map_err(not_started)?;
    let said = [output.stdout, output.stderr].concat();
    std::fs::write(&log, said).map_err(Error::file("cannot write", &log))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: format!("apt-get {}", arguments.join(" ")),
        status: output.status.to_string(),
        output: process::tail(&log),
    })
}

fn wanted(packages: &[&str]) -> Error {
    Error::Missing(format!(
        "a node needs what Debian has in these packages, and they could not be installed: {} (as root: apt-get install --no-install-recommends {})",
        packages.join(", "),
        packages.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let message = wanted(&["runc", "iptables"]).to_string();
        assert!(!message.contains('\n'), "{message}");
        assert!(
            message.ends_with("--no-install-recommends runc iptables)"),
            "{message}"
        );
    }

    #[test]
    fn a_folder_that_the_node_hides_is_named_with_what_moves_it() {
        assert!(visible("the run's folder", Path::new("/tmp/run"), "TMPDIR").is_ok());
        let message = visible("the run's folder", Path::new("/run/user/0/x"), "TMPDIR")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("/run/user/0/x") && message.contains("TMPDIR"),
            "{message}"
        );
    }

    #[test]
    fn the_shims_folder_comes_first() {
        let path = path(Path::new("/cache/containerd-v2.4.2/containerd-shim-runc-v2"));
        assert!(
            path.starts_with("/cache/containerd-v2.4.2:/usr/local/sbin"),
            "{path}"
        );
    }
}
