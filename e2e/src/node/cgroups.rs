//! The cgroups under which the kubelet puts its pods: of a name of their own, in each hierarchy that the machine has (one with cgroup v2, one
//! for each controller with v1). The guardian removes them when we are gone, once nothing runs in them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::run_dir::RunDir;

/// Where the system has them.
const ROOT: &str = "/sys/fs/cgroup";
/// What is handed down in cgroup v2: all that runc limits, and all that the kubelet refuses to start without where the machine has it.
const CONTROLLERS: [&str; 6] = ["cpuset", "cpu", "io", "memory", "pids", "hugetlb"];

/// Makes them, and gives the name for the kubelet's `cgroupRoot`.
pub(super) fn make(run: &RunDir, number: u8) -> Result<String, Error> {
    let name = format!("ecs-e2e-{}-{number}", std::process::id());
    run.guardian().remove_cgroup(&name);
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").is_file() {
        hand_down(root)?;
        let own = folder(root, &name)?;
        hand_down(&own)?;
    } else {
        for hierarchy in hierarchies(root)? {
            let own = folder(&hierarchy, &name)?;
            // Version 1 lets no process into a cpuset that names no processors.
            for file in ["cpuset.cpus", "cpuset.mems"] {
                let inherited = hierarchy.join(file);
                if let Ok(value) = fs::read(&inherited) {
                    let path = own.join(file);
                    fs::write(&path, value).map_err(Error::file("cannot write", &path))?;
                }
            }
        }
    }
    Ok(format!("/{name}"))
}

fn folder(above: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = above.join(name);
    fs::create_dir_all(&path).map_err(Error::file("cannot make the cgroup", &path))?;
    Ok(path)
}

/// Version 1: each controller's folder, once where two names lead to it.
fn hierarchies(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(root).map_err(Error::file("cannot read the folder", root))?;
    Ok(entries
        .filter_map(Result::ok)
        .filter(|entry| !entry.path().is_symlink())
        .map(|entry| entry.path())
        .filter(|path| path.join("cgroup.procs").is_file())
        .collect())
}

/// Version 2: what is below may use these controllers, those of them that the machine has.
fn hand_down(group: &Path) -> Result<(), Error> {
    let read = |file: &str| {
        let path = group.join(file);
        fs::read_to_string(&path).map_err(Error::file("cannot read", path))
    };
    let (has, gives) = (read("cgroup.controllers")?, read("cgroup.subtree_control")?);
    let missing = missing(&has, &gives);
    if missing.is_empty() {
        return Ok(());
    }
    let path = group.join("cgroup.subtree_control");
    // In a container, this fails where processes are in the root cgroup beside ours.
    fs::write(&path, &missing).map_err(Error::file("cannot hand the controllers down in", path))
}

fn missing(has: &str, gives: &str) -> String {
    let among = |list: &str, name: &str| list.split_whitespace().any(|word| word == name);
    let orders = CONTROLLERS
        .into_iter()
        .filter(|name| among(has, name) && !among(gives, name))
        .map(|name| format!("+{name}"));
    orders.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_and_not_handed_down_yet_is_asked_for() {
        assert_eq!(
            missing("cpuset cpu io memory hugetlb pids rdma\n", "memory pids\n"),
            "+cpuset +cpu +io +hugetlb"
        );
        assert_eq!(missing("cpu memory\n", "cpu memory\n"), "");
        assert_eq!(missing("", ""), "");
    }
}
