//! What ECS writes into a definition that it stores (ecs-semantics.md §2.5, §2.8, §2.12).

use aws_sdk_ecs::types::{ContainerDefinition, HealthCheck, NetworkMode, PortMapping, TransportProtocol};

/// The container as it is stored: lists that were left out are empty, `essential`, the health check and ports are filled in.
pub(super) fn container(
    mode: Option<&NetworkMode>,
    mut container: ContainerDefinition,
) -> ContainerDefinition {
    container.essential.get_or_insert(true);
    container.environment.get_or_insert_default();
    container.mount_points.get_or_insert_default();
    container.system_controls.get_or_insert_default();
    container.volumes_from.get_or_insert_default();
    container.health_check = container.health_check.map(health_check);
    let ports = container.port_mappings.unwrap_or_default();
    container.port_mappings = Some(ports.into_iter().map(|mapping| port(mode, mapping)).collect());
    container
}

/// Without a start period there is none; all else has a default.
fn health_check(mut check: HealthCheck) -> HealthCheck {
    check.interval.get_or_insert(30);
    check.timeout.get_or_insert(5);
    check.retries.get_or_insert(3);
    check
}

/// A host port that was left out is dynamic (0), or the container's own where the task has a network of its own or the
/// host's; any protocol but udp is tcp.
fn port(mode: Option<&NetworkMode>, mut port: PortMapping) -> PortMapping {
    if port.container_port_range.is_none() {
        let same = matches!(mode, Some(NetworkMode::Awsvpc | NetworkMode::Host));
        let filled = if same { port.container_port } else { Some(0) };
        port.host_port = port.host_port.or(filled);
    }
    if port.protocol != Some(TransportProtocol::Udp) {
        port.protocol = Some(TransportProtocol::Tcp);
    }
    port
}

#[cfg(test)]
mod tests {
    use ecs_model::shape;
    use serde_json::{Value, json};

    use super::*;

    fn stored(mode: Option<&NetworkMode>, given: &Value) -> Value {
        shape::to_wire(&container(mode, shape::from_wire(given).unwrap())).unwrap()
    }

    #[test]
    fn lists_and_flags_that_were_left_out_are_filled_in() {
        let expected = json!({"name": "a", "image": "i", "cpu": 0, "environment": [], "essential": true, "mountPoints": [],
            "portMappings": [], "systemControls": [], "volumesFrom": []});
        assert_eq!(stored(None, &json!({"name": "a", "image": "i"})), expected);
        assert_eq!(
            stored(None, &json!({"essential": false}))["essential"],
            json!(false)
        );
    }

    #[test]
    fn a_health_check_says_how_often_it_is_made() {
        let cases = [
            (
                json!({"command": ["CMD", "true"]}),
                json!({"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}),
            ),
            (
                json!({"command": ["CMD", "true"], "interval": 7, "timeout": 2, "retries": 1, "startPeriod": 9}),
                json!({"command": ["CMD", "true"], "interval": 7, "timeout": 2, "retries": 1, "startPeriod": 9}),
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(
                stored(None, &json!({"healthCheck": given}))["healthCheck"],
                expected
            );
        }
    }

    #[test]
    fn ports_depend_on_the_network_mode() {
        let cases = [
            (
                None,
                json!({"containerPort": 80}),
                json!({"containerPort": 80, "hostPort": 0, "protocol": "tcp"}),
            ),
            (
                Some(NetworkMode::Bridge),
                json!({"containerPort": 80, "hostPort": 80}),
                json!({"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
            ),
            (
                Some(NetworkMode::Awsvpc),
                json!({"containerPort": 80, "protocol": "udp"}),
                json!({"containerPort": 80, "hostPort": 80, "protocol": "udp"}),
            ),
            (
                Some(NetworkMode::Host),
                json!({"containerPort": 80, "protocol": "sctp"}),
                json!({"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
            ),
            (
                Some(NetworkMode::Awsvpc),
                json!({"containerPortRange": "1-2"}),
                json!({"containerPortRange": "1-2", "protocol": "tcp"}),
            ),
        ];
        for (mode, given, expected) in cases {
            assert_eq!(
                stored(mode.as_ref(), &json!({ "portMappings": [given] }))["portMappings"][0],
                expected
            );
        }
    }
}
