//! The replica that leads.

use std::collections::BTreeMap;
use std::time::Duration;

use ecs_e2e::charts::{NAMESPACE, RELEASE};
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::{backend, poll};
use serde_json::Value;

use crate::site::Site;

/// How often is looked.
const OFTEN: Duration = Duration::from_millis(200);
/// The kinds, for kubectl.
pub const KINDS: &str = "awsaccounts,ecsclusters,capacityproviders,ecstaskdefinitions,ecsservices";

/// Who holds the Lease: a pod's name, before what tells its process from an earlier one.
pub fn name(site: &Site) -> String {
    poll::until("nobody leads", PATIENCE, OFTEN, || holder(site)).unwrap()
}

/// Waits until a pod that stays leads, and has passed as often over each kind as it has objects; that pod's name.
pub fn until_it_has_looked(site: &Site) -> String {
    poll::until("no leader has looked at everything", PATIENCE, OFTEN, || {
        let name = holder(site)?;
        let pod = asked(site, &["get", "pod", &name, "--namespace", NAMESPACE])?;
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            return Err(format!("{name}, which is being deleted, leads"));
        }
        let (objects, made) = (objects(site)?, passes(&pod)?);
        let enough = |(kind, number): (&String, &u64)| made.get(kind).is_some_and(|made| made >= number);
        if objects.iter().all(enough) {
            Ok(name)
        } else {
            Err(format!("{name} passed {made:?} times over {objects:?}"))
        }
    })
    .unwrap()
}

fn holder(site: &Site) -> Result<String, String> {
    let lease = asked(site, &["get", "lease", RELEASE, "--namespace", NAMESPACE])?;
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    match holder.split_once('_') {
        Some((pod, _)) => Ok(pod.to_owned()),
        None => Err(lease["spec"].to_string()),
    }
}

/// How many objects each kind has.
fn objects(site: &Site) -> Result<BTreeMap<String, u64>, String> {
    let all = asked(site, &["get", KINDS, "--all-namespaces"])?;
    let mut numbers = BTreeMap::new();
    for object in all["items"].as_array().unwrap() {
        *numbers
            .entry(object["kind"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    Ok(numbers)
}

/// How often a replica passed without an error over objects of each kind.
fn passes(pod: &Value) -> Result<BTreeMap<String, u64>, String> {
    let address = pod["status"]["podIP"].as_str().unwrap_or_default();
    let port = &pod["spec"]["containers"][0]["ports"][0]["containerPort"];
    let metrics = backend::get(&format!("http://{address}:{port}/metrics")).map_err(|why| why.to_string())?;
    let lines = metrics.as_str().unwrap_or_default().lines();
    let passes = lines.filter_map(|line| {
        let counted = line.strip_prefix(r#"ecs_operator_reconciles_total{kind=""#)?;
        let (kind, number) = counted.split_once(r#"",outcome="ok"} "#)?;
        Some((kind.to_owned(), number.parse().ok()?))
    });
    Ok(passes.collect())
}

fn asked(site: &Site, arguments: &[&str]) -> Result<Value, String> {
    site.kubectl().json(arguments).map_err(|why| why.to_string())
}
