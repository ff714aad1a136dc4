//! An image's name as a person writes it, and as containerd and the kubelet file it.

/// The name with its registry and tag: `ecs-operator` is `docker.io/library/ecs-operator:latest`.
pub fn full(name: &str) -> String {
    let named = match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((first, _)) if is_host(first) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    };
    let has_tag = named.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { named } else { format!("{named}:latest") }
}

fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_docker_does() {
        for (name, wanted) in [
            ("ecs-operator:0.1.0", "docker.io/library/ecs-operator:0.1.0"),
            ("ecs-operator", "docker.io/library/ecs-operator:latest"),
            ("somebody/ecs-operator:1", "docker.io/somebody/ecs-operator:1"),
            ("localhost/a:1", "localhost/a:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("ghcr.io/somebody/a:1", "ghcr.io/somebody/a:1"),
        ] {
            assert_eq!(full(name), wanted);
        }
    }
}
