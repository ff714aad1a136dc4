//! What happens to a release: a pod goes, a pod hangs, the API server, etcd or ECS start again.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::questions::Questions;
use ecs_e2e::release::BACKEND;
use ecs_e2e::steps::timed;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::site::Site;
use crate::{ecs, leader};

/// The bound for a new leader that acts.
const TAKEOVER: Duration = Duration::from_secs(20);

/// One after another; after each of them everything is as it should be, and nothing was done twice.
pub fn all(site: &mut Site, folder: &str) {
    timed("the leader's pod is deleted", || {
        disturbed(site, folder, 2, |site| {
            let leader = leader::name(site);
            site.ask(&["delete", "pod", &leader, "--namespace", NAMESPACE, "--wait=false"]);
        });
    });
    timed("the leader hangs", || the_leader_hangs(site, folder));
    timed("the API server starts again", || {
        disturbed(site, folder, 2, |site| {
            site.node.plane_mut().restart_apiserver().unwrap();
        });
    });
    timed("etcd starts again", || {
        disturbed(site, folder, 3, |site| {
            site.node.plane_mut().restart_etcd().unwrap();
        });
    });
    timed("the backend starts again", || {
        let backend = "--selector=app.kubernetes.io/component=backend";
        site.ask(&["delete", "pod", backend, "--namespace", NAMESPACE]);
        // It forgot how often it was called, and nothing else.
        let takes = ecs::scale(site, 2);
        println!("  the new count is there after {takes:?}");
        ecs::until_running(site, 2);
        site.until_samples_are_as_expected(folder).unwrap();
        assert_eq!(
            site.mutations(),
            BTreeMap::from([("UpdateService".to_owned(), 1)])
        );
    });
    no_pod_ends_again_and_again(site);
}

/// Disturbs, scales, and sees that within the bound a leader acts, once, and that all is well after it.
fn disturbed(site: &mut Site, folder: &str, count: i64, disturb: impl FnOnce(&mut Site)) {
    let before = site.mutations();
    let start = Instant::now();
    disturb(site);
    ecs::scale(site, count);
    let takes = start.elapsed();
    println!("  the new count is there after {takes:?}");
    assert!(takes <= TAKEOVER, "nobody acted for {takes:?}");
    ecs::until_running(site, count);
    site.until_samples_are_as_expected(folder).unwrap();
    assert_scaled_once(site, before);
}

fn assert_scaled_once(site: &Site, mut before: BTreeMap<String, u64>) {
    *before.entry("UpdateService".to_owned()).or_default() += 1;
    assert_eq!(site.mutations(), before, "something was done twice, or undone");
}

/// A process that was frozen while it led finds, when it goes on, that another leads.
fn the_leader_hangs(site: &mut Site, folder: &str) {
    let frozen = leader::name(site);
    let process = process_of(&frozen);
    disturbed(site, folder, 3, |_| kill_process(process, Signal::STOP).unwrap());
    assert_ne!(leader::name(site), frozen);
    let before = site.mutations();
    kill_process(process, Signal::CONT).unwrap();
    ecs::scale(site, 4);
    ecs::until_running(site, 4);
    assert_scaled_once(site, before);
    all_pods_are_ready(site);
}

/// The process of the operator in a pod, as this machine sees it.
fn process_of(pod: &str) -> Pid {
    let identity = format!("--identity={pod}");
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let mut found = processes.filter_map(|entry| {
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let is_it = line.split('\0').any(|argument| argument == identity);
        is_it.then(|| entry.file_name().to_str()?.parse().ok())?
    });
    found.next().and_then(Pid::from_raw).unwrap()
}

fn all_pods_are_ready(site: &Site) {
    for name in [RELEASE, BACKEND] {
        let status = ["rollout", "status", "deployment", name, "--timeout=90s"];
        site.ask(&[&status[..], &["--namespace", NAMESPACE]].concat());
    }
}

/// The one that hung may have been started again.
fn no_pod_ends_again_and_again(site: &Site) {
    all_pods_are_ready(site);
    let pods = site
        .kubectl()
        .json(&["get", "pods", "--namespace", NAMESPACE])
        .unwrap();
    for pod in pods["items"].as_array().unwrap() {
        let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        assert!(
            restarts.is_some_and(|restarts| restarts <= 1),
            "{name} was started again {restarts:?} times: {}",
            pod.pointer("/status/containerStatuses").unwrap_or(&Value::Null)
        );
    }
}
