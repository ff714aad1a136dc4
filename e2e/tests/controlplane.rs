//! The control plane by itself: it starts, kubectl works, RBAC refuses, and it ends without leaving anything behind.

use std::path::Path;
use std::time::Instant;

use ecs_e2e::controlplane::{ControlPlane, Options};
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;
use ecs_e2e::tools::Tools;

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn it_starts_serves_refuses_and_ends() {
    let tools = Tools::find_or_build(Steps::shown()).unwrap();
    let run = RunDir::temporary().unwrap();
    let start = Instant::now();
    let plane = ControlPlane::start(&tools, &run, &Options::default()).unwrap();
    println!("ready after {:?}", start.elapsed());

    plane
        .kubectl()
        .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}")
        .unwrap();
    let map = plane.kubectl().json(&["get", "configmap", "c"]).unwrap();
    assert_eq!(map.pointer("/data/k").and_then(|value| value.as_str()), Some("v"));

    let refused = plane
        .kubectl()
        .impersonating("nobody")
        .run(&["get", "configmap", "c"])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("User \"nobody\" cannot get resource \"configmaps\""),
        "{refused}"
    );

    let (folder, url) = (run.path().to_owned(), plane.url().to_owned());
    let kubectl = plane.kubectl().clone();
    drop(plane);
    assert!(
        kubectl.run(&["get", "--raw=/readyz"]).is_err(),
        "{url} still answers"
    );
    drop(kubectl);
    drop(run);
    assert!(!Path::new(&folder).exists(), "{} is left", folder.display());
}
