//! The charts without a cluster: what helm makes of each value set is what is committed, and no value, flag, right or metric is
//! forgotten.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use ecs_e2e::charts::{NAMESPACE, Set, metrics_in, sets};
use ecs_e2e::helm::{self, Helm};
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::scene::built_binaries;
use ecs_e2e::steps::Steps;
use serde_json::{Value, json};

fn helm() -> (Helm, RunDir) {
    let run = RunDir::temporary().unwrap();
    (Helm::find_or_build(&run, Steps::quiet()).unwrap(), run)
}

/// What one of the program's commands prints.
fn printed(arguments: &[&str]) -> String {
    let operator = built_binaries().unwrap().join("ecs-operator");
    let output = Command::new(operator).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn documents(yaml: &str) -> Vec<Value> {
    yaml.split("\n---")
        .filter(|text| {
            text.lines()
                .any(|line| !line.is_empty() && !line.starts_with(['#', '-']))
        })
        .map(|text| serde_saphyr::from_str(text.trim_start_matches("---")).unwrap())
        .collect()
}

fn set(name: &str) -> Set {
    sets().unwrap().into_iter().find(|set| set.name == name).unwrap()
}

#[test]
#[ignore = "needs helm and the binaries: cargo xtask test"]
fn every_value_set_renders_to_what_is_committed_and_passes_helm_lint() {
    let (helm, _run) = helm();
    let all = sets().unwrap();
    assert!(all.len() >= 6, "{}", all.len());
    for set in all {
        let golden = fs::read_to_string(set.golden()).unwrap();
        assert!(
            set.render(&helm).unwrap() == golden,
            "{} renders to something else than is committed: run `cargo xtask charts` and look at the difference",
            set.name
        );
        let chart = helm::charts().join("ecs-operator");
        let (chart, values) = (chart.to_str().unwrap(), set.values().to_str().unwrap());
        helm.run(&[
            "lint",
            "--strict",
            "--namespace",
            NAMESPACE,
            chart,
            "--values",
            values,
        ])
        .unwrap();
    }
    let crds = helm::charts().join("ecs-operator-crds");
    helm.run(&["lint", "--strict", crds.to_str().unwrap()]).unwrap();
}

/// A value is changed to another that the schema takes, until one of the sets comes out different.
#[test]
#[ignore = "needs helm and the binaries: cargo xtask test"]
fn every_value_changes_what_is_rendered() {
    let (helm, _run) = helm();
    let text = fs::read_to_string(helm::charts().join("ecs-operator/values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&text).unwrap();
    let mut leaves = Vec::new();
    leaves_of(&values, "", &mut leaves);
    assert!(leaves.len() > 60, "{}", leaves.len());
    let rendered: Vec<(Set, String)> = sets()
        .unwrap()
        .into_iter()
        .map(|set| (set.clone(), set.render(&helm).unwrap()))
        .collect();
    let without_effect: Vec<String> = leaves
        .into_iter()
        .filter(|(path, value)| {
            let changes = |flag: &str, (set, before): &(Set, String)| {
                // Not in a set in which the value cannot be chosen at all.
                set.render_with(&helm, &["--set-json", flag])
                    .is_ok_and(|after| after != *before)
            };
            let other = others_than(path, value);
            let mut flags = other.iter().map(|other| format!("{path}={other}"));
            !flags.any(|flag| rendered.iter().any(|set| changes(&flag, set)))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(without_effect.is_empty(), "without effect: {without_effect:?}");
}

fn leaves_of(value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    match value.as_object().filter(|members| !members.is_empty()) {
        Some(members) => {
            for (key, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                leaves_of(value, &format!("{path}{dot}{key}"), leaves);
            }
        }
        None => leaves.push((path.to_owned(), value.clone())),
    }
}

/// Other values of the same kind. Of a switch both: a set may have chosen the other one already.
fn others_than(path: &str, value: &Value) -> Vec<Value> {
    if value.is_boolean() {
        return vec![json!(true), json!(false)];
    }
    let other = match path {
        "image.pullPolicy" => json!("Never"),
        "image.digest" => json!(format!("sha256:{}", "1".repeat(64))),
        "log.format" => json!("text"),
        "listenAddress" => json!("[::1]"),
        "aws.region" => json!("ap-southeast-2"),
        "backend.timing" => json!("aws"),
        "backend.persistence.size" => json!("7Gi"),
        "accounts" => {
            json!([{"name": "other", "spec": {"accountId": "210987654321", "region": "eu-west-1"}}])
        }
        "watchNamespaces" => json!(["other"]),
        "networkPolicy.egressPorts" => json!([8443]),
        "extraArgs" | "securityContext.capabilities.drop" => json!(["capability"]),
        "imagePullSecrets" | "extraEnv" | "extraVolumes" => json!([{"name": "other"}]),
        "extraVolumeMounts" => json!([{"name": "other", "mountPath": "/other"}]),
        path if path.ends_with(".interval") => json!("7s"),
        _ => match value {
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::Array(_) => json!([{"key": "other"}]),
            Value::Object(_) => json!({"other": "other"}),
            _ => json!("other"),
        },
    };
    vec![other]
}

#[test]
#[ignore = "needs helm and the binaries: cargo xtask test"]
fn an_unknown_or_impossible_value_is_refused_by_its_name() {
    let (helm, _run) = helm();
    let default = set("default");
    for (flag, words) in [
        ("replicas=3", "replicas"),
        ("image.tga=\"x\"", "tga"),
        ("requestPercent=0", "/requestPercent"),
        ("leaderElection.leaseSeconds=2", "/leaderElection/leaseSeconds"),
        ("log.format=\"xml\"", "/log/format"),
        ("watchNamespaces=[\"Not A Name\"]", "/watchNamespaces/0"),
        ("accounts=[{\"name\": \"x\"}]", "/accounts/0"),
        (
            "accounts=[{\"name\": \"x\", \"spec\": {\"accountId\": 123456789012, \"region\": \"eu-west-1\"}}]",
            "/accounts/0/spec/accountId",
        ),
        ("installation=\"team: a\"", "/installation"),
        ("listenAddress=\"::\"", "/listenAddress"),
        ("replicaCount=\"two\"", "/replicaCount"),
        (
            "serviceAccount.create=false",
            "serviceAccount.name has to name an existing ServiceAccount",
        ),
    ] {
        let told = default
            .render_with(&helm, &["--set-json", flag])
            .unwrap_err()
            .to_string();
        assert!(told.contains(words), "{flag}: {told}");
    }
}

/// No flag of `run` that the chart cannot set.
#[test]
#[ignore = "needs helm and the binaries: cargo xtask test"]
fn the_chart_sets_every_flag_of_run() {
    let help = printed(&["run", "--help"]);
    let flags: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"))
        .filter_map(|flag| flag.split([' ', '=']).next())
        .filter(|flag| *flag != "help")
        .collect();
    assert!(flags.len() >= 14, "{flags:?}");
    let golden = fs::read_to_string(set("namespaced").golden()).unwrap();
    let unset: Vec<&&str> = flags
        .iter()
        .filter(|flag| {
            let (alone, with_value) = (format!("- --{flag}\n"), format!("--{flag}="));
            let set = ["- ", "- \""].map(|begin| format!("{begin}{with_value}"));
            !golden.contains(&alone) && !set.iter().any(|set| golden.contains(set))
        })
        .collect();
    assert!(unset.is_empty(), "the chart cannot set {unset:?}");
}

/// The chart's Roles are those that `ecs-operator rbac` prints, however many namespaces are watched.
#[test]
#[ignore = "needs helm and the binaries: cargo xtask test"]
fn the_charts_roles_are_those_of_ecs_operator_rbac() {
    let default = ["rbac", "--lease-name", "ecs-operator"];
    let namespaced = [
        "rbac",
        "--service-account",
        "ecs-team-a",
        "--watch-namespaces",
        "shop,billing",
        "--installation",
        "team-a",
        "--lease-name",
        "ecs-team-a",
    ];
    for (name, arguments) in [("default", &default[..]), ("namespaced", &namespaced[..])] {
        let golden = fs::read_to_string(set(name).golden()).unwrap();
        let printed = roles(&printed(arguments));
        assert!(!printed.is_empty());
        assert_eq!(roles(&golden), printed, "{name}");
    }
}

/// Each rule of each Role and each binding, in words that have an order.
fn roles(yaml: &str) -> BTreeSet<String> {
    let sorted = |list: &Value| {
        let mut words: Vec<&str> = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        words.sort_unstable();
        words.join(",")
    };
    let mut all = BTreeSet::new();
    for document in documents(yaml) {
        let kind = document["kind"].as_str().unwrap_or_default();
        let name = document["metadata"]["name"].as_str().unwrap_or_default();
        if !kind.contains("Role") || name.contains(':') || name.ends_with("-selftest") {
            continue;
        }
        let who = format!("{kind} {} {name}", document["metadata"]["namespace"]);
        for rule in document["rules"].as_array().into_iter().flatten() {
            let parts = ["apiGroups", "resources", "resourceNames", "verbs"].map(|part| sorted(&rule[part]));
            all.insert(format!("{who} {}", parts.join(" ")));
        }
        if !document["subjects"].is_null() {
            all.insert(format!("{who} {} {}", document["roleRef"], document["subjects"]));
        }
    }
    all
}

/// The `PromQL` of the alerts and the dashboard, with where it stands.
fn expressions() -> Vec<(String, String)> {
    let files = helm::charts().join("ecs-operator/files");
    let alerts: Value =
        serde_saphyr::from_str(&fs::read_to_string(files.join("alerts.yaml")).unwrap()).unwrap();
    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string(files.join("dashboard.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = alerts.as_array().unwrap().iter();
    let mut all: Vec<(String, String)> = alerts
        .map(|alert| (text(&alert["alert"]), text(&alert["expr"])))
        .collect();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            all.push((text(&panel["title"]), text(&target["expr"])));
        }
    }
    all
}

#[test]
fn every_alert_and_panel_is_promql_over_metrics_that_are_described() {
    let described = fs::read_to_string(helm::charts().join("../docs/metrics.md")).unwrap();
    let expressions = expressions();
    assert!(expressions.len() > 20, "{}", expressions.len());
    for (place, expression) in expressions {
        promql_parser::parser::parse(&expression)
            .unwrap_or_else(|why| panic!("{place}: {why}: {expression}"));
        let metrics = metrics_in(&expression);
        assert!(!metrics.is_empty(), "{place} names no metric");
        // A histogram is described without the suffix of its buckets.
        for metric in metrics.iter().map(|metric| metric.trim_end_matches("_bucket")) {
            assert!(
                described.contains(&format!("`{metric}`")),
                "{place} names {metric}, which docs/metrics.md does not describe"
            );
        }
    }
}

#[test]
fn every_alert_has_a_run_book_paragraph() {
    let pages = fs::read_to_string(helm::charts().join("../docs/metrics.md")).unwrap();
    for (alert, _) in expressions()
        .into_iter()
        .filter(|(place, _)| place.starts_with("Ecs"))
    {
        assert!(
            pages.contains(&format!("### {alert}\n")),
            "docs/metrics.md has no paragraph {alert}"
        );
    }
}
