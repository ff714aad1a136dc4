//! Matching of the model's patterns.
//!
//! The model's patterns mean the whole string, and use Unicode classes (`\p{L}`) that the small regular expression engine does
//! not know. All of them are one repeated character class, so that form is matched here; anything else goes to the engine.

/// A pattern that can be matched.
pub(super) enum Pattern {
    /// Every character is of a class, and there may have to be one.
    Class {
        allowed: Vec<Allowed>,
        at_least_one: bool,
    },
    /// Any other pattern, anchored at both ends.
    Regex(regex_lite::Regex),
}

/// A part of a character class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// The characters from the first to the last.
    Range(char, char),
    /// `\p{L}`
    Letter,
    /// `\p{N}`
    Number,
    /// `\p{Z}`
    Separator,
}

impl Allowed {
    fn has(self, character: char) -> bool {
        match self {
            Self::Range(first, last) => (first..=last).contains(&character),
            Self::Letter => character.is_alphabetic(),
            Self::Number => character.is_numeric(),
            Self::Separator => character.is_whitespace() && !character.is_control(),
        }
    }
}

impl Pattern {
    /// Reads a pattern; `None` when it is of a form that neither we nor the engine understand.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        repeated_class(pattern).or_else(|| {
            regex_lite::Regex::new(&format!("^(?:{pattern})$"))
                .ok()
                .map(Self::Regex)
        })
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Class {
                allowed,
                at_least_one,
            } => {
                (!at_least_one || !text.is_empty())
                    && text
                        .chars()
                        .all(|character| allowed.iter().any(|part| part.has(character)))
            }
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Reads `[…]+`, `[…]*` and the same in parentheses.
fn repeated_class(pattern: &str) -> Option<Pattern> {
    let bare = pattern
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(pattern);
    let (class, at_least_one) = match bare.strip_suffix('+') {
        Some(class) => (class, true),
        None => (bare.strip_suffix('*')?, false),
    };
    let allowed = class_parts(class.strip_prefix('[')?.strip_suffix(']')?)?;
    Some(Pattern::Class {
        allowed,
        at_least_one,
    })
}

fn class_parts(class: &str) -> Option<Vec<Allowed>> {
    let mut parts = Vec::new();
    let mut rest = class;
    while !rest.is_empty() {
        let (first, after) = class_part(rest)?;
        rest = after;
        let upper = after.strip_prefix('-').filter(|upper| !upper.is_empty());
        parts.push(match (first, upper) {
            (Allowed::Range(low, _), Some(upper)) => {
                let (Allowed::Range(high, _), after) = class_part(upper)? else {
                    return None;
                };
                rest = after;
                Allowed::Range(low, high)
            }
            (part, _) => part,
        });
    }
    Some(parts)
}

/// Reads one character, escape or `\p{…}` and returns what follows it.
fn class_part(class: &str) -> Option<(Allowed, &str)> {
    let mut characters = class.chars();
    let first = characters.next()?;
    match first {
        // A nested or negated class: not our form.
        '[' | ']' | '^' | '&' => None,
        '\\' => {
            let escaped = characters.next()?;
            let rest = characters.as_str();
            match escaped {
                'p' => {
                    let (name, rest) = rest.strip_prefix('{')?.split_once('}')?;
                    let class = match name {
                        "L" => Allowed::Letter,
                        "N" => Allowed::Number,
                        "Z" => Allowed::Separator,
                        _ => return None,
                    };
                    Some((class, rest))
                }
                escaped if escaped.is_alphanumeric() => None,
                escaped => Some((Allowed::Range(escaped, escaped), rest)),
            }
        }
        plain => Some((Allowed::Range(plain, plain), characters.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ShapeFacts, model};
    use super::Pattern;

    #[test]
    fn every_pattern_of_the_model_is_understood() {
        let patterns: Vec<_> = model()
            .shapes
            .values()
            .filter_map(|shape| match shape {
                ShapeFacts::String(facts) => facts.pattern.as_deref(),
                _ => None,
            })
            .collect();
        assert!(!patterns.is_empty());
        for pattern in patterns {
            assert!(Pattern::parse(pattern).is_some(), "not understood: {pattern}");
        }
    }

    #[test]
    fn matches_the_whole_text() {
        let tag = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
        let instance_type = r"[a-zA-Z0-9\.\*\-]+";
        let cases = [
            (tag, "", true),
            (tag, "team a", true),
            (tag, "größe/α=1", true),
            (tag, "a-b+c:d@e", true),
            (tag, "a,b", false),
            (tag, "a\tb", false),
            (tag, "a#b", false),
            (instance_type, "", false),
            (instance_type, "m7g.*", true),
            (instance_type, "m7g large", false),
            ("a|b", "a", true),
            ("a|b", "ab", false),
            ("[^a]+", "b", true),
            ("[^a]+", "ba", false),
            (r"[\w]+", "a1_", true),
        ];
        for (pattern, text, expected) in cases {
            let parsed = Pattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(text), expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        assert!(Pattern::parse("[a").is_none());
        assert!(Pattern::parse(r"\p{Greek}").is_none());
    }
}
