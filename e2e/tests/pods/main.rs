//! Both charts on a whole node, as they are installed in production: the operator and the backend in pods of our image, each with the rights
//! that the chart gives it and no others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod disturbances;
mod ecs;
mod leader;
mod metrics_api;
mod namespaces;
mod releases;
mod scaling;
mod site;
mod waiting;

use std::fs;

use ecs_e2e::node;
use ecs_e2e::questions::Questions;
use ecs_e2e::rights;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::timed;

use site::Site;

#[test]
#[ignore = "needs root, the tools, helm and the binaries: cargo xtask test"]
fn a_release_works_in_pods_whatever_happens_around_it() {
    if node::unwanted() {
        return;
    }
    let run = RunDir::temporary().unwrap();
    let before = releases::before(&run);
    let mut site = Site::new(run, &before);
    timed("helm test", || helm_test_passes(&site));
    let folder = timed("the samples are as they should be", || samples(&site));
    timed("a service is scaled", || {
        for count in [4, 2, 3] {
            ecs::scale(&site, count);
            ecs::until_running(&site, count);
        }
    });
    timed("a HorizontalPodAutoscaler scales", || {
        scaling::by_a_horizontal_pod_autoscaler(&site);
    });
    timed("helm waits for a rollout", || {
        waiting::helm_waits_for_a_rollout(&site);
    });
    timed("a namespace ends with everything in it", || {
        namespaces::end_with_everything_in_them(&site);
    });
    no_request_was_forbidden_and_no_right_is_unused(&site);
    timed("upgraded, downgraded and upgraded", || {
        releases::up_down_and_up(&mut site, &folder);
    });
    timed("removed and installed again", || {
        releases::removed_and_installed_again(&mut site, &folder);
    });
    disturbances::all(&mut site, &folder);
    site.node.check_running().unwrap();
}

fn helm_test_passes(site: &Site) {
    let said = site.release.test().unwrap();
    assert!(said.contains("task-definition/ecs-operator-selftest:1"), "{said}");
}

/// Up to here; while a release is removed, or the API server starts, requests meet rights that are not there at the moment.
fn no_request_was_forbidden_and_no_right_is_unused(site: &Site) {
    let findings = rights::findings(site.kubectl(), &site.requests()).unwrap();
    assert_eq!(findings, Vec::<String>::new());
}

/// The samples, but for the account, which is the release's own.
fn samples(site: &Site) -> String {
    let folder = site.samples().unwrap();
    fs::remove_file(folder.join("00-account.yaml")).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    site.ask(&["apply", "--server-side", "-f", &folder]);
    site.register_instances().unwrap();
    site.until_samples_are_as_expected(&folder).unwrap();
    folder
}
