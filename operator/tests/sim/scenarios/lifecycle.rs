//! Create, update, scale, roll, roll back, delete, adopt: each clean, and with every fault at every effect.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, provider, service, with};
use super::run::{Scenario, Step};
use crate::oracles::{EcsView, condition};
use crate::world::World;

/// Account, cluster and definition.
fn ground() -> Vec<Step> {
    vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(definition("app", "nginx:1")),
    ]
}

/// The ground, and a service of two tasks on it.
fn running() -> Vec<Step> {
    let mut steps = ground();
    steps.push(Step::Apply(service("web", "main", "app", 2)));
    steps
}

fn is_ready(world: &World) -> Result<(), String> {
    let object = world
        .api
        .get("EcsService", "default", "web")
        .ok_or("the service is gone")?;
    let ready = condition(&object, "Ready");
    if ready == "True" {
        Ok(())
    } else {
        Err(format!("Ready={ready}"))
    }
}

fn counts(view: &EcsView, expected: i64) -> Result<(), String> {
    let service = view.service("web").ok_or("there is no service in ECS")?;
    let found = (&service["desiredCount"], &service["runningCount"]);
    if *found.0 == expected && *found.1 == expected {
        Ok(())
    } else {
        Err(format!("{found:?} tasks instead of {expected}"))
    }
}

#[test]
fn create() {
    let mut when = ground();
    when.push(Step::Apply(service("web", "main", "app", 2)));
    let scenario = Scenario {
        name: "create",
        given: vec![],
        when,
        then: |world, view| is_ready(world).and(counts(view, 2)),
    };
    scenario.sweep();
}

#[test]
fn update() {
    let changed = with(
        service("web", "main", "app", 2),
        &json!({"enableExecuteCommand": true, "tags": [{"key": "team", "value": "blue"}],
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}}),
    );
    let scenario = Scenario {
        name: "update",
        given: running(),
        when: vec![Step::Apply(changed)],
        then: |world, view| {
            let web = view.service("web").ok_or("no service")?;
            let subnets = &web["networkConfiguration"]["awsvpcConfiguration"]["subnets"];
            if *subnets != json!(["subnet-1", "subnet-2"]) || web["enableExecuteCommand"] != true {
                return Err(format!("not updated: {web}"));
            }
            is_ready(world).and(counts(view, 2))
        },
    };
    scenario.sweep();
}

#[test]
fn scale() {
    let scenario = Scenario {
        name: "scale",
        given: running(),
        when: vec![Step::Scale("web", 5)],
        then: |world, view| is_ready(world).and(counts(view, 5)),
    };
    scenario.sweep();
}

#[test]
fn roll() {
    let scenario = Scenario {
        name: "roll",
        given: running(),
        when: vec![Step::Apply(definition("app", "nginx:2"))],
        then: |world, view| {
            let image = image_of(view)?;
            if image != "nginx:2" {
                return Err(format!("runs {image}"));
            }
            is_ready(world).and(counts(view, 2))
        },
    };
    scenario.sweep();
}

#[test]
fn roll_back() {
    let scenario = Scenario {
        name: "roll back",
        given: running(),
        when: vec![Step::Apply(definition("app", "registry.invalid/app:2"))],
        then: |world, view| {
            let image = image_of(view)?;
            if image != "nginx:1" {
                return Err(format!("runs {image}"));
            }
            let object = world.api.get("EcsService", "default", "web").ok_or("gone")?;
            if condition(&object, "Ready") != "False" {
                return Err("a rolled back service is not Ready".to_owned());
            }
            counts(view, 2)
        },
    };
    scenario.sweep();
}

#[test]
fn delete() {
    let scenario = Scenario {
        name: "delete",
        given: running(),
        when: vec![
            Step::Delete("EcsService", "web"),
            Step::Delete("EcsTaskDefinition", "app"),
            Step::Delete("EcsCluster", "main"),
        ],
        then: |world, view| {
            let left =
                ["EcsService", "EcsTaskDefinition", "EcsCluster"].map(|kind| world.api.list(kind).len());
            if left != [0; 3] || !view.is_empty() {
                return Err(format!("left over: {left:?} objects, {view:?}"));
            }
            Ok(())
        },
    };
    scenario.sweep();
}

#[test]
fn adopt() {
    let mut given = ground();
    given.push(Step::Settle);
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-9"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}});
    let existing = json!({"cluster": "main", "serviceName": "web", "taskDefinition": "app", "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": network});
    given.push(Step::Console("CreateService", existing));
    let adopting = with(
        service("web", "main", "app", 2),
        &json!({"management": {"adoptionPolicy": "Adopt"}}),
    );
    let scenario = Scenario {
        name: "adopt",
        given,
        when: vec![Step::Apply(adopting)],
        then: |world, view| {
            if view.services.len() != 1 {
                return Err(format!("{} services", view.services.len()));
            }
            is_ready(world).and(counts(view, 2))
        },
    };
    scenario.sweep();
}

#[test]
fn restart() {
    // Virtual time begins with 2026, and the world has come to rest within minutes.
    let restarting = with(
        service("web", "main", "app", 2),
        &json!({"management": {"restartAt": "2026-01-01T01:00:00Z", "driftPolicy": "Report"}}),
    );
    let scenario = Scenario {
        name: "restart",
        given: running(),
        when: vec![Step::Apply(restarting), Step::Pass(Duration::from_hours(1))],
        then: |world, view| {
            if view.rollouts["web"] < 2 {
                return Err("not restarted".to_owned());
            }
            is_ready(world).and(counts(view, 2))
        },
    };
    scenario.sweep();
}

#[test]
fn prune() {
    let pruned = |image: &str| {
        with(
            definition("app", image),
            &json!({"management": {"revisionHistoryLimit": 0, "deleteRevisions": true}}),
        )
    };
    let mut given = running();
    given.push(Step::Apply(pruned("nginx:1")));
    let scenario = Scenario {
        name: "prune",
        given,
        when: vec![Step::Apply(pruned("nginx:2"))],
        then: |world, view| {
            let image = image_of(view)?;
            let image_in = |revision: &Value| revision["containerDefinitions"][0]["image"].clone();
            let old = view.families["app"]
                .iter()
                .any(|revision| image_in(revision) == "nginx:1");
            let inactive = world
                .aws
                .ask("ListTaskDefinitions", &json!({"status": "INACTIVE"}))?;
            if image != "nginx:2" || old || inactive["taskDefinitionArns"] != json!([]) {
                return Err(format!("runs {image}; the old one is there: {old}; {inactive}"));
            }
            is_ready(world).and(counts(view, 2))
        },
    };
    scenario.sweep();
}

#[test]
fn run_on_a_provider() {
    let on_provider = json!({"capacityProviders": null, "capacityProviderRefs": [{"name": "asg"}], "defaultCapacityProviderStrategy": null});
    let for_ec2 = json!({"requiresCompatibilities": ["EC2"], "networkMode": "bridge"});
    let by_strategy = json!({"launchType": null, "networkConfiguration": null,
        "capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    let scenario = Scenario {
        name: "run on a provider",
        given: vec![Step::Apply(account())],
        when: vec![
            Step::Apply(with(service("web", "main", "app", 2), &by_strategy)),
            Step::Apply(with(definition("app", "nginx:1"), &for_ec2)),
            Step::Apply(provider("asg")),
            Step::Apply(with(cluster("main"), &on_provider)),
        ],
        then: |world, view| is_ready(world).and(counts(view, 2)),
    };
    scenario.sweep();
}

fn image_of(view: &EcsView) -> Result<String, String> {
    let arn = &view.service("web").ok_or("there is no service in ECS")?["taskDefinition"];
    let revision = view
        .families
        .values()
        .flatten()
        .find(|definition| definition["taskDefinitionArn"] == *arn);
    let revision = revision.ok_or_else(|| format!("{arn} is not ACTIVE"))?;
    Ok(revision["containerDefinitions"][0]["image"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}
