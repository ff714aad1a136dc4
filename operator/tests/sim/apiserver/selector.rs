//! Label and field selectors.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::Refusal;

/// What a list or watch asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    terms: Vec<(Source, Term)>,
}

#[derive(Clone, Debug)]
enum Source {
    Label(String),
    Field(Vec<String>),
}

#[derive(Clone, Debug)]
enum Term {
    Is(String),
    IsNot(String),
    Exists,
    Missing,
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector` of a query.
    ///
    /// # Errors
    /// `BadRequest` for a field that cannot be selected on, or a label term that is none.
    pub(crate) fn from_query(query: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let mut terms = Vec::new();
        for text in split(query.get("labelSelector")) {
            terms.push(label_term(&text)?);
        }
        for text in split(query.get("fieldSelector")) {
            let (name, term) = equality(&text).ok_or_else(|| {
                Refusal::bad_request(format!("field selector `{text}` is none: field=value expected"))
            })?;
            if !matches!(
                name,
                "metadata.name" | "metadata.namespace" | "regarding.name" | "reason" | "type"
            ) {
                return Err(Refusal::bad_request(format!("field label not supported: {name}")));
            }
            terms.push((Source::Field(name.split('.').map(str::to_owned).collect()), term));
        }
        Ok(Self { terms })
    }

    /// Whether an object is asked for.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.terms.iter().all(|(source, term)| {
            let value = match source {
                Source::Label(name) => &object["metadata"]["labels"][name],
                Source::Field(path) => path.iter().fold(object, |at, name| &at[name]),
            };
            let value = value.as_str();
            match term {
                Term::Is(wanted) => value == Some(wanted),
                Term::IsNot(unwanted) => value != Some(unwanted),
                Term::Exists => value.is_some(),
                Term::Missing => value.is_none(),
                Term::OneOf(all) => value.is_some_and(|v| all.iter().any(|a| a == v)),
                Term::NoneOf(all) => value.is_none_or(|v| all.iter().all(|a| a != v)),
            }
        })
    }
}

/// Splits at commas outside parentheses.
fn split(text: Option<&String>) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_i32);
    for c in text.map(String::as_str).unwrap_or_default().chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn equality(text: &str) -> Option<(&str, Term)> {
    if let Some((name, value)) = text.split_once("!=") {
        return Some((name.trim(), Term::IsNot(value.trim().into())));
    }
    let (name, value) = text.split_once("==").or_else(|| text.split_once('='))?;
    Some((name.trim(), Term::Is(value.trim().into())))
}

fn label_term(text: &str) -> Result<(Source, Term), Refusal> {
    let label = |name: &str| Source::Label(name.trim().to_owned());
    if let Some((name, term)) = equality(text) {
        return Ok((label(name), term));
    }
    let list = |text: &str| -> Vec<String> {
        let inner = text.trim().trim_start_matches('(').trim_end_matches(')');
        inner.split(',').map(|v| v.trim().to_owned()).collect()
    };
    if let Some((name, values)) = text.split_once(" notin ") {
        return Ok((label(name), Term::NoneOf(list(values))));
    }
    if let Some((name, values)) = text.split_once(" in ") {
        return Ok((label(name), Term::OneOf(list(values))));
    }
    if let Some(name) = text.strip_prefix('!') {
        return Ok((label(name), Term::Missing));
    }
    if text.contains(' ') {
        return Err(Refusal::bad_request(format!("label selector `{text}` is none")));
    }
    Ok((label(text), Term::Exists))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_match_as_kubernetes_says() {
        let object = json!({"metadata": {"name": "web", "labels": {"app": "a", "tier": "front"}}});
        let cases = [
            ("app=a", "", true),
            ("app==b", "", false),
            ("app!=b,tier", "", true),
            ("!app", "", false),
            ("app in (a, b),tier notin (back)", "", true),
            ("app in (c)", "", false),
            ("", "metadata.name=web", true),
            ("", "metadata.name=db", false),
        ];
        for (labels, fields, expected) in cases {
            let query = BTreeMap::from([
                ("labelSelector".to_owned(), labels.to_owned()),
                ("fieldSelector".to_owned(), fields.to_owned()),
            ]);
            let selector = Selector::from_query(&query).expect("a selector");
            assert_eq!(selector.matches(&object), expected, "{labels} {fields}");
        }
        let unknown = BTreeMap::from([("fieldSelector".to_owned(), "spec.size=1".to_owned())]);
        assert!(Selector::from_query(&unknown).is_err());
    }
}
