//! Trims botocore's `service-2.json` to `model/data/ecs.json` and says what that changes: `trim VERSION FILE`, which is what
//! `cargo xtask model FILE --botocore VERSION` runs.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::{env, fs};

use ecs_model::facts::{model, trim};
use serde_json::Value;

const TRIMMED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/ecs.json");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [version, file] => renew(version, file),
        _ => Err("usage: trim BOTOCORE_VERSION SERVICE_2_JSON".to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn renew(version: &str, file: &str) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|why| format!("cannot read {file}: {why}"))?;
    let service: Value = serde_json::from_str(&text).map_err(|why| format!("{file} is no JSON: {why}"))?;
    let trimmed = trim::trim(&service, version).map_err(|why| format!("{file}: {why}"))?;
    fs::write(TRIMMED, trim::to_lines(&trimmed)).map_err(|why| format!("cannot write {TRIMMED}: {why}"))?;
    let news = [
        news(
            "operations",
            &names(&trimmed, "operations"),
            model().operations.keys(),
        ),
        news("shapes", &names(&trimmed, "shapes"), model().shapes.keys()),
    ];
    Ok(format!("{TRIMMED} is of botocore {version}; {}", news.join("; ")))
}

fn names(trimmed: &Value, part: &str) -> BTreeSet<String> {
    trimmed
        .get(part)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// What came and what went, against the model that this program was built with.
fn news<'a>(what: &str, new: &BTreeSet<String>, old: impl Iterator<Item = &'a String>) -> String {
    let old: BTreeSet<String> = old.cloned().collect();
    let list = |names: Vec<&String>| {
        names
            .into_iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (came, went) = (
        list(new.difference(&old).collect()),
        list(old.difference(new).collect()),
    );
    match (came.as_str(), went.as_str()) {
        ("", "") => format!("{} {what}, the same names as before", new.len()),
        _ => format!("{} {what}; new: [{came}]; gone: [{went}]", new.len()),
    }
}
