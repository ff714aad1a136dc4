//! Each rule once or more: an input that is right but for one thing, and what ECS says of it.

use ecs_model::shape;
use serde_json::{Map, Value, json};

use super::{Input, check};

/// A definition for EC2 that is right.
fn bridge() -> Value {
    json!({"family": "web", "containerDefinitions": [
        {"name": "app", "image": "httpd", "memory": 128},
        {"name": "side", "image": "busybox", "memory": 64, "essential": false},
    ]})
}

/// A definition for Fargate that is right.
fn fargate() -> Value {
    json!({"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "httpd"}, {"name": "side", "image": "busybox", "essential": false}]})
}

/// Sets members of the definition; `app` and `side` stand for the members of these containers.
fn changed(mut definition: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let target: &mut Map<String, Value> = match name.as_str() {
            "app" => definition["containerDefinitions"][0].as_object_mut().unwrap(),
            "side" => definition["containerDefinitions"][1].as_object_mut().unwrap(),
            _ => {
                definition[name] = value.clone();
                continue;
            }
        };
        target.extend(value.as_object().unwrap().clone());
    }
    definition
}

fn verdict(definition: &Value) -> String {
    let input: Input = shape::from_wire(definition).unwrap();
    match check(&input) {
        Ok(()) => String::new(),
        Err(fault) => {
            assert_eq!(fault.code, "ClientException", "{definition}");
            fault.message
        }
    }
}

fn all_say(base: fn() -> Value, cases: &[(Value, &str)]) {
    assert_eq!(verdict(&base()), "");
    for (changes, expected) in cases {
        assert_eq!(verdict(&changed(base(), changes)), *expected, "{changes}");
    }
}

#[test]
fn identity() {
    all_say(bridge, &[
        (json!({"family": ""}), "Family should not be null or empty."),
        (json!({"family": "a b"}), "Family contains invalid characters."),
        (json!({"family": "a".repeat(256)}), "Family contains invalid characters."),
        (json!({"containerDefinitions": []}), "Container list cannot be empty."),
        (json!({"containerDefinitions": vec![json!({"name": "a", "image": "b"}); 11]}),
            "Container list cannot have more than 10 containers, found 11."),
        (json!({"app": {"name": ""}}), "Container.name should not be null or empty."),
        (json!({"app": {"name": "a/b"}}), "Container.name contains invalid characters."),
        (json!({"app": {"image": null}}), "Container.image should not be null or empty."),
        (json!({"app": {"image": "a b"}}), "Container.image contains invalid characters."),
        (json!({"app": {"image": "public.ecr.aws/docker/library/httpd:latest"}}), ""),
        (json!({"app": {"image": "httpd@sha256:0123"}}), ""),
        (json!({"side": {"name": "app"}}), "Container names must be unique within a task definition"),
        (json!({"app": {"essential": false}}), "Task definition doesn't have any essential container."),
    ]);
    let long = changed(bridge(), &json!({"app": {"command": ["x".repeat(65_536)]}}));
    assert!(verdict(&long).ends_with("Max allowed length is '65536' bytes."), "{}", verdict(&long));
}

#[test]
fn sizes_on_ec2() {
    let invalid = "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    all_say(bridge, &[
        (json!({"cpu": "127"}), invalid),
        (json!({"cpu": "many"}), invalid),
        (json!({"cpu": "128"}), ""),
        (json!({"cpu": "1 vCPU", "memory": "1 GB"}), ""),
        (json!({"app": {"memory": null}}), "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified."),
        (json!({"app": {"memory": null, "memoryReservation": 64}}), ""),
        (json!({"memory": "512", "app": {"memory": null}}), ""),
        (json!({"app": {"memoryReservation": 129}}), "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'."),
        (json!({"memory": "100"}), "The 'memory' setting for container 'app' is greater than for the task"),
        (json!({"app": {"memory": 5}}), "Invalid setting for container 'app'. 'memory' must be at least 6 MiB."),
        (json!({"cpu": "256", "app": {"cpu": 200}, "side": {"cpu": 57}}), "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value"),
        (json!({"cpu": "256", "app": {"cpu": 200}, "side": {"cpu": 56}}), ""),
        (json!({"app": {"cpu": -1}}), "Invalid setting for container 'app'. 'cpu' must be 0 or more."),
        (json!({"memory": "150", "app": {"memoryReservation": 100}, "side": {"memoryReservation": 60}}),
            "The sum of all container 'memoryReservation' values cannot be greater than the task-level 'memory' value"),
        (json!({"memory": "100", "app": {"memory": null, "memoryReservation": 101}}),
            "The 'memoryReservation' setting for container 'app' is greater than for the task"),
        (json!({"requiresCompatibilities": ["EC2"], "ephemeralStorage": {"sizeInGiB": 30}}), "Tasks using the EC2 launch type do not support EphemeralStorage"),
        (json!({"requiresCompatibilities": ["EXTERNAL"], "networkMode": "awsvpc"}), "Tasks using the EXTERNAL launch type do not support network mode 'awsvpc'."),
        (json!({"requiresCompatibilities": ["MANAGED_INSTANCES"]}),
            "Tasks using the MANAGED_INSTANCES launch type do not support network modes other than 'awsvpc' and 'host'."),
    ]);
}

#[test]
fn the_fifth_seed_with_shared_hard_limits() {
    let seed = json!({"cpu": "2048", "memory": "4096", "app": {"cpu": 1024, "memory": 2048}, "side": {"cpu": 999, "memory": 1934}});
    all_say(bridge, &[(seed, "")]);
}

/// Every row of the Fargate table and its neighbours: §13.1 item 3.
#[test]
fn fargate_sizes() {
    let steps = |from: u32, to: u32, by: usize| (from..=to).step_by(by).collect::<Vec<_>>();
    let rows = [
        (256, vec![512, 1024, 2048]),
        (512, steps(1024, 4096, 1024)),
        (1024, steps(2048, 8192, 1024)),
        (2048, steps(4096, 16384, 1024)),
        (4096, steps(8192, 30720, 1024)),
        (8192, steps(16384, 61440, 4096)),
        (16384, steps(32768, 122_880, 8192)),
        (32768, vec![61440, 122_880, 249_856]),
    ];
    for (cpu, memories) in rows {
        let mut tried: Vec<u32> = memories.iter().flat_map(|memory| [memory - 256, *memory, memory + 256]).collect();
        tried.extend([memories[0] / 2, memories[memories.len() - 1] * 2]);
        for memory in tried {
            let expected = if memories.contains(&memory) {
                String::new()
            } else {
                format!("No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values.")
            };
            let given = changed(fargate(), &json!({"cpu": cpu.to_string(), "memory": memory.to_string()}));
            assert_eq!(verdict(&given), expected, "{cpu} {memory}");
        }
    }
    let none = |cpu: u32, memory: u32| {
        format!("No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values.")
    };
    all_say(fargate, &[
        (json!({"cpu": null}), "Fargate requires that 'cpu' be defined at the task level."),
        (json!({"memory": null}), "Fargate requires that 'memory' be defined at the task level."),
        (json!({"cpu": ".25 vCPU", "memory": "0.5 GB"}), ""),
        (json!({"cpu": "1vcpu", "memory": "2gb"}), ""),
        (json!({"cpu": "300"}), &none(300, 512)),
        (json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}), &none(256, 512)),
        (json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}), ""),
        (json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2016_FULL"}}),
            "Fargate does not support the operating system family WINDOWS_SERVER_2016_FULL."),
        (json!({"runtimePlatform": {"cpuArchitecture": "ARM64"}}), ""),
    ]);
}

#[test]
fn what_fargate_forbids() {
    let linux = |parameters: Value| json!({"app": {"linuxParameters": parameters}});
    let unsupported = |what: &str| format!("Fargate compatible task definitions do not support {what}");
    all_say(fargate, &[
        (json!({"networkMode": "bridge"}), "Fargate only supports network mode ‘awsvpc’."),
        (json!({"networkMode": null}), "Fargate only supports network mode ‘awsvpc’."),
        (json!({"app": {"privileged": true}}), "Fargate requires that the 'privileged' setting be 'false'"),
        (json!({"pidMode": "host"}), "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'."),
        (json!({"pidMode": "task"}), ""),
        (json!({"ipcMode": "task"}), &unsupported("ipcMode")),
        (json!({"placementConstraints": [{"type": "memberOf", "expression": "a == b"}]}), &unsupported("constraints")),
        (json!({"volumes": [{"name": "v", "dockerVolumeConfiguration": {}}]}), &unsupported("dockerVolumeConfiguration")),
        (json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}), &unsupported("sourcePath")),
        (linux(json!({"devices": [{"hostPath": "/dev/x"}]})), &unsupported("devices")),
        (linux(json!({"maxSwap": 1})), &unsupported("maxSwap")),
        (linux(json!({"swappiness": 1})), &unsupported("swappiness")),
        (linux(json!({"sharedMemorySize": 1})), &unsupported("sharedMemorySize")),
        (linux(json!({"tmpfs": [{"containerPath": "/x", "size": 1}]})), &unsupported("tmpfs")),
        (linux(json!({"initProcessEnabled": true})), ""),
        (linux(json!({"capabilities": {"add": ["SYS_PTRACE"]}})), ""),
        (linux(json!({"capabilities": {"add": ["SYS_ADMIN"]}})), "SYS_ADMIN is not allowed on Fargate."),
        (json!({"app": {"dockerSecurityOptions": ["label:x"]}}), &unsupported("dockerSecurityOptions")),
        (json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}}), "Tasks using the Fargate launch type do not support GPU resource requirements"),
        (json!({"app": {"logConfiguration": {"logDriver": "syslog"}}}), "syslog is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]"),
        (json!({"app": {"logConfiguration": {"logDriver": "awslogs"}}}), "Fargate requires task definition to have execution role ARN to support log driver awslogs."),
        (json!({"executionRoleArn": "r", "app": {"logConfiguration": {"logDriver": "awslogs"}}}), "Fargate requires log configuration options to include awslogs-stream-prefix"),
        (json!({"app": {"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"}}), "Fargate requires task definition to have execution role ARN to support ECR images."),
        (json!({"app": {"image": "public.ecr.aws/app"}}), ""),
        (json!({"app": {"stopTimeout": 121}}), "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds."),
        (json!({"app": {"stopTimeout": 120}}), ""),
        (json!({"ephemeralStorage": {"sizeInGiB": 20}}), "EphemeralStorage size should be at least 21"),
        (json!({"ephemeralStorage": {"sizeInGiB": 21}}), ""),
        (json!({"ephemeralStorage": {"sizeInGiB": 201}}), "EphemeralStorage size should be at most 200"),
    ]);
}

#[test]
fn networks() {
    let port = |port: Value| json!({"app": {"portMappings": [port]}});
    let with = |mode: &str, ports: Value| json!({"networkMode": mode, "app": {"portMappings": ports}});
    let shared = json!({"networkMode": "awsvpc", "app": {"portMappings": [{"containerPort": 80}]}, "side": {"portMappings": [{"containerPort": 80}]}});
    let distinct = json!({"networkMode": "awsvpc", "app": {"portMappings": [{"containerPort": 80}]}, "side": {"portMappings": [{"containerPort": 80, "protocol": "udp"}]}});
    let set = |name: &str, value: Value| json!({"networkMode": "awsvpc", "app": {name: value}});
    all_say(bridge, &[
        (with("awsvpc", json!([{"containerPort": 80, "hostPort": 8080}])), "When networkMode=awsvpc, the host ports and container ports in port mappings must match."),
        (with("host", json!([{"containerPort": 80, "hostPort": 8080}])), "When networkMode=host, the host ports and container ports in port mappings must match."),
        (with("bridge", json!([{"containerPort": 80, "hostPort": 8080}])), ""),
        (with("none", json!([{"containerPort": 80}])), "Port mappings are not supported when networkMode=none."),
        (port(json!({"containerPort": 80, "containerPortRange": "80-90"})), "cannot specify both single port and port range"),
        (port(json!({"containerPortRange": "90-80"})), "Invalid 'containerPortRange' setting"),
        (port(json!({"containerPortRange": "80"})), "Invalid 'containerPortRange' setting"),
        (port(json!({"containerPortRange": "80-90"})), ""),
        (with("host", json!([{"containerPortRange": "80-90"}])), "Invalid 'containerPortRange' setting"),
        (port(json!({})), "A port mapping must have a 'containerPort' or a 'containerPortRange'."),
        (port(json!({"containerPort": 0})), "Invalid 'containerPort' setting 0: it must be between 1 and 65535."),
        (port(json!({"containerPort": 80, "hostPort": 65536})), "Invalid 'hostPort' setting 65536: it must be between 0 and 65535."),
        (shared, "container port is used multiple times in task"),
        (distinct, ""),
        (json!({"app": {"portMappings": [{"containerPort": 80, "name": "web"}, {"containerPort": 81, "name": "web"}]}}), "port mapping name is already used"),
        (port(json!({"containerPort": 80, "name": "-x"})), "Invalid port mapping name '-x': it has 1 to 64 lower-case letters, digits, '_' and '-', and does not begin with '-'."),
        (set("links", json!(["side"])), "Links are not supported when networkMode=awsvpc"),
        (set("hostname", json!("h")), "hostname is not supported on container when networkMode=awsvpc"),
        (set("extraHosts", json!([{"hostname": "h", "ipAddress": "1.1.1.1"}])), "Extra hosts are not supported on container when networkMode=awsvpc"),
        (set("dnsServers", json!(["1.1.1.1"])), "DNS servers are not supported on container when networkMode=awsvpc"),
        (set("dnsSearchDomains", json!(["x"])), "DNS search domains are not supported on container when networkMode=awsvpc"),
        (set("disableNetworking", json!(true)), "Disable Networking is not supported on container when networkMode=awsvpc"),
        (json!({"app": {"links": ["side:alias"]}}), ""),
        (json!({"app": {"links": ["nobody"]}}), "Invalid 'links' setting. Unknown container: 'nobody'"),
        (json!({"networkMode": "host", "app": {"links": ["side"]}}), "Links are not supported when networkMode=host"),
    ]);
}

#[test]
fn dependencies_timeouts_restarts() {
    let on = |container: &str, condition: &str| json!([{"containerName": container, "condition": condition}]);
    all_say(bridge, &[
        (json!({"app": {"dependsOn": on("nobody", "START")}}), "Cannot depend on container + 'nobody' because it does not exist"),
        (json!({"side": {"dependsOn": on("app", "SUCCESS")}}), "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"),
        (json!({"side": {"dependsOn": on("app", "COMPLETE")}}), "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"),
        (json!({"app": {"dependsOn": on("side", "SUCCESS")}}), ""),
        (json!({"app": {"dependsOn": on("side", "HEALTHY")}}), "A dependency container with HEALTHY condition must have health check configured"),
        (json!({"app": {"dependsOn": on("side", "HEALTHY")}, "side": {"healthCheck": {"command": ["CMD", "true"]}}}), ""),
        (json!({"app": {"dependsOn": on("side", "START")}, "side": {"dependsOn": on("app", "START")}}), "The container dependency graph contains a cycle"),
        (json!({"app": {"dependsOn": on("app", "START")}}), "The container dependency graph contains a cycle"),
        (json!({"app": {"startTimeout": 1}}), "Granular start timeout on container 'app' must be at least 2 seconds."),
        (json!({"app": {"stopTimeout": 1}}), "Granular stop timeout on container 'app' must be at least 2 seconds."),
        (json!({"app": {"restartPolicy": {"enabled": true, "restartAttemptPeriod": 59}}}), "the 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800"),
        (json!({"app": {"restartPolicy": {"enabled": true, "restartAttemptPeriod": 1800}}}), ""),
        (json!({"app": {"restartPolicy": {"enabled": true, "ignoredExitCodes": vec![1; 51]}}}), "the 'ignoredExitCodes' setting for container 'app' must have at most 50 exit codes"),
    ]);
}

#[test]
fn health_checks() {
    let check = |check: Value| json!({"app": {"healthCheck": check}});
    all_say(bridge, &[
        (check(json!({"command": ["curl", "x"]})), "The health check command of container 'app' must begin with CMD, CMD-SHELL or NONE."),
        (check(json!({"command": ["CMD-SHELL"]})), "The health check command of container 'app' has nothing after CMD-SHELL."),
        (check(json!({"command": ["NONE"]})), ""),
        (check(json!({"command": ["CMD", "x"], "interval": 4})), "The health check interval of container 'app' must be between 5 and 300."),
        (check(json!({"command": ["CMD", "x"], "timeout": 61})), "The health check timeout of container 'app' must be between 2 and 60."),
        (check(json!({"command": ["CMD", "x"], "retries": 0})), "The health check retries of container 'app' must be between 1 and 10."),
        (check(json!({"command": ["CMD", "x"], "startPeriod": 301})), "The health check startPeriod of container 'app' must be between 0 and 300."),
        (check(json!({"command": ["CMD", "x"], "interval": 5, "timeout": 2, "retries": 10, "startPeriod": 0})), ""),
    ]);
}

#[test]
fn environment_secrets_logs() {
    let log = |driver: &str, options: Value| json!({"app": {"logConfiguration": {"logDriver": driver, "options": options}}});
    let file = |arn: &str| json!({"app": {"environmentFiles": [{"type": "s3", "value": arn}]}});
    let secret = json!([{"name": "A", "valueFrom": "x"}]);
    all_say(bridge, &[
        (json!({"app": {"environmentFiles": vec![json!({"type": "s3", "value": "arn:aws:s3:::b/a.env"}); 11]}}),
            "The maximum number of environment files was exceeded. Specify ten or less and try again"),
        (file("arn:aws:s3:::b/a.env"), ""),
        (file("s3://b/a.env"), "Invalid arn syntax"),
        (file("arn:aws:s3:::b/a.txt"), "Invalid arn syntax"),
        (json!({"app": {"secrets": secret}}), "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'"),
        (json!({"executionRoleArn": "r", "app": {"secrets": secret}}), ""),
        (json!({"executionRoleArn": "r", "app": {"secrets": secret, "environment": [{"name": "A", "value": "1"}]}}),
            "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'."),
        (log("awslogs", json!({})), "Log driver awslogs requires options: awslogs-region, awslogs-group"),
        (log("awslogs", json!({"awslogs-region": "r"})), "Log driver awslogs requires options: awslogs-group"),
        (log("awslogs", json!({"awslogs-region": "r", "awslogs-group": "g"})), ""),
        (log("awsfirelens", json!({})), "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified"),
        (json!({"app": {"logConfiguration": {"logDriver": "awsfirelens"}}, "side": {"firelensConfiguration": {"type": "fluentbit"}}}), ""),
        (json!({"app": {"ulimits": [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]}}), "Soft limit exceeds hard limit for ulimit nofile"),
    ]);
}

#[test]
fn volumes_and_mounts() {
    let mount = |volume: &str| json!([{"sourceVolume": volume, "containerPath": "/x"}]);
    let efs = |configuration: Value| json!({"taskRoleArn": "r", "volumes": [{"name": "v", "efsVolumeConfiguration": configuration}]});
    all_say(bridge, &[
        (json!({"volumes": [{"name": "a b"}]}), "Invalid volume name 'a b': it has 1 to 255 letters, digits, '_' and '-'."),
        (json!({"volumes": [{"name": "v"}, {"name": "v"}]}), "The volume name 'v' is used more than once."),
        (json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}, "configuredAtLaunch": true}]}), "The volume 'v' has more than one configuration: only one kind of volume can be specified."),
        (json!({"volumes": [{"name": "v", "configuredAtLaunch": true}]}), "Volumes [v] are not referenced by any of the containers"),
        (json!({"volumes": [{"name": "v", "configuredAtLaunch": true}], "app": {"mountPoints": mount("v")}}), ""),
        (json!({"app": {"mountPoints": mount("v")}}), "Unknown volume 'v'"),
        (json!({"app": {"volumesFrom": [{"sourceContainer": "nobody"}]}}), "Invalid 'volumesFrom' setting. Unknown container: 'nobody'"),
        (json!({"app": {"volumesFrom": [{"sourceContainer": "side"}]}}), ""),
        (efs(json!({"fileSystemId": "fs", "authorizationConfig": {"iam": "ENABLED"}})), "EFS IAM authorization requires TransitEncryption to be enabled"),
        (efs(json!({"fileSystemId": "fs", "transitEncryptionPort": 1})), "TransitEncryptionPort requires that TransitEncryption is enabled"),
        (efs(json!({"fileSystemId": "fs", "transitEncryption": "ENABLED", "rootDirectory": "/x", "authorizationConfig": {"accessPointId": "p"}})),
            "When using an EFS access point, the root directory must either be set to \"/\" or be omitted"),
        (efs(json!({"fileSystemId": "fs", "transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "p", "iam": "ENABLED"}})), ""),
        (json!({"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task", "autoprovision": true}}]}), "The volume 'v': autoprovision is only for volumes with the scope 'shared'."),
    ]);
    all_say(fargate, &[
        (json!({"volumes": [{"name": "v"}, {"name": "w"}]}), "Volumes [v, w] are not referenced by any of the containers"),
        (json!({"volumes": [{"name": "v"}], "app": {"mountPoints": mount("v")}}), ""),
    ]);
}

#[test]
fn proxies_accelerators_platforms() {
    let proxy = |properties: Value| {
        let properties: Vec<Value> =
            properties.as_object().unwrap().iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({"networkMode": "awsvpc", "proxyConfiguration": {"containerName": "app", "properties": properties}})
    };
    let windows = |more: Value| changed(json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}), &more);
    all_say(bridge, &[
        (json!({"proxyConfiguration": {"containerName": "app"}}), "APPMESH proxy configuration is only supported in networkMode=awsvpc"),
        (json!({"networkMode": "awsvpc", "proxyConfiguration": {"containerName": "nobody"}}), "Proxy container [nobody] does not exist"),
        (proxy(json!({})), "Ingress port not found"),
        (proxy(json!({"ProxyIngressPort": "15000", "ProxyEgressPort": "15001", "IgnoredUID": "1337", "AppPorts": "80"})), ""),
        (json!({"inferenceAccelerators": [{"deviceName": "d", "deviceType": "t"}]}), "Unsupported field 'inferenceAccelerators'"),
        (json!({"app": {"resourceRequirements": [{"type": "InferenceAccelerator", "value": "d"}]}}), "Unsupported field 'inferenceAccelerators'"),
        (json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}}), ""),
        (json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "0"}]}}), "Container 'app': the GPU count '0' is not a whole number above 0."),
        (json!({"app": {"linuxParameters": {"swappiness": 101}}}), "Container 'app': swappiness must be between 0 and 100."),
        (json!({"app": {"systemControls": [{"namespace": "kernel.hostname", "value": "x"}]}}), "Container 'app': the system control 'kernel.hostname' is not one that a container may set."),
        (json!({"networkMode": "host", "app": {"systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}]}}),
            "The system control 'net.core.somaxconn' is not supported when networkMode=host."),
        (windows(json!({})), ""),
        (windows(json!({"pidMode": "task"})), "pidMode is not supported for Windows containers."),
        (windows(json!({"networkMode": "bridge"})), "Windows containers support the network modes 'default' and 'awsvpc'."),
        (json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "ARM64"}}), "A Windows task definition cannot use the ARM64 CPU architecture."),
        (json!({"placementConstraints": [{"type": "memberOf"}]}), "A memberOf placement constraint needs an expression."),
    ]);
}

#[test]
fn compatibilities_are_computed() {
    let cases = [
        (bridge(), vec!["EC2", "EXTERNAL"]),
        (fargate(), vec!["EC2", "FARGATE", "MANAGED_INSTANCES"]),
        (changed(fargate(), &json!({"ephemeralStorage": {"sizeInGiB": 30}})), vec!["FARGATE", "MANAGED_INSTANCES"]),
        (changed(bridge(), &json!({"networkMode": "awsvpc"})), vec!["EC2", "MANAGED_INSTANCES"]),
        (changed(bridge(), &json!({"networkMode": "host"})), vec!["EC2", "EXTERNAL", "MANAGED_INSTANCES"]),
        (changed(fargate(), &json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}})), vec!["EC2", "FARGATE"]),
    ];
    for (definition, expected) in cases {
        let input: Input = shape::from_wire(&definition).unwrap();
        let mut found: Vec<_> = crate::ops::task_definitions::compatibility::compute(&input).iter().map(ToString::to_string).collect();
        found.sort();
        assert_eq!(found, expected, "{definition}");
    }
}
