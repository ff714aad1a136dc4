//! A tenant with `edit` in one namespace tries to reach beyond its account, roles, clusters and names: each attempt is refused, and AWS hears of none.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::fs;

use ecs_e2e::charts;
use ecs_e2e::kubectl::Kubectl;
use ecs_e2e::questions::{PATIENCE, Questions};
use ecs_e2e::samples;
use ecs_e2e::scene::Scene;
use serde_json::{Value, json};

const TENANT: &str = "shopper";
const ROLE: &str = "arn:aws:iam::123456789012:role";
const ECS: &str = "arn:aws:ecs:us-east-1:123456789012";

/// Two teams: each has a namespace, an account object and a name of its own; both accounts are in the one AWS account of the backend.
fn two_teams(scene: &Scene) {
    let sets = charts::sets().unwrap();
    let default = sets.iter().find(|set| set.name == "default").unwrap();
    let golden = fs::read_to_string(default.golden()).unwrap();
    let edit = golden
        .split("\n---")
        .find(|document| document.contains("name: ecs-operator:edit"))
        .unwrap();
    let view = golden
        .split("\n---")
        .find(|document| document.contains("name: ecs-operator:view"))
        .unwrap();
    scene.kubectl().apply(&format!("{view}\n---{edit}")).unwrap();
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
    all.push(object(
        "EcsCluster",
        "billing",
        "billing-main",
        json!({"management": {"accountRef": {"name": "billing"}}}),
    ));
    all.push(object(
        "EcsCluster",
        "shop",
        "shop-main",
        json!({"management": account("shop")}),
    ));
    for one in all {
        scene.kubectl().apply(&one.to_string()).unwrap();
    }
    for (namespace, name) in [("billing", "billing-main"), ("shop", "shop-main")] {
        scene
            .kubectl()
            .wait_ready(namespace, &format!("ecscl/{name}"))
            .unwrap();
    }
}

fn account(name: &str) -> Value {
    json!({"accountRef": {"name": name}})
}

#[expect(clippy::needless_pass_by_value, reason = "specs are written as literals")]
fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn with(mut management: Value, member: &str, value: Value) -> Value {
    management[member] = value;
    management
}

fn definition(name: &str, more: &[(&str, Value)]) -> Value {
    let mut spec = json!({"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "nginx", "essential": true}], "management": account("shop")});
    for (member, value) in more {
        spec[*member] = value.clone();
    }
    object("EcsTaskDefinition", "shop", name, spec)
}

/// What the operator itself refuses: the object, the reason of its condition, and a word of the rule that it names.
fn refused_by_a_condition() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let shop = || account("shop");
    let cluster = |name: &str, spec: Value| object("EcsCluster", "shop", name, spec);
    let service = |name: &str, more: (&str, Value)| {
        let mut spec = json!({"taskDefinition": "shop-app:1", "desiredCount": 1, "launchType": "FARGATE", "management": shop(),
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
        spec[more.0] = more.1;
        object("EcsService", "shop", name, spec)
    };
    vec![
        (
            "another team's account",
            cluster("shop-a", json!({"management": account("billing")})),
            "NotAuthorized",
            "billing",
        ),
        (
            "an account that does not exist",
            cluster("shop-b", json!({"management": account("nobody")})),
            "AccountNotFound",
            "nobody",
        ),
        (
            "another team's name",
            cluster(
                "shop-c",
                json!({"clusterName": "billing-main", "management": shop()}),
            ),
            "NotAuthorized",
            "resourceNames",
        ),
        (
            "a region that is not allowed",
            cluster(
                "shop-d",
                json!({"management": with(shop(), "region", json!("eu-west-1"))}),
            ),
            "NotAuthorized",
            "eu-west-1",
        ),
        (
            "adoption",
            cluster(
                "shop-e",
                json!({"management": with(shop(), "adoptionPolicy", json!("Adopt"))}),
            ),
            "NotAuthorized",
            "adoption",
        ),
        (
            "another team's task role",
            definition("shop-f", &[("taskRoleArn", json!(format!("{ROLE}/billing-app")))]),
            "NotAuthorized",
            "taskRoles",
        ),
        (
            "another team's execution role",
            definition(
                "shop-g",
                &[("executionRoleArn", json!(format!("{ROLE}/billing-exec")))],
            ),
            "NotAuthorized",
            "executionRoles",
        ),
        (
            "another team's cluster by its name",
            service("shop-h", ("cluster", json!("billing-main"))),
            "NotAuthorized",
            "clusters",
        ),
        (
            "another namespace's cluster by reference",
            service("shop-i", ("clusterRef", json!({"name": "billing-main"}))),
            "DependencyNotReady",
            "billing-main",
        ),
    ]
}

/// What another team has in ECS and a spec names: the object, and the name that the refusal names.
fn refused_by_its_name() -> Vec<(&'static str, Value, &'static str)> {
    let service = |name: &str, definition: &str, on: (&str, Value)| {
        let spec = json!({"clusterRef": {"name": "shop-main"}, "taskDefinition": definition, "desiredCount": 1,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}, "management": account("shop")});
        object("EcsService", "shop", name, with(spec, on.0, on.1))
    };
    let fargate = || ("launchType", json!("FARGATE"));
    let cluster = |name: &str, spec: Value| {
        object(
            "EcsCluster",
            "shop",
            name,
            with(spec, "management", account("shop")),
        )
    };
    let strategy = json!([{"capacityProvider": "billing-group", "weight": 1}]);
    vec![
        (
            "another team's task definition by its name",
            service("shop-j", "billing-app:1", fargate()),
            "billing-app",
        ),
        (
            "another team's task definition by its ARN",
            service(
                "shop-k",
                &format!("{ECS}:task-definition/billing-app:1"),
                fargate(),
            ),
            "billing-app",
        ),
        (
            "another team's capacity provider for a service",
            service(
                "shop-l",
                "shop-app:1",
                ("capacityProviderStrategy", strategy.clone()),
            ),
            "billing-group",
        ),
        (
            "another team's capacity provider for a cluster",
            cluster(
                "shop-m",
                json!({"capacityProviders": ["FARGATE", "billing-group"]}),
            ),
            "billing-group",
        ),
        (
            "another team's capacity provider in a default strategy",
            cluster("shop-n", json!({"defaultCapacityProviderStrategy": strategy})),
            "billing-group",
        ),
    ]
}

#[test]
#[ignore = "needs the tools and the binaries: cargo xtask test"]
fn a_tenant_reaches_nothing_that_was_not_granted() {
    let scene = Scene::start().unwrap();
    two_teams(&scene);
    let tenant = scene.kubectl().impersonating(TENANT);
    let before = scene.backend().mutations().unwrap();

    let by_name = refused_by_its_name()
        .into_iter()
        .map(|(attempt, object, name)| (attempt, object, "NotAuthorized", name));
    for (attempt, object, reason, words) in refused_by_a_condition().into_iter().chain(by_name) {
        tenant
            .apply(&object.to_string())
            .unwrap_or_else(|why| panic!("{attempt}: {why}"));
        let name = format!(
            "{}/{}",
            object["kind"].as_str().unwrap(),
            object["metadata"]["name"].as_str().unwrap()
        );
        let ready = until_looked_at(&scene, &name);
        let said = ready["message"].as_str().unwrap();
        assert_eq!(ready["reason"], reason, "{attempt}: {said}");
        assert!(
            said.contains(words),
            "{attempt} is refused without naming {words}: {said}"
        );
    }
    refused_by_kubernetes(&scene, &tenant);
    assert_eq!(
        scene.backend().mutations().unwrap(),
        before,
        "an attempt reached AWS"
    );

    // What is granted works, so the refusals above are no accident.
    tenant
        .apply(&definition("shop-app", &[("taskRoleArn", json!(format!("{ROLE}/shop-app")))]).to_string())
        .unwrap();
    scene.kubectl().wait_ready("shop", "ecstd/shop-app").unwrap();
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
fn refused_by_kubernetes(scene: &Scene, tenant: &Kubectl) {
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

    // An admin's deletion of an account in use waits for its objects.
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
