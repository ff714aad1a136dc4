//! The links between our own pages: each leads to a file that is there and, with a `#`, to a heading of it.
//!
//! Links into the web are not followed: a check must not fail because a site is down.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use ecs_e2e::command::run_to_end;

use crate::cargo;
use crate::error::Error;

/// Follows the relative links of all tracked Markdown files.
pub fn links() -> Result<(), Error> {
    let mut command = Command::new("git");
    command
        .args(["ls-files", "-z", "*.md"])
        .current_dir(cargo::root());
    let listed = run_to_end(command, "git ls-files")?;
    let mut found = Vec::new();
    for page in listed.split_terminator('\0') {
        let path = cargo::root().join(page);
        let text = fs::read_to_string(&path).map_err(ecs_e2e::Error::file("cannot read", &path))?;
        found.extend(broken(page, &text, &|target| {
            text_at(&cargo::root().join(target))
        }));
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::told(format!(
            "links lead nowhere:\n  {}",
            found.join("\n  ")
        )))
    }
}

/// What is at a path: a page's text, nothing to read in anything else that is there, and none where nothing is.
fn text_at(path: &Path) -> Option<String> {
    path.exists().then(|| {
        if is_page(path) {
            fs::read_to_string(path).unwrap_or_default()
        } else {
            String::new()
        }
    })
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The page's links that lead nowhere; `text_at` reads what is at a path from the checkout's root.
fn broken(page: &str, text: &str, text_at: &impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let why = |link: &str| {
        let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = if target.is_empty() {
            Path::new(page).to_owned()
        } else {
            folder.join(target)
        };
        match text_at(&path) {
            None => Some("there is no such file"),
            Some(text) if !anchor.is_empty() && is_page(&path) && !anchors(&text).contains(anchor) => {
                Some("the page has no such heading")
            }
            Some(_) => None,
        }
    };
    relative_links(text)
        .into_iter()
        .filter_map(|(line, link)| why(&link).map(|why| format!("{page}:{line}: {link}: {why}")))
        .collect()
}

/// The targets that are no address in the web, each with its line's number.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        for after in without_code(line).split("](").skip(1) {
            let target = after.split([')', ' ']).next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// The anchors that GitHub gives a page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text).filter(|(_, line)| line.starts_with('#')) {
        let anchor = anchor(line.trim_start_matches('#').trim());
        let mut again = (1..).map(|number| format!("{anchor}-{number}"));
        if !anchors.insert(anchor.clone()) {
            // The iterator has no end, so one of them is new.
            let _ = again.find(|other| anchors.insert(other.clone()));
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The lines outside fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut within = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        within ^= fence;
        !within && !fence
    })
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# A page\n\n## What is `it`?\n\n## Again\n\n## Again\n\n```sh\n# no heading [x](nowhere.md)\n```\n";

    #[test]
    fn headings_have_githubs_anchors() {
        let expected = ["a-page", "again", "again-1", "what-is-it"];
        assert_eq!(anchors(PAGE), expected.map(str::to_owned).into());
    }

    #[test]
    fn a_link_leads_to_a_file_and_a_heading_that_are_there() {
        let there = |path: &Path| match path.to_str() {
            Some("docs/other.md" | "docs/../README.md") => Some(PAGE.to_owned()),
            Some("docs/../src") => Some(String::new()),
            _ => None,
        };
        for (link, expected) in [
            ("[a](other.md)", None),
            ("[a `b`](other.md#what-is-it), [c](../README.md \"title\")", None),
            ("![a](../src)", None),
            ("[a](../src#L10)", None),
            ("[a](https://example.com/nothing.md)", None),
            ("`[a](gone.md)`", None),
            (
                "[a](gone.md)",
                Some("docs/page.md:1: gone.md: there is no such file"),
            ),
            (
                "[a](other.md), [b](other.md#gone)",
                Some("docs/page.md:1: other.md#gone: the page has no such heading"),
            ),
        ] {
            let found = broken("docs/page.md", link, &there);
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{link}");
        }
    }

    #[test]
    fn a_link_within_a_page_leads_to_a_heading_of_it() {
        let text = format!("{PAGE}\n[up](#again-1) [down](#further)\n");
        let found = broken("page.md", &text, &|_| Some(text.clone()));
        assert_eq!(found, ["page.md:13: #further: the page has no such heading"]);
    }
}
