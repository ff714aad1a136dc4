//! `cargo xtask charts`: what is generated in the charts is what the Rust types and the values say.

mod readme;
mod templates;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Args;
use ecs_e2e::charts;
use ecs_e2e::helm::{self, Helm};
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;

use crate::cargo;
use crate::error::Error;

/// The charts.
const CHARTS: [&str; 2] = ["ecs-operator", "ecs-operator-crds"];

/// Options of `charts`
#[derive(Args)]
pub struct Options {
    /// Write nothing; fail where the committed files differ (the rendered ones are compared by the end-to-end tests)
    #[arg(long)]
    check: bool,
}

/// Writes the generated files, or checks them.
pub fn charts(options: &Options) -> Result<(), Error> {
    cargo::run(&["build", "--quiet", "-p", "ecs-operator"])?;
    if options.check {
        return check_built();
    }
    for (name, text) in generated()? {
        let path = helm::charts().join(&name);
        fs::write(&path, &text).map_err(ecs_e2e::Error::file("cannot write", &path))?;
        println!("wrote charts/{name} ({} bytes)", text.len());
    }
    let run = RunDir::temporary()?;
    let helm = Helm::find_or_build(&run, Steps::shown())?;
    for set in charts::sets()? {
        let text = set.render(&helm)?;
        let path = set.golden();
        fs::write(&path, &text).map_err(ecs_e2e::Error::file("cannot write", &path))?;
        println!("wrote e2e/charts/golden/{}.yaml ({} bytes)", set.name, text.len());
    }
    Ok(())
}

/// Compares without building, for `cargo xtask test`, which has built already.
pub fn check_built() -> Result<(), Error> {
    let mut differing = Vec::new();
    for (name, text) in generated()? {
        if fs::read_to_string(helm::charts().join(&name)).ok().as_ref() != Some(&text) {
            differing.push(name);
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::told(format!(
        "charts/ is not what it is generated from ({}): run `cargo xtask charts` and commit the result",
        differing.join(", ")
    )))
}

/// The generated files by their path under `charts/`.
fn generated() -> Result<BTreeMap<String, String>, Error> {
    let mut files = templates::crds()?;
    files.insert(
        "ecs-operator/templates/_rules.tpl".to_owned(),
        templates::rules()?,
    );
    for chart in CHARTS {
        let folder = helm::charts().join(chart);
        let read = |name: &str| read(&folder.join(name));
        let text = readme::readme(&read("README.head.md")?, &read("values.yaml")?)?;
        files.insert(format!("{chart}/README.md"), text);
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String, Error> {
    Ok(fs::read_to_string(path).map_err(ecs_e2e::Error::file("cannot read", path))?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn file(name: &str) -> String {
        read(&helm::charts().join("ecs-operator/files").join(name)).unwrap()
    }

    /// Asserts that each metric in the expression has the selector at the end of its braces.
    fn assert_selected(expression: &Value, selector: &str) {
        let expression = expression.as_str().unwrap();
        let metrics: Vec<&str> = expression.split("ecs_operator_").skip(1).collect();
        assert!(!metrics.is_empty(), "{expression}");
        for metric in metrics {
            let braces = metric.split('}').next().unwrap();
            assert!(braces.contains('{') && braces.ends_with(selector), "{expression}");
        }
    }

    /// Otherwise an installation that works would answer for one that does not.
    #[test]
    fn alerts_and_dashboard_tell_installations_apart() {
        let alerts: Value = serde_saphyr::from_str(&file("alerts.yaml")).unwrap();
        for alert in alerts.as_array().unwrap() {
            assert_selected(&alert["expr"], r#"installation="this""#);
        }
        let dashboard: Value = serde_json::from_str(&file("dashboard.json")).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                assert_selected(&target["expr"], r#"namespace=~"$namespace",job=~"$job""#);
            }
        }
    }

    #[test]
    fn the_chart_puts_the_releases_pods_into_every_alert() {
        let sets = charts::sets().unwrap();
        let production = sets.iter().find(|set| set.name == "production").unwrap();
        let rendered = read(&production.golden()).unwrap();
        let pods = r#"namespace=\"ecs-operator-system\",pod=~\"ecs-operator-[a-z0-9]+-?[a-z0-9]+\"}"#;
        let metrics = file("alerts.yaml").matches("installation=\"this\"}").count();
        assert!(metrics > 10, "{metrics}");
        assert_eq!(rendered.matches(pods).count(), metrics);
    }
}
