//! CPU and memory: on EC2, on Fargate, and the launch types that follow.

use ecs_model::shape;
use serde_json::json;

use super::{Input, all_say, bridge, changed, fargate, verdict};

#[test]
fn sizes_on_ec2() {
    let invalid = "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    all_say(
        bridge,
        &[
            (json!({"cpu": "127"}), invalid),
            (json!({"cpu": "many"}), invalid),
            (json!({"cpu": "128"}), ""),
            (json!({"cpu": "1 vCPU", "memory": "1 GB"}), ""),
            (
                json!({"app": {"memory": null}}),
                "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
            ),
            (json!({"app": {"memory": null, "memoryReservation": 64}}), ""),
            (json!({"memory": "512", "app": {"memory": null}}), ""),
            (
                json!({"app": {"memoryReservation": 129}}),
                "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'.",
            ),
            (
                json!({"memory": "100"}),
                "The 'memory' setting for container 'app' is greater than for the task",
            ),
            (
                json!({"app": {"memory": 5}}),
                "Invalid setting for container 'app'. 'memory' must be at least 6 MiB.",
            ),
            (
                json!({"cpu": "256", "app": {"cpu": 200}, "side": {"cpu": 57}}),
                "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value",
            ),
            (
                json!({"cpu": "256", "app": {"cpu": 200}, "side": {"cpu": 56}}),
                "",
            ),
            (
                json!({"app": {"cpu": -1}}),
                "Invalid setting for container 'app'. 'cpu' must be 0 or more.",
            ),
            (
                json!({"memory": "150", "app": {"memoryReservation": 100}, "side": {"memoryReservation": 60}}),
                "The sum of all container 'memoryReservation' values cannot be greater than the task-level 'memory' value",
            ),
            (
                json!({"memory": "100", "app": {"memory": null, "memoryReservation": 101}}),
                "The 'memoryReservation' setting for container 'app' is greater than for the task",
            ),
            (
                json!({"requiresCompatibilities": ["EC2"], "ephemeralStorage": {"sizeInGiB": 30}}),
                "Tasks using the EC2 launch type do not support EphemeralStorage",
            ),
            (
                json!({"requiresCompatibilities": ["EXTERNAL"], "networkMode": "awsvpc"}),
                "Tasks using the EXTERNAL launch type do not support network mode 'awsvpc'.",
            ),
            (
                json!({"requiresCompatibilities": ["MANAGED_INSTANCES"]}),
                "Tasks using the MANAGED_INSTANCES launch type do not support network modes other than 'awsvpc' and 'host'.",
            ),
        ],
    );
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
        let mut tried: Vec<u32> = memories
            .iter()
            .flat_map(|memory| [memory - 256, *memory, memory + 256])
            .collect();
        tried.extend([memories[0] / 2, memories[memories.len() - 1] * 2]);
        for memory in tried {
            let expected = if memories.contains(&memory) {
                String::new()
            } else {
                format!(
                    "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
                )
            };
            let given = changed(
                fargate(),
                &json!({"cpu": cpu.to_string(), "memory": memory.to_string()}),
            );
            assert_eq!(verdict(&given), expected, "{cpu} {memory}");
        }
    }
    let none = |cpu: u32, memory: u32| {
        format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
        )
    };
    all_say(
        fargate,
        &[
            (
                json!({"cpu": null}),
                "Fargate requires that 'cpu' be defined at the task level.",
            ),
            (
                json!({"memory": null}),
                "Fargate requires that 'memory' be defined at the task level.",
            ),
            (json!({"cpu": ".25 vCPU", "memory": "0.5 GB"}), ""),
            (json!({"cpu": "1vcpu", "memory": "2gb"}), ""),
            (json!({"cpu": "300"}), &none(300, 512)),
            (
                json!({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
                &none(256, 512),
            ),
            (
                json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
                "",
            ),
            (
                json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2016_FULL"}}),
                "Fargate does not support the operating system family WINDOWS_SERVER_2016_FULL.",
            ),
            (json!({"runtimePlatform": {"cpuArchitecture": "ARM64"}}), ""),
        ],
    );
}

#[test]
fn compatibilities_are_computed() {
    let cases = [
        (bridge(), vec!["EC2", "EXTERNAL"]),
        (fargate(), vec!["EC2", "FARGATE", "MANAGED_INSTANCES"]),
        (
            changed(fargate(), &json!({"ephemeralStorage": {"sizeInGiB": 30}})),
            vec!["FARGATE", "MANAGED_INSTANCES"],
        ),
        (
            changed(bridge(), &json!({"networkMode": "awsvpc"})),
            vec!["EC2", "MANAGED_INSTANCES"],
        ),
        (
            changed(bridge(), &json!({"networkMode": "host"})),
            vec!["EC2", "EXTERNAL", "MANAGED_INSTANCES"],
        ),
        (
            changed(
                fargate(),
                &json!({"cpu": "1024", "memory": "2048", "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}),
            ),
            vec!["EC2", "FARGATE"],
        ),
    ];
    for (definition, expected) in cases {
        let input: Input = shape::from_wire(&definition).unwrap();
        let mut found: Vec<_> = crate::ops::task_definitions::compatibility::compute(&input)
            .iter()
            .map(ToString::to_string)
            .collect();
        found.sort();
        assert_eq!(found, expected, "{definition}");
    }
}
