//! Proxies, accelerators, operating systems.

use serde_json::{Value, json};

use super::{all_say, bridge, changed};

#[test]
fn proxies_accelerators_platforms() {
    let proxy = |properties: Value| {
        let properties: Vec<Value> = properties
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        json!({"networkMode": "awsvpc", "proxyConfiguration": {"containerName": "app", "properties": properties}})
    };
    let windows = |more: Value| {
        changed(
            json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
            &more,
        )
    };
    all_say(
        bridge,
        &[
            (
                json!({"proxyConfiguration": {"containerName": "app"}}),
                "APPMESH proxy configuration is only supported in networkMode=awsvpc",
            ),
            (
                json!({"networkMode": "awsvpc", "proxyConfiguration": {"containerName": "nobody"}}),
                "Proxy container [nobody] does not exist",
            ),
            (proxy(json!({})), "Ingress port not found"),
            (
                proxy(
                    json!({"ProxyIngressPort": "15000", "ProxyEgressPort": "15001", "IgnoredUID": "1337", "AppPorts": "80"}),
                ),
                "",
            ),
            (
                json!({"inferenceAccelerators": [{"deviceName": "d", "deviceType": "t"}]}),
                "Unsupported field 'inferenceAccelerators'",
            ),
            (
                json!({"app": {"resourceRequirements": [{"type": "InferenceAccelerator", "value": "d"}]}}),
                "Unsupported field 'inferenceAccelerators'",
            ),
            (
                json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}}),
                "",
            ),
            (
                json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "0"}]}}),
                "Container 'app': the GPU count '0' is not a whole number above 0.",
            ),
            (
                json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "4294967295"}]}}),
                "Container 'app': the GPU count '4294967295' is not a whole number above 0.",
            ),
            (
                json!({"app": {"linuxParameters": {"swappiness": 101}}}),
                "Container 'app': swappiness must be between 0 and 100.",
            ),
            (
                json!({"app": {"systemControls": [{"namespace": "kernel.hostname", "value": "x"}]}}),
                "Container 'app': the system control 'kernel.hostname' is not one that a container may set.",
            ),
            (
                json!({"networkMode": "host", "app": {"systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}]}}),
                "The system control 'net.core.somaxconn' is not supported when networkMode=host.",
            ),
            (windows(json!({})), ""),
            (
                windows(json!({"pidMode": "task"})),
                "pidMode is not supported for Windows containers.",
            ),
            (
                windows(json!({"networkMode": "bridge"})),
                "Windows containers support the network modes 'default' and 'awsvpc'.",
            ),
            (
                json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "ARM64"}}),
                "A Windows task definition cannot use the ARM64 CPU architecture.",
            ),
            (
                json!({"placementConstraints": [{"type": "memberOf"}]}),
                "A memberOf placement constraint needs an expression.",
            ),
            (
                json!({"placementConstraints": [{"type": "memberOf", "expression": "tier is gold"}]}),
                "Invalid placement constraint: expected a subject such as attribute:NAME or runningTasksCount at character 1 of the expression \"tier is gold\"",
            ),
            (
                json!({"placementConstraints": [{"type": "memberOf", "expression": "attribute:tier == gold"}]}),
                "",
            ),
        ],
    );
}
