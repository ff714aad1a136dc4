//! Fargate's platform families and versions (ecs-semantics.md §3.1, item 9).

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, merge, network, text};

/// A Fargate definition of this operating system.
fn definition(kit: &Kit, system: &str) -> String {
    kit.definition(json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "1024", "memory": "2048",
        "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [{"name": "app", "image": "app"}],
        "runtimePlatform": {"operatingSystemFamily": system, "cpuArchitecture": "X86_64"},
    }))
}

fn platform(shown: &Value) -> (&str, &str) {
    (text(&shown["platformFamily"]), text(&shown["platformVersion"]))
}

#[test]
fn windows_has_a_family_and_versions_of_its_own() {
    let kit = Kit::new();
    let windows = definition(&kit, "WINDOWS_SERVER_2022_CORE");
    let here = ("WINDOWS_SERVER_2022_CORE", "1.0.0");
    let run = json!({"taskDefinition": windows, "launchType": "FARGATE", "networkConfiguration": network()});
    assert_eq!(platform(&kit.ok("RunTask", run)["tasks"][0]), here);
    let created = kit.create(&windows, 1, json!({}));
    assert_eq!(platform(&created), (here.0, "LATEST"));
    assert_eq!(platform(&created["deployments"][0]), here);
    kit.until_stable();
    assert!(kit.tasks("RUNNING").iter().all(|task| platform(task) == here));

    let linux = definition(&kit, "LINUX");
    kit.update(json!({"taskDefinition": linux}));
    kit.until_stable();
    let service = kit.service();
    assert_eq!(platform(&service["deployments"][0]), ("Linux", "1.4.0"));
    let quiet = kit.update(json!({"platformVersion": "LATEST"}));
    assert_eq!(quiet["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_version_is_one_of_the_definition_s_family() {
    let kit = Kit::new();
    for (system, version, refused) in [
        ("LINUX", "1.3.0", None),
        ("LINUX", "9.9.9", Some("PlatformUnknownException")),
        ("WINDOWS_SERVER_2019_FULL", "1.0.0", None),
        (
            "WINDOWS_SERVER_2019_FULL",
            "1.4.0",
            Some("PlatformTaskDefinitionIncompatibilityException"),
        ),
    ] {
        let definition = definition(&kit, system);
        let mut body = fargate_service(&definition, 0);
        let name = format!("{system}-{}", version.replace('.', "-"));
        merge(
            &mut body,
            json!({"serviceName": name, "platformVersion": version}),
        );
        let answer = kit.try_call("CreateService", body);
        assert_eq!(
            answer.err().map(|(code, _)| code).as_deref(),
            refused,
            "{system} {version}"
        );
    }
}
