//! A batch in ever smaller parts, while ECS refuses the whole for one name in it: that one must not hide the others. Pure.

use std::collections::VecDeque;

use crate::aws::error::{AwsError, Class};

/// So many refusals of access with no answer in between mean that nothing is allowed here: to ask for each name would cost twenty
/// calls where one told it all. They are those of the whole, its halves and its quarters.
const DENIED_FOR_GOOD: usize = 7;

/// The parts of a batch that are still to be read.
#[derive(Debug)]
pub(super) struct Parts<K> {
    left: VecDeque<Vec<K>>,
    denied: usize,
    answered: bool,
}

impl<K> Parts<K> {
    /// The whole, to begin with.
    pub(super) fn of(batch: Vec<K>) -> Self {
        Self {
            left: [batch].into(),
            denied: 0,
            answered: false,
        }
    }

    /// The part to read now: larger ones first, so that what is allowed shows early.
    pub(super) fn next_part(&mut self) -> Option<Vec<K>> {
        self.left.pop_front()
    }

    /// Notes that ECS answered for a part.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// Halves a part that was refused, if a name in it may be to blame. Gives those for which the error stands.
    pub(super) fn refused(&mut self, mut part: Vec<K>, error: &AwsError) -> Vec<K> {
        let denied = error.denies_access();
        if denied {
            self.denied += 1;
            if !self.answered && self.denied >= DENIED_FOR_GOOD {
                part.extend(self.left.drain(..).flatten());
                return part;
            }
        }
        if part.len() < 2 || !(denied || error.class == Class::Invalid) {
            return part;
        }
        let rest = part.split_off(part.len() / 2);
        self.left.extend([part, rest]);
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is refused of a hundred, and in how many calls that was found out.
    fn read(code: &str, bad: impl Fn(u32) -> bool) -> (Vec<u32>, usize) {
        let error = AwsError::new("DescribeClusters", code, "no");
        let mut parts = Parts::of((0..100).collect());
        let (mut refused, mut calls) = (Vec::new(), 0);
        while let Some(part) = parts.next_part() {
            calls += 1;
            if part.iter().any(|key| bad(*key)) {
                refused.extend(parts.refused(part, &error));
            } else {
                parts.answered();
            }
        }
        (refused, calls)
    }

    #[test]
    fn one_bad_name_hides_no_other() {
        for code in ["AccessDeniedException", "InvalidParameterException"] {
            for bad in [0, 42, 99] {
                let (refused, calls) = read(code, |key| key == bad);
                assert_eq!(refused, [bad], "{code}");
                assert!(calls <= 15, "{code}: {calls}");
            }
        }
    }

    #[test]
    fn where_nothing_is_allowed_few_calls_are_made() {
        let (refused, calls) = read("AccessDeniedException", |_| true);
        assert_eq!((refused.len(), calls), (100, 7));
        let (refused, _) = read("AccessDeniedException", |key| key < 75);
        assert_eq!(refused.len(), 75, "a quarter is allowed");
    }

    #[test]
    fn what_no_name_is_to_blame_for_is_not_asked_again() {
        for code in ["ServerException", "ThrottlingException", "ExpiredTokenException"] {
            assert_eq!(read(code, |_| true).1, 1, "{code}");
        }
    }
}
