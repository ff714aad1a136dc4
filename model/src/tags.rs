//! Tags of ECS resources: what is common to all who handle them (ecs-semantics.md §0.3).

/// The greatest number of tags on one resource, not counting those of AWS (`aws:…`).
pub const MAX_TAGS: usize = 50;
/// What the keys of AWS's own tags begin with, in any case. Nobody else may set or remove such a tag.
pub const RESERVED_PREFIX: &str = "aws:";

/// Whether a key is one of AWS's own.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_aws_are_known_in_any_case() {
        for (key, expected) in [
            ("aws:cloudformation:stack-name", true),
            ("AWS:x", true),
            ("aws", false),
            ("äws:x", false),
            ("team", false),
            ("", false),
        ] {
            assert_eq!(is_reserved(key), expected, "{key:?}");
        }
    }
}
