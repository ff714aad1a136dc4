//! Faults on demand: the next calls of an operation fail, or their answer is lost.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Refused};
use crate::fault::Fault;

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The error is answered and nothing is carried out.
    #[default]
    Before,
    /// The operation is carried out, then the error is answered.
    After,
    /// The operation is carried out and the connection is cut: the answer is lost.
    Drop,
    /// Nothing is carried out and the connection is cut: the request is lost.
    Lose,
}

/// What the control API asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    /// The operation; `*` means every one.
    operation: String,
    /// The error's name.
    #[serde(default = "server_error")]
    error: String,
    /// The error's words.
    #[serde(default)]
    message: Option<String>,
    /// The HTTP status; 500 for `ServerException` and 400 for others unless given.
    #[serde(default)]
    status: Option<u16>,
    /// How many calls are struck; all of them, until the faults are deleted, if it is `null`.
    #[serde(default = "once")]
    count: Option<u64>,
    /// How many calls pass before.
    #[serde(default)]
    skip: u64,
    /// When the fault strikes.
    #[serde(default)]
    mode: Mode,
    /// Only calls for this account.
    #[serde(default)]
    account: Option<String>,
}

fn server_error() -> String {
    "ServerException".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional member")]
fn once() -> Option<u64> {
    Some(1)
}

/// The faults that were asked for and have not been used up.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    wanted: Vec<Wanted>,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// Whether the operation is carried out.
    pub carried_out: bool,
    /// What is answered; nothing if the connection is cut.
    pub answer: Option<Fault>,
}

impl Faults {
    /// The fault that strikes a call, if one does; it is used up by one.
    pub fn strike(&mut self, operation: &str, account: &str) -> Option<Fate> {
        let meant = |wanted: &Wanted| {
            (wanted.operation == "*" || wanted.operation == operation)
                && wanted.account.as_deref().is_none_or(|wanted| wanted == account)
        };
        let index = self.wanted.iter().position(meant)?;
        let wanted = self.wanted.get_mut(index)?;
        if wanted.skip > 0 {
            wanted.skip -= 1;
            return None;
        }
        let fate = wanted.fate();
        if let Some(count) = &mut wanted.count {
            *count = count.saturating_sub(1);
        }
        self.wanted.retain(|wanted| wanted.count != Some(0));
        Some(fate)
    }

    /// The faults to come.
    pub fn shown(&self) -> Value {
        json!({ "faults": self.wanted })
    }
}

impl Wanted {
    fn fate(&self) -> Fate {
        let status = self
            .status
            .unwrap_or(if self.error == "ServerException" { 500 } else { 400 });
        let message = self.message.clone().unwrap_or_else(|| match self.error.as_str() {
            "ThrottlingException" => "Rate exceeded".to_owned(),
            error => format!("{error}, as the control API asked for"),
        });
        let fault = Fault {
            status,
            ..Fault::common(&self.error, message)
        };
        match self.mode {
            Mode::Before => Fate {
                carried_out: false,
                answer: Some(fault),
            },
            Mode::After => Fate {
                carried_out: true,
                answer: Some(fault),
            },
            Mode::Drop => Fate {
                carried_out: true,
                answer: None,
            },
            Mode::Lose => Fate {
                carried_out: false,
                answer: None,
            },
        }
    }
}

/// `POST faults`
pub(super) fn add(call: &mut Call<'_>) -> Result<Value, Refused> {
    let wanted: Wanted = call.body()?;
    let known = wanted.operation == "*"
        || ecs_model::facts::model().operation(&wanted.operation).is_some()
        || crate::sts::OPERATIONS.contains(&wanted.operation.as_str());
    if !known {
        return Err((
            400,
            format!("there is no operation {:?}; * means every one", wanted.operation),
        ));
    }
    if wanted.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err((
            400,
            "status: an HTTP status from 400 to 599 is expected".to_owned(),
        ));
    }
    if wanted.count != Some(0) {
        call.state.faults.wanted.push(wanted);
    }
    Ok(call.state.faults.shown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(wanted: Value) -> Faults {
        Faults {
            wanted: vec![serde_json::from_value(wanted).unwrap()],
        }
    }

    #[test]
    fn a_fault_strikes_as_often_as_was_asked_for() {
        let mut faults = faults(
            json!({"operation": "CreateService", "error": "ThrottlingException", "count": 2, "skip": 1}),
        );
        assert_eq!(faults.strike("ListServices", "1"), None);
        assert_eq!(faults.strike("CreateService", "1"), None);
        for _ in 0..2 {
            let fate = faults.strike("CreateService", "1").unwrap();
            assert!(!fate.carried_out);
            let fault = fate.answer.unwrap();
            assert_eq!(
                (fault.code.as_str(), fault.message.as_str(), fault.status),
                ("ThrottlingException", "Rate exceeded", 400)
            );
        }
        assert_eq!(faults.strike("CreateService", "1"), None);
    }

    #[test]
    fn modes_decide_what_is_carried_out_and_answered() {
        let cases = [
            ("before", false, true),
            ("after", true, true),
            ("drop", true, false),
            ("lose", false, false),
        ];
        for (mode, carried_out, answered) in cases {
            let mut faults = faults(json!({"operation": "*", "mode": mode, "account": "1", "count": null}));
            assert_eq!(faults.strike("RunTask", "2"), None);
            for _ in 0..3 {
                let fate = faults.strike("RunTask", "1").unwrap();
                assert_eq!(
                    (fate.carried_out, fate.answer.is_some()),
                    (carried_out, answered),
                    "{mode}"
                );
                assert!(fate.answer.is_none_or(|fault| fault.status == 500));
            }
        }
    }
}
