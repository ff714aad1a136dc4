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

use crate::site::Site;
use crate::{ecs, leader};

/// How often is looked.
const OFTEN: Duration = Duration::from_millis(200);

/// The file of the CRD that releases differ in.
const CRD: &str = "ecs-operator-crds/templates/ecsservices.yaml";
/// A column that the release before does not have.
const COLUMN: &str = "    - description: Why the newest task that failed was stopped
      jsonPath: .status.lastFailure
      name: Stopped
      priority: 1
      type: string
";

/// A rule that the release before does not have; without it the schema is another, and has still all that the operator needs.
const RULE: &str = "            - fieldPath: .clusterRef
              message: set at most one of cluster and clusterRef
              reason: FieldValueForbidden
              rule: \"!(has(self.cluster) && has(self.clusterRef))\"
";
/// A member of the status that a still older release does not have; today's operator refuses to start without it.
const MEMBER: &str = "              taskStates:
                additionalProperties:
                  format: int32
                  type: integer
                description: How many tasks are in each lastStatus, as RUNNING or PENDING.
                type: object
";

/// The charts as they might have been one release ago: until there is one, ours with another version and an older schema.
pub fn before(run: &RunDir) -> PathBuf {
    older(run, "0.0.9", &[COLUMN, RULE])
}

/// Ours with another version, and a service's CRD that lacks these parts and so has another hash.
fn older(run: &RunDir, version: &str, lacks: &[&str]) -> PathBuf {
    let to = run.path().join(format!("charts-{version}"));
    copy(&helm::charts(), &to);
    for chart in [RELEASE, CRDS] {
        replace(
            &to.join(chart).join("Chart.yaml"),
            concat!("\nversion: ", env!("CARGO_PKG_VERSION"), "\n"),
            &format!("\nversion: {version}\n"),
        );
    }
    let crd = to.join(CRD);
    for part in lacks {
        replace(&crd, part, "");
    }
    replace(&crd, &hash(&crd), version);
    to
}

/// What the annotation says.
fn hash(crd: &Path) -> String {
    let text = fs::read_to_string(crd).unwrap();
    let (_, rest) = text.split_once("schema-hash: ").unwrap();
    rest.lines().next().unwrap().to_owned()
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
        self.is_taken_up_after(site, folder, count, 0);
    }

    /// As [`Self::is_taken_up`], where the service was scaled so often since the backend's pod started: that is another one with
    /// each release, since the chart's version is in its labels.
    fn is_taken_up_after(&self, site: &Site, folder: &str, count: i64, scaled: u64) {
        leader::until_it_has_looked(site);
        site.until_samples_are_as_expected(folder).unwrap();
        ecs::scale(site, count);
        ecs::until_running(site, count);
        site.until_samples_are_as_expected(folder).unwrap();
        assert_eq!(identities(site), self.objects);
        assert_eq!(ecs::identities(site), self.in_ecs);
        assert_eq!(
            site.mutations(),
            BTreeMap::from([("UpdateService".to_owned(), scaled + 1)]),
            "the release changed something in ECS"
        );
    }
}

/// Objects are kept, ECS is left alone, and status goes on.
pub fn up_down_and_up(site: &mut Site, folder: &str) {
    let old = schema(site);
    let before = Before::of(site);
    upgrade(site);
    let new = schema(site);
    for part in [r#""name":"Stopped""#, "set at most one of cluster and clusterRef"] {
        assert!(!old.contains(part) && new.contains(part), "{part}");
    }
    before.is_taken_up(site, folder, 4);
    // Down, the operator first.
    for release in [RELEASE, CRDS] {
        site.release.roll_back(release).unwrap();
    }
    assert_eq!(schema(site), old);
    before.is_taken_up(site, folder, 2);
    the_operator_first(site, &before, folder);
    assert_eq!(schema(site), new);
}

/// The wrong order: the new pod says which CRDs it waits for and stays unready, and the old ones go on. Once the CRDs are there,
/// it goes on by itself.
fn the_operator_first(site: &mut Site, before: &Before, folder: &str) {
    let old = leader::until_it_has_looked(site);
    let too_old = older(site.run(), "0.0.8", &[COLUMN, RULE, MEMBER]);
    site.release.upgrade_crds(&too_old).unwrap();
    let refused = site
        .release
        .upgrade_operator_within(Duration::from_secs(15), &helm::charts());
    assert!(refused.is_err(), "ready with CRDs that are too old");
    let said = site.ask(&[
        "logs",
        "--namespace",
        NAMESPACE,
        concat!(
            "--selector=app.kubernetes.io/component=operator,helm.sh/chart=ecs-operator-",
            env!("CARGO_PKG_VERSION")
        ),
        "--tail=-1",
    ]);
    let reason = "EcsService.status.taskStates is missing";
    assert!(said.contains(reason) && said.contains("older than"), "{said}");
    ecs::scale(site, 3);
    ecs::until_running(site, 3);
    assert_eq!(leader::name(site), old);
    upgrade(site);
    before.is_taken_up_after(site, folder, 4, 1);
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

/// The CRD of services, as it is installed, but for what differs without another schema.
fn schema(site: &Site) -> String {
    let crd = ["get", "crd", "ecsservices.ecs-operator.dev"];
    site.kubectl().json(&crd).unwrap()["spec"].to_string()
}

fn identities(site: &Site) -> Objects {
    let read = site
        .kubectl()
        .json(&["get", leader::KINDS, "--all-namespaces"])
        .unwrap();
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
    before.is_taken_up(site, folder, 3);
}
