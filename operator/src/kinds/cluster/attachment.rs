//! What ECS says of the attachment of a capacity provider to a cluster. Pure.

use aws_sdk_ecs::types::Attachment;

/// A detail of an attachment.
pub fn detail<'a>(attachment: &'a Attachment, name: &str) -> Option<&'a str> {
    attachment
        .details()
        .iter()
        .find(|detail| detail.name() == Some(name))
        .and_then(|detail| detail.value())
}

/// ECS's reason for an attachment's status. ECS documents no name for it.
pub fn reason(attachment: &Attachment) -> Option<&str> {
    let is_reason = |name: &str| name.to_ascii_lowercase().ends_with("reason");
    let found = attachment
        .details()
        .iter()
        .find(|detail| detail.name().is_some_and(is_reason));
    found.and_then(|detail| detail.value())
}
