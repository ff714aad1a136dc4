//! Network modes and ports.

use serde_json::{Value, json};

use super::{all_say, bridge};

#[test]
fn networks() {
    let port = |port: Value| json!({"app": {"portMappings": [port]}});
    let with = |mode: &str, ports: Value| json!({"networkMode": mode, "app": {"portMappings": ports}});
    let shared = json!({"networkMode": "awsvpc", "app": {"portMappings": [{"containerPort": 80}]}, "side": {"portMappings": [{"containerPort": 80}]}});
    let distinct = json!({"networkMode": "awsvpc", "app": {"portMappings": [{"containerPort": 80}]}, "side": {"portMappings": [{"containerPort": 80, "protocol": "udp"}]}});
    let set = |name: &str, value: Value| json!({"networkMode": "awsvpc", "app": {name: value}});
    all_say(
        bridge,
        &[
            (
                with("awsvpc", json!([{"containerPort": 80, "hostPort": 8080}])),
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            ),
            (
                with("host", json!([{"containerPort": 80, "hostPort": 8080}])),
                "When networkMode=host, the host ports and container ports in port mappings must match.",
            ),
            (
                with("bridge", json!([{"containerPort": 80, "hostPort": 8080}])),
                "",
            ),
            (
                with("none", json!([{"containerPort": 80}])),
                "Port mappings are not supported when networkMode=none.",
            ),
            (
                port(json!({"containerPort": 80, "containerPortRange": "80-90"})),
                "cannot specify both single port and port range",
            ),
            (
                port(json!({"containerPortRange": "90-80"})),
                "Invalid 'containerPortRange' setting",
            ),
            (
                port(json!({"containerPortRange": "80"})),
                "Invalid 'containerPortRange' setting",
            ),
            (port(json!({"containerPortRange": "80-90"})), ""),
            (
                with("host", json!([{"containerPortRange": "80-90"}])),
                "Invalid 'containerPortRange' setting",
            ),
            (
                port(json!({})),
                "A port mapping must have a 'containerPort' or a 'containerPortRange'.",
            ),
            (
                port(json!({"containerPort": 0})),
                "Invalid 'containerPort' setting 0: it must be between 1 and 65535.",
            ),
            (
                port(json!({"containerPort": 80, "hostPort": 65536})),
                "Invalid 'hostPort' setting 65536: it must be between 0 and 65535.",
            ),
            (shared, "container port is used multiple times in task"),
            (distinct, ""),
            (
                json!({"app": {"portMappings": [{"containerPort": 80, "name": "web"}, {"containerPort": 81, "name": "web"}]}}),
                "port mapping name is already used",
            ),
            (
                port(json!({"containerPort": 80, "name": "-x"})),
                "Invalid port mapping name '-x': it has 1 to 64 lower-case letters, digits, '_' and '-', and does not begin with '-'.",
            ),
            (
                set("links", json!(["side"])),
                "Links are not supported when networkMode=awsvpc",
            ),
            (
                set("hostname", json!("h")),
                "hostname is not supported on container when networkMode=awsvpc",
            ),
            (
                set("extraHosts", json!([{"hostname": "h", "ipAddress": "1.1.1.1"}])),
                "Extra hosts are not supported on container when networkMode=awsvpc",
            ),
            (
                set("dnsServers", json!(["1.1.1.1"])),
                "DNS servers are not supported on container when networkMode=awsvpc",
            ),
            (
                set("dnsSearchDomains", json!(["x"])),
                "DNS search domains are not supported on container when networkMode=awsvpc",
            ),
            (
                set("disableNetworking", json!(true)),
                "Disable Networking is not supported on container when networkMode=awsvpc",
            ),
            (json!({"app": {"links": ["side:alias"]}}), ""),
            (
                json!({"app": {"links": ["nobody"]}}),
                "Invalid 'links' setting. Unknown container: 'nobody'",
            ),
            (
                json!({"networkMode": "host", "app": {"links": ["side"]}}),
                "Links are not supported when networkMode=host",
            ),
        ],
    );
}
