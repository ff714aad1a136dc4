use super::offered;
use crate::EcsTaskDefinition;
use crate::testing::cel::{Case, check};
use crate::testing::over;
use ecs_model::fargate::Offer;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A spec that passes, with these members over it.
fn with(members: Value) -> Value {
    over(
        json!({"containerDefinitions": [{"name": "web", "image": "httpd", "memory": 128}]}),
        members,
    )
}

/// A spec with one container, with these members over it.
fn container(members: Value) -> Value {
    json!({"containerDefinitions": [over(json!({"name": "web", "image": "httpd", "memory": 128}), members)]})
}

fn fargate(members: Value) -> Value {
    let task = json!({"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"});
    over(with(task), members)
}

#[test]
fn containers_make_a_task() {
    let two = |other: Value| {
        with(json!({"containerDefinitions": [{"name": "web", "image": "i", "memory": 8}, other]}))
    };
    check::<EcsTaskDefinition>(&[
        Case::fine(with(json!({}))),
        Case::bad(
            container(json!({"essential": false})),
            "at least one container must be essential",
        ),
        Case::fine(two(
            json!({"name": "b", "image": "i", "memory": 8, "essential": false}),
        )),
        Case::fine(two(
            json!({"name": "b", "image": "i", "memory": 8, "dependsOn": [{"containerName": "web", "condition": "START"}]}),
        )),
        Case::bad(
            two(
                json!({"name": "b", "image": "i", "memory": 8, "dependsOn": [{"containerName": "wep", "condition": "START"}]}),
            ),
            "dependsOn must name other containers",
        ),
        Case::bad(
            two(
                json!({"name": "b", "image": "i", "memory": 8, "dependsOn": [{"containerName": "b", "condition": "START"}]}),
            ),
            "dependsOn must name other containers",
        ),
        Case::bad(
            two(json!({"name": "b", "image": "i"})),
            "each container needs memory or memoryReservation",
        ),
        Case::fine(two(json!({"name": "b", "image": "i", "memoryReservation": 8}))),
        Case::bad(
            container(json!({"memoryReservation": 129})),
            "memory cannot be less than memoryReservation",
        ),
        Case::fine(container(json!({"memoryReservation": 128}))),
        Case::named("a.b", with(json!({})), Some("ECS names have no dots: set family")),
        Case::change(
            with(json!({})),
            with(json!({"family": "f"})),
            Some("family cannot be changed"),
        ),
        Case::change(
            with(json!({"family": "f"})),
            with(json!({"family": "f", "cpu": 256})),
            None,
        ),
    ]);
}

#[test]
fn ports_fit_the_network_mode() {
    let on = |mode: &str, ports: Value| {
        let mut spec = container(json!({"portMappings": ports}));
        spec["networkMode"] = json!(mode);
        spec
    };
    check::<EcsTaskDefinition>(&[
        Case::fine(container(
            json!({"portMappings": [{"containerPort": 80, "hostPort": 8080}]}),
        )),
        Case::fine(on("bridge", json!([{"containerPort": 80, "hostPort": 8080}]))),
        Case::fine(on(
            "awsvpc",
            json!([{"containerPort": 80, "hostPort": 80}, {"containerPort": 81}]),
        )),
        Case::bad(
            on("awsvpc", json!([{"containerPort": 80, "hostPort": 8080}])),
            "hostPort must be left out or equal",
        ),
        Case::bad(
            on("host", json!([{"containerPort": 80, "hostPort": 8080}])),
            "hostPort must be left out or equal",
        ),
        Case::bad(on("none", json!([{"containerPort": 80}])), "remove portMappings"),
        Case::fine(on("none", json!([]))),
        Case::bad(
            on("bridge", json!([{"hostPort": 80}])),
            "exactly one of containerPort and containerPortRange",
        ),
        Case::bad(
            on(
                "bridge",
                json!([{"containerPort": 80, "containerPortRange": "80-90"}]),
            ),
            "exactly one of containerPort and containerPortRange",
        ),
        Case::fine(on("bridge", json!([{"containerPortRange": "80-90"}]))),
    ]);
    let mut cases = Vec::new();
    for (member, value) in [
        ("links", json!(["db"])),
        ("hostname", json!("h")),
        ("extraHosts", json!([{"hostname": "h", "ipAddress": "10.0.0.1"}])),
        ("dnsServers", json!(["10.0.0.2"])),
        ("dnsSearchDomains", json!(["d"])),
    ] {
        let spec = container(json!({member: value}));
        cases.push(Case::fine(spec.clone()));
        cases.push(Case::bad(
            over(spec, json!({"networkMode": "awsvpc"})),
            "with networkMode awsvpc, containers have no links",
        ));
    }
    check::<EcsTaskDefinition>(&cases);
}

#[test]
fn volumes_are_there_and_of_one_kind() {
    let mount = |volumes: Value| {
        let mut spec =
            container(json!({"mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}, {}]}));
        spec["volumes"] = volumes;
        spec
    };
    check::<EcsTaskDefinition>(&[
        Case::fine(mount(json!([{"name": "data"}]))),
        Case::fine(mount(
            json!([{"name": "data", "host": {"sourcePath": "/a"}, "configuredAtLaunch": false}]),
        )),
        Case::bad(mount(json!([{"name": "other"}])), "mountPoints must name volumes"),
        Case::bad(
            container(json!({"mountPoints": [{"sourceVolume": "data"}]})),
            "mountPoints must name volumes",
        ),
        Case::bad(
            with(
                json!({"volumes": [{"name": "a", "host": {}, "efsVolumeConfiguration": {"fileSystemId": "f"}}]}),
            ),
            "a volume is of one kind",
        ),
        Case::bad(
            with(
                json!({"volumes": [{"name": "a", "dockerVolumeConfiguration": {}, "configuredAtLaunch": true}]}),
            ),
            "a volume is of one kind",
        ),
        Case::bad(
            with(
                json!({"volumes": [{"name": "a", "configuredAtLaunch": true}, {"name": "b", "configuredAtLaunch": true}]}),
            ),
            "only one volume can be configuredAtLaunch",
        ),
    ]);
}

#[test]
fn fargate_takes_what_fits() {
    check::<EcsTaskDefinition>(&[
        Case::fine(fargate(json!({}))),
        Case::fine(fargate(json!({"cpu": 256, "memory": 512}))),
        Case::fine(fargate(json!({"cpu": ".25 vCPU", "memory": "0.5 GB"}))),
        Case::bad(
            fargate(json!({"cpu": 256, "memory": 1536})),
            "FARGATE has no such pair",
        ),
        Case::bad(fargate(json!({"cpu": "300"})), "FARGATE has no such pair"),
        Case::bad(fargate(json!({"cpu": null})), "FARGATE needs cpu and memory"),
        Case::bad(fargate(json!({"memory": null})), "FARGATE needs cpu and memory"),
        Case::bad(
            fargate(json!({"networkMode": null})),
            "FARGATE needs networkMode awsvpc",
        ),
        Case::bad(
            fargate(json!({"networkMode": "bridge"})),
            "FARGATE needs networkMode awsvpc",
        ),
        Case::bad(
            fargate(json!({"placementConstraints": [{"type": "memberOf"}]})),
            "remove placementConstraints",
        ),
        Case::bad(fargate(json!({"ipcMode": "task"})), "FARGATE shares no ipcMode"),
        Case::bad(fargate(json!({"pidMode": "host"})), "pidMode can only be task"),
        Case::fine(fargate(json!({"pidMode": "task"}))),
        Case::bad(
            fargate(json!({"containerDefinitions": [{"name": "a", "image": "i", "privileged": true}]})),
            "FARGATE runs no privileged containers",
        ),
        Case::fine(with(
            json!({"requiresCompatibilities": ["EC2"], "cpu": "300", "memory": "301"}),
        )),
    ]);
}

#[test]
fn the_pairs_are_those_of_the_table() {
    let offer = Offer {
        thirty_two_vcpu: true,
        ..Offer::default()
    };
    let sizes: BTreeSet<_> = offer
        .sizes()
        .into_iter()
        .map(|size| (size.cpu, size.memory))
        .collect();
    let mut cases = Vec::new();
    for cpu in [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768] {
        for memory in [
            256, 512, 1024, 1536, 2048, 3072, 8192, 9216, 16384, 30720, 61440, 122_880, 249_856,
        ] {
            let spec = fargate(json!({"cpu": cpu.to_string(), "memory": memory}));
            cases.push(if sizes.contains(&(cpu, memory)) {
                Case::fine(spec)
            } else {
                Case::bad(spec, "FARGATE has no such pair")
            });
        }
    }
    check::<EcsTaskDefinition>(&cases);
    assert!(
        offered().contains("int(self.cpu) == 256 && int(self.memory) in [512, 1024, 2048]"),
        "{}",
        offered()
    );
}
