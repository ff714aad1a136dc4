//! The record of what was applied last, where drift is only reported (design.md §2.5): what differs from the spec although
//! the spec is on record was changed by others. It is a tag in ECS, so it outlives a status that is lost or that says
//! something else meanwhile. Pure.

use std::collections::BTreeMap;

use crate::diff::identity::APPLIED_TAG;

/// The tag that is to be set still; nothing where drift is corrected (`record` is `None`), or where it is set.
pub fn missing(record: Option<String>, tags: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    let record = record.filter(|record| tags.get(APPLIED_TAG) != Some(record))?;
    Some(BTreeMap::from([(APPLIED_TAG.to_owned(), record)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_set_where_it_is_wanted_and_another_or_none() {
        let tagged = |value: &str| BTreeMap::from([(APPLIED_TAG.to_owned(), value.to_owned())]);
        let cases = [
            (None, BTreeMap::new(), None),
            (None, tagged("a"), None),
            (Some("a"), BTreeMap::new(), Some(tagged("a"))),
            (Some("a"), tagged("b"), Some(tagged("a"))),
            (Some("a"), tagged("a"), None),
        ];
        for (record, tags, expected) in cases {
            assert_eq!(
                missing(record.map(str::to_owned), &tags),
                expected,
                "{record:?} {tags:?}"
            );
        }
    }
}
