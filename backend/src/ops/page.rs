//! Pages of lists: `maxResults` and the opaque `nextToken`.

use crate::fault::Fault;

/// What a token begins with, so that a foreign string is told from one of ours.
const MARK: &str = "eyJv";

/// The greatest size of a page of most lists.
const MOST: usize = 100;

/// One page of the items, and the token of the next page if there is more.
///
/// A token stands for a position. `default` is the size of a page when the call gives none; the greatest size is 100, and
/// a size out of 1 to 100 is refused (ecs-semantics.md §0.3).
///
/// # Errors
/// `InvalidParameterException` for a size out of range or a token that we did not give.
pub fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    max_results: Option<i32>,
    default: usize,
) -> Result<(Vec<T>, Option<String>), Fault> {
    page_within(items, token, max_results, default, MOST)
}

/// As [`page`], of a list whose pages have at most `most` items when the call says how many.
///
/// # Errors
/// As [`page`].
pub fn page_within<T>(
    items: Vec<T>,
    token: Option<&str>,
    max_results: Option<i32>,
    default: usize,
    most: usize,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let start = match token.filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            position(token).ok_or_else(|| Fault::invalid("Invalid token provided in pagination"))?
        }
    };
    let size = match max_results {
        None => default,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| Fault::invalid(format!("MaxResults should be between 1 and {most}")))?,
    };
    let total = items.len();
    let page: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(page.len());
    Ok((page, (end < total && end > start).then(|| written(end))))
}

fn written(position: usize) -> String {
    format!("{MARK}{:016x}", (position as u64) ^ 0x5e_ed0f_ec5b_acde)
}

fn position(token: &str) -> Option<usize> {
    let number = u64::from_str_radix(token.strip_prefix(MARK)?, 16).ok()? ^ 0x5e_ed0f_ec5b_acde;
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_the_tokens_gives_every_item_once() {
        for total in [0, 1, 2, 3, 7, 100, 101] {
            for size in [1, 2, 3, 100] {
                let (mut seen, mut token) = (Vec::new(), None);
                loop {
                    let items: Vec<usize> = (0..total).collect();
                    let (part, next) = page(items, token.as_deref(), Some(size), 100).unwrap();
                    seen.extend(part);
                    if next.is_none() {
                        break;
                    }
                    token = next;
                }
                assert_eq!(seen, (0..total).collect::<Vec<_>>(), "{total} by {size}");
            }
        }
    }

    #[test]
    fn a_bad_token_or_size_is_refused() {
        let refused = |token, size| page(vec![1], token, size, 10).unwrap_err().message;
        assert_eq!(refused(Some("x"), None), "Invalid token provided in pagination");
        assert_eq!(
            refused(Some("eyJvxyz"), None),
            "Invalid token provided in pagination"
        );
        assert_eq!(refused(None, Some(0)), "MaxResults should be between 1 and 100");
        assert_eq!(refused(None, Some(101)), "MaxResults should be between 1 and 100");
        assert_eq!(
            page(vec![1], Some(&written(usize::MAX)), None, 10).unwrap(),
            (vec![], None)
        );
    }
}
