//! One release after another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::release::CRDS;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::{helm, poll};
use serde_json::Value;

use crate::ecs;
use crate::site::Site;

/// How often is looked.
const OFTEN: Duration = Duration::from_millis(200);

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
    for chart in [RELEASE, CRDS] {
        replace(
            &to.join(chart).join("Chart.yaml"),
            concat!("\nversion: ", env!("CARGO_PKG_VERSION"), "\n"),
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

/// What is there before a release, and has to be after it.
struct Before {
    objects: Objects,
    in_ecs: Value,
}

/// Each object of ours with its UID, and the generation of its spec.
type Objects = BTreeMap<String, (String, i64)>;

impl Before {
    fn of(site: &Site) -> Self {
        Self {
            objects: identities(site),
            in_ecs: ecs::identities(site),
        }
    }

    /// All is taken up as it was: objects are kept, ECS is left alone, and status goes on.
    fn is_taken_up(&self, site: &Site, folder: &str, count: i64) {
        site.until_samples_are_as_expected(folder).unwrap();
        assert_eq!(identities(site), self.objects);
        assert_eq!(ecs::identities(site), self.in_ecs);
        // The backend's pod is another one too, with the chart's version or with the release: it counts from its start.
        assert_eq!(
            site.mutations(),
            BTreeMap::new(),
            "the release changed something in ECS"
        );
        ecs::scale(site, count);
        ecs::until_running(site, count);
    }
}

/// Objects are kept, ECS is left alone, and status goes on.
pub fn up_down_and_up(site: &mut Site, folder: &str) {
    assert!(!has_column(site), "the release before has the new column");
    let before = Before::of(site);
    let check = |site: &Site, count, wanted: bool| {
        assert_eq!(has_column(site), wanted);
        before.is_taken_up(site, folder, count);
    };
    upgrade(site);
    check(site, 4, true);
    // Down, the operator first.
    for release in [RELEASE, CRDS] {
        site.release.roll_back(release).unwrap();
    }
    check(site, 2, false);
    upgrade(site);
    check(site, 3, true);
}

fn upgrade(site: &mut Site) {
    site.release.upgrade_crds(&helm::charts()).unwrap();
    upgrade_operator(site);
}

fn upgrade_operator(site: &mut Site) {
    let charts = helm::charts();
    site.release
        .upgrade_operator(&site.node, &charts)
        .unwrap_or_else(|why| panic!("{why}"));
}

fn has_column(site: &Site) -> bool {
    let crd = ["get", "crd", "ecsservices.ecs-operator.dev", "--output=yaml"];
    site.ask(&crd).contains("name: Stopped")
}

fn identities(site: &Site) -> Objects {
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
pub fn removed_and_installed_again(site: &mut Site, folder: &str) {
    let before = Before::of(site);
    site.release.uninstall().unwrap();
    // Helm waits for what it deletes, and pods end after their Deployment.
    poll::until("the release left something that runs", PATIENCE, OFTEN, || {
        let all = ["get", "all", "--namespace", NAMESPACE, "--output=name"];
        match site.ask(&all) {
            left if left.is_empty() => Ok(()),
            left => Err(left),
        }
    })
    .unwrap();
    assert_eq!(identities(site), before.objects);
    upgrade_operator(site);
    before.is_taken_up(site, folder, 4);
}
