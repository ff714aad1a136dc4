//! A tenant with `edit` in one namespace tries to reach beyond its account, roles, clusters and names: each attempt is refused, and AWS hears of none.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod attempts;

use std::collections::BTreeMap;
use std::fs;

use ecs_e2e::charts;
use ecs_e2e::kubectl::Kubectl;
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::samples;
use ecs_e2e::scene::Scene;
use serde_json::{Value, json};

use attempts::{Attempt, ROLE, account, definition, object, with};

const TENANT: &str = "shopper";

/// Two teams: each has a namespace, an account object and names of its own; both accounts are in the one AWS account of the backend.
fn two_teams(scene: &Scene) {
    let sets = charts::sets().unwrap();
    let default = sets.iter().find(|set| set.name == "default").unwrap();
    let golden = fs::read_to_string(default.golden()).unwrap();
    let roles = golden
        .split("\n---")
        .filter(|document| document.contains("/aggregate-to-"));
    scene
        .kubectl()
        .apply(&roles.collect::<Vec<_>>().join("\n---"))
        .unwrap();
    let mut all = Vec::new();
    for team in ["shop", "billing"] {
        all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team}}));
        all.push(json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": team}, "spec": {
            "accountId": "123456789012", "region": "us-east-1", "endpoint": scene.backend().url(), "namespaces": {"names": [team]},
            "allow": {"resourceNames": [format!("{team}-*")], "taskRoles": [format!("{ROLE}/{team}-*")], "executionRoles": [format!("{ROLE}/{team}-*")]}}}));
    }
    for role in ["view", "edit"] {
        all.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": role, "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("ecs-operator:{role}")},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": TENANT}]}));
    }
    for one in all {
        scene.kubectl().apply(&one.to_string()).unwrap();
    }
    for team in ["shop", "billing"] {
        scene
            .kubectl()
            .wait_ready("default", &format!("awsacct/{team}"))
            .unwrap();
    }
}

/// What the other team made in ECS without the operator, and what is nobody's by its tags.
fn legacy_of_billing(scene: &Scene) {
    let made = [
        ("CreateCluster", json!({"clusterName": "billing-legacy"})),
        (
            "RegisterTaskDefinition",
            json!({"family": "billing-app", "containerDefinitions": [{"name": "app", "image": "nginx", "memory": 64}]}),
        ),
        (
            "CreateService",
            json!({"cluster": "billing-legacy", "serviceName": "billing-web", "taskDefinition": "billing-app", "desiredCount": 0}),
        ),
    ];
    for (operation, input) in made {
        scene.backend().ecs(operation, &input).unwrap();
    }
}

/// A cluster of each team's own.
fn clusters_of_both(scene: &Scene) {
    for team in ["billing", "shop"] {
        let name = format!("{team}-main");
        let cluster = object("EcsCluster", team, &name, json!({"management": account(team)}));
        scene.kubectl().apply(&cluster.to_string()).unwrap();
        scene
            .kubectl()
            .wait_ready(team, &format!("ecscl/{name}"))
            .unwrap();
    }
}

/// The calls to AWS, reads too.
fn calls(scene: &Scene) -> BTreeMap<String, u64> {
    scene.backend().calls().unwrap()
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn a_tenant_reaches_nothing_that_was_not_granted() {
    let scene = Scene::start().unwrap();
    two_teams(&scene);
    legacy_of_billing(&scene);
    let tenant = scene.kubectl().impersonating(TENANT);

    // As long as nobody has anything that was granted, AWS hears nothing at all: whatever it hears, it is of an attempt.
    let before = calls(&scene);
    for attempt in attempts::with_nothing_granted() {
        refused_by_the_operator(&scene, &tenant, attempt);
    }
    assert_eq!(calls(&scene), before, "an attempt reached AWS");

    // Attempts out of a cluster of one's own. That one and the other team's are looked at now and then, since they are granted;
    // no attempt is about a cluster any more.
    clusters_of_both(&scene);
    let but_clusters = || {
        let mut calls = calls(&scene);
        calls.remove("DescribeClusters");
        calls
    };
    let before = but_clusters();
    for attempt in attempts::within_an_own_cluster() {
        refused_by_the_operator(&scene, &tenant, attempt);
    }
    refused_by_kubernetes(&tenant);
    assert_eq!(but_clusters(), before, "an attempt reached AWS");

    // What is granted works, so the refusals above are no accident.
    tenant
        .apply(&definition("shop-app", &[("taskRoleArn", json!(format!("{ROLE}/shop-app")))]).to_string())
        .unwrap();
    scene.kubectl().wait_ready("shop", "ecstd/shop-app").unwrap();
    going_account_waits(&scene);
}

/// The API server takes the object in, and its condition says which rule it breaks.
fn refused_by_the_operator(scene: &Scene, tenant: &Kubectl, attempt: Attempt) {
    let Attempt {
        what,
        object,
        reason,
        names,
    } = attempt;
    tenant
        .apply(&object.to_string())
        .unwrap_or_else(|why| panic!("{what}: {why}"));
    let name = format!(
        "{}/{}",
        object["kind"].as_str().unwrap(),
        object["metadata"]["name"].as_str().unwrap()
    );
    let ready = until_looked_at(scene, &name);
    let said = ready["message"].as_str().unwrap();
    assert_eq!(ready["reason"], reason, "{what}: {said}");
    assert!(
        said.contains(names),
        "{what} is refused without naming {names}: {said}"
    );
}

fn until_looked_at(scene: &Scene, name: &str) -> Value {
    let what = format!("{name} is not looked at");
    ecs_e2e::poll::until(&what, PATIENCE, std::time::Duration::from_millis(100), || {
        let read = scene
            .kubectl()
            .json(&["get", name, "-n", "shop"])
            .map_err(|why| why.to_string())?;
        let current = read["status"]["observedGeneration"] == read["metadata"]["generation"];
        match samples::condition(&read, "Ready") {
            Some(ready) if current && ready["status"] != "True" => Ok(ready.clone()),
            _ => Err(read["status"].to_string()),
        }
    })
    .unwrap()
}

/// What the API server refuses: by RBAC or by the schema.
fn refused_by_kubernetes(tenant: &Kubectl) {
    let refused = |attempt: &str, arguments: &[&str], words: &str| {
        let told = tenant.run(arguments).unwrap_err().to_string();
        assert!(told.contains(words), "{attempt}: {told}");
    };
    let elsewhere = object(
        "EcsCluster",
        "billing",
        "shop-x",
        json!({"management": account("billing")}),
    );
    let told = tenant.apply(&elsewhere.to_string()).unwrap_err().to_string();
    assert!(
        told.contains("forbidden"),
        "an object in another namespace: {told}"
    );
    let across = object(
        "EcsService",
        "shop",
        "shop-y",
        json!({"clusterRef": {"name": "billing-main", "namespace": "billing"}}),
    );
    let told = tenant.apply(&across.to_string()).unwrap_err().to_string();
    assert!(
        told.contains("field not declared in schema"),
        "a reference to another namespace: {told}"
    );

    let tags = json!([{"key": "ecs-operator.dev/cluster", "value": "other/billing/billing-main"}]);
    let claim = object(
        "EcsCluster",
        "shop",
        "shop-z",
        json!({"management": account("shop"), "tags": tags}),
    );
    let told = tenant.apply(&claim.to_string()).unwrap_err().to_string();
    assert!(
        told.contains("spec.tags: Forbidden"),
        "a tag that claims ownership: {told}"
    );

    let grant = json!({"spec": {"allow": {"adoption": true}}}).to_string();
    refused(
        "a grant to itself",
        &["patch", "awsacct", "shop", "--type=merge", "-p", &grant],
        "forbidden",
    );
    refused(
        "deleting an account in use",
        &["delete", "awsacct", "billing"],
        "forbidden",
    );
    let arn =
        json!({"status": {"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/billing-main"}}).to_string();
    let status = [
        "patch",
        "ecscl/shop-main",
        "-n",
        "shop",
        "--subresource=status",
        "--type=merge",
        "-p",
        &arn,
    ];
    refused("a status that claims another's resource", &status, "forbidden");
    for (attempt, management) in [
        ("another account", account("billing")),
        (
            "another region",
            with(account("shop"), "region", json!("eu-west-1")),
        ),
    ] {
        let patch = json!({"spec": {"management": management}}).to_string();
        refused(
            attempt,
            &[
                "patch",
                "ecscl/shop-main",
                "-n",
                "shop",
                "--type=merge",
                "-p",
                &patch,
            ],
            "cannot be changed",
        );
    }
}

/// An admin's deletion of an account in use waits for its objects.
fn going_account_waits(scene: &Scene) {
    scene
        .kubectl()
        .run(&["delete", "awsacct", "billing", "--wait=false"])
        .unwrap();
    scene
        .until("awsacct/billing", |read| {
            let held = read["status"]["heldBy"].to_string();
            let going = !read["metadata"]["deletionTimestamp"].is_null();
            if going && held.contains("billing-main") {
                Ok(())
            } else {
                Err(read.to_string())
            }
        })
        .unwrap();
}
