//! The CRDs against a real API server: schema, CEL, explain, categories.
#![allow(clippy::unwrap_used, reason = "a test ends where something is wrong")]

use std::sync::LazyLock;

use ecs_e2e::controlplane::{ControlPlane, Options};
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;
use ecs_e2e::tools::Tools;
use ecs_e2e::{samples, stack};

static PLANE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let tools = Tools::find_or_build(Steps::quiet()).unwrap();
    let run = RunDir::temporary().unwrap();
    let plane = ControlPlane::start(&tools, &run, &Options::default()).unwrap();
    stack::establish_crds(&plane).unwrap();
    plane
});

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn every_sample_is_accepted_by_the_schema() {
    let folder = samples::folder();
    for part in ["", "refused", "changes"] {
        let path = folder.join(part);
        let applied = PLANE
            .kubectl()
            .run(&[
                "apply",
                "--server-side",
                "--dry-run=server",
                "-f",
                &path.to_string_lossy(),
            ])
            .unwrap();
        assert!(applied.lines().count() > 1, "{}: {applied}", path.display());
    }
}

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn explain_tells_what_a_member_is_for() {
    for member in [
        "ecsservice.spec.desiredCount",
        "ecstaskdefinition.spec.containerDefinitions.stopTimeout",
        "ecscluster.spec.settings.value",
        "capacityprovider.spec.autoScalingGroupProvider.managedScaling.targetCapacity",
        "awsaccount.spec.roleArn",
    ] {
        let told = PLANE.kubectl().run(&["explain", member]).unwrap();
        let description = told.split("DESCRIPTION:").nth(1).unwrap_or_default().trim();
        assert!(
            description.len() > 20 && description.contains('.'),
            "{member}: {told}"
        );
    }
}

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn mistakes_are_refused_with_the_path_and_what_would_be_right() {
    let service = |members: &str| {
        format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {{name: wrong}}, spec: {{clusterRef: {{name: c}}, taskDefinitionRef: {{name: d}}, {members}}}}}"
        )
    };
    let definition = |members: &str| {
        format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsTaskDefinition, metadata: {{name: wrong}}, spec: {{{members}}}}}"
        )
    };
    for (manifest, told) in [
        (
            service("launchType: fargate"),
            &["spec.launchType", "\"FARGATE\""][..],
        ),
        (service("desiredCount: three"), &["spec.desiredCount", "numeric"]),
        (service("desiredCount: -1"), &["spec.desiredCount", "0"]),
        (
            service("desiredcount: 3"),
            &["spec.desiredcount", "not declared in schema"],
        ),
        (service("cluster: also"), &["cluster", "clusterRef"]),
        (
            service("taskDefinition: also"),
            &["taskDefinition", "taskDefinitionRef"],
        ),
        (
            service("schedulingStrategy: DAEMON, desiredCount: 2"),
            &["desiredCount", "DAEMON"],
        ),
        (
            service("launchType: FARGATE, placementStrategy: [{type: random}]"),
            &["placementStrategy", "FARGATE"],
        ),
        (
            service("networkConfiguration: {awsvpcConfiguration: {}}"),
            &[
                "spec.networkConfiguration.awsvpcConfiguration.subnets",
                "Required value",
            ],
        ),
        (
            definition("containerDefinitions: [{name: a}], networkMode: AWSVPC"),
            &["spec.networkMode", "\"awsvpc\""],
        ),
        (
            definition("containerDefinitions: [{name: a, image: b, memory: lots}]"),
            &["memory", "numeric"],
        ),
        (
            definition("containerDefinitions: [{name: a, image: b, essential: false}]"),
            &["essential"],
        ),
        (
            definition("containerDefinitions: [{name: a, image: b}, {name: a, image: c}]"),
            &["containerDefinitions", "duplicate"],
        ),
        (
            definition(
                "containerDefinitions: [{name: a, image: b}], requiresCompatibilities: [FARGATE], networkMode: awsvpc, cpu: 256, memory: 4096",
            ),
            &["memory"],
        ),
    ] {
        let refused = PLANE.kubectl().apply(&manifest).unwrap_err().to_string();
        for part in told {
            assert!(
                refused.to_lowercase().contains(&part.to_lowercase()),
                "{manifest}\nwant {part:?} in: {refused}"
            );
        }
    }
}

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn what_ecs_cannot_change_is_immutable() {
    let service = |members: &str| {
        format!(
            "{{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {{name: fixed}}, spec: {{clusterRef: {{name: c}}, taskDefinitionRef: {{name: d}}, {members}}}}}"
        )
    };
    PLANE
        .kubectl()
        .apply(&service("serviceName: one, schedulingStrategy: REPLICA"))
        .unwrap();
    for (members, told) in [
        ("serviceName: two, schedulingStrategy: REPLICA", "serviceName"),
        ("schedulingStrategy: REPLICA", "serviceName"),
        (
            "serviceName: one, schedulingStrategy: DAEMON",
            "schedulingStrategy",
        ),
    ] {
        let refused = PLANE.kubectl().apply(&service(members)).unwrap_err().to_string();
        assert!(refused.contains(told), "{members}: {refused}");
    }
}

#[test]
#[ignore = "needs the tools: cargo xtask test"]
fn the_scale_subresource_and_the_status_default_are_there() {
    PLANE.kubectl().apply("{apiVersion: ecs-operator.dev/v1alpha1, kind: EcsService, metadata: {name: scaled}, spec: {clusterRef: {name: c}, taskDefinitionRef: {name: d}, desiredCount: 1}}").unwrap();
    PLANE
        .kubectl()
        .run(&["scale", "ecssvc/scaled", "--replicas=4"])
        .unwrap();
    let read = PLANE.kubectl().json(&["get", "ecssvc/scaled"]).unwrap();
    assert_eq!(
        read.pointer("/spec/desiredCount")
            .and_then(serde_json::Value::as_i64),
        Some(4)
    );
    assert_eq!(
        read.pointer("/status/observedGeneration")
            .and_then(serde_json::Value::as_i64),
        Some(-1),
        "{read}"
    );
}
