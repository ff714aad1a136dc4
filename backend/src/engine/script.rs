//! What a simulated container does, said by its image, its command and its docker label (design.md §5).
//!
//! Pure. A command of `sleep N`, `true`, `false`, `exit N`, or `sh -c` of those joined with `;` or `&&`, ends by itself; any
//! other runs until it is stopped. The label [`LABEL`] goes over what the command says:
//!
//! | member | is |
//! |---|---|
//! | `pull`, `start` | how long pulling the image and starting take, in seconds |
//! | `exit` | after how many seconds of running it ends; `null` or absent: as the command says |
//! | `exitCode` | with what code it ends, by itself or when stopped |
//! | `health` | `[{"after": seconds, "healthy": bool}, …]`: the verdicts of its health check, from its start |
//! | `ignoresSigterm` | whether it has to be killed |
//! | `outOfMemory` | whether its end, after `exit` seconds (default 0), is the kernel's out-of-memory killer |
//! | `cannotPull` | whether its image cannot be pulled, as if its host ended in `.invalid` |

use aws_sdk_ecs::types::ContainerDefinition;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::order::{self, Dependency};
use super::restart::Restart;

/// The docker label that says what a container does.
pub const LABEL: &str = "ecs-backend.simulate";

/// The exit code of a process that SIGTERM ended.
pub const TERMINATED: i32 = 143;

/// The exit code of a process that SIGKILL ended.
pub const KILLED: i32 = 137;

/// What a container will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Script {
    /// How long its image takes to pull; the timing table's duration if absent.
    pub pull: Option<SignedDuration>,
    /// How long it takes to start; the timing table's duration if absent.
    pub start: Option<SignedDuration>,
    /// Why it cannot start, with the error's name first; it never runs then.
    pub failure: Option<Failure>,
    /// How it ends by itself, if it does.
    pub end: Option<End>,
    /// The exit code when it is stopped.
    pub stopped_code: Option<i32>,
    /// The verdicts of its health check, from its start; empty: healthy after one interval.
    pub health: Vec<Verdict>,
    /// The interval of its health check; absent without one.
    pub health_interval: Option<SignedDuration>,
    /// Whether it has to be killed.
    pub ignores_sigterm: bool,
    /// Its `stopTimeout`, in seconds.
    pub stop_timeout: Option<i32>,
    /// Whether its end is the task's end.
    pub essential: bool,
    /// What it waits for before it starts.
    pub depends_on: Vec<Dependency>,
    /// Its `startTimeout`: how long after its start those that wait for more than that do wait.
    pub start_timeout: Option<SignedDuration>,
    /// Its restart policy, if it is enabled.
    pub restart: Option<Restart>,
}

/// Why a container cannot start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Its image cannot be pulled, and what ECS says.
    Pull(String),
    /// It cannot be started, and what ECS says.
    Start(String),
}

/// How a container ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How long after its start.
    pub after: SignedDuration,
    /// The exit code.
    pub code: i32,
    /// What ECS says of it, if anything.
    pub reason: Option<String>,
}

/// What a health check finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How long after the container's start.
    pub after: SignedDuration,
    /// What it finds.
    pub healthy: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Label {
    pull: Option<f64>,
    start: Option<f64>,
    exit: Option<f64>,
    exit_code: Option<i32>,
    health: Vec<LabelVerdict>,
    ignores_sigterm: bool,
    out_of_memory: bool,
    cannot_pull: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelVerdict {
    after: f64,
    healthy: bool,
}

/// What a container will do. `command` is the override's, if there is one.
pub fn of(definition: &ContainerDefinition, command: Option<&[String]>) -> Script {
    let mut script = Script {
        end: command_end(definition.entry_point(), command.unwrap_or(definition.command())),
        stop_timeout: definition.stop_timeout,
        essential: definition.essential.unwrap_or(true),
        health_interval: health_interval(definition),
        depends_on: order::dependencies_of(definition),
        start_timeout: definition
            .start_timeout
            .map(|timeout| SignedDuration::from_secs(timeout.into())),
        restart: Restart::of(definition),
        ..Script::default()
    };
    let image = definition.image().unwrap_or_default();
    if on_invalid_host(image) {
        script.failure = Some(Failure::Pull(no_such_host(image)));
    }
    if let Some(text) = definition.docker_labels().and_then(|labels| labels.get(LABEL)) {
        match serde_json::from_str::<Label>(text) {
            Ok(label) => follow(&mut script, &label, image),
            Err(error) => {
                let problem =
                    format!("CannotStartContainerError: the docker label {LABEL} cannot be read: {error}");
                script.failure = Some(Failure::Start(problem));
            }
        }
    }
    script
}

fn follow(script: &mut Script, label: &Label, image: &str) {
    script.pull = label.pull.map(seconds);
    script.start = label.start.map(seconds);
    script.ignores_sigterm = label.ignores_sigterm;
    script.stopped_code = label.exit_code;
    if label.cannot_pull {
        script.failure = Some(Failure::Pull(no_such_host(image)));
    }
    if label.out_of_memory {
        let reason = "OutOfMemoryError: Container killed due to memory usage".to_owned();
        let after = seconds(label.exit.unwrap_or_default());
        script.end = Some(End {
            after,
            code: KILLED,
            reason: Some(reason),
        });
    } else if let Some(after) = label.exit {
        script.end = Some(End {
            after: seconds(after),
            code: label.exit_code.unwrap_or(0),
            reason: None,
        });
    } else if let (Some(end), Some(code)) = (&mut script.end, label.exit_code) {
        end.code = code;
    }
    script.health = label
        .health
        .iter()
        .map(|verdict| Verdict {
            after: seconds(verdict.after),
            healthy: verdict.healthy,
        })
        .collect();
}

fn health_interval(definition: &ContainerDefinition) -> Option<SignedDuration> {
    let check = definition.health_check()?;
    let disabled = check.command().first().is_none_or(|first| first == "NONE");
    (!disabled).then(|| SignedDuration::from_secs(check.interval.unwrap_or(30).into()))
}

/// Whether the registry's host, the part before the first `/`, ends in `.invalid` (RFC 2606).
fn on_invalid_host(image: &str) -> bool {
    image.split_once('/').is_some_and(|(host, _)| {
        let name = host.split(':').next().unwrap_or_default();
        name == "invalid" || name.to_ascii_lowercase().ends_with(".invalid")
    })
}

fn no_such_host(image: &str) -> String {
    let host = image.split('/').next().unwrap_or_default();
    format!(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: failed to do \
         request: Head \"https://{host}/v2/\": dial tcp: lookup {host}: no such host"
    )
}

fn command_end(entry_point: &[String], command: &[String]) -> Option<End> {
    let words: Vec<&str> = entry_point.iter().chain(command).map(String::as_str).collect();
    let (after, code) = match words.as_slice() {
        [shell, "-c", script, ..] if is_shell(shell) => shell_end(script)?,
        [] => return None,
        words => match simple(words)? {
            Simple::Exits(code) => (0.0, code),
            Simple::Takes(time) => (time, 0),
        },
    };
    Some(End {
        after: seconds(after),
        code,
        reason: None,
    })
}

fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"))
}

enum Simple {
    Exits(i32),
    Takes(f64),
}

fn simple(words: &[&str]) -> Option<Simple> {
    match words {
        ["true"] => Some(Simple::Takes(0.0)),
        ["false"] => Some(Simple::Exits(1)),
        ["exit"] => Some(Simple::Exits(0)),
        ["exit", code] => code.parse::<u8>().ok().map(|code| Simple::Exits(code.into())),
        ["sleep", time] => sleep_time(time).map(Simple::Takes),
        _ => None,
    }
}

/// `5`, `0.5`, `2m`; nothing for `infinity`.
fn sleep_time(text: &str) -> Option<f64> {
    let (number, unit) = match text.chars().last()? {
        's' => (text.get(..text.len() - 1)?, 1.0),
        'm' => (text.get(..text.len() - 1)?, 60.0),
        'h' => (text.get(..text.len() - 1)?, 3600.0),
        _ => (text, 1.0),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    number
        .parse::<f64>()
        .ok()
        .filter(|_| digits)
        .map(|number| number * unit)
}

/// When and how a shell's list of simple commands ends.
fn shell_end(script: &str) -> Option<(f64, i32)> {
    let (mut time, mut status) = (0.0, 0);
    for list in script.split(';').map(str::trim).filter(|list| !list.is_empty()) {
        for (index, command) in list.split("&&").enumerate() {
            let words: Vec<&str> = command.split_whitespace().collect();
            let meant = simple(&words)?;
            if index > 0 && status != 0 {
                continue;
            }
            match meant {
                Simple::Exits(code) if words.first() == Some(&"exit") => return Some((time, code)),
                Simple::Exits(code) => status = code,
                Simple::Takes(more) => {
                    time += more;
                    status = 0;
                }
            }
        }
    }
    Some((time, status))
}

fn seconds(value: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(value.max(0.0)).unwrap_or(SignedDuration::from_hours(24 * 365))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Entry point, command, and when and how it ends.
    type Case<'a> = (&'a [&'a str], &'a [&'a str], Option<(SignedDuration, i32)>);

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn commands_end_as_a_shell_would_end_them() {
        let ms = SignedDuration::from_millis;
        let cases: [Case<'_>; 20] = [
            (&[], &[], None),
            (&[], &["nginx"], None),
            (&[], &["true"], Some((ms(0), 0))),
            (&[], &["false"], Some((ms(0), 1))),
            (&[], &["sleep", "5"], Some((ms(5000), 0))),
            (&["sleep"], &["0.5"], Some((ms(500), 0))),
            (&[], &["sleep", "infinity"], None),
            (&[], &["sleep", "nan"], None),
            (&[], &["sleep", "2m"], Some((ms(120_000), 0))),
            (&[], &["exit", "7"], Some((ms(0), 7))),
            (&[], &["exit", "700"], None),
            (&["sh", "-c"], &["sleep 2; exit 3"], Some((ms(2000), 3))),
            (&["/bin/sh", "-c"], &["sleep 2 && false"], Some((ms(2000), 1))),
            (&["sh", "-c"], &["false && sleep 9; sleep 1"], Some((ms(1000), 0))),
            (&["sh", "-c"], &["false && sleep 9"], Some((ms(0), 1))),
            (&["sh", "-c"], &["exit 1; sleep 9"], Some((ms(0), 1))),
            (&["sh", "-c"], &["sleep 1; httpd-foreground"], None),
            (&["sh", "-c"], &[], None),
            (&["sh", "-c"], &[""], Some((ms(0), 0))),
            (&[], &["bash", "-c", "sleep 1;"], Some((ms(1000), 0))),
        ];
        for (entry_point, command, expected) in cases {
            let end = command_end(&words(entry_point), &words(command));
            assert_eq!(
                end.map(|end| (end.after, end.code)),
                expected,
                "{entry_point:?} {command:?}"
            );
        }
    }

    fn labelled(image: &str, label: Option<&str>) -> Script {
        let labels = label.map(|label| HashMap::from([(LABEL.to_owned(), label.to_owned())]));
        let definition = ContainerDefinition::builder()
            .image(image)
            .command("false")
            .set_docker_labels(labels)
            .build();
        of(&definition, None)
    }

    #[test]
    fn the_label_goes_over_the_command() {
        let end = |label| {
            labelled("web", Some(label))
                .end
                .map(|end| (end.after.as_millis(), end.code))
        };
        assert_eq!(end("{}"), Some((0, 1)));
        assert_eq!(end(r#"{"exit": 1.5}"#), Some((1500, 0)));
        assert_eq!(end(r#"{"exit": 1.5, "exitCode": 4}"#), Some((1500, 4)));
        assert_eq!(end(r#"{"exitCode": 4}"#), Some((0, 4)));
        assert_eq!(end(r#"{"outOfMemory": true, "exit": 2}"#), Some((2000, KILLED)));
        let script = labelled(
            "web",
            Some(r#"{"health": [{"after": 3, "healthy": false}], "ignoresSigterm": true}"#),
        );
        assert_eq!(
            script.health,
            [Verdict {
                after: SignedDuration::from_secs(3),
                healthy: false
            }]
        );
        assert!(script.ignores_sigterm);
    }

    #[test]
    fn what_cannot_start_says_why() {
        let failure = |image, label| match labelled(image, label).failure {
            Some(Failure::Pull(text) | Failure::Start(text)) => text,
            None => String::new(),
        };
        assert_eq!(failure("registry.example/web", None), "");
        assert_eq!(failure("web.invalid", None), "");
        assert!(failure("registry.invalid:5000/web:1", None).starts_with("CannotPullContainerError: "));
        assert!(failure("web", Some(r#"{"cannotPull": true}"#)).starts_with("CannotPullContainerError: "));
        let text = failure("web", Some(r#"{"exits": 1}"#));
        assert!(
            text.starts_with("CannotStartContainerError: the docker label ecs-backend.simulate"),
            "{text}"
        );
        assert!(text.contains("unknown field `exits`"), "{text}");
    }
}
