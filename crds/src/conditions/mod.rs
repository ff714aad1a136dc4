//! Conditions: what holds of an object, by the Kubernetes API conventions and readable by kstatus (engineering.md §5.5).
//!
//! `Ready` summarises. `Reconciling` and `Stalled` are there only while they are true. A message is one sentence that a
//! person can act on, without times and request ids that change on every pass. `lastTransitionTime` moves only when
//! `status` does. Pure: the time comes from the caller.

mod reason;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

pub use reason::Reason;

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// This spec is in effect. For a service: its rollout has completed and it is available.
    Ready,
    /// ECS has what the spec says.
    Synced,
    /// The operator or ECS is on its way to the spec. Present only while true.
    Reconciling,
    /// Nothing will change before a person does something. Present only while true.
    Stalled,
    /// The healthy minimum of a service's tasks runs.
    Available,
    /// How far a service's rollout is.
    Progressing,
}

impl Type {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::Synced,
        Self::Reconciling,
        Self::Stalled,
        Self::Available,
        Self::Progressing,
    ];

    /// The condition's `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Synced => "Synced",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Available => "Available",
            Self::Progressing => "Progressing",
        }
    }

    /// What it says when it is true, as the documentation has it.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Ready => {
                "This spec is in effect. For a service: its rollout has completed and it is available."
            }
            Self::Synced => "ECS has what the spec says.",
            Self::Reconciling => "The operator or ECS is on its way to the spec. Present only while true.",
            Self::Stalled => "Nothing will change before a person does something. Present only while true.",
            Self::Available => "The healthy minimum of a service's tasks runs.",
            Self::Progressing => "A service's rollout is on its way, or has completed.",
        }
    }

    /// Whether the condition is there only while it is true (kstatus's abnormal-true conditions).
    pub const fn only_while_true(self) -> bool {
        matches!(self, Self::Reconciling | Self::Stalled)
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// We could not look.
    Unknown,
}

impl Status {
    /// The condition's `status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Status {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What is to be said about one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub type_: Type,
    /// Whether it holds.
    pub status: Status,
    /// Why, in one word of the closed list.
    pub reason: Reason,
    /// Why, in one sentence that a person can act on.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(type_: Type, status: impl Into<Status>, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            type_,
            status: status.into(),
            reason,
            message: message.into(),
        }
    }
}

/// The longest message that the API server takes in a condition.
const MESSAGE_MAX: usize = 32_768;

/// Sets one condition: replaces the one of its type or adds it, sorted by type. `lastTransitionTime` moves to `now`
/// (whole seconds, as the API keeps it) only if `status` changes. A finding that an only-while-true condition does not hold removes it.
pub fn set(conditions: &mut Vec<Condition>, finding: Finding, generation: i64, now: Timestamp) {
    let type_ = finding.type_.as_str();
    if finding.type_.only_while_true() && finding.status != Status::True {
        return remove(conditions, finding.type_);
    }
    let before = conditions.iter().find(|condition| condition.type_ == type_);
    let since = before
        .filter(|before| before.status == finding.status.as_str())
        .map_or_else(
            || Time(whole_seconds(now)),
            |before| before.last_transition_time.clone(),
        );
    let condition = Condition {
        type_: type_.to_owned(),
        status: finding.status.as_str().to_owned(),
        reason: finding.reason.as_str().to_owned(),
        message: shortened(finding.message),
        observed_generation: Some(generation),
        last_transition_time: since,
    };
    conditions.retain(|condition| condition.type_ != type_);
    conditions.push(condition);
    conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
}

/// The whole list of conditions: exactly those that were found, each with the `lastTransitionTime` of the one before
/// where its status is the same. Of two findings of one type the later counts.
pub fn merge(
    before: &[Condition],
    findings: impl IntoIterator<Item = Finding>,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let mut conditions = before.to_vec();
    let mut said = Vec::new();
    for finding in findings {
        said.push(finding.type_.as_str());
        set(&mut conditions, finding, generation, now);
    }
    conditions.retain(|condition| said.contains(&condition.type_.as_str()));
    conditions
}

/// Removes the condition of this type.
pub fn remove(conditions: &mut Vec<Condition>, type_: Type) {
    conditions.retain(|condition| condition.type_ != type_.as_str());
}

/// The condition of this type.
pub fn find(conditions: &[Condition], type_: Type) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

/// Whether the condition of this type is there and true.
pub fn is_true(conditions: &[Condition], type_: Type) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == Status::True.as_str())
}

/// Whether the condition is true of this generation of the spec, not of one before.
pub fn is_true_of(conditions: &[Condition], type_: Type, generation: i64) -> bool {
    is_true(conditions, type_)
        && find(conditions, type_).and_then(|condition| condition.observed_generation) == Some(generation)
}

/// The page on conditions and reasons, `docs/conditions.md`, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Conditions and their reasons\n\n\
         Generated from `crds/src/conditions` (`UPDATE_MANIFESTS=1 cargo test -p ecs-crds` renews it): do not edit.\n\n\
         The message of a condition is one sentence with AWS's own words in it; programs go by type, status and reason.\n\n\
         | condition | true means |\n| --- | --- |\n",
    );
    for type_ in Type::ALL {
        page.push_str(&row(type_.as_str(), type_.explanation()));
    }
    page.push_str("\n| reason | means |\n| --- | --- |\n");
    for reason in Reason::ALL {
        page.push_str(&row(reason.as_str(), reason.explanation()));
    }
    page
}

fn row(word: &str, explanation: &str) -> String {
    format!("| `{word}` | {explanation} |\n")
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        let mut end = MESSAGE_MAX - '…'.len_utf8();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millisecond(second * 1000 + 789).unwrap()
    }

    fn ready(status: Status, message: &str) -> Finding {
        Finding::new(Type::Ready, status, Reason::Completed, message)
    }

    #[test]
    fn the_time_moves_only_with_the_status() {
        let mut conditions = Vec::new();
        let steps = [
            (10, Status::False, "a", 10),
            (20, Status::False, "b", 10),
            (30, Status::True, "b", 30),
            (40, Status::True, "c", 30),
            (50, Status::Unknown, "c", 50),
        ];
        for (now, status, message, since) in steps {
            set(&mut conditions, ready(status, message), now, at(now));
            let [condition] = conditions.as_slice() else {
                panic!("{conditions:?}")
            };
            assert_eq!(condition.last_transition_time.0.as_second(), since);
            assert_eq!(condition.last_transition_time.0.subsec_nanosecond(), 0);
            assert_eq!(condition.message, message);
            assert_eq!(condition.observed_generation, Some(now));
        }
    }

    #[test]
    fn abnormal_conditions_are_there_only_while_true() {
        for type_ in Type::ALL {
            let mut conditions = Vec::new();
            set(
                &mut conditions,
                Finding::new(type_, true, Reason::Refused, "m"),
                1,
                at(1),
            );
            assert!(is_true(&conditions, type_));
            set(
                &mut conditions,
                Finding::new(type_, false, Reason::Refused, "m"),
                1,
                at(2),
            );
            assert_eq!(
                find(&conditions, type_).is_none(),
                type_.only_while_true(),
                "{type_:?}"
            );
            assert!(!is_true(&conditions, type_));
        }
    }

    #[test]
    fn merging_keeps_what_was_found_and_nothing_else() {
        let mut before = Vec::new();
        set(
            &mut before,
            Finding::new(Type::Stalled, true, Reason::Refused, "m"),
            1,
            at(1),
        );
        set(&mut before, ready(Status::False, "m"), 1, at(1));
        let findings = [
            Finding::new(Type::Synced, true, Reason::Completed, "m"),
            ready(Status::False, "n"),
        ];
        let after = merge(&before, findings, 2, at(9));
        let seen: Vec<_> = after
            .iter()
            .map(|condition| {
                (
                    condition.type_.as_str(),
                    condition.last_transition_time.0.as_second(),
                )
            })
            .collect();
        assert_eq!(seen, [("Ready", 1), ("Synced", 9)]);
        assert!(is_true_of(&after, Type::Synced, 2) && !is_true_of(&after, Type::Synced, 3));
    }

    #[test]
    fn a_status_read_back_is_the_one_written() {
        let mut conditions = Vec::new();
        set(&mut conditions, ready(Status::True, "m"), 1, at(1_700_000_000));
        let written = serde_json::to_value(&conditions).unwrap();
        let read: Vec<Condition> = serde_json::from_value(written).unwrap();
        assert_eq!(read, conditions);
    }

    /// As with the manifests, `UPDATE_MANIFESTS=1` writes what is missing.
    #[test]
    fn the_committed_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/conditions.md");
        if std::env::var_os("UPDATE_MANIFESTS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            reference(),
            "{path} is not current"
        );
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let mut conditions = Vec::new();
        set(
            &mut conditions,
            ready(Status::True, &"ä".repeat(MESSAGE_MAX)),
            1,
            at(1),
        );
        let message = &conditions[0].message;
        assert!(
            message.len() <= MESSAGE_MAX && message.ends_with("ä…"),
            "{}",
            message.len()
        );
    }
}
