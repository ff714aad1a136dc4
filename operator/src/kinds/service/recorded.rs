//! What is on record of a service whose drift is only reported: what was applied last, and apart from it with which count. A
//! scaler changes the count every minute, and that must not correct what others changed.

use serde_json::json;

use crate::diff::identity::content_hash;
use crate::kinds::service::desired::{Count, Desired};

/// The record of what is wanted.
pub fn applied(desired: &Desired) -> String {
    format!("{}/{}", all_but_count(desired), count(desired))
}

/// Whether all but the count is on record.
pub fn is_applied(desired: &Desired, record: Option<&String>) -> bool {
    parts(record).is_some_and(|(rest, _)| rest == all_but_count(desired))
}

/// Whether the spec wants another count than the one on record.
pub fn wants_another_count(desired: &Desired, record: Option<&String>) -> bool {
    parts(record).is_none_or(|(_, recorded)| recorded != count(desired))
}

/// The record with the count that is wanted now; none where there was none.
pub fn with_count(desired: &Desired, record: Option<&String>) -> Option<String> {
    parts(record).map(|(rest, _)| format!("{rest}/{}", count(desired)))
}

fn parts(record: Option<&String>) -> Option<(&str, &str)> {
    record?.split_once('/')
}

fn all_but_count(desired: &Desired) -> String {
    content_hash(&json!([desired.input, desired.tags]))
}

fn count(desired: &Desired) -> String {
    match desired.count {
        Count::Daemon => "daemon".to_owned(),
        Count::AtCreation(_) => "any".to_owned(),
        Count::Enforced(count) => count.to_string(),
    }
}
