//! The names that ECS allows (ecs-semantics.md §0.3).

/// The greatest length of the name of a cluster, service, family or capacity provider, in characters.
pub const NAME_MAX: usize = 255;

/// Whether a text can be the name of a cluster, service, family or capacity provider: 1 to 255 letters, digits, `-` and `_`
/// (ecs-semantics.md §0.3).
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether a text can be the name of a capacity provider of one's own: a name that does not begin with `aws`, `ecs` or `fargate`
/// in any case (ecs-semantics.md §0.3).
#[must_use]
pub fn is_capacity_provider_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    is_name(text)
        && !["aws", "ecs", "fargate"]
            .iter()
            .any(|reserved| lower.starts_with(reserved))
}
