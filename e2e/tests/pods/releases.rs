//! One release after another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::helm;
use ecs_e2e::questions::Questions;
use ecs_e2e::run_dir::RunDir;
use serde_json::Value;

use crate::service;
use crate::site::Site;

/// A column that the release before does not have.
const COLUMN: &str = "    - description: Why the newest task that failed was stopped
      jsonPath: .status.lastFailure
      name: Stopped
      priority: 1
      type: string
";

/// The charts as they might have been one release ago: until there is one, ours with another version and an older schema.
pub fn before(run: &RunDir) -> PathBuf {
    let to = run.path().join("charts-before");
    copy(&helm::charts(), &to);
    for chart in ["ecs-operator", "ecs-operator-crds"] {
        replace(
            &to.join(chart).join("Chart.yaml"),
            "\nversion: 0.1.0\n",
            "\nversion: 0.0.9\n",
        );
    }
    replace(
        &to.join("ecs-operator-crds/templates/ecsservices.yaml"),
        COLUMN,
        "",
    );
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            self::copy(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{} has no {old:?}", file.display());
    fs::write(file, text.replace(old, new)).unwrap();
}

/// Objects are kept, ECS is left alone, and status goes on.
pub fn up_down_and_up(site: &Site, folder: &str) {
    assert!(!has_column(site), "the release before has the new column");
    let (objects, mut expected) = (identities(site), site.mutations());
    let mut check = |count, wanted: bool| {
        assert_eq!(has_column(site), wanted);
        site.until_samples_are_as_expected(folder).unwrap();
        assert_eq!(identities(site), objects);
        assert_eq!(
            site.mutations(),
            expected,
            "another release changed something in ECS"
        );
        service::scale(site, count);
        service::until_running(site, count);
        *expected.entry("UpdateService".to_owned()).or_default() += 1;
    };
    site.upgrade_crds(&helm::charts());
    site.upgrade_operator(&helm::charts());
    check(4, true);
    // Down, the operator first.
    for release in [RELEASE, "ecs-operator-crds"] {
        site.in_namespace(&["rollback", release, "1", "--wait", "--timeout=120s"]);
    }
    check(2, false);
    site.upgrade_crds(&helm::charts());
    site.upgrade_operator(&helm::charts());
    check(3, true);
}

fn has_column(site: &Site) -> bool {
    let crd = ["get", "crd", "ecsservices.ecs-operator.dev", "--output=yaml"];
    site.ask(&crd).contains("name: Stopped")
}

/// Each object of ours with its UID, and the generation of its spec.
fn identities(site: &Site) -> BTreeMap<String, (String, i64)> {
    let kinds = "awsaccounts,ecsclusters,capacityproviders,ecstaskdefinitions,ecsservices";
    let read = site.kubectl().json(&["get", kinds, "--all-namespaces"]).unwrap();
    let objects = read["items"].as_array().unwrap().iter().map(|object| {
        let of = &object["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // The service is scaled in between.
        let generation = match of["name"].as_str() {
            Some("sample-fargate") => 0,
            _ => of["generation"].as_i64().unwrap(),
        };
        (
            format!("{}/{}", text(&object["kind"]), text(&of["name"])),
            (text(&of["uid"]), generation),
        )
    });
    objects.collect()
}

/// Uninstalled: the operator is gone, CRDs, accounts and objects stay. Installed again: everything is taken up. ECS is never touched.
pub fn removed_and_installed_again(site: &Site, folder: &str) {
    let objects = identities(site);
    site.in_namespace(&["uninstall", RELEASE, "--wait", "--timeout=120s"]);
    let left = site.ask(&["get", "all", "--namespace", NAMESPACE, "--output=name"]);
    assert_eq!(left, "", "the release left something that runs");
    assert_eq!(identities(site), objects);
    site.upgrade_operator(&helm::charts());
    site.until_samples_are_as_expected(folder).unwrap();
    assert_eq!(identities(site), objects);
    // The backend's pod is a new one.
    let nothing = BTreeMap::new();
    assert_eq!(
        site.mutations(),
        nothing,
        "installing again changed something in ECS"
    );
    service::scale(site, 4);
    service::until_running(site, 4);
}
